// log/test_world.h — for tests: a log in a simulated world, and what it takes to look at it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "log/log.h"
#include "log/record_batch.h"
#include "platform/sim.h"

namespace leat::log {

inline PartitionId partition(int index, std::uint8_t topic = 1) {
  PartitionId id;
  id.topic.value.bytes.fill(topic);
  id.index.value = index;
  return id;
}

inline std::string batch_of(const std::vector<std::string>& values, std::int64_t timestamp_ms = 1000) {
  std::vector<Record> records;
  for (const std::string& value : values) records.push_back({.timestamp_ms = timestamp_ms, .value = value});
  return build_batch(records);
}

inline std::string hex(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) out += fmt::format("{:02x}", static_cast<std::uint8_t>(byte));
  return out;
}

// Appends and runs the world until the answer is there; Code::cancelled when it never comes.
inline Result<std::vector<Appended>> append(platform::SimWorld& world, Log& log, std::vector<Part> parts) {
  auto answer = std::make_shared<std::optional<Result<std::vector<Appended>>>>();
  log.append(std::move(parts), [answer](Result<std::vector<Appended>> got) { *answer = std::move(got); });
  world.run_until([&] { return answer->has_value(); });
  return answer->has_value() ? **answer : fail(Code::cancelled, "no answer");
}

// All values from the start to the durable end, by offset.
inline Result<std::map<std::int64_t, std::string>> read_all(Log& log, PartitionId id, std::size_t bytes_max = 1 << 20) {
  std::map<std::int64_t, std::string> values;
  LEAT_TRY(const Bounds bounds, log.bounds(id));
  for (Offset at = bounds.start; at < bounds.durable_end;) {
    LEAT_TRY(const Slice slice, log.read(id, at, bytes_max));
    for (std::string_view rest = slice.batches; !rest.empty();) {
      LEAT_TRY(const BatchHeader header, check_batch(rest));
      LEAT_CHECK(for_each_record(rest, [&](const Record& record) {
        if (record.offset >= bounds.start) values.emplace(record.offset.value, *record.value);
      }));
      rest.remove_prefix(header.size_bytes());
    }
    if (slice.next <= at) return fail(Code::corrupt, "a read does not go on");
    at = slice.next;
  }
  return values;
}

}  // namespace leat::log
