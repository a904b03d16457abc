// What is shown to users is read without a mistake: the example that ships with Leat, and those of the guide.
#include <gtest/gtest.h>

#include "definition/test_system.h"
#include "platform/platform.h"

namespace leat::definition {
namespace {

TEST(SocialExample, IsReadWithoutAMistake) {
  Mistakes mistakes;
  const System system = load(platform::real().files, LEAT_SOURCES "/examples/social", mistakes);
  for (const Mistake& mistake : mistakes.sorted()) ADD_FAILURE() << mistake.text();

  ASSERT_EQ(system.services.size(), 2u);
  const Service& social = system.services[1];
  EXPECT_EQ(system.name, "social");
  EXPECT_EQ(social.name, "social");
  EXPECT_EQ(social.topics.size(), 2u);
  EXPECT_EQ(social.state.size(), 2u);
  ASSERT_EQ(social.read_models.size(), 1u);
  EXPECT_EQ(social.read_models[0].when.size(), 2u);
  EXPECT_EQ(social.commands.size(), 2u);
  ASSERT_EQ(social.queries.size(), 2u);
  EXPECT_TRUE(social.queries[1].many);
  EXPECT_EQ(social.queries[1].limit_max, 100);
  ASSERT_EQ(social.queries[1].order.size(), 1u);
  EXPECT_TRUE(social.queries[1].order[0].descending);
  ASSERT_TRUE(system.event("user.created"));
  EXPECT_EQ(system.event("user.created")->topic, "users");
  EXPECT_EQ(system.event("user.created")->service, "identity");
}

// Another service that declares what the guide's read model hears, and the files its blocks name.
void put_surroundings(testing::TestSystem& test) {
  test.put("leat.yaml", "system: test\nservices: [s.yaml, users.yaml]\n");
  test.put("users.yaml",
           "service: users\ntopics:\n  users: {key: id, events: [user.created, user.updated, user.deleted]}\n");
  for (const char* event :
       {"user.created", "user.updated", "user.deleted", "post.created", "post.deleted", "comment.added"}) {
    test.put(std::string("events/") + event + ".json", testing::event_schema);
  }
  for (const char* schema : {"bodies/new-comment.json", "bodies/new-post.json", "answers/note.json"})
    test.put(schema, "{}");
  test.put("social.sql", "create table a (id integer primary key);\n");
}

// The parts of a service file that the guide shows, each followed by what a service needs besides.
TEST(LanguageGuide, ShowsOnlyWhatIsReadWithoutAMistake) {
  const auto text = platform::read_file(platform::real().files, LEAT_SOURCES "/docs/guide/language.md");
  ASSERT_TRUE(text);
  int read = 0;
  static constexpr std::string_view begin = "```yaml\n", end = "```";
  for (std::size_t at = 0; (at = text->find(begin, at)) != std::string::npos;) {
    at += begin.size();
    const std::string block = text->substr(at, text->find(end, at) - at);
    if (block.starts_with("system:")) continue;
    SCOPED_TRACE(block);
    testing::TestSystem test;
    put_surroundings(test);
    const bool tells = block.starts_with("commands:");
    test.put("s.yaml",
             block + "service: s\n" + (tells ? "topics: {comments: {key: id, events: [comment.added]}}\n" : ""));
    EXPECT_EQ(test.load(), "");
    ++read;
  }
  EXPECT_GE(read, 6);
}

}  // namespace
}  // namespace leat::definition
