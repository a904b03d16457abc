// What compiling knows of the clock and of chance: a read model must not ask them, a query may, and then it is known.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "service/test_folder.h"

namespace leat::service {
namespace {

// A rebuild has to give the same rows, whatever the clock says then.
TEST(Compile, AReadModelAsksNoClock) {
  struct Case {
    const char* value;
    bool asks;
  };
  for (const auto& [value, asks] : {
           Case{"datetime(:name)", false},
           Case{"strftime('%Y', :event.time)", false},
           Case{"date(excluded.name)", true},  // no such column here: told by SQLite
           Case{"date('2020-01-01', '+1 day')", false},
           Case{"date(0, 'unixepoch')", false},
           Case{"julianday (:name, '-1 month')", false},
           Case{"'now'", false},
           Case{"datetime()", true},
           Case{"unixepoch ( )", true},
           Case{"DateTime('now')", true},
           Case{"datetime('NOW', 'start of day')", true},
           Case{"strftime('%s')", true},
           Case{"strftime('%s', 'Now')", true},
           Case{"date('n' || 'ow')", true},
           Case{"date(coalesce(:name, 'now'))", true},
           Case{"upper(date())", true},
           Case{"Current_Timestamp", true},
           Case{"current_date || :name", true},
       }) {
    SCOPED_TRACE(value);
    Folder folder;
    write_system(
        folder,
        fmt::format("read_models:\n  names:\n    tables: create table names (id integer primary key, name text)\n"
                    "    when:\n      item.made: \"insert into names values (:id, {})\"\n",
                    value));
    std::vector<std::string> lines;
    folder.compile(lines);
    EXPECT_EQ(!lines.empty(), asks) << fmt::format("{}", fmt::join(lines, "\n"));
  }
}

TEST(Compile, DefaultsOfAReadModelAreTheSameAtEachRebuild) {
  struct Case {
    const char* column;
    const char* expected;  // of the only line; empty: none
  };
  for (const auto& [column, expected] : {
           Case{"name text default 'now'", ""},
           Case{"price integer default -5", ""},
           Case{"name text default (lower('X') || 'y')", ""},
           Case{"at text default null", ""},
           Case{"at text default current_timestamp",
                "shop.yaml:8:74: the default of `names.at` gives another value at each rebuild"},
           Case{"n integer default (random())",
                "shop.yaml:8:77: the default of `names.n` gives another value at each rebuild"},
           Case{"at text default ( datetime('now') )",
                "shop.yaml:8:76: the default of `names.at` gives another value at each rebuild"},
           Case{"at text default (now())",
                "shop.yaml:8:75: the default of `names.at` gives another value at each rebuild"},
       }) {
    SCOPED_TRACE(column);
    Folder folder;
    write_system(folder,
                 fmt::format("read_models:\n  names:\n    tables: \"create table names (id integer primary key, {})\"\n"
                             "    when:\n      item.made: insert into names (id) values (:id)\n",
                             column));
    std::vector<std::string> lines;
    folder.compile(lines);
    expect_line(lines, expected);
  }
}

TEST(Compile, AQueryThatAsksTheClockOrChanceIsKnown) {
  struct Case {
    const char* select;
    bool by_itself;
  };
  for (const auto& [select, by_itself] : {
           Case{"select name from items where id = 1", false},
           Case{"select upper(name) || abs(price) as n from items where id = 1", false},
           Case{"select now() as n", true},
           Case{"select name from items where id = 1 and name < Now()", true},
           Case{"select random() as n", true},
           Case{"select name from items where id = abs(random())", true},
           Case{"select current_timestamp as n", true},
           Case{"select date('now') as n", true},
           Case{"select strftime('%s', name) as n from items where id = 1", true},  // the name may be 'now'
           Case{"select n from clock", true},
       }) {
    SCOPED_TRACE(select);
    Folder folder;
    write_system(folder, fmt::format("queries:\n  GET /x:\n    one: \"{}\"\n", select));
    folder.write("shop.sql",
                 "create table items (id integer primary key, name text not null, price integer);\n"
                 "create view clock as select now() as n;\n");
    std::vector<std::string> lines;
    const SystemPlan plan = folder.compile(lines);
    ASSERT_THAT(lines, testing::Each(testing::HasSubstr("warning")));
    EXPECT_EQ(plan.services.at(0).queries.at(0).may_change_by_itself, by_itself);
  }
}

}  // namespace
}  // namespace leat::service
