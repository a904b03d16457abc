#include "event/event.h"

#include <gtest/gtest.h>

namespace leat::event {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;
using HeaderViews = std::vector<std::pair<std::string_view, std::string_view>>;

Event post_created() {
  return {.id = "018c",
          .source = "/social/social",
          .type = "post.created",
          .time = "2026-11-21T23:51:24.000Z",
          .subject = "5",
          .extensions = {{"traceparent", "00-ab"}, {"causationid", "c"}},
          .data = "{}"};
}

TEST(Binding, WritesTheHeadersOfTheKafkaBinaryMode) {
  EXPECT_EQ(to_headers(post_created()), (Headers{{"ce_specversion", "1.0"},
                                                 {"ce_id", "018c"},
                                                 {"ce_source", "/social/social"},
                                                 {"ce_type", "post.created"},
                                                 {"ce_time", "2026-11-21T23:51:24.000Z"},
                                                 {"ce_subject", "5"},
                                                 {"ce_causationid", "c"},
                                                 {"ce_traceparent", "00-ab"},
                                                 {"content-type", "application/json"}}));
}

TEST(Binding, ReadsBackWhatItWrote) {
  const auto headers = to_headers(post_created());
  const auto view = from_headers(HeaderViews(headers.begin(), headers.end()));
  ASSERT_TRUE(view) << view.error().what;
  EXPECT_EQ(view->id, "018c");
  EXPECT_EQ(view->source, "/social/social");
  EXPECT_EQ(view->type, "post.created");
  EXPECT_EQ(view->time, "2026-11-21T23:51:24.000Z");
  EXPECT_EQ(view->subject, "5");
  EXPECT_EQ(view->datacontenttype, "application/json");
  EXPECT_EQ(view->extensions, (HeaderViews{{"causationid", "c"}, {"traceparent", "00-ab"}}));
}

TEST(Binding, NamesTheAttributeThatIsWrong) {
  const HeaderViews good = {{"ce_specversion", "1.0"}, {"ce_id", "1"}, {"ce_source", "/a"}, {"ce_type", "t"}};
  ASSERT_TRUE(from_headers(good));
  struct Case {
    const char* name;
    int without;
    HeaderViews with;
    const char* what;
  };
  for (const auto& [name, without, with, what] : {
           Case{"no version", 0, {}, "the attribute 'specversion' is '', not '1.0'"},
           Case{"another version", 0, {{"ce_specversion", "0.3"}}, "the attribute 'specversion' is '0.3', not '1.0'"},
           Case{"no id", 1, {}, "the attribute 'id' is missing or empty"},
           Case{"an empty id", 1, {{"ce_id", ""}}, "the attribute 'id' is missing or empty"},
           Case{"no source", 2, {}, "the attribute 'source' is missing or empty"},
           Case{"no type", 3, {}, "the attribute 'type' is missing or empty"},
           Case{"an id twice", -1, {{"ce_id", "2"}}, "the attribute 'id' is there twice"},
           Case{"an extension twice", -1, {{"ce_x", "1"}, {"ce_x", "1"}}, "the attribute 'x' is there twice"},
           Case{"a capital", -1, {{"ce_traceParent", "1"}}, "'ce_traceParent' is not a header of an event"},
           Case{"no name", -1, {{"ce_", "1"}}, "'ce_' is not a header of an event"},
           Case{"a core name", -1, {{"ce_datacontenttype", "x"}}, "'ce_datacontenttype' is not a header of an event"},
       }) {
    SCOPED_TRACE(name);
    auto headers = good;
    if (without >= 0) headers.erase(headers.begin() + without);
    headers.insert(headers.end(), with.begin(), with.end());
    const auto view = from_headers(headers);
    ASSERT_FALSE(view);
    EXPECT_EQ(view.error().code, Code::invalid);
    EXPECT_EQ(view.error().what, what);
  }
}

TEST(Binding, PassesOverWhatIsNotItsOwn) {
  const auto view = from_headers(
      {{"ce_specversion", "1.0"}, {"x", "y"}, {"ce_id", "1"}, {"x", "y"}, {"ce_source", "/a"}, {"ce_type", "t"}});
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->extensions.empty());
  EXPECT_EQ(view->datacontenttype, "");
}

TEST(Check, RefusesWhatTheBindingCouldNotCarry) {
  EXPECT_TRUE(check(post_created()));
  struct Case {
    const char* what;
    void (*spoil)(Event&);
  };
  for (const auto& [what, spoil] : {
           Case{"the attribute 'id' is missing or empty", [](Event& e) { e.id.clear(); }},
           Case{"the attribute 'type' is missing or empty", [](Event& e) { e.type.clear(); }},
           Case{"'causationId' cannot name an extension; lower-case letters and digits can",
                [](Event& e) { e.extensions["causationId"] = "x"; }},
           Case{"'id' cannot name an extension; lower-case letters and digits can",
                [](Event& e) { e.extensions["id"] = "x"; }},
           Case{"the attribute 'subject' is not plain UTF-8 text", [](Event& e) { e.subject = "\xff"; }},
           Case{"the attribute 'note' is not plain UTF-8 text", [](Event& e) { e.extensions["note"] = "a\nb"; }},
       }) {
    auto event = post_created();
    spoil(event);
    const auto checked = check(event);
    ASSERT_FALSE(checked) << what;
    EXPECT_EQ(checked.error().what, what);
  }
}

struct FixedClock final : platform::Clock {
  std::int64_t ms = 0;
  std::int64_t unix_ms() override { return ms; }
  platform::Instant now() override { return {}; }
};

struct CountingRandom final : platform::Random {
  std::uint64_t count = 0;
  std::uint64_t next() override { return ~count++; }
};

TEST(EventId, SortsByTimeAndIsOfVersionSeven) {
  FixedClock clock;
  CountingRandom random;
  std::string last;
  for (clock.ms = 1'700'000'000'000; clock.ms < 1'700'000'000'100; ++clock.ms) {
    const auto id = new_event_id(clock, random);
    ASSERT_TRUE(Uuid::parse(id)) << id;
    EXPECT_EQ(id[14], '7');
    EXPECT_LT(last, id);
    last = id;
  }
}

}  // namespace
}  // namespace leat::event
