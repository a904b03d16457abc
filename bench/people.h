// bench/people.h — a source that tells names of people on a bus: what the projection benchmarks read.
#pragma once

#include <functional>
#include <random>
#include <semaphore>

#include "bench/local_bus.h"
#include "event/event.h"

namespace bench {

struct Telling {
  std::string type = "person.named";
  std::string keys = "random";   // hot: 10,000 keys; append: a new one each time; random: 200,000; or how many
  std::size_t name_bytes = 200;  // of each name
  int group = 1000;              // events for each publish
  std::ptrdiff_t publishes = 1;  // outstanding
};

class People {
 public:
  People(LocalBus& bus, const leat::bus::Topic& topic, Telling telling)
      : bus_(bus),
        topic_(topic),
        telling_(std::move(telling)),
        source_(bus.source("bench")),
        number_(source_->last_published()),
        value_(telling_.name_bytes, 'v') {}

  // `done` comes on a thread of the bus when they are on it; one publish.
  void tell(std::int64_t events, std::move_only_function<void()> done) {
    std::vector<leat::bus::Publication> group(static_cast<std::size_t>(events));
    for (auto& publication : group) publication = next();
    source_->publish(std::move(group),
                     [done = std::move(done)](const leat::Result<std::vector<leat::bus::Position>>& where) mutable {
                       demand(where);
                       done();
                     });
  }

  // Returns when all of them are on the bus.
  void publish(std::int64_t events) {
    const auto free = std::make_shared<std::counting_semaphore<>>(telling_.publishes);
    for (std::int64_t left = events, group = 0; left > 0; left -= group) {
      group = std::min<std::int64_t>(left, telling_.group);
      free->acquire();
      tell(group, [free] { free->release(); });
    }
    for (std::ptrdiff_t i = 0; i < telling_.publishes; ++i) free->acquire();
  }

 private:
  std::uint64_t key() {
    if (telling_.keys == "append") return number_;
    if (telling_.keys == "hot") return 1 + random_() % 10'000;
    return 1 + random_() % (telling_.keys == "random" ? 200'000 : std::stoul(telling_.keys));
  }

  leat::bus::Publication next() {
    ++number_;
    const auto id = std::to_string(key());
    leat::event::Event event;
    event.id = leat::event::new_event_id(bus_.world.clock, bus_.world.random);
    event.source = "/bench/people";
    event.type = telling_.type;
    event.time = leat::platform::rfc3339(bus_.world.clock.unix_ms());
    event.subject = id;
    return {.number = number_,
            .topic = topic_.id,
            .partition = leat::bus::partition_of(id, topic_.config.partitions),
            .record = {.timestamp_ms = bus_.world.clock.unix_ms(),
                       .key = id,
                       .value = "{\"id\":" + id + ",\"username\":\"" + value_ + "\"}",
                       .headers = leat::event::to_headers(event)}};
  }

  LocalBus& bus_;
  const leat::bus::Topic& topic_;
  const Telling telling_;
  std::unique_ptr<leat::bus::Source> source_;
  std::minstd_rand random_{7};
  std::uint64_t number_;
  const std::string value_;
};

}  // namespace bench
