#include "bus/embedded_source.h"

#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "bus/packing.h"

namespace leat::bus {
namespace {

using Published = Result<std::vector<Position>>;

// Where the log will put a publication.
struct Slot {
  TopicId topic;
  PartitionIndex partition;
  Place place;
};

// One call of publish() that was taken on; its records are copied already.
struct Call {
  Done<Published> done;
  std::vector<Slot> slots;
  ByteBudget::Lease lease;  // until it is answered
};

// Calls that share an append.
struct Group {
  Packer packer;
  std::vector<Call> calls;
  std::size_t bytes = 0;
  std::uint64_t number = 0;  // the last one
};

struct Refused {
  Done<Published> done;
  Error error;
  ByteBudget::Lease lease;
};

}  // namespace

class EmbeddedSource::State : public std::enable_shared_from_this<State> {
 public:
  State(broker::Broker& broker, std::shared_ptr<Crew> crew, EmbeddedOptions options, broker::Holder holder)
      : broker_(broker),
        crew_(std::move(crew)),
        options_(options),
        holder_(std::move(holder)),
        published_(holder_.last),
        accepted_(holder_.last) {}

  void publish(const std::vector<Publication>& publications, Done<Published> done);
  std::uint64_t published() const {
    const std::lock_guard lock(mutex_);
    return published_;
  }
  // After this no `done` is called any more; one that is running on another thread has returned.
  void cancel();

 private:
  Result<ByteBudget::Lease> admit(const std::vector<Publication>&, std::size_t bytes) const;
  Result<> check_order(const std::vector<Publication>&) const;
  Result<> check_places(const std::vector<Publication>&) const;
  void take(const std::vector<Publication>&, std::size_t bytes, Call);
  void append_next();
  void decided(std::uint64_t number, const Result<std::vector<log::Appended>>&);
  void answered(Group&, const Result<std::vector<log::Appended>>&);
  std::vector<Position> positions(const Call&, const std::vector<log::Appended>&) const;
  void refuse(Group, const Error&);
  void end(const Error&);
  bool refusal_is_due() const;
  void post_refusals();
  void answer_refused();

  broker::Broker& broker_;
  const std::shared_ptr<Crew> crew_;
  const EmbeddedOptions options_;
  const broker::Holder holder_;
  broker::Gate callers_;

  mutable std::mutex mutex_;
  std::uint64_t published_;    // durable
  std::uint64_t accepted_;     // the highest number taken on
  std::optional<Error> end_;   // set: nothing more is taken on
  std::deque<Group> waiting_;  // to be appended; the last one still grows
  std::size_t waiting_bytes_ = 0;
  bool appending_ = false;       // one group is undecided
  std::size_t unanswered_ = 0;   // groups given to the log
  std::deque<Refused> refused_;  // to be answered when all before them are
};

void EmbeddedSource::State::cancel() {
  std::deque<Group> dropped;  // their callbacks may own anything
  {
    const std::lock_guard lock(mutex_);
    end_ = Error{Code::cancelled, "the source was closed"};
    dropped.swap(waiting_);
  }
  callers_.close();
}

void EmbeddedSource::State::publish(const std::vector<Publication>& publications, Done<Published> done) {
  std::size_t bytes = 0;
  for (const Publication& publication : publications) bytes += payload_bytes(publication.record);
  bool refuse = false;
  {
    const std::lock_guard lock(mutex_);
    auto lease = end_ ? fail(*end_) : admit(publications, bytes);
    if (lease) {
      take(publications, bytes, Call{std::move(done), {}, *std::move(lease)});
      if (std::exchange(appending_, true)) return;
    } else {
      if (!end_) end_ = lease.error();
      refused_.push_back({std::move(done), std::move(lease).error(), {}});
      refuse = refusal_is_due();
      if (!refuse) return;
    }
  }
  refuse ? post_refusals() : append_next();
}

Result<ByteBudget::Lease> EmbeddedSource::State::admit(const std::vector<Publication>& publications,
                                                       std::size_t bytes) const {
  if (publications.empty()) return fail(Code::invalid, "nothing to publish");
  LEAT_CHECK(check_order(publications));
  LEAT_CHECK(check_places(publications));
  if (!waiting_.empty() && waiting_bytes_ + bytes > options_.waiting_bytes_max) {
    return fail(Code::unavailable,
                fmt::format("source {}: {} bytes wait already (waiting_bytes_max)", holder_.source, waiting_bytes_));
  }
  if (!options_.budget) return ByteBudget::Lease{};
  auto leased = options_.budget->try_take(ByteUser::appends, bytes);
  if (leased) return *std::move(leased);
  options_.budget->shed(ByteUser::appends);
  return fail(Code::unavailable,
              fmt::format("source {}: no memory for {} bytes: the budget is spent", holder_.source, bytes));
}

Result<> EmbeddedSource::State::check_order(const std::vector<Publication>& publications) const {
  std::uint64_t last = accepted_;
  for (const Publication& publication : publications) {
    if (publication.number <= last) {
      return fail(Code::invalid,
                  fmt::format("source {}: number {} is not above {}", holder_.source, publication.number, last));
    }
    last = publication.number;
  }
  return {};
}

Result<> EmbeddedSource::State::check_places(const std::vector<Publication>& publications) const {
  std::optional<broker::Topic> topic;
  for (const Publication& publication : publications) {
    if (!topic || topic->id != publication.topic) topic = broker_.topic(publication.topic);
    if (!topic) return fail(Code::not_found, "there is no topic " + publication.topic.value.text());
    const std::int32_t partition = publication.partition.value;
    if (partition < 0 || partition >= topic->config.partitions) {
      return fail(Code::invalid, fmt::format("topic {} has partitions 0 to {}, not {}", topic->name,
                                             topic->config.partitions - 1, partition));
    }
    if (const auto bytes = payload_bytes(publication.record); bytes > options_.record_bytes_max) {
      return fail(Code::too_large, fmt::format("a record of {} bytes for topic {}; {} are allowed (record_bytes_max)",
                                               bytes, topic->name, options_.record_bytes_max));
    }
  }
  return {};
}

// On the caller's thread, so that appending only has to close the batches. Requires: mutex_.
void EmbeddedSource::State::take(const std::vector<Publication>& publications, std::size_t bytes, Call call) {
  if (waiting_.empty() || waiting_.back().bytes + bytes > options_.group_bytes_max) waiting_.emplace_back();
  Group& group = waiting_.back();
  call.slots.reserve(publications.size());
  for (const Publication& publication : publications)
    call.slots.push_back({publication.topic, publication.partition, group.packer.add(publication)});
  group.bytes += bytes;
  group.number = accepted_ = publications.back().number;
  group.calls.push_back(std::move(call));
  waiting_bytes_ += bytes;
}

// Requires: appending_ was set by the caller, who thereby is the only one here.
void EmbeddedSource::State::append_next() {
  const auto group = std::make_shared<Group>();
  {
    const std::lock_guard lock(mutex_);
    appending_ = !waiting_.empty();
    if (!appending_) return;
    *group = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= group->bytes;
    ++unanswered_;
  }
  const auto begun = broker_.sources().publish(
      holder_, group->number, group->packer.finish(),
      [self = shared_from_this(), group](const auto& outcome) { self->answered(*group, outcome); },
      [self = shared_from_this(), number = group->number](const auto& outcome) { self->decided(number, outcome); });
  if (!begun) refuse(std::move(*group), begun.error());
}

// A group that the log never heard of.
void EmbeddedSource::State::refuse(Group group, const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    appending_ = false;
    --unanswered_;
    waiting_bytes_ += group.bytes;
    waiting_.push_front(std::move(group));
    end(error);
    if (!refusal_is_due()) return;
  }
  post_refusals();
}

// Before anybody is answered, so that the next append shares the next flush.
void EmbeddedSource::State::decided(std::uint64_t number, const Result<std::vector<log::Appended>>& outcome) {
  {
    const std::lock_guard lock(mutex_);
    if (outcome) {
      published_ = number;
    } else {
      end(outcome.error());
    }
    appending_ = !waiting_.empty();
    if (!appending_) return;
  }
  append_next();
}

// The log answers in the order of the appends.
void EmbeddedSource::State::answered(Group& group, const Result<std::vector<log::Appended>>& outcome) {
  callers_.enter([&] {
    for (Call& call : group.calls) {
      call.done(outcome ? Published(positions(call, *outcome)) : fail(outcome.error()));
      if (!callers_.open()) return;  // the caller destroyed the source in its answer
    }
    group.calls.clear();  // and their leases with them: here no lock is held
    {
      const std::lock_guard lock(mutex_);
      --unanswered_;
    }
    answer_refused();
  });
}

std::vector<Position> EmbeddedSource::State::positions(const Call& call,
                                                       const std::vector<log::Appended>& appended) const {
  std::vector<Position> out;
  out.reserve(call.slots.size());
  for (const Slot& slot : call.slots) {
    const log::Appended& part = appended[slot.place.part];
    out.push_back({.bus = broker_.id(),
                   .topic = slot.topic,
                   .partition = slot.partition,
                   .epoch = part.epoch,
                   .next = part.first + (slot.place.record + 1)});
  }
  return out;
}

// Nothing more is taken on, and what waits behind a failure is refused, before what was refused already. Requires:
// mutex_.
void EmbeddedSource::State::end(const Error& error) {
  if (!end_) end_ = error;
  std::deque<Refused> refused;
  for (Group& group : waiting_)
    for (Call& call : group.calls) refused.push_back({std::move(call.done), error, std::move(call.lease)});
  refused_.insert(refused_.begin(), std::move_iterator(refused.begin()), std::move_iterator(refused.end()));
  waiting_.clear();
  waiting_bytes_ = 0;
}

// Requires: mutex_.
bool EmbeddedSource::State::refusal_is_due() const { return !refused_.empty() && unanswered_ == 0 && waiting_.empty(); }

void EmbeddedSource::State::post_refusals() {
  crew_->post([self = shared_from_this()] { self->callers_.enter([&] { self->answer_refused(); }); });
}

// Requires: inside callers_.
void EmbeddedSource::State::answer_refused() {
  while (callers_.open()) {
    std::optional<Refused> next;
    {
      const std::lock_guard lock(mutex_);
      if (!refusal_is_due()) return;
      next = std::move(refused_.front());
      refused_.pop_front();
    }
    next->done(fail(std::move(next->error)));
  }
}

EmbeddedSource::EmbeddedSource(broker::Broker& broker, std::shared_ptr<Crew> crew, EmbeddedOptions options,
                               broker::Holder holder)
    : state_(std::make_shared<State>(broker, std::move(crew), options, std::move(holder))) {}

EmbeddedSource::~EmbeddedSource() { state_->cancel(); }

std::uint64_t EmbeddedSource::last_published() const { return state_->published(); }

void EmbeddedSource::publish(std::vector<Publication> publications, Done<Result<std::vector<Position>>> done) {
  const auto state = state_;  // an answer may come, and destroy us, before this returns
  state->publish(publications, std::move(done));
}

}  // namespace leat::bus
