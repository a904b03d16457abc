// Mistakes in the files that a service file names, between files, and in their sizes.
#include <algorithm>

#include <gtest/gtest.h>

#include "definition/test_system.h"

namespace leat::definition {
namespace {

using testing::TestSystem;

struct Case {
  const char* name;
  const char* text;      // of the file, or of what follows `head`
  const char* expected;  // file:line:column: what; fix
};

TEST(MistakesOfFiles, OfState) {
  const std::string before = "service: s\nstate: s.sql\n";
  const std::vector<Case> cases = {
      {"gap", "-- migration 1\ncreate table a (i);\n-- migration 3\ncreate table b (i);\n",
       "s.sql:3:1: migration 3 where 2 is next; number them 1, 2, 3, ... in order"},
      {"not from one", "-- migration 2\ncreate table a (i);\n",
       "s.sql:1:1: migration 2 where 1 is next; number them 1, 2, 3, ... in order"},
      {"without a number", "-- migration one\ncreate table a (i);\n",
       "s.sql:1:1: a migration mark without a number; write `-- migration 2: what it does`"},
      {"before the first mark", "\n  create table a (i);\n-- migration 1\ncreate table b (i);\n",
       "s.sql:2:3: a statement before the first migration mark; put `-- migration 1` above it"},
      {"empty migration", "-- migration 1\n-- migration 2\ncreate table b (i);\n",
       "s.sql:1:1: migration 1 is empty; write its statements"},
      {"empty file", "", "s.sql:1:1: migration 1 is empty; write its statements"},
      {"parameter", "create table a (i);\ninsert into a values (:x);\n",
       "s.sql:2:23: a migration has no parameters, so nothing is `:x`; write the value"},
      {"unterminated", "create table a (i);\n  insert into a values ('é', 'x);\n",
       "s.sql:2:30: unterminated string; close it with '"},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.name);
    TestSystem test;
    test.put("s.yaml", before);
    test.put("s.sql", each.text);
    EXPECT_EQ(test.load(), std::string(each.expected) + "\n");
  }
}

TEST(MistakesOfFiles, OfMigrationFolders) {
  struct FolderCase {
    const char* name;
    std::vector<const char*> files;
    const char* expected;
  };
  for (const auto& [name, files, expected] : {
           FolderCase{"gap",
                      {"001-a.sql", "003-b.sql"},
                      "state/003-b.sql:1:1: migration 3 where 2 is next; number them 1, 2, 3, ... in order"},
           FolderCase{"twice",
                      {"001-a.sql", "1-b.sql"},
                      "state/1-b.sql:1:1: migration 1 where 2 is next; number them 1, 2, 3, ... in order"},
           FolderCase{"no number",
                      {"a.sql"},
                      "state/a.sql:1:1: a migration file without a number; name it like 001-posts.sql"},
           FolderCase{"none", {"readme.txt"}, "s.yaml:2:8: no migration in state/; add 001-....sql"},
       }) {
    SCOPED_TRACE(name);
    TestSystem test;
    test.put("s.yaml", "service: s\nstate: state/\n");
    for (const char* file : files) test.put(std::string("state/") + file, "create table a (i);\n");
    EXPECT_EQ(test.load(), std::string(expected) + "\n");
  }
}

TEST(MistakesOfFiles, OfJsonPointIntoItsFile) {
  for (const auto& [name, text, place] : {
           Case{"syntax", "{\n  \"type\": objekt\n}\n", "events/a.made.json:2:11: "},
           Case{"duplicate key", "{\n  \"é\": 1,\n  \"é\": 2}\n", "events/a.made.json:3:"},
           Case{"not an object", "[]", "events/a.made.json:1:1: an event's schema is a JSON object"},
       }) {
    SCOPED_TRACE(name);
    TestSystem test;
    test.put("events/a.made.json", text);
    const std::string said = test.load();
    EXPECT_EQ(said.substr(0, std::string_view(place).size()), place) << said;
    EXPECT_EQ(std::ranges::count(said, '\n'), 1) << said;
  }
}

TEST(MistakesOfFiles, BetweenServices) {
  struct Pair {
    const char* name;
    const char* second;
    const char* expected;
  };
  for (const auto& [name, second, expected] : {
           Pair{"service twice", "service: s\n",
                "t.yaml:1:10: the service `s` is already declared at s.yaml:1; rename one of them"},
           Pair{"topic twice", "service: t\ntopics:\n  things: {key: id, events: [b.made]}\n",
                "t.yaml:3:3: the topic `things` is already declared at s.yaml:3; a topic has one owner: rename one of "
                "them"},
           Pair{"event twice", "service: t\ntopics:\n  others: {key: id, events: [a.made]}\n",
                "t.yaml:3:30: the event `a.made` is already declared at s.yaml:3; an event belongs to one topic of one "
                "service: rename one of them"},
           Pair{"another's event", "service: t\ncommands:\n  POST /a: {emit: {a.made: select 1}}\n",
                "t.yaml:3:20: the event `a.made` belongs to s; a service emits the events under its own `topics`"},
       }) {
    SCOPED_TRACE(name);
    TestSystem test;
    test.put("leat.yaml", "system: test\nservices: [s.yaml, t.yaml]\n");
    test.put("events/b.made.json", testing::event_schema);
    test.put("t.yaml", second);
    EXPECT_EQ(test.load(), std::string(expected) + "\n");
  }
}

// What cannot be read may declare what another file needs: that is not called a second mistake.
TEST(MistakesOfFiles, DoNotFollowFromOneAnother) {
  TestSystem test;
  test.put("leat.yaml", "system: test\nservices: [s.yaml, t.yaml]\n");
  test.put("t.yaml", "service: t\nread_models:\n  r: {tables: create table x (i), when: {a.made: select 1}}\n");
  test.put("s.yaml", "service: s\n  bad: x\n");
  const std::string said = test.load();
  EXPECT_EQ(std::ranges::count(said, '\n'), 1) << said;
}

TEST(MistakesOfFiles, OfAllFilesAreToldAtOnceInOrder) {
  TestSystem test;
  test.put("leat.yaml", "system: Test\nservices: [s.yaml]\n");
  test.put("s.yaml", "service: s\nquerys:\n  a: b\ncommands:\n  GET /x: {do: select 1}\n");
  test.put("events/a.made.json", "{");
  const std::string said = test.load();
  EXPECT_EQ(std::ranges::count(said, '\n'), 4) << said;
  EXPECT_LT(said.find("leat.yaml:1:9"), said.find("s.yaml:2:1: unknown key `querys`; did you mean `queries`?"));
  EXPECT_LT(said.find("s.yaml:2:1"), said.find("s.yaml:5:3"));
}

TEST(MistakesOfFiles, OfSizeAndDepthAreClear) {
  TestSystem test;
  test.put("s.yaml", std::string(2 << 20, ' '));
  EXPECT_EQ(test.load(), "leat.yaml:2:12: s.yaml is larger than 1 MiB; split it\n");
  test.put("s.yaml", "service: " + std::string(10'000, '['));
  const std::string said = test.load();
  EXPECT_EQ(std::ranges::count(said, '\n'), 1) << said;
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  test.put("s.yaml", deep);
  EXPECT_EQ(test.load(), "s.yaml:65:65: nested deeper than 64 levels; flatten it\n");
}

TEST(MistakesOfFiles, OfAMissingSystemFileSayWhatIsMissing) {
  platform::SimFiles files(1);
  Mistakes mistakes;
  load(files, "nowhere", mistakes);
  ASSERT_EQ(mistakes.sorted().size(), 1u);
  EXPECT_EQ(mistakes.sorted()[0].text(),
            "there is no leat.yaml in nowhere; name the directory of a system, or write one with `leat new NAME`");
}

TEST(MistakesList, IsSortedWithoutRepeats) {
  Mistakes mistakes;
  EXPECT_FALSE(mistakes.any_errors());
  mistakes.warning({"b", 1, 1}, "slow");
  EXPECT_FALSE(mistakes.any_errors());
  mistakes.error({"b", 1, 1}, "wrong", "right");
  mistakes.error({"a", 2, 1}, "x");
  mistakes.error({"a", 1, 9}, "y");
  mistakes.error({"a", 2, 1}, "x");
  EXPECT_TRUE(mistakes.any_errors());
  std::string all;
  for (const Mistake& mistake : mistakes.sorted()) all += mistake.text() + "\n";
  EXPECT_EQ(all, "a:1:9: y\na:2:1: x\nb:1:1: warning: slow\nb:1:1: wrong; right\n");
}

}  // namespace
}  // namespace leat::definition
