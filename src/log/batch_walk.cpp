#include "log/batch_walk.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/endian.h"

namespace leat::log {
namespace {

constexpr std::size_t sums_at_once = 256;

}  // namespace

Result<std::string> read_some(platform::File& file, std::uint64_t position, std::size_t size) {
  std::string bytes;
  Result<std::size_t> read = 0;
  bytes.resize_and_overwrite(size, [&](char* into, std::size_t room) {
    read = file.read_at(position, into, room);
    return read ? *read : 0;
  });
  if (!read) return fail(read.error());
  return bytes;
}

std::unexpected<Error> BatchWalk::damaged(std::uint64_t size, std::string_view why) const {
  return fail(Code::corrupt,
              fmt::format("{}: bytes [{}, {}): {}", files_.log_path, at_.position, at_.position + size, why));
}

std::string_view BatchWalk::in_window() const {
  const std::uint64_t skip = at_.position - window_begin_;
  return skip >= window_.size() ? std::string_view{} : std::string_view(window_).substr(skip);
}

Result<std::string_view> BatchWalk::at_least(std::size_t size) {
  if (const auto view = in_window(); view.size() >= size) return view;
  const std::uint64_t rest = limit_ - at_.position;
  if (size > rest) return damaged(rest, "a batch passes the end of what was written");
  LEAT_TRY(window_, read_some(*files_.log, at_.position, std::min<std::uint64_t>(rest, std::max(size, window_bytes_))));
  window_begin_ = at_.position;
  if (window_.size() < size) return damaged(rest, fmt::format("the file ends after {} of them", window_.size()));
  return std::string_view(window_);
}

Result<> BatchWalk::check_sum(std::string_view header) {
  if (at_.ordinal < sums_begin_ || at_.ordinal - sums_begin_ >= sums_.size()) {
    LEAT_TRY(const auto bytes,
             read_some(*files_.sums, std::uint64_t{at_.ordinal} * sum_bytes, sums_at_once * sum_bytes));
    sums_begin_ = at_.ordinal;
    sums_.clear();
    for (std::size_t i = 0; i + sum_bytes <= bytes.size(); i += sum_bytes) {
      sums_.push_back(load_be<std::uint32_t>(bytes.data() + i));
    }
    if (sums_.empty()) {
      const std::uint64_t begin = std::uint64_t{at_.ordinal} * sum_bytes;
      return fail(Code::corrupt,
                  fmt::format("{}: bytes [{}, {}): missing", files_.sums_path, begin, begin + sum_bytes));
    }
  }
  if (sums_[at_.ordinal - sums_begin_] == rules_.sum.of(header)) return {};
  return damaged(batch_header_bytes,
                 fmt::format("the batch header is not what {} says at [{}, {})", files_.sums_path,
                             std::uint64_t{at_.ordinal} * sum_bytes, (std::uint64_t{at_.ordinal} + 1) * sum_bytes));
}

Result<bool> BatchWalk::next(Batch& into) {
  if (at_.position >= limit_) return false;
  LEAT_TRY(std::string_view view, at_least(batch_header_bytes));
  const bool trusted = at_.position < rules_.trusted_until;
  if (!trusted) LEAT_CHECK(check_sum(view));
  const auto header = read_header(view);
  if (!header) return damaged(batch_header_bytes, header.error().what);
  const bool follows = rules_.gaps ? header->base_offset >= at_.offset : header->base_offset == at_.offset;
  if (!follows) {
    return damaged(batch_header_bytes,
                   fmt::format("offset {} where {} was to come", header->base_offset.value, at_.offset.value));
  }
  if (header->size_bytes() > limit_ - at_.position)
    return damaged(limit_ - at_.position, "the last batch is cut short");
  if (rules_.depth == Depth::whole) {
    LEAT_TRY(view, at_least(header->size_bytes()));
    if (!trusted) {
      if (const auto crc = check_crc(*header, view); !crc) return damaged(header->size_bytes(), crc.error().what);
    }
  }
  into = {*header, at_};
  at_.offset = header->next_offset();
  at_.position += header->size_bytes();
  ++at_.ordinal;
  at_.earlier_max_ms = std::max(at_.earlier_max_ms, header->max_timestamp_ms);
  return true;
}

std::size_t BatchWalk::buffered_next() const {
  if (at_.position >= limit_) return 0;
  const auto view = in_window();
  if (view.size() < batch_header_bytes) return 0;
  const auto length = load_be<std::int32_t>(view.data() + batch_layout::length);
  const std::size_t size = length < 0 ? view.size() + 1 : static_cast<std::size_t>(length) + batch_overhead_bytes;
  return size <= view.size() ? size : 0;
}

std::string BatchWalk::take(std::uint64_t begin, std::uint64_t end) && {
  LEAT_ASSERT(begin >= window_begin_ && end - window_begin_ <= window_.size());
  window_.resize(end - window_begin_);
  window_.erase(0, begin - window_begin_);
  return std::move(window_);
}

}  // namespace leat::log
