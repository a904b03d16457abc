// tests/simulation/complaints.h — what an oracle has found wrong.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace leat::simulation {

enum class Wrong {
  lost,          // acknowledged or shown, and gone
  doubled,       // there twice
  out_of_order,  // in another order than it happened
  invented,      // there, and nobody asked for it
  read_model,    // differs from the events
  stuck,         // does not go on, or does not start
};

struct Complaints {
  std::vector<std::pair<Wrong, std::string>> all;

  void add(Wrong wrong, std::string what) { all.emplace_back(wrong, std::move(what)); }
  bool none() const { return all.empty(); }
  std::uint64_t count(Wrong wrong) const {
    std::uint64_t count = 0;
    for (const auto& [kind, what] : all) count += kind == wrong;
    return count;
  }
};

}  // namespace leat::simulation
