// bus/contract_bench.h — what the contract suite needs of a bus under test: a way to make it go, and to end it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "bus/bus.h"

namespace leat::bus::contract {

// What not every implementation can be asked in a test. Everything else is asked of all.
enum class Ability {
  reopen,   // ended and opened again on the same data
  forget,   // the front of a partition can be deleted
  epochs,   // positions carry epochs
  times,    // positions_at
  fencing,  // a holder before can be shown to be fenced
  cutting,  // a source may be opened again while publishes of its holder are under way
};

class Bench {
 public:
  virtual ~Bench() = default;
  virtual Bus& bus() = 0;
  // Lets the bus work until `ready` holds. False when it never will.
  virtual bool until(const std::function<bool()>& ready) = 0;
  // Lets the bus do whatever it still wants to do.
  virtual void settle() {}
  // Ability::reopen. Requires: no source, reader or call of the old bus is left.
  virtual void reopen() { FAIL() << "this bench cannot reopen"; }
  // Ability::forget: deletes everything before `offset`.
  virtual void forget(TopicId, PartitionIndex, Offset) { FAIL() << "this bench cannot forget"; }

  // Changes what until() looks at; for callbacks, which may come on any thread.
  template <class Change>
  void tell(Change&& change) {
    {
      const std::lock_guard lock(mutex_);
      std::forward<Change>(change)();
    }
    told_.notify_all();
  }

 protected:
  // For benches with threads of their own.
  bool wait_until(const std::function<bool()>& ready) {
    std::unique_lock lock(mutex_);
    return told_.wait_for(lock, std::chrono::seconds(30), ready);
  }

 private:
  std::mutex mutex_;
  std::condition_variable told_;
};

// One implementation, as the suite is told of it.
struct Kind {
  std::string name;
  std::set<Ability> abilities;
  std::function<std::unique_ptr<Bench>()> make;  // nothing, having said why, when it cannot be made here
};

inline void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }
inline std::string kind_name(const testing::TestParamInfo<Kind>& info) { return info.param.name; }

// The outcome of one asynchronous call.
template <class T>
class Outcome {
 public:
  explicit Outcome(Bench& bench) : bench_(bench) {}

  Done<Result<T>> done() {
    return [bench = &bench_, box = box_](Result<T> result) {
      bench->tell([&] {
        EXPECT_FALSE(*box) << "answered twice";
        box->emplace(std::move(result));
      });
    };
  }
  // Requires: until() or wait() found it ready.
  Result<T>& get() { return box_->value(); }
  bool ready() const { return box_->has_value(); }
  Result<T> wait() {
    if (!bench_.until([this] { return ready(); })) return fail(Code::timeout, "never answered");
    return std::move(get());
  }

 private:
  Bench& bench_;
  std::shared_ptr<std::optional<Result<T>>> box_ = std::make_shared<std::optional<Result<T>>>();
};

}  // namespace leat::bus::contract
