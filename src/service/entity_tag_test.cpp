// How a row's version becomes a tag, and what If-Match names.
#include "service/entity_tag.h"

#include <gtest/gtest.h>

#include "database/scratch.h"

namespace leat::service {
namespace {

TEST(EntityTag, TellsTheValueOfAColumn) {
  struct Case {
    const char *sql, *tag;
  };
  auto database = database::in_memory();
  for (const auto& [sql, tag] : {
           Case{"7", R"("7")"},
           Case{"-9223372036854775808", R"("-9223372036854775808")"},
           Case{"1.5", R"("1.5")"},
           Case{"'v7'", R"("v7")"},
           Case{"'2026-11-25T10:00:00.000Z'", R"("2026-11-25T10:00:00.000Z")"},
           Case{"'a b'", R"("a%20b")"},
           Case{"'a,\"%'", R"("a%2C%22%25")"},
           Case{"'é'", R"("%C3%A9")"},
           Case{"''", R"("")"},
           Case{"x'00ff'", R"("AP8=")"},
           Case{"null", ""},
       }) {
    SCOPED_TRACE(sql);
    auto row = database.prepare(std::string("select ") + sql);
    ASSERT_TRUE(row && *row->step());
    EXPECT_EQ(entity_tag(*row, 0), tag);
    row->reset();
  }
}

TEST(EntityTags, AreReadAsHttpWritesThem) {
  struct Case {
    const char* header;
    bool well_formed, match;  // of "7"
  };
  for (const auto& [header, well_formed, match] : {
           Case{R"("7")", true, true},      Case{R"("6", "7")", true, true},
           Case{R"("6","7")", true, true},  Case{" \"6\"\t,  \"7\" ", true, true},
           Case{"*", true, true},           Case{" * ", true, true},
           Case{R"("6")", true, false},     Case{R"(W/"7")", true, false},
           Case{R"("6,7")", true, false},   Case{R"("a", W/"7", "b")", true, false},
           Case{"", false, false},          Case{"7", false, false},
           Case{R"("7)", false, false},     Case{R"("7" "8")", false, false},
           Case{R"(, "7",,)", true, true},  Case{" , ", false, false},
           Case{R"(W/ "7")", false, false}, Case{R"(*, "7")", false, false},
           Case{R"(w/"7")", false, false},  Case{R"("7 8")", false, false},
       }) {
    SCOPED_TRACE(header);
    const auto tags = EntityTags::parse(header);
    ASSERT_EQ(tags.has_value(), well_formed);
    EXPECT_EQ(tags && tags->match(R"("7")"), match);
  }
  EXPECT_FALSE(EntityTags::parse(R"("", "7")")->match("")) << "a row without a version";
  EXPECT_TRUE(EntityTags::parse("*")->match(""));
}

TEST(EntityTags, OfSeveralLinesAreOneList) {
  http::Headers headers;
  EXPECT_EQ(if_match_of(headers), std::nullopt);
  headers.add("If-Match", R"("6")");
  headers.add("if-match", R"("7")");
  EXPECT_EQ(if_match_of(headers), R"("6", "7")");
}

}  // namespace
}  // namespace leat::service
