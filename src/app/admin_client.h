// app/admin_client.h — how a command talks to the running program.
#pragma once

#include <string>
#include <string_view>

#include "app/commands.h"
#include "app/data_directory.h"
#include "base/json.h"
#include "platform/platform.h"

namespace leat::app {

class AdminClient {
 public:
  // Finds the program that runs on the target's data directory. Code::not_found when none does.
  static Result<AdminClient> find(const Target&, platform::Platform);

  // The answer's JSON (null when it has none). A problem document becomes an Error with its detail.
  Result<json::value> get(const std::string& path) const { return ask("GET", path); }
  Result<json::value> post(const std::string& path) const { return ask("POST", path); }

  const Running& running() const { return running_; }

 private:
  explicit AdminClient(Running running) : running_(std::move(running)) {}
  Result<json::value> ask(std::string_view method, const std::string& path) const;

  Running running_;
};

// A name as one part of a request's path or query: whatever a person typed, it stays one part.
std::string escaped(std::string_view name);

// What to do when there is no running program to talk to.
std::string_view start_first();

}  // namespace leat::app
