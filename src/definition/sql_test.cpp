#include "definition/sql.h"

#include <random>

#include <gtest/gtest.h>

#include "definition/tokens.h"

namespace leat::definition {
namespace {

// SQL that stands in "f" with its first line at 10:5 and all further ones at column 3.
Sql sql_at(std::string text) {
  Sql sql;
  sql.text = std::move(text);
  sql.file = "f";
  sql.line_starts.emplace_back(10, 5);
  for (const char c : sql.text) {
    if (c == '\n') sql.line_starts.emplace_back(sql.line_starts.back().first + 1, 3);
  }
  return sql;
}

std::string at(const Place& place) {
  return place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

TEST(SqlLex, NumbersParametersByTheirFirstAppearance) {
  struct Case {
    const char *text, *numbered, *names;
  };
  for (const auto& [text, numbered, names] : {
           Case{"select 1", "select 1", ""},
           Case{"values (:a, :b, :a)", "values (?1, ?2, ?1)", "a b "},
           Case{"select :order.id, :event.time", "select ?1, ?2", "order.id event.time "},
           Case{"select ':a', \":b\", `:c`, [:d], :e", "select ':a', \":b\", `:c`, [:d], ?1", "e "},
           Case{"select 'it''s :a' -- :b\n, :c /* :d */", "select 'it''s :a' -- :b\n, ?1 /* :d */", "c "},
           Case{"select x':a', X'00', x, :x", "select x':a', X'00', x, ?1", "x "},
           Case{"select a$b, 1e-5, .5, 0x1F, a->>'$.x'", "select a$b, 1e-5, .5, 0x1F, a->>'$.x'", ""},
           Case{"select :a.", "select ?1.", "a "},
           Case{"select :a-:b||:c", "select ?1-?2||?3", "a b c "},
           Case{"", "", ""},
       }) {
    Sql sql = sql_at(text);
    ASSERT_TRUE(lex(sql)) << text;
    std::string found;
    for (const Parameter& parameter : sql.parameters) {
      found += parameter.name + " ";
      EXPECT_EQ(sql.text.substr(parameter.position, parameter.name.size() + 1), ":" + parameter.name);
    }
    EXPECT_EQ(sql.numbered, numbered);
    EXPECT_EQ(found, names);
  }
}

TEST(SqlLex, RefusesWhatCannotBeRead) {
  for (const char* text : {"'", "select 'a''", "\"a", "`a", "[a", "x'00", "/* a", "/*/", "?", "?1", "@a", "$a", "a::b",
                           ": a", ":", ":1", "select '\xc3"}) {
    Sql sql = sql_at(text);
    const auto lexed = lex(sql);
    ASSERT_FALSE(lexed) << text;
    EXPECT_EQ(lexed.error().code, Code::invalid);
  }
}

TEST(SqlPlaces, LeadFromWhatIsPreparedToTheFile) {
  Sql sql = sql_at("select :long_name, 'é', x\nfrom :b where y");
  ASSERT_TRUE(lex(sql));
  const auto place_of = [&](std::string_view part) { return at(sql.place_of_numbered(sql.numbered.find(part))); };
  EXPECT_EQ(place_of("select"), "f:10:5");
  EXPECT_EQ(place_of("?1"), "f:10:12");
  EXPECT_EQ(place_of(", 'é'"), "f:10:22");
  EXPECT_EQ(place_of("x\n"), "f:10:29") << "columns count characters, not bytes";
  EXPECT_EQ(place_of("from"), "f:11:3");
  EXPECT_EQ(place_of("where"), "f:11:11");
  EXPECT_EQ(at(sql.place_of_numbered(sql.numbered.size())), "f:11:18");
}

TEST(SqlSplit, EndsStatementsAtTheirSemicolons) {
  struct Case {
    const char* text;
    std::vector<std::string> pieces;
  };
  const std::string trigger =
      "create temp trigger t after insert on a begin select case when 1 then 2 end; delete from b; end";
  for (const auto& [text, pieces] : {
           Case{"", {}},
           Case{" ; ;; -- none\n;", {}},
           Case{"select 1", {"select 1"}},
           Case{"a; b ;c;", {"a", "b", "c"}},
           Case{"a ';' ; \"b;\" /* ; */ ; -- ;\n c", {"a ';'", "\"b;\" /* ; */", "-- ;\n c"}},
           Case{"create table begin_ (a); begin; commit", {"create table begin_ (a)", "begin", "commit"}},
       }) {
    Sql sql = sql_at(text);
    ASSERT_TRUE(lex(sql));
    std::vector<std::string> found;
    for (const Sql& piece : split(sql)) found.push_back(piece.text);
    EXPECT_EQ(found, pieces) << text;
  }
  Sql sql = sql_at("select 1; " + trigger + "; select 2");
  const auto pieces = split(sql);
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[1].text, trigger);
  EXPECT_EQ(pieces[2].text, "select 2");
}

TEST(SqlSplit, KeepsThePlaces) {
  Sql sql = sql_at("a :x;  b\n  :y;\n\nc :y");
  const auto pieces = split(sql);
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(at(pieces[1].place()), "f:10:12");
  EXPECT_EQ(at(pieces[1].place_of_numbered(pieces[1].numbered.find('?'))), "f:11:5");
  EXPECT_EQ(at(pieces[2].place()), "f:13:3");
  EXPECT_EQ(pieces[2].numbered, "c ?1") << "each statement numbers its own parameters";
}

TEST(SqlNormalised, IsEqualForTextsThatMeanTheSame) {
  struct Case {
    const char *a, *b;
    bool equal;
  };
  for (const auto& [a, b, equal] : {
           Case{"select 1", " select\n\t1 ; ", true},
           Case{"select count(*) from a", "select count ( * ) -- all\nfrom/**/a", true},
           Case{"select 'a  b'", "select 'a b'", false},
           Case{"select 'a' 'b'", "select 'a''b'", false},
           Case{"select '--x'", "select '' --x", false},
           Case{"select a<b", "select a < b", true},
           Case{"select a<=b", "select a< =b", false},
           Case{"select :a", "select :b", false},
           Case{"select \"A b\"", "select \"A  b\"", false},
           Case{"create table a (b text)", "create table a (b\n  text)", true},
           Case{"select 1 .5", "select 1.5", false},
       }) {
    EXPECT_EQ(normalised(sql_at(a)) == normalised(sql_at(b)), equal) << a << " | " << b;
  }
}

// Random text of the pieces that matter to the lexer.
std::string random_sql(std::mt19937& chance) {
  static const std::vector<std::string> parts = {
      "select", "create", "trigger", "begin", "end", ";",  ";",   " ",      "\n",    "'",     "''",
      "'a;b'",  "\"",     "\"n;\"",  "`",     "[",   "]",  "--",  "-- c\n", "/*",    "*/",    "/* ; */",
      ":a",     ":a.b",   ":b",      "?",     "@",   "$",  "::",  ":",      "x'00'", "1.5e3", "0x",
      "é",      "\xff",   "(",       ")",     ",",   "<=", "->>", "word",   "a$b"};
  std::string text;
  for (int i = static_cast<int>(chance() % 24); i > 0; --i) {
    text += parts[chance() % parts.size()];
    if (chance() % 3 == 0) text += ' ';
  }
  return text;
}

// For any text that can be lexed: tokens cover it, numbering can be undone by the shifts, the pieces are the text but
// for semicolons and blanks, and normalising twice changes nothing.
TEST(SqlProperties, HoldForRandomText) {
  int lexed = 0;
  for (std::uint32_t seed = 0; seed < 20'000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 chance(seed);
    Sql sql = sql_at(random_sql(chance));
    if (!lex(sql)) continue;
    ++lexed;
    const auto tokens = tokenise(sql.text);
    ASSERT_TRUE(tokens);
    std::size_t covered = 0;
    for (const Token& token : *tokens) {
      ASSERT_EQ(token.begin, covered);
      ASSERT_GT(token.end, token.begin);
      covered = token.end;
    }
    ASSERT_EQ(covered, sql.text.size());

    std::size_t numbered = 0;
    for (const Token& token : *tokens) {
      ASSERT_EQ(sql.place_of_numbered(numbered), sql.place(token.begin));
      if (token.kind == Token::Kind::parameter) {
        ASSERT_EQ(sql.numbered[numbered], '?');
        const auto end = sql.numbered.find_first_not_of("0123456789", numbered + 1);
        numbered = std::min(end, sql.numbered.size());
      } else {
        for (std::size_t i = token.begin; i < token.end; ++i, ++numbered) {
          ASSERT_EQ(sql.numbered[numbered], sql.text[i]);
          ASSERT_EQ(sql.place_of_numbered(numbered), sql.place(i));
        }
      }
    }
    ASSERT_EQ(numbered, sql.numbered.size());

    std::size_t behind = 0;
    for (const Sql& piece : split(sql)) {
      const std::size_t begin = sql.text.find(piece.text, behind);
      ASSERT_NE(begin, std::string::npos);
      ASSERT_EQ(piece.place(), sql.place(begin));
      behind = begin + piece.text.size();
    }
    const std::string once = normalised(sql);
    ASSERT_EQ(normalised(sql_at(once)), once);
  }
  EXPECT_GT(lexed, 2'000);
}

}  // namespace
}  // namespace leat::definition
