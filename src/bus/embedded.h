// bus/embedded.h — the bus that is the broker in this process.
#pragma once

#include <cstdint>
#include <memory>

#include "base/byte_budget.h"
#include "broker/broker.h"
#include "bus/bus.h"
#include "platform/platform.h"

namespace leat::bus {

struct EmbeddedOptions {
  unsigned threads = 2;                         // that read, and call back
  std::size_t record_bytes_max = 8ull << 20;    // key, value and headers of one record
  std::size_t group_bytes_max = 1ull << 20;     // publishes of one source that share an append, about
  std::size_t waiting_bytes_max = 32ull << 20;  // published by one source and not yet appended
  ByteBudget* budget = nullptr;  // what was published and is not decided is leased from it. Outlives the bus
};

// Destroy its sources and readers before it, and it before the broker.
std::unique_ptr<Bus> make_embedded(broker::Broker&, platform::Platform, EmbeddedOptions = {});

}  // namespace leat::bus
