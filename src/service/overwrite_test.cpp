#include "service/overwrite.h"

#include <gtest/gtest.h>

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
           {"insert into t (id, a, b) values (:id, :a, 0) on conflict (id) do update set a = excluded.a, b = :b", true},
           {"update t set a = :a, b = null where id = :id", true},

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

}  // namespace leat::service
