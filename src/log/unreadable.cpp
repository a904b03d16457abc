#include "log/unreadable.h"

#include <algorithm>

namespace leat::log {
namespace {

constexpr std::uint64_t page_bytes = 4096;

}  // namespace

Result<std::size_t> PatientFile::read_at(std::uint64_t position, char* into, std::size_t size) {
  auto all = base_.read_at(position, into, size);
  if (all) return all;
  LEAT_TRY(const std::uint64_t file_bytes, base_.size());
  const std::uint64_t end = std::min<std::uint64_t>(file_bytes, position + size);
  for (std::uint64_t at = position; at < end;) {
    const std::uint64_t page = at - at % page_bytes;
    const std::uint64_t next = std::min(end, page + page_bytes);
    char* const to = into + (at - position);
    if (auto part = base_.read_at(at, to, next - at); !part) {
      std::fill(to, to + (next - at), '\0');
      failed_.insert(page);
      why_ = std::move(part).error().what;
    }
    at = next;
  }
  return end > position ? end - position : 0;
}

std::string_view PatientFile::why_not(std::uint64_t begin, std::uint64_t end) const {
  const auto first = failed_.lower_bound(begin - begin % page_bytes);
  return first != failed_.end() && *first < end ? std::string_view(why_) : std::string_view{};
}

}  // namespace leat::log
