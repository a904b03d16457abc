#include "log/layout.h"

#include <charconv>

#include <fmt/format.h>

namespace leat::log {
namespace {

constexpr std::size_t uuid_chars = 36;
constexpr std::size_t base_digits = 20;

template <class Int>
std::optional<Int> parse_number(std::string_view text) {
  Int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

std::string text(PartitionId id) { return fmt::format("{}-{}", id.topic.value.text(), id.index.value); }

std::optional<PartitionId> parse_partition(std::string_view folder_name) {
  if (folder_name.size() < uuid_chars + 2 || folder_name[uuid_chars] != '-') return std::nullopt;
  const auto topic = Uuid::parse(folder_name.substr(0, uuid_chars));
  const auto index = parse_number<std::int32_t>(folder_name.substr(uuid_chars + 1));
  if (!topic || !index) return std::nullopt;
  return PartitionId{TopicId{*topic}, PartitionIndex{*index}};
}

std::string segment_stem(SegmentName name) {
  if (name.generation == 0) return fmt::format("{:020}", name.base.value);
  return fmt::format("{:020}-{}", name.base.value, name.generation);
}

std::optional<SegmentName> parse_segment_file(std::string_view file_name) {
  const auto dot = file_name.find('.');
  if (dot == std::string_view::npos || dot < base_digits) return std::nullopt;
  const auto extension = file_name.substr(dot);
  if (extension != ".log" && extension != ".sums" && extension != ".index") return std::nullopt;
  const auto base = parse_number<std::int64_t>(file_name.substr(0, base_digits));
  if (!base) return std::nullopt;
  if (dot == base_digits) return SegmentName{Offset{*base}, 0};
  if (file_name[base_digits] != '-') return std::nullopt;
  const auto generation = parse_number<std::uint32_t>(file_name.substr(base_digits + 1, dot - base_digits - 1));
  if (!generation || *generation == 0) return std::nullopt;
  return SegmentName{Offset{*base}, *generation};
}

std::string journal_name(std::uint64_t number) { return fmt::format("journal-{:08}", number); }

std::optional<std::uint64_t> parse_journal(std::string_view file_name) {
  constexpr std::string_view prefix = "journal-";
  if (!file_name.starts_with(prefix)) return std::nullopt;
  return parse_number<std::uint64_t>(file_name.substr(prefix.size()));
}

}  // namespace leat::log
