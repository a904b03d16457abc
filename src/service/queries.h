// service/queries.h — the bounded pool of threads that answer a service's queries.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "broker/gate.h"
#include "platform/platform.h"
#include "service/options.h"
#include "service/query_connection.h"
#include "telemetry/telemetry.h"

namespace leat::service {

// One queue for all readers, so that a slow statement holds up only the reader it runs on. Waking a thread costs more
// than a small query: an awake reader takes the next query by itself, and another comes to help when queries have
// waited a moment. What waits when a reader begins to read shares one read transaction. submit() from any thread.
class Queries {
 public:
  // Requires: `timers` outlives it.
  Queries(std::string service, platform::Platform, platform::Executor& timers, telemetry::Telemetry, const Options&);
  ~Queries();

  // Answers 503 at once when too many wait, or after close().
  void submit(QueryJob);
  std::size_t waiting() const;
  // From here on readers hold no other view than this, as soon as they have answered what they have: files that are
  // deleted take no more room.
  void show(std::shared_ptr<const View>);
  // What waits is answered 503.
  void close();

 private:
  struct Reader {
    std::map<std::size_t, std::unique_ptr<QueryConnection>> connections;  // by group
    std::shared_ptr<const View> view;                                     // that they belong to
    QueryConnection* reading = nullptr;      // has begun, and may answer every query up to `covered`
    std::uint64_t covered = 0, newest = 0;   // numbers of queries; newest: submitted when the last one was taken
    std::optional<platform::Instant> taken;  // when it took the query it is busy with
    std::unique_ptr<platform::Executor> executor;
  };

  void wake_one();
  bool worth_help() const;
  void learn(Reader&, bool took);
  void watch_soon();
  void watch();
  void serve(std::size_t reader);
  bool take(std::size_t reader, QueryJob& into);
  void answer(Reader&, QueryJob&);
  Result<http::Response> run(Reader&, const QueryJob&);
  Result<QueryConnection*> connection(Reader&, const QueryJob&);
  void drop_outdated(Reader&);
  static void finish(Reader&);
  static void refuse(QueryJob&, std::string_view why);

  const std::string service_;
  platform::Platform platform_;
  telemetry::Telemetry telemetry_;
  const Options options_;
  mutable std::mutex mutex_;
  std::deque<QueryJob> queue_;
  std::shared_ptr<const View> shown_;
  std::uint64_t last_number_ = 0;
  std::vector<std::size_t> idle_;
  double usual_ns_ = 0;              // of the time a query takes, lately
  bool watched_ = false;             // watch() will come
  std::uint64_t watched_up_to_ = 0;  // numbers that it has seen
  bool closed_ = false;
  platform::Executor& timers_;
  const std::shared_ptr<broker::Gate> gate_ = std::make_shared<broker::Gate>();
  std::vector<Reader> readers_;
};

}  // namespace leat::service
