// base/strong.h — integers that cannot be swapped for one another, and the ids built from them.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace leat {

template <class Tag, class Value = std::int64_t>
struct Strong {
  Value value = 0;
  constexpr auto operator<=>(const Strong&) const = default;
};

using Offset = Strong<struct OffsetTag>;              // position of a record in a partition
using FilePos = Strong<struct FilePosTag>;            // position of a byte in a file
using Epoch = Strong<struct EpochTag, std::int32_t>;  // which life of a partition wrote a record; -1 unknown
using PartitionIndex = Strong<struct PartitionTag, std::int32_t>;

inline constexpr std::int32_t partitions_max = 1024;  // of one topic

template <class Tag, class Value>
constexpr Strong<Tag, Value> operator+(Strong<Tag, Value> a, Value b) {
  return {static_cast<Value>(a.value + b)};
}
template <class Tag, class Value>
constexpr Value operator-(Strong<Tag, Value> a, Strong<Tag, Value> b) {
  return static_cast<Value>(a.value - b.value);
}

}  // namespace leat

template <class Tag, class Value>
struct std::hash<leat::Strong<Tag, Value>> {
  std::size_t operator()(leat::Strong<Tag, Value> id) const noexcept { return std::hash<Value>{}(id.value); }
};
