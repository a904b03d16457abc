#include "log/journal_scan.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/layout.h"

namespace leat::log {
namespace {

constexpr std::uint64_t file_bytes_max = 4ull << 30;

class Scanner {
 public:
  Scanner(platform::Files& files, const std::string& folder, bool cut_last)
      : files_(files), folder_(folder), cut_last_(cut_last) {}
  Result<JournalScan> run();

 private:
  Result<> list();
  Result<JournalFile> load(std::uint64_t number);
  Result<> find_newest();
  Result<> load_live();
  Result<> check_links() const;
  Result<> check_end();
  Result<> no_group_after(const JournalFile&, std::size_t position, std::uint64_t salt, std::uint64_t sequence) const;
  std::unexpected<Error> damaged(const std::string& path, std::size_t begin, std::size_t end,
                                 std::string_view why) const;
  std::string path(std::uint64_t number) const { return fmt::format("{}/{}", folder_, journal_name(number)); }

  platform::Files& files_;
  const std::string& folder_;
  const bool cut_last_;
  std::vector<std::uint64_t> numbers_;
  JournalFile newest_;  // that has a group
  JournalFile begun_;   // the file after it, if there is one: its first group never became whole
  JournalScan scan_;
};

const ContinuesEntry* continues(const JournalFile& file) {
  const auto& entries = file.groups.back().entries;
  return entries.size() == 1 ? std::get_if<ContinuesEntry>(&entries.front()) : nullptr;
}

// Whether these are the entries of the first group of this file, not of one that it was recycled from.
bool begins(std::uint64_t number, const std::vector<Entry>& entries) {
  const auto* first = entries.empty() ? nullptr : std::get_if<LiveFromEntry>(&entries.front());
  return first && first->self == number;
}

// Where replay has to begin, as the last group that speaks of it says.
std::uint64_t live_from(const JournalFile& file) {
  std::uint64_t from = file.number;
  for (const auto& group : file.groups) {
    for (const Entry& entry : group.entries) {
      if (const auto* live = std::get_if<LiveFromEntry>(&entry)) from = live->file;
    }
  }
  return from;
}

std::unexpected<Error> Scanner::damaged(const std::string& path, std::size_t begin, std::size_t end,
                                        std::string_view why) const {
  return fail(Code::corrupt, fmt::format("{}: bytes [{}, {}): {}", path, begin, end, why));
}

Result<> Scanner::list() {
  LEAT_TRY(const auto names, files_.list(folder_));
  for (const std::string& name : names) {
    if (const auto number = parse_journal(name)) numbers_.push_back(*number);
  }
  std::ranges::sort(numbers_);
  for (std::size_t i = 1; i < numbers_.size(); ++i) {
    if (numbers_[i] != numbers_[i - 1] + 1) return damaged(path(numbers_[i - 1] + 1), 0, 0, "the file is missing");
  }
  return {};
}

Result<JournalFile> Scanner::load(std::uint64_t number) {
  JournalFile file{.number = number, .path = path(number)};
  {
    LEAT_TRY(const auto opened, files_.open(file.path, platform::Open::read));
    opened->drop_cache();
  }
  LEAT_TRY(file.bytes, platform::read_file(files_, file.path, file_bytes_max));
  scan_.bytes_read += file.bytes.size();
  while (const auto header = read_group(file.bytes, file.end)) {
    if (file.groups.empty() ? !header->snapshot
                            : header->salt != file.groups.front().header.salt ||
                                  header->sequence != file.groups.back().header.sequence + 1) {
      break;
    }
    auto entries = read_entries(file.bytes, file.end, *header);
    if (!entries) return damaged(file.path, file.end, file.end + header->size_bytes(), "the entries do not fit");
    if (file.groups.empty() && !begins(number, *entries)) break;
    file.groups.push_back({file.end, *header, *std::move(entries)});
    file.end += whole_pages(header->size_bytes());
    file.size = std::max<std::size_t>({file.size, file.end, header->file_bytes});
  }
  if (file.bytes.size() < file.size) return damaged(file.path, file.bytes.size(), file.size, "the file is cut short");
  return file;
}

Result<> Scanner::find_newest() {
  LEAT_TRY(newest_, load(numbers_.back()));
  if (newest_.groups.empty() && numbers_.size() > 1) {
    begun_ = std::move(newest_);
    LEAT_TRY(newest_, load(begun_.number - 1));
  }
  return {};
}

Result<> Scanner::load_live() {
  const std::uint64_t from = std::min(live_from(newest_), newest_.number);
  if (from < numbers_.front()) return damaged(path(from), 0, 0, "the file is missing");
  for (std::uint64_t number = from; number < newest_.number; ++number) {
    LEAT_TRY(auto file, load(number));
    if (file.groups.empty()) return damaged(file.path, 0, file.bytes.size(), "no group is whole");
    scan_.live.push_back(std::move(file));
  }
  scan_.live.push_back(std::move(newest_));
  return {};
}

Result<> Scanner::check_links() const {
  for (std::size_t i = 0; i + 1 < scan_.live.size(); ++i) {
    const JournalFile& file = scan_.live[i];
    const GroupHeader& next = scan_.live[i + 1].groups.front().header;
    const ContinuesEntry* link = continues(file);
    if (!link || link->salt != next.salt || next.sequence != file.groups.back().header.sequence + 1) {
      return damaged(file.path, file.end, file.bytes.size(),
                     fmt::format("the groups before {} are not whole", scan_.live[i + 1].path));
    }
  }
  return {};
}

Result<> Scanner::no_group_after(const JournalFile& file, std::size_t position, std::uint64_t salt,
                                 std::uint64_t sequence) const {
  for (std::size_t at = position; at < file.bytes.size(); at += journal_page_bytes) {
    const auto header = read_group(file.bytes, at);
    if (header && header->salt == salt && header->sequence > sequence) {
      return damaged(file.path, position, at,
                     fmt::format("a group is not whole, though group {} behind it is", header->sequence));
    }
  }
  return {};
}

// Nothing that is newer than the last group may be there.
Result<> Scanner::check_end() {
  JournalFile& last = scan_.live.back();
  const std::uint64_t sequence = last.groups.back().header.sequence;
  LEAT_CHECK(no_group_after(last, last.end, last.groups.front().header.salt, sequence));
  if (const ContinuesEntry* link = continues(last)) {
    if (begun_.number != link->file) return damaged(path(link->file), 0, 0, "the file is missing");
    LEAT_CHECK(no_group_after(begun_, 0, link->salt, sequence));
  }
  if (const auto torn = peek_group(last.bytes, last.end);
      torn && torn->salt == last.groups.front().header.salt && torn->sequence == sequence + 1) {
    scan_.bytes_cut = torn->size_bytes();
  }
  return {};
}

Result<JournalScan> Scanner::run() {
  LEAT_CHECK(list());
  if (numbers_.empty()) return std::move(scan_);
  LEAT_CHECK(find_newest());
  if (newest_.groups.empty()) {
    // The very first start was cut short before its first group: as good as no journal. The caller knows whether it may
    // be.
    if (numbers_.size() > 1 || numbers_.front() != 1)
      return damaged(newest_.path, 0, newest_.bytes.size(), "no group is whole");
    scan_.place.next_exists = true;
    return std::move(scan_);
  }
  LEAT_CHECK(load_live());
  LEAT_CHECK(check_links());
  LEAT_CHECK(check_end());
  JournalFile& last = scan_.live.back();
  if (cut_last_ && last.groups.size() > 1) {
    last.end = last.groups.back().position;
    last.groups.pop_back();
  }
  const auto& group = last.groups.back();
  scan_.clean =
      std::ranges::any_of(group.entries, [](const Entry& entry) { return std::holds_alternative<CleanEntry>(entry); });
  scan_.place = {.file = last.number,
                 .salt = group.header.salt,
                 .position = last.end,
                 .next_sequence = group.header.sequence + 1,
                 .oldest_file = numbers_.front(),
                 .live_from = scan_.live.front().number,
                 .next_exists = numbers_.back() > last.number};
  return std::move(scan_);
}

}  // namespace

Result<JournalScan> scan_journal(platform::Files& files, const std::string& folder, bool cut_last) {
  return Scanner(files, folder, cut_last).run();
}

}  // namespace leat::log
