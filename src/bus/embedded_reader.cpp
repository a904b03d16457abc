#include "bus/embedded_reader.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "bus/delivery.h"
#include "bus/history.h"

namespace leat::bus {
namespace {

// One partition being read.
struct Lane {
  Position from;
  log::PartitionId id;
  Offset next{};
  bool resumed = false;  // `from` was held against the history, and `next` is good
  bool moved = false;    // in this pass
  bool at_end = false;
};

constexpr std::size_t share_bytes_min = 16 << 10;

}  // namespace

// Everything but wake() and cancel() happens in one pass at a time, on the crew; a pass belongs to one next().
class EmbeddedReader::State : public std::enable_shared_from_this<State> {
 public:
  State(broker::Broker& broker, std::shared_ptr<Crew> crew, const std::vector<Position>& from);

  void next(std::size_t bytes_max, Done<Result<Delivery>> done);
  void cancel() { caller_.close(); }

 private:
  void pass();
  bool resume(Lane&);
  void fill(DeliveryBuilder&);
  bool read(Lane&, std::size_t share, DeliveryBuilder&);
  bool conclude(Lane&, DeliveryBuilder&);
  void stop(Error error) {
    if (!stopped_) stopped_ = std::move(error);
  }
  void wait();
  void drop_watches();
  void wake(std::uint64_t round);
  void answer(Result<Delivery>);

  broker::Broker& broker_;
  const std::shared_ptr<Crew> crew_;
  broker::Gate caller_;

  std::vector<Lane> lanes_;
  std::size_t first_ = 0;         // whose turn it is to be read first
  std::optional<Error> stopped_;  // what every later next() answers
  std::size_t bytes_max_ = 0;
  Done<Result<Delivery>> done_;
  std::mutex watches_mutex_;
  std::vector<std::shared_ptr<void>> watches_;
  std::atomic<std::uint64_t> round_{0};  // even: nobody waits; a wake must name the round it was armed in
};

EmbeddedReader::State::State(broker::Broker& broker, std::shared_ptr<Crew> crew, const std::vector<Position>& from)
    : broker_(broker), crew_(std::move(crew)) {
  for (const Position& position : from)
    lanes_.push_back({.from = position, .id = {position.topic, position.partition}});
}

void EmbeddedReader::State::next(std::size_t bytes_max, Done<Result<Delivery>> done) {
  LEAT_ASSERT(!done_);
  bytes_max_ = bytes_max;
  done_ = std::move(done);
  crew_->post([self = shared_from_this()] { self->pass(); });
}

void EmbeddedReader::State::pass() {
  if (!caller_.open()) return;
  drop_watches();
  DeliveryBuilder builder;
  if (!stopped_ && std::ranges::all_of(lanes_, [this](Lane& lane) { return resume(lane); })) fill(builder);
  for (Lane& lane : lanes_) {
    // Records without the position after them must not go out: they would be applied twice.
    if (!conclude(lane, builder)) return answer(fail(*stopped_));
  }
  // What was read before something failed is good, and delivered; the failure is next.
  if (builder.empty()) {
    if (stopped_) return answer(fail(*stopped_));
    return wait();
  }
  answer(builder.finish(!stopped_ && std::ranges::all_of(lanes_, &Lane::at_end)));
}

// False, with the reader stopped, when its position is not on this log's history.
bool EmbeddedReader::State::resume(Lane& lane) {
  if (lane.resumed) return true;
  const auto history = History::of(broker_.log(), lane.id);
  auto next = history ? history->resume(broker_.id(), lane.from) : Result<Offset>(fail(history.error()));
  if (!next) {
    stop(std::move(next).error());
    return false;
  }
  lane.moved = lane.from.next != *next;  // start_of_log has become an offset
  lane.next = *next;
  return lane.resumed = true;
}

// Rounds over all partitions, each getting an equal share, until the bytes are spent or everything has been read.
void EmbeddedReader::State::fill(DeliveryBuilder& builder) {
  const std::size_t share = std::max(bytes_max_ / lanes_.size(), std::min(bytes_max_, share_bytes_min));
  for (Lane& lane : lanes_) lane.at_end = false;
  first_ = (first_ + 1) % lanes_.size();
  for (bool progress = true; progress && !stopped_;) {
    progress = false;
    for (std::size_t i = 0; i < lanes_.size() && !stopped_; ++i) {
      if (builder.bytes() >= std::max<std::size_t>(bytes_max_, 1)) return;
      Lane& lane = lanes_[(first_ + i) % lanes_.size()];
      if (!lane.at_end) progress |= read(lane, std::min(share, bytes_max_ - builder.bytes()), builder);
    }
  }
}

// Returns whether there may be more in this partition.
bool EmbeddedReader::State::read(Lane& lane, std::size_t share, DeliveryBuilder& builder) {
  auto slice = broker_.log().read(lane.id, lane.next, share);
  if (!slice) {
    stop(std::move(slice).error());
    return false;
  }
  const Offset next = slice->next;
  if (next <= lane.next) {
    lane.at_end = true;
    return false;
  }
  if (auto added = builder.add(lane.id.index, lane.next, std::move(*slice)); !added) {
    stop(std::move(added).error());
    return false;
  }
  lane.next = next;
  lane.moved = true;
  return true;
}

bool EmbeddedReader::State::conclude(Lane& lane, DeliveryBuilder& builder) {
  if (!std::exchange(lane.moved, false)) return true;
  auto history = History::of(broker_.log(), lane.id);
  if (!history) {
    stop(std::move(history).error());
    return false;
  }
  if (lane.next >= history->bounds.durable_end) lane.at_end = true;
  builder.reached(history->position(broker_.id(), lane.next));
  return true;
}

void EmbeddedReader::State::drop_watches() {
  std::vector<std::shared_ptr<void>> watches;  // declared first: they are destroyed after the lock was let go
  const std::lock_guard lock(watches_mutex_);
  watches_.swap(watches);
}

// Requires: every partition was read to its end. From the first watch on, the next pass may begin on another thread, so
// nothing that a pass owns is touched any more.
void EmbeddedReader::State::wait() {
  std::vector<std::pair<log::PartitionId, Offset>> ends;
  for (const Lane& lane : lanes_) ends.emplace_back(lane.id, lane.next);
  const std::uint64_t round = round_.fetch_add(1) + 1;
  std::vector<std::shared_ptr<void>> watches;
  for (const auto& [id, end] : ends)
    watches.push_back(broker_.log().when_past(id, end, [weak = weak_from_this(), round] {
      if (const auto self = weak.lock()) self->wake(round);
    }));
  const std::lock_guard lock(watches_mutex_);
  if (round_.load() == round) watches_.swap(watches);
}

// On the log's thread. The first of a round begins the next pass.
void EmbeddedReader::State::wake(std::uint64_t round) {
  if (!round_.compare_exchange_strong(round, round + 1)) return;
  crew_->post([self = shared_from_this()] { self->pass(); });
}

void EmbeddedReader::State::answer(Result<Delivery> delivery) {
  caller_.enter([&] {
    auto done = std::exchange(done_, nullptr);
    done(std::move(delivery));
  });
}

EmbeddedReader::EmbeddedReader(broker::Broker& broker, std::shared_ptr<Crew> crew, const std::vector<Position>& from)
    : state_(std::make_shared<State>(broker, std::move(crew), from)) {}

EmbeddedReader::~EmbeddedReader() { state_->cancel(); }

void EmbeddedReader::next(std::size_t bytes_max, Done<Result<Delivery>> done) {
  const auto state = state_;  // an answer may come, and destroy us, before this returns
  state->next(bytes_max, std::move(done));
}

}  // namespace leat::bus
