// tests/simulation/journal.h — what clients have asked and what they were told, kept outside of the simulated disk.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace leat::simulation {

enum class Kind { came, renamed, left, sent, burnt };

// One command. `number` is its name everywhere ("i17"); moments count all that happens, so they order requests and
// answers of all clients.
struct Intent {
  std::uint64_t number;
  Kind kind;
  std::int64_t id = 0;      // of the person or letter it is about; of a new one: what the answer said
  std::string name;         // came, renamed
  std::int64_t sender = 0;  // sent
  std::int64_t recipient = 0;
  std::uint64_t asked_at = 0;
  std::uint64_t answered_at = 0;  // 0: never
  int status = 0;
  std::int64_t version = 0;  // what the answer said
  std::string position;      // Leat-Position of the answer
  std::string answer;        // its body

  bool acknowledged() const { return answered_at != 0 && status < 300; }
  bool keyed() const { return number % 4 != 0; }  // sent with an Idempotency-Key
  bool decided() const { return acknowledged() || rejected(); }
  // The answer says that nothing has happened. A 5xx leaves that open, as silence does.
  bool rejected() const { return answered_at != 0 && status >= 400 && status < 500; }
};

struct Journal {
  std::deque<Intent> intents;  // numbers are indexes
  std::uint64_t moment = 0;
  // What queries have shown, which therefore must never be gone: versions of people, and letters.
  std::set<std::pair<std::int64_t, std::int64_t>> versions_seen;
  std::set<std::int64_t> letters_seen;
  std::uint64_t reads = 0, stale_reads = 0;
  std::uint64_t repeats = 0, replays = 0;  // commands sent again, and of them those answered as before
  std::map<int, std::uint64_t> statuses;

  std::uint64_t now() { return ++moment; }
  std::uint64_t acknowledged() const {
    std::uint64_t count = 0;
    for (const auto& intent : intents) count += intent.acknowledged();
    return count;
  }
};

}  // namespace leat::simulation
