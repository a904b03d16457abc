// bus/bus.h — the seam that services use: publish as a named source, read from a position. Implemented by the broker in
// this process (bus/embedded.h) and, later, by a Kafka cluster; bus/contract_test.h describes it for every one of them.
//
// All operations are asynchronous: `done` is called exactly once, on a thread of the bus or of the log below it; keep
// it short and post the rest to an executor of your own. Destroying a Source or Reader cancels what is outstanding (its
// `done` is then not called).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/strong.h"
#include "base/task.h"
#include "base/uuid.h"
#include "bus/position.h"

namespace leat::bus {

// A record as a service writes it; owns its bytes.
struct Record {
  std::int64_t timestamp_ms = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;  // nothing: a tombstone
  std::vector<std::pair<std::string, std::string>> headers;
};

// Bytes of a record that somebody chose: key, value, headers.
std::size_t payload_bytes(const Record&);

struct TopicConfig {
  std::int32_t partitions = 4;
  std::optional<std::int64_t> retention_ms;  // off: everything is kept
  std::optional<std::uint64_t> retention_bytes;
  bool compacted = false;
  std::uint64_t segment_bytes = 256ull << 20;
  auto operator<=>(const TopicConfig&) const = default;
};

struct Topic {
  std::string name;
  TopicId id;
  TopicConfig config;
};

// One record for one partition. `number` is the source's own: strictly ascending, gaps allowed.
struct Publication {
  std::uint64_t number;
  TopicId topic;
  PartitionIndex partition;
  Record record;
};

// A named publisher, e.g. a service's outbox. Everything up to `last_published()` is on the bus exactly once, without
// expiry. While two holders exist, only the newer one can publish; the older gets Code::fenced.
class Source {
 public:
  virtual ~Source() = default;
  virtual std::uint64_t last_published() const = 0;  // 0 when nothing was
  // All publications become durable together with the new last number, or none does. Numbers at or below the last are a
  // mistake (Code::invalid). On success: for each record the position just past it. Several calls may be outstanding;
  // they take effect, and are answered, in their order. On Code::unavailable or Code::io the outcome may be unknown.
  // After a failure of any kind the source accepts nothing more (what came behind a failed call would leave a hole):
  // open it again and look at its last number.
  virtual void publish(std::vector<Publication>, Done<Result<std::vector<Position>>> done) = 0;
};

// A record as a reader gets it: views into the delivery.
struct Delivered {
  PartitionIndex partition;
  Offset offset;
  std::int64_t timestamp_ms;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::vector<std::pair<std::string_view, std::string_view>> headers;
};

struct Delivery {
  std::vector<Delivered> records;     // may be empty when only the positions moved (markers, aborted records, gaps)
  std::vector<Position> positions;    // reached, one for each partition that moved: commit these with the effect
  std::shared_ptr<const void> bytes;  // what the views point into
  bool at_end = false;                // nothing more was durable when this was read
};

// Reads partitions of one topic, each in order. One next() outstanding at a time.
class Reader {
 public:
  virtual ~Reader() = default;
  // Waits until something is there (no polling inside: appends wake it), then delivers at most about `bytes_max`. That
  // a start_of_log has become an offset is something, so a reader of an empty topic hears at once that it is at the
  // end. Code::history_lost when a position lies before the log start or is not on its history: the reader has stopped;
  // the message names the range. Code::corrupt: that range is damaged and was not delivered. What a repair of the
  // embedded bus's log has given up is a gap like any other: the position moves past it.
  virtual void next(std::size_t bytes_max, Done<Result<Delivery>> done) = 0;
};

class Bus {
 public:
  virtual ~Bus() = default;

  virtual const Uuid& id() const = 0;
  // What payload_bytes() of a record may be; publish() refuses a larger one (Code::too_large).
  virtual std::size_t record_bytes_max() const = 0;

  // Makes the topic, or changes how the existing one is kept. Code::conflict when it exists with another number of
  // partitions; a bus may change that of a topic that never had a record, to which nobody may be publishing then.
  virtual void ensure_topic(std::string name, TopicConfig, Done<Result<Topic>> done) = 0;
  virtual void topics(Done<Result<std::vector<Topic>>> done) = 0;

  // Opens the source under this name and fences whoever held it before.
  virtual void open_source(std::string name, Done<Result<std::unique_ptr<Source>>> done) = 0;

  // From one position for each partition to be read. An offset of start_of_log begins at the first record that exists.
  virtual Result<std::unique_ptr<Reader>> open_reader(TopicId, std::vector<Position> from) = 0;

  // The durable end of each partition of the topic.
  virtual void ends(TopicId, Done<Result<std::vector<Position>>> done) = 0;
  // For each partition the first position whose record has a timestamp at or after `unix_ms`.
  virtual void positions_at(TopicId, std::int64_t unix_ms, Done<Result<std::vector<Position>>> done) = 0;
};

// The partition of a key: murmur2 as the Java client computes it. Requires: partitions >= 1.
PartitionIndex partition_of(std::string_view key, std::int32_t partitions);

}  // namespace leat::bus
