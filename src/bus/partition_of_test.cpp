#include <cstdint>

#include <gtest/gtest.h>

#include "bus/bus.h"

namespace leat::bus {
namespace {

// Vectors as every Kafka client tests its murmur2 with. With 2^31-1 partitions nearly the whole hash shows.
TEST(PartitionOf, IsTheJavaClients) {
  struct Case {
    const char* key;
    std::int32_t murmur2;
  };
  for (const auto& [key, murmur2] :
       {Case{"21", -973932308}, Case{"foobar", -790332482}, Case{"a-little-bit-long-string", -985981536},
        Case{"a-little-bit-longer-string", -1486304829},
        Case{"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971}, Case{"abc", 479470107}}) {
    SCOPED_TRACE(key);
    const std::int32_t positive = murmur2 & 0x7fffffff;
    for (const std::int32_t partitions : {1, 2, 3, 4, 7, 100, 1000, INT32_MAX})
      EXPECT_EQ(partition_of(key, partitions).value, positive % partitions) << partitions;
  }
}

TEST(PartitionOf, TakesAnyBytesAndStaysInside) {
  std::string key;
  for (int size = 0; size < 300; ++size, key += static_cast<char>(size * 37)) {
    const auto partition = partition_of(key, 7);
    EXPECT_GE(partition.value, 0);
    EXPECT_LT(partition.value, 7);
  }
}

}  // namespace
}  // namespace leat::bus
