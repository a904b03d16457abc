#include "service/relay.h"

#include <algorithm>

#include <fmt/format.h>

namespace leat::service {
namespace {

// What the same events would meet again, however often they are tried.
bool never_passes(Code code) {
  return code == Code::fenced || code == Code::invalid || code == Code::not_found || code == Code::too_large;
}

}  // namespace

struct Relay::Opening {
  std::shared_ptr<bus::Source> source;
  std::vector<bus::Position> ends;
  std::vector<TopicId> topics_left;
  Done<Result<std::uint64_t>> done;
};

Relay::Relay(std::string service, bus::Bus& bus, platform::Platform platform, platform::Executor& timers,
             telemetry::Telemetry telemetry, const Options& options, std::map<std::string, bus::Topic> topics)
    : service_(std::move(service)),
      bus_(bus),
      platform_(platform),
      timers_(timers),
      telemetry_(telemetry),
      options_(options),
      published_total_(telemetry.metrics.counter("leat_outbox_published_total", "Events the relay has put on the bus.",
                                                 {{"service", service_}})),
      topics_(std::move(topics)),
      backoff_(options.backoff_min, options.backoff_max) {}

void Relay::open(Done<Result<std::uint64_t>> done) { open_source(std::move(done)); }

void Relay::open_source(Done<Result<std::uint64_t>> done) {
  bus_.open_source(service_, [weak = weak_from_this(), done = std::move(done)](auto opened) mutable {
    const auto self = weak.lock();
    if (!self) return;
    if (!opened) return done(fail(std::move(opened).error()));
    auto opening = std::make_shared<Opening>();
    opening->source = *std::move(opened);
    opening->done = std::move(done);
    {
      const Lock lock(self->mutex_);
      for (const auto& [name, topic] : self->topics_) opening->topics_left.push_back(topic.id);
    }
    self->gather_ends(std::move(opening));
  });
}

// The ends cover whatever was published before, also by an earlier life: what tokens of that time resolve to.
void Relay::gather_ends(std::shared_ptr<Opening> opening) {
  if (opening->topics_left.empty()) return install(*opening);
  const auto topic = opening->topics_left.back();
  opening->topics_left.pop_back();
  bus_.ends(topic, [weak = weak_from_this(), opening](auto ends) {
    const auto self = weak.lock();
    if (!self) return;
    if (!ends) return opening->done(fail(std::move(ends).error()));
    opening->ends.insert(opening->ends.end(), ends->begin(), ends->end());
    self->gather_ends(opening);
  });
}

void Relay::install(Opening& opening) {
  const auto last = opening.source->last_published();
  Calls calls;
  {
    const Lock lock(mutex_);
    if (closed_) return;
    source_ = std::move(opening.source);
    in_flight_ = 0;
    trouble_.clear();
    paused_ = false;
    for (const auto& end : opening.ends) remember(end);
    while (!rows_.empty() && rows_.front().number <= last) rows_.pop_front();
    published_ = std::max(published_, last);
    // Where some of an answer's events came to lie was lost with the outcome: the ends cover them.
    for (auto& answer : answers_)
      if (!answer.positions.empty() && answer.waiting.first <= last) answer.positions = opening.ends;
    answer_up_to(last, calls);
    tell_tokens(calls);
  }
  telemetry_.health.set("outbox " + service_, true);
  for (auto& call : calls) call();
  opening.done(last);
  pump();
}

void Relay::take(std::vector<OutboxRow> rows, std::vector<WaitingAnswer> answers) {
  {
    const Lock lock(mutex_);
    for (auto& row : rows) rows_.push_back(std::move(row));
    const auto deadline = platform_.clock.now() + options_.publish_wait;
    for (auto& answer : answers) answers_.push_back({std::move(answer), {}, deadline});
    arm_timer(lock);
  }
  pump();
}

void Relay::pump() {
  std::vector<bus::Publication> batch;
  std::shared_ptr<bus::Source> source;
  {
    const Lock lock(mutex_);
    if (closed_ || !source_ || in_flight_ != 0 || rows_.empty()) return;
    batch = next_batch(lock);
    in_flight_ = batch.size();
    source = source_;
  }
  if (batch.empty()) return look_up_topics();
  source->publish(std::move(batch), [weak = weak_from_this()](auto result) {
    if (const auto self = weak.lock()) self->finished(std::move(result));
  });
}

// Empty when the first row's topic is not known.
std::vector<bus::Publication> Relay::next_batch(const Lock&) const {
  std::vector<bus::Publication> batch;
  std::size_t bytes = 0;
  for (const auto& row : rows_) {
    bytes += row.bytes();
    if (!batch.empty() && (bytes > options_.publish_bytes_max || batch.size() == options_.publish_rows_max)) break;
    const auto topic = topics_.find(row.topic);
    if (topic == topics_.end()) break;
    // Not always where it was sealed for: a topic that nothing was on yet may have been given more partitions since.
    const auto partition = bus::partition_of(*row.record.key, topic->second.config.partitions);
    batch.push_back({row.number, topic->second.id, partition, row.record});
  }
  return batch;
}

// An event that was committed is owed to the bus, also when the definition has dropped its topic since.
void Relay::look_up_topics() {
  bus_.topics([weak = weak_from_this()](auto topics) {
    const auto self = weak.lock();
    if (!self) return;
    if (!topics) return self->failed(std::move(topics).error());
    if (auto found = self->learn(*topics); !found) return self->failed(std::move(found).error());
    self->pump();
  });
}

Result<> Relay::learn(const std::vector<bus::Topic>& topics) {
  const Lock lock(mutex_);
  if (rows_.empty()) return {};
  const auto& row = rows_.front();
  const auto found = std::ranges::find(topics, row.topic, &bus::Topic::name);
  if (found == topics.end())
    return fail(Code::not_found,
                fmt::format("event {} in the outbox is for topic {}, which is not on the bus; nothing behind it can be "
                            "published before that topic is there again",
                            row.number, row.topic));
  topics_.emplace(row.topic, *found);
  return {};
}

void Relay::finished(Result<std::vector<bus::Position>> result) {
  if (!result) return failed(std::move(result).error());
  Calls calls;
  {
    const Lock lock(mutex_);
    if (closed_ || in_flight_ == 0) return;
    backoff_.reset();
    advance(*result, calls);
  }
  published_total_.add(result->size());
  for (auto& call : calls) call();
  pump();
}

void Relay::advance(const std::vector<bus::Position>& positions, Calls& calls) {
  LEAT_ASSERT(positions.size() == in_flight_);
  auto answer = answers_.begin();
  for (const auto& position : positions) {
    const auto number = rows_.front().number;
    rows_.pop_front();
    published_ = number;
    remember(position);
    while (answer != answers_.end() && answer->waiting.last < number) ++answer;
    if (answer != answers_.end() && answer->waiting.first <= number) {
      auto& reached = answer->positions;
      const auto same = std::find_if(reached.begin(), reached.end(), [&](const bus::Position& p) {
        return p.topic == position.topic && p.partition == position.partition;
      });
      same == reached.end() ? reached.push_back(position) : void(*same = position);
    }
  }
  in_flight_ = 0;
  answer_up_to(published_, calls);
  tell_tokens(calls);
}

void Relay::answer_up_to(std::uint64_t number, Calls& calls) {
  for (; !answers_.empty() && answers_.front().waiting.last <= number; answers_.pop_front()) {
    auto& answer = answers_.front();
    std::optional<std::vector<bus::Position>> positions;
    if (!answer.positions.empty()) positions = std::move(answer.positions);
    calls.emplace_back([told = std::move(answer.waiting.told), positions = std::move(positions)]() mutable {
      told(std::move(positions));
    });
  }
}

void Relay::tell_tokens(Calls& calls) {
  std::erase_if(tokens_, [&](Token& token) {
    if (token.number > published_) return false;
    calls.emplace_back([told = std::move(token.told), positions = latest()]() mutable { told(std::move(positions)); });
    return true;
  });
}

void Relay::when_published(std::uint64_t number, const void* who, Told told) {
  std::optional<std::vector<bus::Position>> positions;
  {
    const Lock lock(mutex_);
    if (!closed_ && number > published_) {
      tokens_.push_back({number, who, std::move(told)});
      return;
    }
    if (!closed_) positions = latest();
  }
  told(std::move(positions));
}

void Relay::forget(const void* who) {
  std::vector<Token> left;  // destroyed when the lock is free: it holds who asked
  const Lock lock(mutex_);
  std::erase_if(tokens_, [&](Token& token) {
    if (token.who != who) return false;
    left.push_back(std::move(token));
    return true;
  });
}

void Relay::failed(Error error) {
  const bool stopped = never_passes(error.code);
  const bool full = error.code == Code::no_space;
  const auto why = full ? paused_without_space(error) : error.what;
  {
    const Lock lock(mutex_);
    if (closed_) return;
    trouble_ = why;
    paused_ = full;
    // Not here: this may be a call of that very source.
    if (source_) timers_.post([source = std::exchange(source_, nullptr)] {});
  }
  telemetry_.log.error("the relay cannot publish", {{"service", service_}, {"why", error}});
  telemetry_.health.set("outbox " + service_, false, why);
  if (!stopped) reopen_later();
}

void Relay::reopen_later() {
  platform::Duration delay;
  {
    const Lock lock(mutex_);
    delay = backoff_.next(platform_.random);
  }
  timers_.post_after(delay, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->open_source([weak](Result<std::uint64_t> opened) {
      if (const auto self = weak.lock(); self && !opened) self->failed(std::move(opened).error());
    });
  });
}

void Relay::arm_timer(const Lock&) {
  if (timer_armed_ || answers_.empty()) return;
  timer_armed_ = true;
  const auto delay = std::max(answers_.front().deadline - platform_.clock.now(), platform::Duration::zero());
  timers_.post_after(delay, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->expire();
  });
}

void Relay::expire() {
  Calls calls;
  {
    const Lock lock(mutex_);
    timer_armed_ = false;
    const auto now = platform_.clock.now();
    for (; !answers_.empty() && answers_.front().deadline <= now; answers_.pop_front())
      calls.emplace_back([told = std::move(answers_.front().waiting.told)]() mutable { told(std::nullopt); });
    arm_timer(lock);
  }
  for (auto& call : calls) call();
}

void Relay::close() {
  std::shared_ptr<bus::Source> source;
  std::deque<Answer> answers;
  std::vector<Token> tokens;
  {
    const Lock lock(mutex_);
    closed_ = true;
    source = std::exchange(source_, nullptr);
    answers.swap(answers_);
    tokens.swap(tokens_);
  }
  source.reset();
  for (auto& answer : answers) answer.waiting.told(std::nullopt);
  for (auto& token : tokens) token.told(std::nullopt);
}

void Relay::remember(const bus::Position& position) {
  auto& latest = latest_[{position.topic, position.partition}];
  if (latest.next <= position.next) latest = position;
}

std::vector<bus::Position> Relay::latest() const {
  std::vector<bus::Position> out;
  for (const auto& [partition, position] : latest_) out.push_back(position);
  return out;
}

std::int32_t Relay::partitions(const std::string& topic) const {
  const Lock lock(mutex_);
  return topics_.at(topic).config.partitions;
}

// Those of before stay known: rows for them may still be waiting.
void Relay::change_topics(std::map<std::string, bus::Topic> topics) {
  const Lock lock(mutex_);
  topics.merge(topics_);
  topics_ = std::move(topics);
}

std::uint64_t Relay::published() const {
  const Lock lock(mutex_);
  return published_;
}

std::size_t Relay::waiting() const {
  const Lock lock(mutex_);
  return rows_.size();
}

std::size_t Relay::asked() const {
  const Lock lock(mutex_);
  return tokens_.size();
}

bool Relay::paused() const {
  const Lock lock(mutex_);
  return paused_;
}

std::string Relay::trouble() const {
  const Lock lock(mutex_);
  return trouble_;
}

}  // namespace leat::service
