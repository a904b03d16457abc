#include "service/overwrite.h"

#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "database/database.h"
#include "platform/chance.h"

namespace leat::service {
namespace {

StatementPlan plan(const std::string& text) {
  StatementPlan out;
  out.sql.text = text;
  LEAT_ASSERT(definition::lex(out.sql).has_value());
  for (const auto& parameter : out.sql.parameters)
    out.sources.push_back(parameter.name == "event.key"
                              ? Source{.from = Source::From::event, .name = "key"}
                              : Source{.from = Source::From::payload, .name = parameter.name});
  return out;
}

using platform::Chance;

template <class... Options>
std::string one_of(Chance& chance, Options... options) {
  const std::vector<std::string> all{options...};
  return all[chance.below(all.size())];
}

std::string any_value(Chance& chance) { return one_of(chance, ":id", ":a", ":b", ":event.key", "0", "'x'", "null"); }
std::string any_column(Chance& chance) { return one_of(chance, "id", "a", "b", "c", "a", "b", "rowid"); }

// What a column is likely to be given: mostly what people mean, so that many shapes are proved.
std::string likely_value(Chance& chance, const std::string& column) {
  if (column == "id") return chance.toss(230) ? ":id" : any_value(chance);
  return any_value(chance);
}

std::string set_list(Chance& chance, const std::map<std::string, std::string>& inserted) {
  std::vector<std::string> set;
  for (const auto& [column, value] : inserted) {
    if (column == "id" || chance.toss(20)) continue;
    set.push_back(column + " = " +
                  (chance.toss(150)   ? "excluded." + column
                   : chance.toss(150) ? value
                                      : one_of(chance, "excluded.a", "excluded.b", any_value(chance))));
  }
  if (set.empty() || chance.toss(40)) set.push_back(any_column(chance) + " = " + any_value(chance));
  return fmt::format("{}", fmt::join(set, ", "));
}

// A statement of about the shapes of the proof, right or wrong.
std::string any_statement(Chance& chance) {
  std::map<std::string, std::string> values{{"id", likely_value(chance, "id")}};
  for (auto more = chance.below(4); more > 0; --more) {
    const auto column = any_column(chance);
    values.emplace(column, likely_value(chance, column));
  }
  if (chance.toss(50))
    return fmt::format("update t set {} where {} = {}", set_list(chance, values), one_of(chance, "id", "id", "a"),
                       one_of(chance, ":id", ":event.key", ":a"));
  std::vector<std::string> columns, given;
  for (const auto& [column, value] : values) columns.push_back(column), given.push_back(value);
  const bool replaces = chance.toss(60);
  const auto insert = fmt::format("insert {}into t ({}) values ({})",
                                  replaces ? one_of(chance, "or replace ", "or replace ", "or ignore ", "") : "",
                                  fmt::join(columns, ", "), fmt::join(given, ", "));
  if (replaces) return insert;
  return fmt::format("{} on conflict (id) do update set {}", insert, set_list(chance, values));
}

// The rows after `statement` has run for each of `events` (values of a and b), from what `before` leaves. Nothing: one
// of them failed.
using Event = std::map<std::string, std::string>;
std::optional<std::vector<std::string>> rows_after(const StatementPlan& statement, const std::string& before,
                                                   const std::vector<Event>& events) {
  auto database = database::Database::open(":memory:", {});
  LEAT_ASSERT(database && database->execute("create table t (id integer primary key, a, b default 7, c text)") &&
              database->execute(before));
  for (const auto& event : events) {
    auto run = database->prepare(statement.sql.numbered);
    if (!run) return std::nullopt;
    for (std::size_t i = 0; i < statement.sources.size(); ++i) {
      const auto& name = statement.sources[i].name;
      const auto at = static_cast<int>(i) + 1;
      name == "id" || name == "key" ? run->bind(at, 1) : run->bind_text(at, event.at(name));
    }
    if (!run->run()) return std::nullopt;
  }
  auto all = database->prepare("select json_array(rowid, id, a, b, c) from t order by rowid");
  std::vector<std::string> out;
  while (*all->step()) out.emplace_back(all->text(0));
  return out;
}

}  // namespace

// Only what is proved is collapsed; every doubt says no.
TEST(LaterOverwritesEarlier, HoldsForPlainUpsertsByTheKeyOnly) {
  struct Case {
    const char* sql;
    bool proved;
  };
  for (const auto& [sql, proved] : std::initializer_list<Case>{
           {"insert or replace into t values (:id, :a, :b)", true},
           {"INSERT OR REPLACE INTO t (a, id) VALUES (:a, :id); ", true},
           {"replace into t (id, a) values (:event.key, 'x') -- done", true},
           {"insert into t (id, a) values (:id, :a) on conflict (id) do update set a = excluded.a", true},
           {"insert into t (id, a, b) values (:id, :a, 0) on conflict (id) do update set a = :a, b = excluded.b", true},
           {"insert into t (id, a, b) values (:id, :a, 0) on conflict (id) do update set a = excluded.a, b = 0", true},
           {"update t set a = :a, b = null where id = :id", true},

           // Inserts one thing and updates to another: the second event finds a row that the first has made.
           {"insert into t (id, a, b) values (:id, :a, 0) on conflict (id) do update set a = excluded.a, b = :b",
            false},
           {"insert into t (id, a, b) values (:id, :a, 0) on conflict (id) do update set a = excluded.a, b = 1", false},
           {"insert into t (id, a) values (:id, :a) on conflict (id) do update set a = :b", false},
           {"insert into t (id, a) values (:id, :a) on conflict (id) do update set a = excluded.a, b = :b", false},
           {"insert into t (id, a) values (:id, :a) on conflict (id) do update set a = :a, a = :b", false},
           {"insert into t (id, a) values (:id, :a) on conflict (id) do update set id = :id, a = :a", false},
           {"insert or replace into t (id, rowid, a) values (:id, :b, :a)", false},
           {"update t set rowid = :a where id = :id", false},

           {"insert into t values (:id, :a, :b)", false},                     // a second one fails
           {"insert or ignore into t values (:id, :a, :b)", false},           // the first one stays
           {"insert or replace into t values (:a, :id, :b)", false},          // not the event's key
           {"insert or replace into t values (:id, :a, (select 1))", false},  // reads
           {"insert or replace into t values (:id, :a || 'x', :b)",
            false},  // computes: not in the grammar of the proof
           {"insert into t (id, a, b) values (:id, :a, :b) on conflict (id) do update set a = excluded.a", false},
           {"insert into t (id, a) values (:id, :a) on conflict (id) do update set a = excluded.b", false},
           {"insert into t (id, a) values (:id, :a) on conflict (id) do nothing", false},
           {"insert into t (id, a) values (:id, :a) on conflict (id) do update set a = t.a + 1", false},
           {"update t set a = a + 1 where id = :id", false},
           {"update t set a = :a where id = :id and b = 1", false},
           {"update t set a = :a where b = :id", false},
           {"update t set id = :a where id = :id", false},
           {"update t set a = :a", false},
           {"delete from t where id = :id", false},
           {"update u set a = :a where id = :id", false},
       })
    EXPECT_EQ(later_overwrites_earlier(plan(sql), "id", {"t", {"id", "a", "b"}, {"id"}, true}), proved) << sql;
}

TEST(LaterOverwritesEarlier, NeverHoldsWhereOtherRowsCouldChange) {
  const auto upsert = plan("insert or replace into t values (:id, :a, :b)");
  EXPECT_FALSE(later_overwrites_earlier(upsert, "id", {"t", {"id", "a", "b"}, {"id"}, false}));
  EXPECT_FALSE(later_overwrites_earlier(upsert, "id", {"t", {"id", "a", "b"}, {"id", "a"}, true}));
  EXPECT_FALSE(later_overwrites_earlier(upsert, "id", {"t", {"id", "a", "b"}, {}, true}));
}

// The proof against SQLite itself: whatever may be collapsed ends alike.
TEST(LaterOverwritesEarlier, CollapsedEqualsOneByOneInSqlite) {
  Chance chance(20);
  int proved = 0, tried = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto statement = plan(any_statement(chance));
    if (!later_overwrites_earlier(statement, "id", {"t", {"id", "a", "b", "c"}, {"id"}, true})) continue;
    ++proved;
    const Event first{{"a", "1"}, {"b", one_of(chance, "1", "2")}}, second{{"a", one_of(chance, "1", "3")}, {"b", "4"}};
    for (const char* before :
         {"", "insert into t values (1, 'old', 'older', 'oldest')", "insert into t (id) values (2)"}) {
      const auto one_by_one = rows_after(statement, before, {first, second});
      if (!one_by_one) continue;
      ++tried;
      EXPECT_EQ(rows_after(statement, before, {second}), *one_by_one) << statement.sql.text << "; after: " << before;
    }
  }
  EXPECT_GT(proved, 200);
  EXPECT_GT(tried, 600);
}

}  // namespace leat::service
