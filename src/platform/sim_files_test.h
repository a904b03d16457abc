// platform/sim_files_test.h — what the tests of the simulated disk share: short programs, power cuts, their outcomes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "platform/sim_files.h"

namespace leat::platform {

inline std::unique_ptr<File> make(SimFiles& disk, const std::string& path) {
  auto file = disk.open(path, Open::create);
  LEAT_ASSERT(file);
  return *std::move(file);
}

// A file whose name is durable and whose content is `bytes`, synced.
inline std::unique_ptr<File> make_durable(SimFiles& disk, const std::string& path, std::string_view bytes) {
  auto file = make(disk, path);
  LEAT_ASSERT(file->write_at(0, bytes) && file->sync() && disk.sync_directory("/"));
  return file;
}

inline std::string content(SimFiles& disk, const std::string& path) {
  auto bytes = read_file(disk, path);
  return bytes ? *bytes : "(" + bytes.error().what + ")";
}

inline void power_cut(SimFiles& disk) {
  disk.crash();
  disk.restart();
}

// Runs one short program under many seeds and collects all that the crash leaves.
inline std::map<std::string, int> fates(const std::function<void(SimFiles&)>& program,
                                        const std::function<std::string(SimFiles&)>& look, int seeds = 3'000) {
  std::map<std::string, int> seen;
  for (int seed = 0; seed < seeds; ++seed) {
    SimFiles disk(static_cast<std::uint64_t>(seed));
    program(disk);
    power_cut(disk);
    ++seen[look(disk)];
  }
  return seen;
}

inline std::set<std::string> names_of(const std::map<std::string, int>& seen) {
  std::set<std::string> names;
  for (const auto& [name, count] : seen) names.insert(name);
  return names;
}

inline std::string present(SimFiles& disk) { return fmt::format("{}", fmt::join(*disk.list("/"), " ")); }

}  // namespace leat::platform
