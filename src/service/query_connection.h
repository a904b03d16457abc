// service/query_connection.h — one reader's connection to the files that some queries use, with their statements ready.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "database/database.h"
#include "database/transaction.h"
#include "http/http.h"
#include "platform/clock.h"
#include "service/options.h"
#include "service/paging.h"
#include "service/values.h"
#include "service/view.h"

namespace leat::service {

// A query that has been understood and may run.
struct QueryJob {
  std::shared_ptr<const View> view;
  std::size_t index = 0;  // in view->queries
  std::vector<Value> path, query;
  Page page;
  std::uint64_t number = 0;  // given by the queue, ascending
  std::string target, if_none_match;
  bool stale = false;  // what it waited for has not come
  platform::Instant arrived, deadline;
  http::Reply reply;
};

// One thread. The files are open for reading only.
class QueryConnection {
 public:
  static Result<std::unique_ptr<QueryConnection>> open(std::shared_ptr<const View>, std::size_t group, const Options&,
                                                       platform::Clock&);

  // Begins to see the files as they are now; run() answers from that until finish().
  Result<> begin();
  void finish() { transaction_.reset(); }
  // Whether begin() may be called: what was begun is finished, and was rolled back.
  bool usable() const { return !transaction_ && !database_->in_transaction(); }

  // The answer, with ETag and positions that belong to the very rows it shows. Requires: begin().
  Result<http::Response> run(const QueryJob&);

 private:
  struct Prepared {
    database::Statement first, next;
  };
  // The positions of one attached read model, read again only when its file has changed.
  struct Attached {
    std::shared_ptr<Generation> generation;
    database::Statement data_version, positions;
    std::int64_t version_seen = -1;
    std::vector<bus::Position> reached;
  };

  QueryConnection(std::shared_ptr<const View> view, std::size_t group, const Options& options, platform::Clock& clock)
      : view_(std::move(view)), group_(view_->groups[group]), options_(options), clock_(clock) {}
  Result<> prepare_positions();
  Result<> prepare_state();
  Result<> refresh_snapshot();
  Result<bool> refresh(Attached&);
  Result<bool> refresh_state();
  void rehash();
  Result<Prepared*> prepared(std::size_t query);
  Result<http::Response> answer_unless_known(const QueryJob&);
  Result<http::Response> answer(const QueryJob&);
  Result<http::Response> answer_one(const QueryJob&, database::Statement&);
  Result<http::Response> answer_many(const QueryJob&, database::Statement&);
  Result<> check_size(const http::Response&) const;
  Result<database::Statement*> bound(const QueryJob&);

  const std::shared_ptr<const View> view_;
  const View::Group& group_;
  const Options options_;
  platform::Clock& clock_;
  std::optional<database::Database> database_;
  std::optional<database::Transaction> transaction_;
  std::vector<Attached> attached_;
  database::Statement state_version_;
  std::string identity_;
  std::int64_t version_ = -1;
  std::string positions_text_;  // Leat-Position
  std::uint64_t seed_ = 0;      // hash of all that an answer depends on but the request
  std::vector<std::optional<Prepared>> prepared_;
};

}  // namespace leat::service
