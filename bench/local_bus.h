// bench/local_bus.h — log, broker and bus in a folder of their own, and asynchronous calls waited for.
#pragma once

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "bench/measure.h"
#include "broker/broker.h"
#include "bus/embedded.h"
#include "log/log.h"
#include "platform/platform.h"

namespace bench {

template <class T>
void demand(const leat::Result<T>& result) {
  if (result) return;
  std::fprintf(stderr, "%s\n", result.error().what.c_str());
  std::exit(2);
}

template <class T>
T value_of(leat::Result<T> result) {
  demand(result);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// The outcome of an asynchronous call.
template <class T, class Call>
T wait_for(Call&& call) {
  std::promise<leat::Result<T>> promise;
  auto outcome = promise.get_future();
  std::forward<Call>(call)([&](leat::Result<T> result) { promise.set_value(std::move(result)); });
  return value_of(outcome.get());
}

struct LocalBus {
  enum class Folder : std::uint8_t { fresh, kept };
  explicit LocalBus(const std::string& folder, Folder state = Folder::fresh)
      : world(leat::platform::real()),
        log(value_of(leat::log::Log::open(world, state == Folder::fresh ? fresh(folder) : folder))),
        broker(value_of(leat::broker::Broker::open(world, *log))),
        bus(leat::bus::make_embedded(*broker, world)) {}

  leat::bus::Topic topic(const std::string& name, int partitions) {
    leat::bus::TopicConfig config;
    config.partitions = partitions;
    return wait_for<leat::bus::Topic>([&](auto done) { bus->ensure_topic(name, config, std::move(done)); });
  }
  std::unique_ptr<leat::bus::Source> source(const std::string& name) {
    return wait_for<std::unique_ptr<leat::bus::Source>>([&](auto done) { bus->open_source(name, std::move(done)); });
  }

  leat::platform::Platform world;
  std::unique_ptr<leat::log::Log> log;
  std::unique_ptr<leat::broker::Broker> broker;
  std::unique_ptr<leat::bus::Bus> bus;

 private:
  static std::string fresh(const std::string& folder) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    return folder;
  }
};

}  // namespace bench
