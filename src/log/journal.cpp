#include "log/journal.h"

#include <fmt/format.h>

#include "log/layout.h"

namespace leat::log {
namespace {

constexpr std::uint64_t step_max = 1 << 20;  // of zeros: what one flush may carry on top of its group
constexpr std::uint64_t files_max = 3;

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(platform::Files& files, platform::Random& random, std::string folder,
                                               std::uint64_t file_bytes, const JournalPlace& place) {
  std::unique_ptr<Journal> journal(new Journal(files, random, std::move(folder), file_bytes, place));
  if (place.file != 0) {
    LEAT_TRY(journal->file_, files.open(journal->path(place.file), platform::Open::write_direct));
    LEAT_TRY(const std::uint64_t size, journal->file_->size());
    journal->written_ = size / journal_page_bytes * journal_page_bytes;
    journal->durable_bytes_ = size;  // what recovery leaves is flushed
  }
  return journal;
}

std::string Journal::path(std::uint64_t file) const { return fmt::format("{}/{}", folder_, journal_name(file)); }

void Journal::begin(GroupBuilder& group) const { group.begin(place_.next_sequence, place_.salt, false); }

GroupBuilder& Journal::begin() {
  begin(group_);
  return group_;
}

Result<> Journal::make_room(std::size_t payload_bytes) {
  return write_zeros(*file_, place_.position + whole_pages(group_header_bytes + payload_bytes));
}

Result<> Journal::write_zeros(platform::File& file, std::uint64_t up_to) {
  while (written_ < up_to) {
    const std::string zeros(std::max<std::uint64_t>(step_, up_to - written_), '\0');
    LEAT_CHECK(file.write_at(written_, zeros));
    written_ += zeros.size();
    step_ = std::min(step_ * 2, step_max);
  }
  return {};
}

Result<> Journal::commit(GroupBuilder& group, bool flush) {
  const std::string_view bytes = group.finish(durable_bytes_);
  // The outcome of a failure is open, also when the disk calls itself full: never Code::no_space, which may be retried.
  if (auto written = file_->write_at(place_.position, bytes); !written) return fail(Code::io, written.error().what);
  if (flush) {
    if (auto synced = file_->sync(); !synced) return fail(Code::io, synced.error().what);
    durable_bytes_ = written_;
  }
  place_.position += bytes.size();
  ++place_.next_sequence;
  return {};
}

bool Journal::can_rotate() const {
  const std::uint64_t existing = place_.file - place_.oldest_file + 1;
  return existing < files_max || place_.oldest_file < std::min(live_from_.load(), place_.file);
}

// Gives a file that nobody needs any more the name of the next one, or else makes a new one.
Result<> Journal::name_next(std::uint64_t number) {
  if (place_.next_exists) {
    // Begun before, with an outcome that is open down to the file's size.
    LEAT_TRY(const auto begun, files_.open(path(number), platform::Open::write));
    return begun->truncate(0);
  }
  if (place_.oldest_file < std::min(live_from_.load(), place_.file)) {
    // Recovery must not look for the file under its old name once the new name may be on disk.
    LEAT_CHECK(make_room(0));
    begin().add(LiveFromEntry{live_from_, place_.file});
    LEAT_CHECK(commit());
    if (auto renamed = files_.rename(path(place_.oldest_file), path(number)); !renamed) {
      return fail(Code::io, renamed.error().what);
    }
    ++place_.oldest_file;
  } else {
    LEAT_TRY(const auto made, files_.open(path(number), platform::Open::create));
  }
  if (auto synced = files_.sync_directory(folder_); !synced) return fail(Code::io, synced.error().what);
  place_.next_exists = true;
  return {};
}

Result<> Journal::rotate(const std::function<void(GroupBuilder&)>& snapshot) {
  const std::uint64_t number = place_.file + 1;
  const std::uint64_t salt = random_.next();
  LEAT_CHECK(name_next(number));
  LEAT_TRY(auto next, files_.open(path(number), platform::Open::write_direct));

  const auto fill = [&] {
    group_.begin(place_.next_sequence, salt, true);
    group_.add(LiveFromEntry{live_from_, number});
    snapshot(group_);
  };
  fill();
  const std::uint64_t written_before = written_;
  LEAT_TRY(const std::uint64_t size, next->size());
  written_ = size / journal_page_bytes * journal_page_bytes;
  const auto room = write_zeros(*next, group_.finish().size());
  const std::uint64_t written_next = std::exchange(written_, written_before);
  if (!room) return room;
  // Its length stands before a group says it.
  if (auto synced = next->sync(); !synced) return fail(Code::io, synced.error().what);
  if (place_.file != 0) {
    LEAT_CHECK(make_room(0));
    begin().add(ContinuesEntry{number, salt});  // from now on a missing file is damage, not the end of the journal
    LEAT_CHECK(commit());
  }
  place_.file = number;
  place_.salt = salt;
  place_.position = 0;
  place_.next_exists = false;
  file_ = std::move(next);
  written_ = written_next;
  durable_bytes_ = written_next;
  fill();
  return commit();
}

}  // namespace leat::log
