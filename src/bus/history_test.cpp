#include "bus/history.h"

#include <gtest/gtest.h>

namespace leat::bus {
namespace {

Uuid bus_id() { return {{1, 2, 3}}; }

// Offsets 10 to 50; epoch 2 wrote 0-19, epoch 3 nothing, epoch 4 wrote 20-29, epoch 7 the rest.
History history() {
  return {.partition = {},
          .bounds = {.start = {10}, .durable_end = {50}, .epoch = {7}},
          .epochs = {{{2}, {0}}, {{3}, {20}}, {{4}, {20}}, {{7}, {30}}}};
}

TEST(History, SaysWhichEpochWroteARecord) {
  for (const auto& [offset, epoch] : {std::pair{0, 2}, {19, 2}, {20, 4}, {29, 4}, {30, 7}, {1000, 7}, {-1, -1}})
    EXPECT_EQ(history().epoch_at(Offset{offset}), Epoch{epoch}) << offset;
}

TEST(History, ItsOwnPositionsAreOnIt) {
  for (std::int64_t next = 10; next <= 50; ++next)
    EXPECT_EQ(history().resume(bus_id(), history().position(bus_id(), Offset{next})), Offset{next});
}

TEST(History, RefusesWhatIsNotOnIt) {
  struct Case {
    const char* name;
    std::int32_t epoch;
    std::int64_t next;
    std::optional<std::int64_t> resumed;  // nothing: history_lost
  };
  for (const auto& [name, epoch, next, resumed] : {
           Case{"the start, whatever it is", -1, -2, 10},
           Case{"the start, with an epoch that says nothing", 9, -2, 10},
           Case{"without epoch at the log start", -1, 10, 10},
           Case{"without epoch inside", -1, 33, 33},
           Case{"without epoch at the end", -1, 50, 50},
           Case{"without epoch before the start", -1, 9, {}},
           Case{"without epoch beyond the end", -1, 51, {}},
           Case{"the right epoch", 2, 20, 20},
           Case{"the epoch of the next record", 4, 20, {}},
           Case{"an epoch that wrote nothing", 3, 20, {}},
           Case{"an older epoch at this offset", 2, 21, {}},
           Case{"an epoch yet to come", 8, 50, {}},
           Case{"the last epoch at the end", 7, 50, 50},
           Case{"the last epoch beyond the end", 7, 51, {}},
       }) {
    SCOPED_TRACE(name);
    const auto found = history().resume(bus_id(), {bus_id(), {}, {}, Epoch{epoch}, Offset{next}});
    if (resumed) {
      EXPECT_EQ(found, Offset{*resumed});
    } else {
      ASSERT_FALSE(found);
      EXPECT_EQ(found.error().code, Code::history_lost);
      EXPECT_NE(found.error().what.find("10 to 50"), std::string::npos) << found.error().what;
    }
  }
  EXPECT_FALSE(history().resume(Uuid{{9}}, {bus_id(), {}, {}, Epoch{-1}, Offset{20}})) << "another bus";
}

TEST(History, AnEmptyPartitionHasOnePositionWithoutEpoch) {
  const History empty{
      .partition = {}, .bounds = {.start = {0}, .durable_end = {0}, .epoch = {1}}, .epochs = {{{1}, {0}}}};
  EXPECT_EQ(empty.position(bus_id(), Offset{0}).epoch, Epoch{-1});
  EXPECT_TRUE(empty.resume(bus_id(), {bus_id(), {}, {}, Epoch{-1}, Offset{0}}));
  EXPECT_FALSE(empty.resume(bus_id(), {bus_id(), {}, {}, Epoch{1}, Offset{0}}));
}

// Where the epochs before the log start are forgotten, the position at the start is still good.
TEST(History, AForgottenEpochAtTheLogStartIsBelieved) {
  const History cut{
      .partition = {}, .bounds = {.start = {10}, .durable_end = {50}, .epoch = {7}}, .epochs = {{{7}, {10}}}};
  EXPECT_TRUE(cut.resume(bus_id(), {bus_id(), {}, {}, Epoch{2}, Offset{10}}));
  EXPECT_FALSE(cut.resume(bus_id(), {bus_id(), {}, {}, Epoch{2}, Offset{11}}));
}

}  // namespace
}  // namespace leat::bus
