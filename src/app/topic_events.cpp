#include "app/topic_events.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "event/event.h"
#include "platform/clock.h"

namespace leat::app {
namespace {

constexpr std::size_t delivery_bytes = 256 << 10;
constexpr std::size_t page_bytes = 1 << 20;                  // of keys and values
constexpr std::size_t event_cost = 4, event_overhead = 512;  // as a tree and as text: of its bytes, and beside them
constexpr auto patience = std::chrono::seconds(1);           // for what should be there at once

json::value data_of(const bus::Delivered& record) {
  if (!record.value) return nullptr;
  if (auto value = parse_json(*record.value)) return *std::move(value);
  if (is_utf8(*record.value)) return json::string(*record.value);
  return json::string(fmt::format("({} bytes that are no text)", record.value->size()));
}

json::object event_of(const bus::Delivered& record) {
  json::object out{{"partition", record.partition.value}, {"offset", record.offset.value}};
  const auto event = event::from_headers(record.headers);
  out["time"] =
      event && !event->time.empty() ? json::string(event->time) : json::string(platform::rfc3339(record.timestamp_ms));
  out["type"] = event ? json::string(event->type) : json::string("(no event)");
  if (event) {
    out["id"] = event->id;
    out["source"] = event->source;
    for (const auto& [name, value] : event->extensions) out[name] = value;
  }
  if (record.key) out["key"] = is_utf8(*record.key) ? json::string(*record.key) : json::string("(no text)");
  out["data"] = data_of(record);
  return out;
}

// One page being read. Owned by the callbacks that continue it; all of them run on one executor.
class Page : public std::enable_shared_from_this<Page> {
 public:
  Page(bus::Bus& bus, platform::Executor& executor, ByteBudget& budget, EventsRequest request,
       Done<Result<json::object>> done)
      : bus_(bus), executor_(executor), budget_(budget), request_(std::move(request)), done_(std::move(done)) {}

  void begin() { bus_.topics(here<std::vector<bus::Topic>>(&Page::find_topic)); }

 private:
  // Brings a result of the bus back to our executor.
  template <class T>
  Done<Result<T>> here(void (Page::*next)(const T&)) {
    return [self = shared_from_this(), next](Result<T> result) {
      self->executor_.post([self, next, result = std::move(result)]() mutable {
        if (!result) return self->end(fail(std::move(result).error()));
        (self.get()->*next)(*result);
      });
    };
  }

  void find_topic(const std::vector<bus::Topic>& topics) {
    const auto found = std::ranges::find(topics, request_.topic, &bus::Topic::name);
    if (found == topics.end()) return end(fail(unknown_topic(topics)));
    topic_ = *found;
    find_begin();
  }

  Error unknown_topic(const std::vector<bus::Topic>& topics) const {
    std::vector<std::string> names;
    for (const auto& topic : topics) names.push_back(topic.name);
    std::ranges::sort(names);
    return {Code::not_found,
            fmt::format("there is no topic `{}`; there are: {}", request_.topic, fmt::join(names, ", "))};
  }

  void find_begin() {
    if (request_.from == "start") {
      std::vector<bus::Position> from;
      for (std::int32_t i = 0; i < topic_.config.partitions; ++i)
        from.push_back({bus_.id(), topic_.id, PartitionIndex{i}, Epoch{-1}, bus::start_of_log});
      return look_at_ends(from);
    }
    if (request_.from == "end") return bus_.ends(topic_.id, here<std::vector<bus::Position>>(&Page::look_at_ends));
    if (const auto time = platform::parse_rfc3339(request_.from))
      return bus_.positions_at(topic_.id, *time, here<std::vector<bus::Position>>(&Page::look_at_ends));
    auto positions = bus::parse_positions(request_.from);
    if (!positions) return end(fail(Code::invalid, fmt::format("`{}` is no place to read from", request_.from)));
    look_at_ends(*positions);
  }

  void look_at_ends(const std::vector<bus::Position>& from) {
    for (const auto& position : from) reached_[position.partition] = position;
    bus_.ends(topic_.id, here<std::vector<bus::Position>>(&Page::start_reading));
  }

  // Whether all is read that was there when this page was begun.
  bool at_ends() const {
    return std::ranges::all_of(ends_, [&](const bus::Position& position) {
      const auto from = reached_.find(position.partition);
      return from == reached_.end() || position.next.value == 0 || from->second.next >= position.next;
    });
  }

  void start_reading(const std::vector<bus::Position>& ends) {
    ends_ = ends;
    if (at_ends() && request_.wait.count() == 0) return finish(true);
    std::vector<bus::Position> from;
    for (const auto& [partition, position] : reached_) from.push_back(position);
    auto reader = bus_.open_reader(topic_.id, std::move(from));
    if (!reader) return end(fail(std::move(reader).error()));
    reader_ = *std::move(reader);
    executor_.post_after(std::max<platform::Duration>(request_.wait, patience),
                         [self = shared_from_this()] { self->finish(self->at_ends()); });
    ask();
  }

  void ask() { reader_->next(delivery_bytes, here<bus::Delivery>(&Page::take)); }

  void take(const bus::Delivery& delivery) {
    if (!done_) return;  // the wait was over first
    for (const auto& record : delivery.records) {
      if (is_full()) return finish(false);
      if (!lease_for(record)) {
        if (!events_.empty()) return finish(false);
        return end(fail(Code::unavailable, "the server has no memory for this request now"));
      }
      events_.push_back(event_of(record));
      reached_[record.partition] = {bus_.id(), topic_.id, record.partition, Epoch{-1}, record.offset + std::int64_t{1}};
    }
    for (const auto& position : delivery.positions) reached_[position.partition] = position;
    if (delivery.at_end || is_full()) return finish(delivery.at_end);
    ask();
  }

  bool is_full() const { return events_.size() >= request_.limit || bytes_ >= page_bytes; }

  bool lease_for(const bus::Delivered& record) {
    const std::size_t bytes = record.key.value_or("").size() + record.value.value_or("").size();
    auto lease = budget_.try_take(ByteUser::requests, bytes * event_cost + event_overhead);
    if (!lease) return budget_.shed(ByteUser::requests), false;
    lease_.add(*std::move(lease));
    bytes_ += bytes;
    return true;
  }

  void finish(bool at_end) {
    if (!done_) return;
    std::vector<bus::Position> next;
    for (const auto& [partition, position] : reached_) next.push_back(position);
    end(json::object{{"events", std::move(events_)}, {"next", bus::to_text(next)}, {"at_end", at_end}});
  }

  void end(Result<json::object> result) {
    if (!done_) return;
    reader_.reset();
    std::exchange(done_, nullptr)(std::move(result));
    lease_ = {};  // the timer holds this for a while
  }

  bus::Bus& bus_;
  platform::Executor& executor_;
  ByteBudget& budget_;
  EventsRequest request_;
  Done<Result<json::object>> done_;
  bus::Topic topic_;
  std::map<PartitionIndex, bus::Position> reached_;
  std::vector<bus::Position> ends_;
  std::unique_ptr<bus::Reader> reader_;
  json::array events_;
  std::size_t bytes_ = 0;  // of keys and values in events_
  ByteBudget::Lease lease_;
};

}  // namespace

void read_events(bus::Bus& bus, platform::Executor& executor, ByteBudget& budget, EventsRequest request,
                 Done<Result<json::object>> done) {
  executor.post(
      [page = std::make_shared<Page>(bus, executor, budget, std::move(request), std::move(done))] { page->begin(); });
}

}  // namespace leat::app
