// app/console.h — where a command talks to: a person at a terminal, or a program that reads JSON.
#pragma once

#include <ostream>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace leat::app {

// Exit codes: what scripts may rely on.
enum Exit { exit_ok = 0, exit_failed = 1, exit_usage = 2 };

struct Console {
  std::ostream& out;
  std::ostream& err;
  bool json = false;

  // One JSON value on a line of its own.
  void print(const json::value& value) { out << value << std::endl; }
  // "leat: <what>", or {"error":{...}} for programs. `next` says what to do about it.
  int failed(const Error& error, std::string_view next = {});
};

}  // namespace leat::app
