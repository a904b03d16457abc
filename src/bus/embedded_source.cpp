#include "bus/embedded_source.h"

#include <ranges>
#include <utility>

#include <fmt/format.h>

#include "bus/packing.h"

namespace leat::bus {
namespace {

// One call of publish().
struct Call {
  std::vector<Publication> publications;
  Done<Result<std::vector<Position>>> done;
  std::size_t bytes = 0;
  std::optional<Error> refused;  // set: it is answered with this when its turn comes
  ByteBudget::Lease lease;       // of the bytes, until it is answered
};

// Calls that share an append.
struct Group {
  std::vector<Call> calls;
  std::vector<Place> places;
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

  void publish(std::vector<Publication> publications, Done<Result<std::vector<Position>>> done);
  std::uint64_t published() const {
    const std::lock_guard lock(mutex_);
    return published_;
  }
  // After this no `done` is called any more; one that is running on another thread has returned.
  void cancel();

 private:
  Result<> admit(const std::vector<Publication>&, std::size_t bytes) const;
  Result<> check(const Publication&) const;
  Result<> lease(Call&) const;
  void append_next();
  std::vector<Call> take_calls();
  void decided(std::uint64_t number, const Result<std::vector<log::Appended>>&);
  void answered(Group&, const Result<std::vector<log::Appended>>&);
  void answer(Group&, const Result<std::vector<log::Appended>>&);
  std::vector<Position> positions(const Call&, const Place* places, const std::vector<log::Appended>&) const;
  void refused(Group, const Error&);
  void break_off(const Error&);
  bool begin_refusing();
  void post_refusing();
  void refuse_waiting();

  broker::Broker& broker_;
  const std::shared_ptr<Crew> crew_;
  const EmbeddedOptions options_;
  const broker::Holder holder_;
  broker::Gate callers_;

  mutable std::mutex mutex_;
  std::uint64_t published_;  // durable
  std::uint64_t accepted_;   // the highest number taken on
  std::deque<Call> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::size_t unanswered_ = 0;  // groups given to the log
  bool appending_ = false;      // one of them is undecided
  bool refusing_ = false;       // what waits is being refused
  bool cancelled_ = false;
  std::optional<Error> broken_;
};

void EmbeddedSource::State::cancel() {
  {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
  }
  callers_.close();
}

void EmbeddedSource::State::publish(std::vector<Publication> publications, Done<Result<std::vector<Position>>> done) {
  Call call{std::move(publications), std::move(done), 0, {}, {}};
  for (const Publication& publication : call.publications) call.bytes += payload_bytes(publication.record);
  bool refuse = false;
  {
    const std::lock_guard lock(mutex_);
    if (!broken_) {
      auto admitted = admit(call.publications, call.bytes);
      if (admitted) admitted = lease(call);
      if (!admitted) broken_ = std::move(admitted).error();
    }
    call.refused = broken_;
    if (!broken_) accepted_ = call.publications.back().number;
    waiting_bytes_ += call.bytes;
    waiting_.push_back(std::move(call));
    refuse = begin_refusing();
    if (!refuse && (waiting_.front().refused || std::exchange(appending_, true))) return;
  }
  if (refuse) return post_refusing();
  append_next();
}

Result<> EmbeddedSource::State::admit(const std::vector<Publication>& publications, std::size_t bytes) const {
  if (publications.empty()) return fail(Code::invalid, "nothing to publish");
  if (!waiting_.empty() && waiting_bytes_ + bytes > options_.waiting_bytes_max)
    return fail(Code::unavailable,
                fmt::format("source {}: {} bytes wait already (waiting_bytes_max)", holder_.source, waiting_bytes_));
  std::uint64_t last = accepted_;
  for (const Publication& publication : publications) {
    if (publication.number <= last)
      return fail(Code::invalid,
                  fmt::format("source {}: number {} is not above {}", holder_.source, publication.number, last));
    last = publication.number;
    LEAT_CHECK(check(publication));
  }
  return {};
}

Result<> EmbeddedSource::State::check(const Publication& publication) const {
  const auto topic = broker_.topic(publication.topic);
  if (!topic) return fail(Code::not_found, "there is no topic " + publication.topic.value.text());
  const std::int32_t partition = publication.partition.value;
  if (partition < 0 || partition >= topic->config.partitions)
    return fail(Code::invalid, fmt::format("topic {} has partitions 0 to {}, not {}", topic->name,
                                           topic->config.partitions - 1, partition));
  if (const auto bytes = payload_bytes(publication.record); bytes > options_.record_bytes_max)
    return fail(Code::too_large, fmt::format("a record of {} bytes for topic {}; {} are allowed (record_bytes_max)",
                                             bytes, topic->name, options_.record_bytes_max));
  return {};
}

Result<> EmbeddedSource::State::lease(Call& call) const {
  if (!options_.budget) return {};
  auto leased = options_.budget->try_take(ByteUser::appends, call.bytes);
  if (!leased) {
    options_.budget->shed(ByteUser::appends);
    return fail(Code::unavailable,
                fmt::format("source {}: no memory for {} bytes: the budget is spent", holder_.source, call.bytes));
  }
  call.lease = *std::move(leased);
  return {};
}

// Requires: appending_ was set by the caller, who thereby is the only one here, and a call that is not refused waits.
void EmbeddedSource::State::append_next() {
  const auto group = std::make_shared<Group>(take_calls());
  std::vector<const Publication*> publications;
  for (const Call& call : group->calls)
    for (const Publication& publication : call.publications) publications.push_back(&publication);
  Packed packed = pack(publications);
  group->places = std::move(packed.places);
  const std::uint64_t number = publications.back()->number;
  auto begun = broker_.sources().publish(
      holder_, number, std::move(packed.parts),
      [self = shared_from_this(), group](const auto& outcome) { self->answered(*group, outcome); },
      [self = shared_from_this(), number](const auto& outcome) { self->decided(number, outcome); });
  if (!begun) refused(std::move(*group), begun.error());
}

void EmbeddedSource::State::refused(Group group, const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    appending_ = false;
    --unanswered_;
    for (Call& call : std::views::reverse(group.calls)) {
      waiting_bytes_ += call.bytes;
      waiting_.push_front(std::move(call));
    }
    break_off(error);
    if (!begin_refusing()) return;
  }
  post_refusing();
}

// As many calls as share an append.
std::vector<Call> EmbeddedSource::State::take_calls() {
  const std::lock_guard lock(mutex_);
  std::vector<Call> calls;
  std::size_t bytes = 0;
  while (!waiting_.empty()) {
    Call& next = waiting_.front();
    if (next.refused || (!calls.empty() && bytes + next.bytes > options_.group_bytes_max)) break;
    bytes += next.bytes;
    calls.push_back(std::move(next));
    waiting_.pop_front();
  }
  waiting_bytes_ -= bytes;
  ++unanswered_;
  return calls;
}

// Before anybody is answered, so that the next append shares the next flush.
void EmbeddedSource::State::decided(std::uint64_t number, const Result<std::vector<log::Appended>>& outcome) {
  {
    const std::lock_guard lock(mutex_);
    if (outcome) {
      published_ = number;
    } else {
      break_off(outcome.error());
    }
    appending_ = !cancelled_ && !waiting_.empty() && !waiting_.front().refused;
    if (!appending_) return;
  }
  append_next();
}

// The log answers in the order of the appends, and what is refused waits until all of them are.
void EmbeddedSource::State::answered(Group& group, const Result<std::vector<log::Appended>>& outcome) {
  callers_.enter([&] {
    answer(group, outcome);
    {
      const std::lock_guard lock(mutex_);
      --unanswered_;
      if (cancelled_ || !begin_refusing()) return;
    }
    refuse_waiting();
  });
}

void EmbeddedSource::State::answer(Group& group, const Result<std::vector<log::Appended>>& outcome) {
  const Place* places = group.places.data();
  for (Call& call : group.calls) {
    if (!outcome) {
      call.done(fail(outcome.error()));
    } else {
      call.done(positions(call, places, *outcome));
      places += call.publications.size();
    }
    if (!callers_.open()) return;  // the caller destroyed the source in its answer
  }
}

// Nothing more is taken, and what waits is refused. Requires: mutex_.
void EmbeddedSource::State::break_off(const Error& error) {
  if (!broken_) broken_ = error;
  for (Call& call : waiting_)
    if (!call.refused) call.refused = broken_;
}

// Requires: mutex_. Whether the caller must refuse_waiting().
bool EmbeddedSource::State::begin_refusing() {
  const bool due = unanswered_ == 0 && !waiting_.empty() && waiting_.front().refused;
  return due && !std::exchange(refusing_, true);
}

void EmbeddedSource::State::post_refusing() {
  crew_->post([self = shared_from_this()] { self->callers_.enter([&] { self->refuse_waiting(); }); });
}

// Requires: inside callers_.
void EmbeddedSource::State::refuse_waiting() {
  while (callers_.open()) {
    Call call;
    {
      const std::lock_guard lock(mutex_);
      refusing_ = !waiting_.empty();
      if (!refusing_) return;
      call = std::move(waiting_.front());
      waiting_.pop_front();
      waiting_bytes_ -= call.bytes;
    }
    call.done(fail(*std::move(call.refused)));
  }
}

std::vector<Position> EmbeddedSource::State::positions(const Call& call, const Place* places,
                                                       const std::vector<log::Appended>& appended) const {
  std::vector<Position> out;
  out.reserve(call.publications.size());
  for (const Publication& publication : call.publications) {
    const log::Appended& part = appended[places->part];
    out.push_back({.bus = broker_.id(),
                   .topic = publication.topic,
                   .partition = publication.partition,
                   .epoch = part.epoch,
                   .next = part.first + (places->record + 1)});
    ++places;
  }
  return out;
}

EmbeddedSource::EmbeddedSource(broker::Broker& broker, std::shared_ptr<Crew> crew, EmbeddedOptions options,
                               broker::Holder holder)
    : state_(std::make_shared<State>(broker, std::move(crew), options, std::move(holder))) {}

EmbeddedSource::~EmbeddedSource() { state_->cancel(); }

std::uint64_t EmbeddedSource::last_published() const { return state_->published(); }

void EmbeddedSource::publish(std::vector<Publication> publications, Done<Result<std::vector<Position>>> done) {
  const auto state = state_;  // an answer may come, and destroy us, before this returns
  state->publish(std::move(publications), std::move(done));
}

}  // namespace leat::bus
