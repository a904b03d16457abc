#include "log/log.h"

#include <fmt/format.h>

#include "log/flusher.h"
#include "log/maintenance.h"
#include "log/recovery.h"
#include "log/scrub.h"

namespace leat::log {
namespace {

// Recovery reads a journal file whole, and a group says its length in 32 bits.
Result<> check(const Options& options) {
  const auto within = [](const char* name, std::uint64_t value, std::uint64_t max) -> Result<> {
    if (value <= max) return {};
    return fail(Code::invalid, fmt::format("{} is {}; at most {} are allowed", name, value, max));
  };
  LEAT_CHECK(within("journal_bytes", options.journal_bytes, journal_bytes_max));
  LEAT_CHECK(within("group_bytes_max", options.group_bytes_max, group_bytes_limit));
  return within("direct_bytes", options.direct_bytes, group_bytes_limit);
}

class OpenLog final : public Log {
 public:
  explicit OpenLog(platform::Platform platform, std::string directory, Options options)
      : store_{.platform = platform, .directory = std::move(directory), .options = options} {}
  ~OpenLog() override;

  Result<> begin();

  Result<> close() override;
  const Recovery& recovery() const override { return recovery_; }
  Result<> create(PartitionId, PartitionOptions) override;
  Result<> configure(PartitionId, PartitionOptions) override;
  Result<> remove(PartitionId) override;
  std::vector<PartitionId> partitions() const override;
  void append(std::vector<Part>, Done<Result<std::vector<Appended>>> done, Decided decided) override;
  Result<Slice> read(PartitionId, Offset from, std::size_t bytes_max) override;
  Result<Offset> offset_at(PartitionId, std::int64_t unix_ms) override;
  Result<Bounds> bounds(PartitionId) const override;
  Result<std::vector<EpochStart>> epochs(PartitionId) const override;
  std::shared_ptr<void> when_past(PartitionId, Offset seen, Task wake) override;
  Result<> delete_before(PartitionId, Offset offset) override;
  Result<Offset> apply_retention(PartitionId, std::int64_t now_ms) override;
  Result<> replace_before(PartitionId, Offset before, std::string kept) override;
  Result<std::vector<OffsetRange>> lost(PartitionId) const override;
  std::unique_ptr<Scrub> scrub() override;
  Stats stats() const override;

 private:
  Result<std::shared_ptr<Partition>> find(PartitionId id) const;
  // Makes one group of what `fill` adds, durable on return. Requires: the write lock.
  Result<> commit(const std::function<void(GroupBuilder&)>& fill);
  Result<> write_clean_mark();
  Result<> remove(Partition&, std::vector<std::shared_ptr<Waiter>>& woken);
  void wake_all();

  Store store_;
  Recovery recovery_;
  std::unique_ptr<Flusher> flusher_;
  std::optional<Result<>> closed_;  // how close() went
};

OpenLog::~OpenLog() {
  if (!flusher_) return;
  const Error stopped{Code::cancelled, "the log has stopped"};
  flusher_->stop(stopped);
  wake_all();
  flusher_->stop(stopped);  // who was woken may have asked for more
}

Result<> OpenLog::begin() {
  LEAT_TRY(const Recovered recovered, recover(store_));
  recovery_ = recovered.report;
  store_.publisher = std::make_shared<Publisher>(store_);
  LEAT_TRY(store_.file_system, store_.platform.files.file_system(store_.partitions_folder()));
  flusher_ = std::make_unique<Flusher>(store_);
  if (!recovered.rotate) return {};
  const auto lock = store_.quiet();
  if (!store_.journal->can_rotate()) {  // life after life ended early: the files must not become ever more
    flusher_->checkpointer().add(store_.journal->current_file(), std::exchange(store_.dirty, {}));
    flusher_->checkpointer().finish();
    if (store_.failure.failed()) return fail(store_.failure.error());
  }
  return flusher_->rotate();
}

Result<std::shared_ptr<Partition>> OpenLog::find(PartitionId id) const {
  auto partition = store_.partitions.find(id);
  if (!partition) return fail(Code::not_found, fmt::format("partition {} does not exist", text(id)));
  return partition;
}

Result<> OpenLog::commit(const std::function<void(GroupBuilder&)>& fill) {
  if (store_.failure.failed()) return fail(store_.failure.error());
  if (closed_) return fail(Code::unavailable, "the log is closed");
  LEAT_CHECK(store_.journal->make_room(0));
  GroupBuilder& group = store_.journal->begin();
  fill(group);
  if (auto written = store_.journal->commit(group); !written) {
    store_.failure.set(written.error());
    return fail(store_.failure.error());
  }
  return {};
}

void OpenLog::wake_all() {
  std::vector<std::shared_ptr<Waiter>> woken;
  for (const auto& partition : store_.partitions.all()) partition->close(woken);
  for (const auto& waiter : woken) waiter->fire();
}

// A journal file whose only group says that nothing older is needed and nothing newer was begun.
Result<> OpenLog::write_clean_mark() {
  store_.journal->retire(store_.journal->current_file());
  return store_.journal->rotate([&](GroupBuilder& group) {
    describe_all(store_, group);
    group.add(CleanEntry{});
  });
}

Result<> OpenLog::close() {
  flusher_->drain();
  {
    const auto lock = store_.quiet();
    if (closed_) return *closed_;
    closed_ = fail(Code::unavailable, "the log is being closed");
    flusher_->checkpointer().add(0, std::exchange(store_.dirty, {}));
  }
  flusher_->checkpointer().finish();
  {
    const auto lock = store_.quiet();
    if (!store_.failure.failed()) {
      if (auto marked = write_clean_mark(); !marked) store_.failure.set(marked.error());
    }
    closed_ = store_.failure.failed() ? fail(store_.failure.error()) : Result<>{};
    if (!*closed_) return *closed_;
  }
  wake_all();
  return {};
}

Result<> OpenLog::create(PartitionId id, PartitionOptions options) {
  const auto lock = store_.quiet();
  if (store_.failure.failed()) return fail(store_.failure.error());
  if (store_.partitions.find(id)) return fail(Code::conflict, fmt::format("partition {} exists already", text(id)));
  auto made = Partition::create(store_.open_files, store_.folder(id), id, options);
  if (made) {
    if (auto synced = store_.platform.files.sync_directory(store_.partitions_folder()); !synced)
      made = fail(synced.error());
  }
  if (!made && made.error().code == Code::io) {  // perhaps a flush: what it covered must not be flushed again
    store_.failure.set(made.error());
    return fail(store_.failure.error());
  }
  LEAT_TRY(auto partition, std::move(made));
  LEAT_CHECK(commit([&](GroupBuilder& group) { partition->describe(group); }));
  store_.partitions.add(std::move(partition));
  return {};
}

Result<> OpenLog::configure(PartitionId id, PartitionOptions options) {
  LEAT_TRY(const auto partition, find(id));
  const auto lock = store_.quiet();
  if (store_.failure.failed()) return fail(store_.failure.error());
  Manifest next = partition->manifest();
  next.options = options;
  return change_manifest(store_, *partition, std::move(next), partition->segments());
}

Result<> OpenLog::remove(PartitionId id) {
  LEAT_TRY(const auto partition, find(id));
  std::vector<std::shared_ptr<Waiter>> woken;
  auto removed = remove(*partition, woken);
  for (const auto& waiter : woken) waiter->fire();
  return removed;
}

Result<> OpenLog::remove(Partition& partition, std::vector<std::shared_ptr<Waiter>>& woken) {
  const PartitionId id = partition.id();
  const std::lock_guard maintenance(partition.maintenance);
  const auto lock = store_.quiet();
  if (!store_.partitions.find(id)) return fail(Code::not_found, fmt::format("partition {} does not exist", text(id)));
  LEAT_CHECK(commit([&](GroupBuilder& group) { group.add(RemovedEntry{id}); }));
  store_.partitions.remove(id);
  partition.close(woken);
  // The journal must not forget the removal before the folder is gone: so all of it under the write lock.
  const auto removed = [&]() -> Result<> {
    for (const auto& segment : partition.segments()) LEAT_CHECK(segment->remove_files());
    LEAT_CHECK(platform::remove_tree(store_.platform.files, store_.folder(id)));
    return store_.platform.files.sync_directory(store_.partitions_folder());
  }();
  if (removed) return {};
  store_.failure.set(removed.error());
  return fail(store_.failure.error());
}

std::vector<PartitionId> OpenLog::partitions() const {
  std::vector<PartitionId> ids;
  for (const auto& partition : store_.partitions.all()) ids.push_back(partition->id());
  return ids;
}

void OpenLog::append(std::vector<Part> parts, Done<Result<std::vector<Appended>>> done, Decided decided) {
  Pending pending{.parts = std::move(parts), .decided = std::move(decided), .done = std::move(done)};
  for (const Part& part : pending.parts) {
    auto spans = check_part(part);
    if (!spans) return flusher_->refuse(std::make_unique<Pending>(std::move(pending)), std::move(spans).error());
    pending.spans.push_back(*std::move(spans));
    pending.bytes += part.batches.size();
  }
  flusher_->append(std::move(pending));
}

Result<Slice> OpenLog::read(PartitionId id, Offset from, std::size_t bytes_max) {
  LEAT_TRY(const auto partition, find(id));
  return partition->read(from, bytes_max);
}

Result<Offset> OpenLog::offset_at(PartitionId id, std::int64_t unix_ms) {
  LEAT_TRY(const auto partition, find(id));
  return partition->offset_at(unix_ms);
}

Result<Bounds> OpenLog::bounds(PartitionId id) const {
  LEAT_TRY(const auto partition, find(id));
  return partition->bounds();
}

Result<std::vector<EpochStart>> OpenLog::epochs(PartitionId id) const {
  LEAT_TRY(const auto partition, find(id));
  return partition->epochs();
}

std::shared_ptr<void> OpenLog::when_past(PartitionId id, Offset seen, Task wake) {
  const auto partition = store_.partitions.find(id);
  if (partition) {
    if (auto waiter = partition->wait_past(seen, wake)) return Waiter::handle(std::move(waiter));
  }
  auto waiter = std::make_shared<Waiter>(std::move(wake));
  flusher_->wake(waiter);
  return Waiter::handle(std::move(waiter));
}

Result<> OpenLog::delete_before(PartitionId id, Offset offset) {
  LEAT_TRY(const auto partition, find(id));
  return log::delete_before(store_, *partition, offset);
}

Result<Offset> OpenLog::apply_retention(PartitionId id, std::int64_t now_ms) {
  LEAT_TRY(const auto partition, find(id));
  return log::apply_retention(store_, *partition, now_ms);
}

Result<> OpenLog::replace_before(PartitionId id, Offset before, std::string kept) {
  LEAT_TRY(const auto partition, find(id));
  return log::replace_before(store_, *partition, before, kept);
}

Result<std::vector<OffsetRange>> OpenLog::lost(PartitionId id) const {
  LEAT_TRY(const auto partition, find(id));
  return partition->lost();
}

std::unique_ptr<Scrub> OpenLog::scrub() { return scrub_all(store_); }

Stats OpenLog::stats() const {
  const Counters& counters = store_.counters;
  return {.appends = counters.appends,
          .append_bytes = counters.append_bytes,
          .direct_bytes = counters.direct_bytes,
          .flushes = counters.flushes,
          .flush_nanoseconds = counters.flush_nanoseconds,
          .flush_nanoseconds_max = counters.flush_nanoseconds_max,
          .checkpoints = counters.checkpoints,
          .pending_bytes = flusher_->pending_bytes()};
}

}  // namespace

Result<std::unique_ptr<Log>> Log::open(platform::Platform platform, std::string directory, Options options) {
  LEAT_CHECK(check(options));
  auto log = std::make_unique<OpenLog>(platform, std::move(directory), options);
  LEAT_CHECK(log->begin());
  return log;
}

}  // namespace leat::log
