// Bad input gets one clear mistake with its place. A row is a file and what is said about it: all of it, so that
// neither the place nor the advice rots, and nothing else is said.
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

void expect_each(const char* file, const char* before, const std::vector<Case>& cases) {
  for (const Case& each : cases) {
    SCOPED_TRACE(each.name);
    TestSystem test;
    test.put("list.json", "[]");
    test.put(file, std::string(before) + each.text);
    EXPECT_EQ(test.load(), std::string(each.expected) + "\n");
  }
}

TEST(Mistakes, OfYamlItself) {
  expect_each(
      "s.yaml", "",
      {
          {"duplicate key", "service: s\nstate: s.sql\nservice: t\n",
           "s.yaml:3:1: the key `service` stands twice; it stands first in line 1; keep one of them"},
          {"alias", "service: *name\n",
           "s.yaml:1:10: an alias (*); write the value out; a value that begins with * needs quotes"},
          {"anchor", "service: &name s\n",
           "s.yaml:1:10: an anchor (&); write the value out; a value that begins with & needs quotes"},
          {"tag", "service: !!str s\n",
           "s.yaml:1:10: a tag (!); leave it out; a value that begins with ! needs quotes"},
          {"tab", "service: s\nstate:\ts.sql\n", "s.yaml:2:7: a tab; write spaces"},
          {"second document", "service: s\n---\nservice: t\n",
           "s.yaml:2:1: a second document begins here; keep one document in a file; check the indentation"},
          {"control character", "service: s\x01\n", "s.yaml:1:11: a control character (0x01); remove it"},
          {"not UTF-8", "service: s\n# é\n# \xc3(\n", "s.yaml:3:3: this is not UTF-8; save the file as UTF-8"},
          {"overlong UTF-8", "# \xc0\xaf\n", "s.yaml:1:3: this is not UTF-8; save the file as UTF-8"},
          {"unclosed quote", "service: 's\n", "s.yaml:1:10: this quote is never closed; close it"},
          {"unclosed mapping", "service: s\ntopics: {a: b\n",
           "s.yaml:3:1: this is not YAML: end of map flow not found; check the indentation, or close the {"},
          {"colon inside plain text", "service: a: b\n",
           "s.yaml:1:11: this is not YAML: illegal map value; quote a value that holds `: `, or write it as a | block; "
           "check the indentation"},
          {"reserved first character", "service: @s\n",
           "s.yaml:1:10: this is not YAML: unknown token; quote a value that begins with this character"},
          {"key over two lines", "service: s\n? \"a\n  b\"\n: c\n",
           "s.yaml:2:3: this key is not plain text; write a key as one line of text without escapes"},
          {"list as key", "service: s\n? [a]\n: c\n",
           "s.yaml:2:3: this key is not plain text; write a key as one line of text without escapes"},
          {"empty file", "", "s.yaml:1:1: the file is empty; write a mapping of keys to values"},
          {"only a comment", "# nothing\n", "s.yaml:1:1: the file is empty; write a mapping of keys to values"},
          {"a list at the top", "- a\n",
           "s.yaml:1:1: a list is wrong here; write a service file that begins with `service: name`"},
      });
}

TEST(Mistakes, OfTheSystemFile) {
  expect_each("leat.yaml", "",
              {
                  {"no name", "services: [s.yaml]\n",
                   "leat.yaml:1:1: `system` is missing; leat.yaml as `system: name` and `services: [...]` needs it"},
                  {"no services", "system: a\n",
                   "leat.yaml:1:1: `services` is missing; leat.yaml as `system: name` and `services: [...]` needs it"},
                  {"bad name", "system: A b\nservices: [s.yaml]\n",
                   "leat.yaml:1:9: `A b` is not a name for this; write a name of a-z, 0-9, _ and -, beginning with a "
                   "letter"},
                  {"unknown key", "system: a\nservice: [s.yaml]\nservices: [s.yaml]\n",
                   "leat.yaml:2:1: unknown key `service`; did you mean `services`?"},
                  {"missing file", "system: a\nservices: [s.yaml, t.yaml]\n",
                   "leat.yaml:2:20: t.yaml does not exist; create it, or correct the name"},
                  {"outside", "system: a\nservices: [../s.yaml]\n",
                   "leat.yaml:2:12: the path `../s.yaml` leaves the system's directory; move the file inside"},
                  {"absolute", "system: a\nservices: [/s.yaml]\n",
                   "leat.yaml:2:12: the path `/s.yaml` is absolute; write it relative to this file"},
                  {"twice", "system: a\nservices: [s.yaml, ./s.yaml]\n",
                   "leat.yaml:2:20: s.yaml stands twice; name each file once"},
                  {"empty list", "system: a\nservices: []\n",
                   "leat.yaml:2:11: the list is empty; write a list of service files"},
                  {"not a switch", "system: a\nservices: [s.yaml]\nhttp: {insecure: yes}\n",
                   "leat.yaml:3:18: `yes` is neither true nor false; write true or false"},
              });
}

TEST(Mistakes, OfTopics) {
  expect_each(
      "s.yaml", "service: s\n",
      {
          {"no key", "topics:\n  things: {events: [a.made]}\n",
           "s.yaml:3:11: `key` is missing; {key: attribute, events: [names]} needs it"},
          {"key no schema knows", "topics:\n  things: {key: nr, events: [a.made]}\n",
           "s.yaml:3:17: the key `nr` is not in `properties` of events/a.made.json; add it there, or choose a key that "
           "every event of the topic has"},
          {"key that may be missing", "topics:\n  things: {key: name, events: [a.made]}\n",
           "s.yaml:3:17: the key `name` is not in `required` of events/a.made.json; add it there, or choose a key that "
           "every event of the topic has"},
          {"event without a schema", "topics:\n  things: {key: id, events: [b.made]}\n",
           "s.yaml:3:30: events/b.made.json does not exist; create it, or correct the name"},
          {"event name", "topics:\n  things: {key: id, events: [made]}\n",
           "s.yaml:3:30: `made` is not a name for this; write an event's name of lower-case words with dots between "
           "them, like post.created"},
          {"event twice", "topics:\n  things: {key: id, events: [a.made, a.made]}\n",
           "s.yaml:3:38: `a.made` stands twice; name each event once"},
          {"events not a list", "topics:\n  things: {key: id, events: a.made}\n",
           "s.yaml:3:29: a plain value is wrong here; write a list of event names, like [post.created]"},
          {"topic name", "topics:\n  Things: {key: id, events: [a.made]}\n",
           "s.yaml:3:3: `Things` is not a name for this; write a topic's name of a-z, 0-9, _ and -, beginning with a "
           "letter"},
          {"partitions", "topics:\n  things: {key: id, events: [a.made], partitions: 0}\n",
           "s.yaml:3:51: `0` is out of range; write a whole number from 1 to 1024"},
          {"retention time", "topics:\n  things: {key: id, events: [a.made], retention: {time: 7}}\n",
           "s.yaml:3:57: this is not a quantity; write a time like 45s, 30m, 12h or 7d"},
          {"retention size", "topics:\n  things: {key: id, events: [a.made], retention: {size: 1GB}}\n",
           "s.yaml:3:57: this is not a quantity; write a size like 512KiB, 100MiB or 1GiB"},
          {"retention too long",
           "topics:\n  things: {key: id, events: [a.made], retention: {time: 999999999999999d}}\n",
           "s.yaml:3:57: this is not a quantity; write a time like 45s, 30m, 12h or 7d"},
          {"nothing", "topics:\n", "s.yaml:2:8: an empty value is wrong here; write a mapping of topics"},
      });
}

TEST(Mistakes, OfReadModels) {
  expect_each(
      "s.yaml", testing::head,
      {
          {"no tables", "read_models:\n  r:\n    when: {a.made: select 1}\n",
           "s.yaml:6:5: `tables` is missing; {tables: ..., when: ...} needs it"},
          {"unknown event", "read_models:\n  r: {tables: create table x (i), when: {a.mode: select 1}}\n",
           "s.yaml:5:42: no service declares the event `a.mode`; did you mean `a.made`?"},
          {"event of nobody", "read_models:\n  r: {tables: create table x (i), when: {z.gone: select 1}}\n",
           "s.yaml:5:42: no service declares the event `z.gone`; declare it under `topics` of the service that tells "
           "it"},
          {"reserved name", "read_models:\n  main: {tables: create table x (i), when: {a.made: select 1}}\n",
           "s.yaml:5:3: `main` is not a name for this; write a name of a-z, 0-9 and _ that is not main or temp"},
          {"two statements",
           "read_models:\n  r:\n    tables: create table x (i)\n    when:\n"
           "      a.made: delete from x; select 1\n",
           "s.yaml:8:30: a second statement; write one SQL statement; a list holds several"},
          {"cut by a comma",
           "read_models:\n  r: {tables: create table x (i), when: {a.made: insert into x values (1, 2)}}\n",
           "s.yaml:5:75: `2)` has no value; inside { } a comma ends a value: quote it, or write one entry on each "
           "line"},
      });
}

TEST(Mistakes, OfSql) {
  expect_each(
      "s.yaml", "service: s\nqueries:\n  GET /a:\n",
      {
          {"comment behind", "    one: select 1 # all\n",
           "s.yaml:4:10: a comment cuts this SQL off; write the SQL as a | block, or quote it in one line"},
          {"folded", "    one: >\n      select 1\n",
           "s.yaml:4:10: a folded block (>) hides the lines of SQL; write the SQL as a | block, or quote it in one "
           "line"},
          {"plain over lines", "    one: select\n      1\n",
           "s.yaml:4:10: plain SQL over several lines; write the SQL as a | block, or quote it in one line"},
          {"escapes", "    one: 'select ''x'''\n",
           "s.yaml:4:10: quoted SQL with escapes or several lines; write the SQL as a | block, or quote it in one "
           "line"},
          {"quoted over lines", "    one: \"select\n      1\"\n",
           "s.yaml:4:10: quoted SQL with escapes or several lines; write the SQL as a | block, or quote it in one "
           "line"},
          {"empty", "    one: ''\n", "s.yaml:4:10: there is no SQL in this; write one SQL statement"},
          {"only a comment", "    one: |\n      -- later\n",
           "s.yaml:4:10: there is no SQL in this; write one SQL statement"},
          {"a list", "    one: [select 1]\n", "s.yaml:4:10: a list is wrong here; write SQL"},
          {"no value", "    one:\n", "s.yaml:4:9: an empty value is wrong here; write SQL"},
          {"string in a block", "    one: |\n      select 'é',\n        'x\n",
           "s.yaml:6:9: unterminated string; close it with '"},
          {"comment in a block", "    one: |\n      select 1\n      /* x\n",
           "s.yaml:6:7: unterminated comment; close it with */"},
          {"quoted name", "    one: select \"x\n", "s.yaml:4:17: unterminated quoted name; close it with \""},
          {"bracket", "    one: select [x\n", "s.yaml:4:17: unterminated quoted name; close it with ]"},
          {"question mark", "    one: select ?1\n",
           "s.yaml:4:17: `?` is not how a parameter is written here; write :name"},
          {"at", "    one: select @a\n", "s.yaml:4:17: `@` is not how a parameter is written here; write :name"},
          {"dollar", "    one: |-\n\n      select 'é', $a\n",
           "s.yaml:6:19: `$` is not how a parameter is written here; write :name"},
          {"cast", "    one: select 1::text\n", "s.yaml:4:18: `::` is not a cast here; write cast(value as type)"},
          {"colon", "    one: \"select : a\"\n", "s.yaml:4:18: a colon without a name; write a parameter as :name"},
          {"two statements in a block", "    one: |\n      select ';';\n\n      select 2;\n",
           "s.yaml:7:7: a second statement; write one SQL statement; a list holds several"},
      });
}

TEST(Mistakes, OfRoutes) {
  expect_each(
      "s.yaml", "service: s\nqueries:\n",
      {
          {"method", "  POST /a: {one: select 1}\n",
           "s.yaml:3:3: `POST` is not a method for this; write GET and a path"},
          {"no path", "  GET: {one: select 1}\n", "s.yaml:3:6: a path begins with /; write GET /path"},
          {"no slash", "  GET a: {one: select 1}\n", "s.yaml:3:7: a path begins with /; write GET /path"},
          {"empty part", "  GET /a//b: {one: select 1}\n",
           "s.yaml:3:10: an empty part of a path; write one / between two parts and none at the end"},
          {"slash at the end", "  GET /a/: {one: select 1}\n",
           "s.yaml:3:10: an empty part of a path; write one / between two parts and none at the end"},
          {"character", "  GET /a/b?c: {one: select 1}\n",
           "s.yaml:3:11: `?` in a path; use letters, digits and - . _ ~, or a parameter {name:type} as a whole part"},
          {"quoted key", "  \"GET /a b\": {one: select 1}\n",
           "s.yaml:3:10: ` ` in a path; use letters, digits and - . _ ~, or a parameter {name:type} as a whole part"},
          {"type", "  GET /a/{id:int}: {one: select 1}\n",
           "s.yaml:3:14: unknown type `int`; write text, integer, number or boolean"},
          {"unclosed", "  GET /a/{id: {one: select 1}\n",
           "s.yaml:3:10: this parameter is never closed; write {name:type} as a whole part"},
          {"reserved", "  GET /a/{body}: {one: select 1}\n",
           "s.yaml:3:11: `body` cannot name a parameter; write a name of letters, digits and _ that is not event, auth "
           "or body"},
          {"twice", "  GET /a/{id}/{id:integer}: {one: select 1}\n",
           "s.yaml:3:16: the parameter `id` stands twice; give each its own name"},
          {"collision", "  GET /a/{id}: {one: select 1}\n  GET /a/{nr:integer}: {one: select 1}\n",
           "s.yaml:4:3: GET /a/{nr:integer} meets the same requests as GET /a/{id} at s.yaml:3; change one of the "
           "paths"},
          {"dots", "  GET /a/..: {one: select 1}\n", "s.yaml:3:10: a path cannot hold . or ..; write the path out"},
      });
}

TEST(Mistakes, OfQueries) {
  expect_each(
      "s.yaml", "service: s\nqueries:\n  GET /a/{id}:\n",
      {
          {"neither", "    limit: {max: 5}\n",
           "s.yaml:3:3: neither `one` nor `many`; write `one: select ...` for one object or `many: select ...` for a "
           "list"},
          {"both", "    one: select 1\n    many: select 1\n    order: a\n",
           "s.yaml:5:11: both `one` and `many`; write `one: select ...` for one object or `many: select ...` for a "
           "list"},
          {"no order", "    many: select 1\n",
           "s.yaml:3:3: `many` without `order`; name the columns that page it, like `order: id`"},
          {"needless order", "    one: select 1\n    order: id\n",
           "s.yaml:5:12: `one` has no order; leave it out, or write `many`"},
          {"needless limit", "    one: select 1\n    limit: {max: 5}\n",
           "s.yaml:5:12: `one` has no limit; leave it out, or write `many`"},
          {"bad order", "    many: select 1\n    order: id down\n",
           "s.yaml:5:12: this is not an order; write columns like `created desc, id`"},
          {"empty order", "    many: select 1\n    order: id,\n",
           "s.yaml:5:12: this is not an order; write columns like `created desc, id`"},
          {"negative limit", "    many: select 1\n    order: id\n    limit: {max: -5}\n",
           "s.yaml:6:18: `-5` is out of range; write a whole number from 1 to 10000"},
          {"limits crossed", "    many: select 1\n    order: id\n    limit: {default: 9, max: 5}\n",
           "s.yaml:6:12: the default limit is above the largest; lower it"},
          {"a page's etag", "    many: select 1\n    order: id\n    etag: id\n",
           "s.yaml:6:11: `many` has no column for its ETag; leave it out: a page has one by itself"},
          {"an empty etag", "    one: select 1\n    etag: \"\"\n",
           "s.yaml:5:11: the name is empty; write the name of a column of the result"},
          {"etag of a bad kind", "    one: select 1\n    etag: [id]\n",
           "s.yaml:5:11: a list is wrong here; write the name of a column of the result"},
          {"answer without a schema", "    one: select 1\n    answer: {}\n",
           "s.yaml:5:13: `schema` is missing; {schema: answers/post.json} needs it"},
          {"answer's schema", "    one: select 1\n    answer: {schema: nothing.json}\n",
           "s.yaml:5:22: nothing.json does not exist; create it, or correct the name"},
          {"answer of a query is no select", "    one: select 1\n    answer: select 2\n",
           "s.yaml:5:13: a plain value is wrong here; write {schema: answers/post.json}"},
          {"parameter type", "    one: select 1\n    query: {a: int}\n",
           "s.yaml:5:16: this is not a type; write text, integer, number or boolean"},
          {"parameter default", "    one: select 1\n    query: {a: {type: integer, default: x}}\n",
           "s.yaml:5:41: this default is not of the parameter's type; write one that is"},
          {"required with default", "    one: select 1\n    query: {a: {type: text, default: x, required: true}}\n",
           "s.yaml:5:13: required, and with a default; keep one of the two"},
          {"in the path as well", "    one: select 1\n    query: {id: integer}\n",
           "s.yaml:5:13: `id` is in the path as well; rename one of them"},
          {"paging's own", "    many: select 1\n    order: id\n    query: {after: integer}\n",
           "s.yaml:6:13: every `many` has `after` already; leave it out"},
          {"event in a query", "    one: select 1\n    query: {event: text}\n",
           "s.yaml:5:13: `event` is not a name for this; write a name of letters, digits and _ that is not event, auth "
           "or body"},
      });
}

// What is forgotten cannot be told again.
TEST(Mistakes, OfReadModelsOverTopicsThatForget) {
  const auto service = [](const std::string& retention, const std::string& forgets) {
    return "service: s\ntopics:\n  things: {key: id, events: [a.made, a.gone]" + retention +
           "}\nread_models:\n  r:\n    tables: create table a (id integer primary key)\n    when:\n"
           "      a.made: insert into a values (:id)\n      a.gone: delete from a\n" +
           forgets;
  };
  const std::string refused =
      "s.yaml:8:7: `a.made` may be forgotten: the topic `things` has a retention, and a rebuild of `r` would lack what "
      "is gone; keep the topic whole, or say `forgets: true` if the rows may lack it\n";
  struct {
    std::string retention, forgets, expected;
  } const cases[] = {
      {"", "", ""},
      {", retention: {time: 7d}", "", refused},
      {", retention: {size: 1GiB}", "", refused},
      {", retention: {time: 7d}", "    forgets: false\n", refused},
      {", retention: {time: 7d}", "    forgets: true\n", ""},
      {"", "    forgets: true\n",
       "s.yaml:10:14: warning: no topic that it follows has a retention; leave `forgets` out, so that you are told "
       "when "
       "one gets it\n"},
  };
  for (const auto& [retention, forgets, expected] : cases) {
    SCOPED_TRACE(retention + forgets);
    TestSystem test;
    test.put("events/a.gone.json", testing::event_schema);
    test.put("s.yaml", service(retention, forgets));
    EXPECT_EQ(test.load(), expected);
  }
}

TEST(Mistakes, OfCommands) {
  expect_each(
      "s.yaml", std::string(testing::head).append("commands:\n  POST /a:\n").c_str(),
      {
          {"nothing to do", "    answer: select 1\n",
           "s.yaml:5:3: this command does nothing; give it `do`, `emit` or both; what only reads is a query"},
          {"misspelt", "    do: select 1\n    emmit: a.made\n",
           "s.yaml:7:5: unknown key `emmit`; did you mean `emit`?"},
          {"event not declared", "    do: select 1\n    emit: a.mode\n",
           "s.yaml:7:11: the event `a.mode` is not declared; did you mean `a.made`?"},
          {"emit without rows", "    emit: a.made\n",
           "s.yaml:6:11: `a.made` has no rows to come from; write `do`, or {a.made: select ...}"},
          {"requirement's status", "    require: {500 no: select 1}\n    do: select 1\n",
           "s.yaml:6:15: a requirement begins with a status from 400 to 499; write it like `403 not your post: select "
           "...`"},
          {"requirement's reason", "    require: {403: select 1}\n    do: select 1\n",
           "s.yaml:6:15: a requirement says why it rejects; write it like `403 not your post: select ...`"},
          {"status", "    do: select 1\n    status: 404\n",
           "s.yaml:7:13: `404` is out of range; write a whole number from 200 to 299"},
          {"if_match without a select", "    do: select 1\n    if_match: {required: true}\n",
           "s.yaml:7:15: `select` is missing; {select: ..., required: true} needs it"},
          {"if_match that is no switch", "    do: select 1\n    if_match: {select: select 1, required: always}\n",
           "s.yaml:7:44: `always` is neither true nor false; write true or false"},
          {"if_match of two statements", "    do: select 1\n    if_match: select 1; select 2\n",
           "s.yaml:7:25: a second statement; write one SQL statement; a list holds several"},
          {"answer without a schema", "    do: select 1\n    answer: {select: select 1}\n",
           "s.yaml:7:13: `schema` is missing; {select: ..., schema: answers/post.json} needs it"},
          {"answer's schema is a list", "    do: select 1\n    answer: {schema: list.json}\n",
           "list.json:1:1: an answer's schema is a JSON object; describe its attributes"},
          {"reserved let", "    let: {auth: upper(:x)}\n    do: select 1\n",
           "s.yaml:6:11: `auth` is not a name for this; write a name of letters, digits and _ that is not event, auth "
           "or body"},
          {"step with two names", "    do:\n      - {a: select 1, b: select 2}\n",
           "s.yaml:7:9: several entries in one list item; write one - for each"},
          {"step of a mapping", "    do: {a: select 1}\n", "s.yaml:6:9: a mapping is wrong here; write SQL"},
          {"cut by a comma", "    {do: delete from t where a in (1, 2), emit: a.made}\n",
           "s.yaml:6:39: `2)` has no value; inside { } a comma ends a value: quote it, or write one entry on each "
           "line"},
          {"step cut by a comma", "    do: [insert into t values (1, 2)]\n",
           "s.yaml:6:31: this ( is never closed; close it; inside [ ] a comma ends a value: quote the SQL there"},
          {"step name twice", "    do: [{a: select 1}, {a: select 2}]\n",
           "s.yaml:6:26: the step `a` stands twice; give each its own name"},
          {"missing body", "    body: nobody.json\n    do: select 1\n",
           "s.yaml:6:11: nobody.json does not exist; create it, or correct the name"},
          {"emit of a bad kind", "    do: select 1\n    emit: []\n",
           "s.yaml:7:11: the list is empty; write event names, or `name: select`, in a list"},
      });
}

}  // namespace
}  // namespace leat::definition
