// service/overwrite.h — the proof that of several events with one key only the last need be applied.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "service/plan.h"

namespace leat::service {

// What the proof must know of the table that a statement writes.
struct TableFacts {
  std::string name;
  std::vector<std::string> columns;
  std::vector<std::string> primary_key;
  // No unique constraint beside the primary key, no foreign key from or to it, no trigger: a statement changes the rows
  // it names and nothing else.
  bool plain = false;
};

// True when `statement`, run for two events with the same `key` one after the other, leaves what it leaves when run for
// the second alone. Recognised (everything else counts as not proved):
//   insert or replace into t [(columns)] values (...)
//   insert into t [(columns)] values (...) on conflict (key) do update set <each other inserted column> = <the same>
//   update t set ... where <primary key> = :key
// with nothing but parameters and literals as values, "the same" being excluded.<that column> or the inserted value
// itself, and the primary key being the event's key. Holds where both statements succeed.
bool later_overwrites_earlier(const StatementPlan& statement, std::string_view key, const TableFacts& table);

}  // namespace leat::service
