#include "bus/embedded_source.h"

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
  void cancel() { callers_.close(); }

 private:
  Result<> admit(const std::vector<Publication>&, std::size_t bytes) const;
  Result<> check(const Publication&) const;
  void append_next();
  std::vector<Call> take_calls();
  void decided(Group, Result<std::vector<log::Appended>>);
  std::vector<Position> positions(const Call&, const Place* places, const std::vector<log::Appended>&) const;
  void answer(Group, const Result<std::vector<log::Appended>>&);

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
  bool appending_ = false;
  std::optional<Error> broken_;
};

void EmbeddedSource::State::publish(std::vector<Publication> publications, Done<Result<std::vector<Position>>> done) {
  Call call{std::move(publications), std::move(done), 0, {}};
  for (const Publication& publication : call.publications) call.bytes += payload_bytes(publication.record);
  {
    const std::lock_guard lock(mutex_);
    if (!broken_) {
      if (auto admitted = admit(call.publications, call.bytes); !admitted) broken_ = std::move(admitted).error();
    }
    call.refused = broken_;
    if (!broken_) accepted_ = call.publications.back().number;
    waiting_bytes_ += call.bytes;
    waiting_.push_back(std::move(call));
    if (std::exchange(appending_, true)) return;
  }
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

// Requires: appending_ was set by the caller, who thereby is the only one here.
void EmbeddedSource::State::append_next() {
  Group group{take_calls(), {}};
  if (group.calls.front().refused) {
    auto error = *group.calls.front().refused;
    crew_->post([self = shared_from_this(), group = std::move(group), error = std::move(error)]() mutable {
      self->decided(std::move(group), fail(std::move(error)));
    });
    return;
  }
  std::vector<const Publication*> publications;
  for (const Call& call : group.calls)
    for (const Publication& publication : call.publications) publications.push_back(&publication);
  Packed packed = pack(publications);
  group.places = std::move(packed.places);
  const std::uint64_t number = publications.back()->number;
  broker_.sources().publish(
      holder_, number, std::move(packed.parts),
      [self = shared_from_this(), group = std::move(group)](Result<std::vector<log::Appended>> outcome) mutable {
        // The log's thread has other flushes to do.
        State& state = *self;
        state.crew_->post([self = std::move(self), group = std::move(group), outcome = std::move(outcome)]() mutable {
          self->decided(std::move(group), std::move(outcome));
        });
      });
}

// As many calls as share an append, or all that are to be refused.
std::vector<Call> EmbeddedSource::State::take_calls() {
  const std::lock_guard lock(mutex_);
  std::vector<Call> calls;
  std::size_t bytes = 0;
  while (!waiting_.empty()) {
    Call& next = waiting_.front();
    const bool joins = calls.empty() || (calls.front().refused.has_value() == next.refused.has_value() &&
                                         (next.refused || bytes + next.bytes <= options_.group_bytes_max));
    if (!joins) break;
    bytes += next.bytes;
    calls.push_back(std::move(next));
    waiting_.pop_front();
  }
  waiting_bytes_ -= bytes;
  return calls;
}

void EmbeddedSource::State::decided(Group group, Result<std::vector<log::Appended>> outcome) {
  // The next append is started by whoever answers this one, so answers keep the order of the calls.
  callers_.enter([&] {
    bool more = false;
    {
      const std::lock_guard lock(mutex_);
      if (outcome) {
        published_ = group.calls.back().publications.back().number;
      } else {
        if (!broken_) broken_ = outcome.error();
        for (Call& call : waiting_) call.refused = broken_;
      }
      more = !waiting_.empty();
      appending_ = more;
    }
    if (more) append_next();
    answer(std::move(group), outcome);
  });
}

void EmbeddedSource::State::answer(Group group, const Result<std::vector<log::Appended>>& outcome) {
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
