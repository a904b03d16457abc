// service/service_parts.h — what the source files of Service share.
#pragma once

#include <memory>
#include <utility>

#include "service/service.h"

namespace leat::service {

// Hands what a callback brings over to the control thread; dropped when the service is gone by then.
template <class F>
auto Service::on_control(F f) {
  return [control = around_.control, alive = std::weak_ptr(alive_), f = std::move(f)](auto... brought) mutable {
    control->post([alive, f = std::move(f), ... brought = std::move(brought)]() mutable {
      if (alive.lock()) f(std::move(brought)...);
    });
  };
}

}  // namespace leat::service
