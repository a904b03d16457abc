// app/data_directory.h — where a system keeps everything it must not lose, and how commands find the running program.
// Layout: docs/formats/data-directory.md
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "platform/platform.h"

namespace leat::app {

// A data directory that is ours for as long as this object lives.
class DataDirectory {
 public:
  // Makes it when missing and locks it. Code::conflict when another process holds it, Code::invalid when its format is
  // one that this program does not know (nothing is touched then).
  static Result<DataDirectory> open(platform::Platform, std::string path);
  DataDirectory(DataDirectory&&) = default;
  ~DataDirectory();

  const std::string& path() const { return path_; }
  std::string log() const { return path_ + "/log"; }
  std::string services() const { return path_ + "/services"; }
  // Whoever may read the directory may administer the program: made anew at each start.
  const std::string& token() const { return token_; }

  // Tells commands where the program listens; taken back by the destructor.
  Result<> announce(const std::string& http, const std::string& admin);

 private:
  DataDirectory(platform::Platform platform, std::string path) : platform_(platform), path_(std::move(path)) {}

  platform::Platform platform_;
  std::string path_;
  std::string token_;
  std::unique_ptr<platform::Lock> lock_;
};

// The lock of a data directory that exists, in which nothing is changed. Code::not_found when it holds no data of Leat,
// Code::conflict when another process holds it, Code::invalid when its format is not known.
Result<std::unique_ptr<platform::Lock>> hold_data_directory(platform::Files&, const std::string& path);

// Code::corrupt when there are services and no log: it was lost. Before the log is opened, which would leave a journal
// where the lost one is to be brought back to.
Result<> check_log_is_there(platform::Files&, const std::string& path);

// What a running program announced.
struct Running {
  std::string http, admin, token;
  std::int64_t process = 0;
};

// Code::not_found when no program runs on this data directory.
Result<Running> find_running(platform::Files&, const std::string& path);

}  // namespace leat::app
