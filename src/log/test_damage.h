// log/test_damage.h — for tests: a small data directory as a stopped program left it, what was read from it then, and
// what a log that is opened on a damaged copy of it answers.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "log/layout.h"
#include "log/test_world.h"

namespace leat::log {

using FileMap = std::map<std::string, std::string>;  // path to bytes

// All that a reader can be told of a partition that does not change with the life of the log.
struct Answers {
  Offset start, durable_end;
  std::map<std::int64_t, std::string> values;
  std::map<std::int64_t, std::int64_t> at_time;  // offset_at
  bool operator==(const Answers&) const = default;
};

inline Result<Answers> answers_of(Log& log, PartitionId id) {
  LEAT_TRY(const Bounds bounds, log.bounds(id));
  Answers answers{.start = bounds.start, .durable_end = bounds.durable_end, .values = {}, .at_time = {}};
  LEAT_TRY(answers.values, read_all(log, id, 700));
  for (const std::int64_t ms : {0, 1003, 1006, 1011, 5000}) {
    LEAT_TRY(const Offset at, log.offset_at(id, ms));
    answers.at_time[ms] = at.value;
  }
  return answers;
}

struct Kept {
  FileMap files;
  std::map<PartitionId, Answers> answers;
};

inline void collect(platform::Files& files, const std::string& folder, FileMap& into) {
  const auto names = files.list(folder);
  for (const std::string& name : *names) {
    const std::string path = folder + "/" + name;
    if (auto bytes = platform::read_file(files, path))
      into[path] = *bytes;
    else
      collect(files, path, into);
  }
}

inline FileMap collect(platform::Files& files) {
  FileMap map;
  collect(files, "d", map);
  return map;
}

inline std::map<PartitionId, Answers> all_answers(Log& log) {
  std::map<PartitionId, Answers> all;
  for (const PartitionId id : log.partitions()) {
    auto answers = answers_of(log, id);
    EXPECT_TRUE(answers) << answers.error().what;
    if (answers) all[id] = *answers;
  }
  return all;
}

// Several partitions: rolled, compacted, cut at the front, large enough for an index, empty.
inline Kept make_closed_log() {
  platform::SimWorld world(11);
  EXPECT_TRUE(world.files().make_directory("d"));
  auto log = *Log::open(world.platform(), "d", {});
  const auto put = [&](PartitionId id, const std::vector<std::string>& values, std::int64_t ms) {
    EXPECT_TRUE(append(world, *log, {{id, batch_of(values, ms)}}));
  };
  const PartitionId rolled = partition(0), compacted = partition(1), cut = partition(0, 2), large = partition(1, 2);
  for (const PartitionId id : {rolled, compacted, cut}) EXPECT_TRUE(log->create(id, {.segment_bytes = 300}));
  for (const PartitionId id : {large, partition(2, 2)}) EXPECT_TRUE(log->create(id, {}));
  for (int i = 0; i < 12; ++i) {
    put(rolled, {fmt::format("a{}", i)}, 1000 + i);
    put(compacted, {"b", "c"}, 1000 + i);
    put(cut, {fmt::format("d{}", i), "e"}, 1000 + i);
    put(large, {std::string(1000, static_cast<char>('a' + i))}, 1000 + i);
  }
  std::string kept = batch_of({"kept"}, 1004);
  stamp(kept.data(), Offset{7}, Epoch{0});
  EXPECT_TRUE(log->replace_before(compacted, Offset{12}, kept));
  EXPECT_TRUE(log->delete_before(cut, Offset{5}));
  Kept out{.files = {}, .answers = all_answers(*log)};
  EXPECT_TRUE(log->close());
  out.files = collect(world.files());
  return out;
}

inline const Kept& closed_log() {
  static const Kept kept = make_closed_log();
  return kept;
}

struct Crashed {
  Kept kept;
  std::map<PartitionId, Answers> without_last;  // as if the last append had not been
};

// Two journal files, segments rolled, and less than all of it flushed behind the journal.
inline Crashed make_crashed_log() {
  platform::SimWorld world(5);
  EXPECT_TRUE(world.files().make_directory("d") && world.files().sync_directory("/"));
  Crashed out;
  {
    auto log = *Log::open(world.platform(), "d", {.journal_bytes = 32 << 10});
    const PartitionId a = partition(0), b = partition(1);
    EXPECT_TRUE(log->create(a, {.segment_bytes = 400}) && log->create(b, {}));
    for (int i = 0; i < 13; ++i) {
      out.without_last = all_answers(*log);
      const std::string value = fmt::format("{} {}", i, std::string(60, 'v'));
      EXPECT_TRUE(append(world, *log, {{a, batch_of({value}, 1000 + i)}, {b, batch_of({value, "w"}, 1000 + i)}}));
    }
    out.kept.answers = all_answers(*log);
    world.files().crash();
  }
  world.restart();
  out.kept.files = collect(world.files());
  return out;
}

inline const Crashed& crashed_log() {
  static const Crashed crashed = make_crashed_log();
  return crashed;
}

// What is other in a damaged copy: other bytes, or nothing for a file that is gone.
using Changes = std::map<std::string, std::optional<std::string>>;

// Without the prepared zeros behind them.
inline std::size_t meaningful_bytes(std::string_view bytes) {
  static const std::string zeros(4096, '\0');
  while (bytes.ends_with(zeros)) bytes.remove_suffix(zeros.size());
  return bytes.find_last_not_of('\0') + 1;
}

inline void put_file(platform::Files& files, const std::string& path, const std::string& bytes) {
  EXPECT_TRUE(files.make_directory(path.substr(0, path.rfind('/'))));
  const auto file = files.open(path, platform::Open::create);
  EXPECT_TRUE(file && (*file)->write_at(0, std::string_view(bytes).substr(0, meaningful_bytes(bytes))));
  EXPECT_TRUE((*file)->truncate(bytes.size()));
}

inline std::unique_ptr<platform::SimWorld> world_with(const FileMap& files, const Changes& changes,
                                                      std::uint64_t seed = 11) {
  auto world = std::make_unique<platform::SimWorld>(seed);
  for (const std::string folder : {"d", "d/journal", "d/partitions"})
    EXPECT_TRUE(world->files().make_directory(folder));
  for (const auto& [path, bytes] : files) {
    if (!changes.contains(path)) put_file(world->files(), path, bytes);
  }
  for (const auto& [path, bytes] : changes) {
    if (bytes) put_file(world->files(), path, *bytes);
  }
  return world;
}

// What becomes of a damaged copy.
struct Outcome {
  std::optional<Error> refused;             // at open
  std::map<PartitionId, Error> unreadable;  // the first error of a partition that the open log has
  std::map<PartitionId, Answers> read;
  bool intact(const Kept& kept) const { return !refused && unreadable.empty() && read == kept.answers; }
};

// `probe` is called with the open log when that partition cannot be read.
inline Outcome open_and_read(const Kept& kept, const Changes& changes, PartitionId where = {},
                             const std::function<void(Log&)>& probe = {}) {
  const auto world = world_with(kept.files, changes);
  auto log = Log::open(world->platform(), "d", {});
  if (!log) return {.refused = log.error(), .unreadable = {}, .read = {}};
  Outcome outcome;
  for (const PartitionId id : (*log)->partitions()) {
    auto answers = answers_of(**log, id);
    if (answers)
      outcome.read[id] = *std::move(answers);
    else
      outcome.unreadable.emplace(id, answers.error());
  }
  if (probe && outcome.unreadable.contains(where)) probe(**log);
  return outcome;
}

// Empty when the error is of damage and names `path` and where.
inline std::string complaint_about(const Error& error, const std::string& path) {
  if (error.code != Code::corrupt) return "not called corrupt: " + error.what;
  if (error.what.find(path) == std::string::npos) return "the file is not named: " + error.what;
  const bool range = error.what.find("bytes [") != std::string::npos || error.what.find("missing") != std::string::npos;
  return range ? "" : "the range is not named: " + error.what;
}

// LEAT_DAMAGE=all looks at every bit and every length of every file; the usual run takes samples of the larger ones.
inline bool every_bit() { return std::getenv("LEAT_DAMAGE") != nullptr; }

inline std::string flipped(std::string bytes, std::size_t bit) {
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
  return bytes;
}

}  // namespace leat::log
