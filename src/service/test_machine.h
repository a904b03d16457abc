// service/test_machine.h — for tests: a simulated machine that runs a system, and a client that talks to it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "database/files_vfs.h"
#include "platform/sim.h"
#include "service/runtime.h"
#include "service/test_bus.h"
#include "service/test_plan.h"

namespace leat::service {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// The bus survives crashes of the machine; in these tests it is the services that are under fire.
class TestMachine {
 public:
  explicit TestMachine(std::uint64_t seed = 1) : world(seed), bus(world.platform()) {}
  ~TestMachine() { off(); }

  // Returns what start() said.
  Result<> start(SystemPlan plan, Options options = {}) {
    if (auto made = world.files().make_directory("data"); !made) return made;
    if (auto synced = world.files().sync_directory("/"); !synced) return synced;
    if (!vfs_) vfs_ = std::make_unique<database::FilesVfs>("test", world.platform());
    options.vfs = vfs_->name();
    options.password_cost = {1, 8192};
    system = std::make_unique<System>(std::move(plan), world.platform(), bus, telemetry(), "data", options);
    return wait([&](auto done) { system->start(std::move(done)); });
  }
  // Without a word: as far as the disk is concerned, the power is cut.
  void crash() {
    world.files().crash();
    off();
    world.restart();
    bus.power_on(world.platform());
  }
  // The process ends, the disk keeps all that was written.
  void off() {
    system.reset();
    bus.power_off();
    vfs_.reset();
  }

  template <class Ask>
  Result<> wait(Ask ask) {
    std::optional<Result<>> out;
    ask([&](Result<> result) { out = std::move(result); });
    world.run_until([&] { return out.has_value(); });
    return out ? *std::move(out) : fail(Code::timeout, "nothing was answered");
  }
  template <class Value, class Ask>
  Value ask(Ask ask) {
    std::optional<Value> out;
    ask([&](Value value) { out = std::move(value); });
    world.run_until([&] { return out.has_value(); });
    EXPECT_TRUE(out.has_value());
    return out ? *std::move(out) : Value{};
  }
  SystemStatus status() {
    return ask<SystemStatus>([&](auto done) { system->status(std::move(done)); });
  }

  // Sends without waiting; the answer comes into the slot returned.
  std::shared_ptr<std::optional<http::Response>> send(const std::string& method, const std::string& target,
                                                      std::string body = {}, const HeaderList& headers = {}) {
    auto slot = std::make_shared<std::optional<http::Response>>();
    http::Request request;
    request.headers.add("Content-Type", "application/json");
    request.method = method;
    request.target = target;
    request.body = std::move(body);
    request.arrived = world.platform().clock.now();
    for (const auto& [name, value] : headers) request.headers.add(name, value);
    const auto path = target.substr(0, target.find('?'));
    for (const auto& route : system->routes()) {
      auto values = match(route.path, path);
      if (route.method != method || !values) continue;
      route.handler(std::move(request), *std::move(values),
                    [slot](http::Response response) { *slot = std::move(response); });
      return slot;
    }
    ADD_FAILURE() << "no route for " << method << " " << target;
    return slot;
  }
  http::Response call(const std::string& method, const std::string& target, std::string body = {},
                      const HeaderList& headers = {}) {
    const auto slot = send(method, target, std::move(body), headers);
    world.run_until([&] { return slot->has_value(); });
    EXPECT_TRUE(slot->has_value());
    return slot->value_or(http::Response{});
  }

  telemetry::Telemetry telemetry() { return {metrics, log, health}; }

  platform::SimWorld world;
  TestBus bus;
  telemetry::Metrics metrics;
  telemetry::Health health;
  std::vector<std::string> lines;
  telemetry::Log log{world.platform().clock, telemetry::LogFormat::plain, telemetry::Level::info,
                     [this](std::string_view line) { lines.emplace_back(line); }};
  std::unique_ptr<System> system;

 private:
  static std::optional<std::vector<std::string>> match(std::string_view path_template, std::string_view path) {
    std::vector<std::string> out;
    while (!path_template.empty() && !path.empty()) {
      const auto a = path_template.substr(0, path_template.find('/', 1));
      const auto b = path.substr(0, path.find('/', 1));
      if (a.starts_with("/{")) {
        out.emplace_back(b.substr(1));
      } else if (a != b) {
        return std::nullopt;
      }
      path_template.remove_prefix(a.size());
      path.remove_prefix(b.size());
    }
    if (!path_template.empty() || !path.empty()) return std::nullopt;
    return out;
  }

  std::unique_ptr<database::FilesVfs> vfs_;
};

// The value of a header, or "".
inline void sign_up(TestMachine& machine, int users) {
  for (int i = 0; i < users; ++i)
    ASSERT_EQ(machine.call("POST", "/api/users", fmt::format(R"({{"username":"user{}"}})", i)).status, 201);
}

inline std::string header(const http::Response& response, std::string_view name) {
  return std::string(response.headers.get(name).value_or(""));
}

}  // namespace leat::service
