#include "database/table_hash.h"

#include <gtest/gtest.h>

#include "database/scratch.h"

namespace leat::database {
namespace {

std::string hash_of(const char* rows) {
  auto db = in_memory();
  EXPECT_TRUE(db.execute(fmt::format("create table t (a, b); insert into t {}", rows)));
  return *table_hash(db, "main", "t");
}

TEST(TableHash, IsEqualExactlyForEqualRows) {
  struct Case {
    const char *one, *other;
    bool equal;
  };
  for (const auto& [one, other, equal] : {
           Case{"values (1, 'a'), (2, 'b')", "values (2, 'b'), (1, 'a')", true},
           Case{"values (1, 'a')", "values (1, 'a'), (1, 'a')", false},
           Case{"values (1, 'a'), (1, 'a')", "values (2, 'a'), (2, 'a')", false},
           Case{"values (1, 'a')", "values (1, 'b')", false},
           Case{"values (1, 'a')", "values ('1', 'a')", false},
           Case{"values (1, 'a')", "values (1.0, 'a')", false},
           Case{"values ('a', x'61')", "values ('a', 'a')", false},
           Case{"values ('ab', 'c')", "values ('a', 'bc')", false},
           Case{"values (null, '')", "values ('', null)", false},
           Case{"select 1, 1 where 0", "values (null, null)", false},
       })
    EXPECT_EQ(hash_of(one) == hash_of(other), equal) << one << " / " << other;
}

TEST(SchemaHash, CoversEveryTableButTheOneLeftOut) {
  auto db = in_memory();
  ASSERT_TRUE(db.execute("create table a (x); create table position (next)"));
  const auto before = *schema_hash(db, "main", "position");
  ASSERT_TRUE(db.execute("insert into position values (1)"));
  EXPECT_EQ(*schema_hash(db, "main", "position"), before);
  ASSERT_TRUE(db.execute("insert into a values (1)"));
  EXPECT_NE(*schema_hash(db, "main", "position"), before);
}

}  // namespace
}  // namespace leat::database
