// service/relays.h — the relays of the running services, by name: what outbox tokens are resolved with.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "service/relay.h"

namespace leat::service {

// Safe from any thread.
class Relays {
 public:
  void put(const std::string& service, std::weak_ptr<Relay> relay) {
    const std::lock_guard lock(mutex_);
    relays_[service] = std::move(relay);
  }
  // Null when no such service runs.
  std::shared_ptr<Relay> find(const std::string& service) const {
    const std::lock_guard lock(mutex_);
    const auto found = relays_.find(service);
    return found == relays_.end() ? nullptr : found->second.lock();
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::weak_ptr<Relay>> relays_;
};

}  // namespace leat::service
