// app/commands.h — one function for each command of the program; each has a file of its own. They return the exit code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/console.h"
#include "platform/platform.h"

namespace leat::app {

struct UpOptions {
  std::string directory = ".";
  std::string data;  // empty: <directory>/.leat
  std::string http = "127.0.0.1:8080";
  std::string admin = "127.0.0.1:8081";
  std::string log_level = "info";
  std::uint64_t memory_bytes = 256ull << 20;  // of the process's byte budget
  int scrub_days = 7;                         // 0: never
};

// Where a data directory is that no program shall have open.
struct DataOptions {
  std::string directory = ".";
  std::string data;
};

// How a command finds the running program: its data directory holds address and token.
struct Target {
  std::string directory = ".";
  std::string data;
};

struct EventsOptions {
  Target target;
  std::string topic;
  std::string from = "start";  // start, end, an RFC 3339 time, or an offset
  bool follow = false;
  std::optional<std::int64_t> limit;
};

int up(const UpOptions&, platform::Platform, Console&);
int check(const std::string& directory, platform::Platform, Console&);
int make_new(const std::string& name, platform::Platform, Console&);
int print_schema(Console&);
int print_version(Console&);
int verify(const DataOptions&, platform::Platform, Console&);
int repair(const DataOptions&, bool accept_loss, platform::Platform, Console&);

int status(const Target&, platform::Platform, Console&);
int stop_service(const Target&, const std::string& service, platform::Platform, Console&);
int start_service(const Target&, const std::string& service, platform::Platform, Console&);
int rebuild(const Target&, const std::string& service, const std::string& read_model, platform::Platform, Console&);
int events(const EventsOptions&, platform::Platform, Console&);

// <directory>/.leat unless --data said otherwise.
std::string data_directory(const std::string& directory, const std::string& data);

}  // namespace leat::app
