// What a definition says is what its data says.
#include "definition/load.h"

#include <regex>

#include <gtest/gtest.h>

#include "definition/content.h"
#include "definition/names.h"
#include "definition/test_system.h"

namespace leat::definition {
namespace {

using testing::TestSystem;

std::string at(const Place& place) {
  return place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

TEST(Load, ReadsEveryPartOfACommand) {
  TestSystem test;
  test.put("s.yaml", std::string(testing::head) + R"(
commands:
  PUT /things/{id:integer}/{name}:
    body: body.json
    let: {hash: password_hash(:password), other: upper(:x)}
    require:
      403 not yours: select 1 from t where id = :id
      409 too late: select 1
    if_match: select version from t where id = :id
    do:
      - update t set id = 1
      - order: |
          insert into t values (:id)
          returning id
    emit: [a.made, {a.made: select 1 as id}]
    answer: select :order.id as id
    status: 202
)");
  ASSERT_EQ(test.load(), "");
  ASSERT_EQ(test.system.services[0].commands.size(), 1u);
  const Command& command = test.system.services[0].commands[0];
  EXPECT_EQ(command.route.method, "PUT");
  EXPECT_EQ(command.route.path, "/things/{id:integer}/{name}");
  ASSERT_EQ(command.route.segments.size(), 3u);
  EXPECT_EQ(command.route.segments[0].text, "things");
  EXPECT_FALSE(command.route.segments[0].parameter);
  EXPECT_EQ(command.route.segments[1].parameter, ParameterType::integer);
  EXPECT_EQ(command.route.segments[2].parameter, ParameterType::text);
  EXPECT_EQ(command.body_file, "body.json");
  ASSERT_TRUE(command.body);
  const Reaction& reaction = command.reaction;
  ASSERT_EQ(reaction.let.size(), 2u);
  EXPECT_EQ(reaction.let[0].name, "hash");
  EXPECT_EQ(reaction.let[0].expression.numbered, "password_hash(?1)");
  ASSERT_EQ(reaction.require.size(), 2u);
  EXPECT_EQ(reaction.require[0].status, 403);
  EXPECT_EQ(reaction.require[0].message, "not yours");
  ASSERT_EQ(reaction.steps.size(), 2u);
  EXPECT_EQ(reaction.steps[0].name, "");
  EXPECT_EQ(reaction.steps[1].name, "order");
  EXPECT_EQ(at(reaction.steps[1].sql.place(0)), "s.yaml:16:11");
  ASSERT_EQ(reaction.emit.size(), 2u);
  EXPECT_FALSE(reaction.emit[0].select);
  ASSERT_TRUE(reaction.emit[1].select);
  EXPECT_EQ(at(reaction.emit[1].select->place()), "s.yaml:18:29");
  ASSERT_TRUE(reaction.if_match);
  EXPECT_EQ(reaction.if_match->select.parameters[0].name, "id");
  EXPECT_FALSE(reaction.if_match->required);
  ASSERT_TRUE(reaction.answer);
  EXPECT_EQ(reaction.answer->parameters[0].name, "order.id");
  EXPECT_FALSE(reaction.answer_schema);
  EXPECT_EQ(reaction.status, 202);
}

TEST(Load, ReadsWhatIsPromisedOfAnAnswer) {
  TestSystem test;
  test.put("s.yaml", R"(service: s
commands:
  PUT /things/{id}:
    if_match:
      select: select version from t
      required: true
    do: update t set id = 1
    answer: {select: select 1 as id, schema: answer.json}
  POST /things:
    do: insert into t values (1) returning id
    answer: {schema: answer.json}
queries:
  GET /things/{id}:
    one: select 1 as id, 2 as version
    etag: version
    answer: {schema: ./answer.json}
)");
  test.put("answer.json", R"({"type": "object"})");
  ASSERT_EQ(test.load(), "");
  const auto& commands = test.system.services[0].commands;
  const Reaction& put = commands[0].reaction;
  ASSERT_TRUE(put.if_match);
  EXPECT_TRUE(put.if_match->required);
  EXPECT_EQ(at(put.if_match->select.place()), "s.yaml:5:15");
  ASSERT_TRUE(put.answer && put.answer_schema);
  EXPECT_EQ(put.answer->text, "select 1 as id");
  EXPECT_EQ(put.answer_schema->file, "answer.json");
  EXPECT_EQ(at(put.answer_schema->place), "s.yaml:8:46");
  EXPECT_FALSE(commands[1].reaction.answer);
  EXPECT_TRUE(commands[1].reaction.answer_schema);
  const Query& query = test.system.services[0].queries[0];
  EXPECT_EQ(query.etag, "version");
  EXPECT_EQ(at(query.etag_place), "s.yaml:15:11");
  ASSERT_TRUE(query.answer_schema);
  EXPECT_EQ(query.answer_schema->schema, parse_json(R"({"type": "object"})").value());
  EXPECT_TRUE(test.system.files.contains("answer.json")) << "an edit of it is followed";
}

TEST(Load, ReadsEveryPartOfAQuery) {
  TestSystem test;
  test.put("s.yaml", R"(service: s
queries:
  GET /things:
    many: select 1 as id, 2 as created
    order: created desc, id asc
    limit: {default: 5, max: 7}
    query:
      from: integer
      name: {type: text, default: "x"}
      big: {type: boolean, default: true}
      size: {type: number, required: true}
  GET /: {one: select 1}
)");
  ASSERT_EQ(test.load(), "");
  const Query& query = test.system.services[0].queries[0];
  EXPECT_TRUE(query.many);
  ASSERT_EQ(query.order.size(), 2u);
  EXPECT_EQ(query.order[0].column, "created");
  EXPECT_TRUE(query.order[0].descending);
  EXPECT_FALSE(query.order[1].descending);
  EXPECT_EQ(query.limit_default, 5);
  EXPECT_EQ(query.limit_max, 7);
  ASSERT_EQ(query.parameters.size(), 4u);
  EXPECT_EQ(query.parameters[0].type, ParameterType::integer);
  EXPECT_FALSE(query.parameters[0].fallback);
  EXPECT_EQ(query.parameters[1].fallback, json::value("x"));
  EXPECT_EQ(query.parameters[2].fallback, json::value(true));
  EXPECT_TRUE(query.parameters[3].required);
  EXPECT_TRUE(test.system.services[0].queries[1].route.segments.empty());
}

TEST(Load, ReadsTopicsAndReadModels) {
  TestSystem test;
  test.put("leat.yaml", "system: test\nservices: [s.yaml, deeper/t.yaml]\nhttp: {insecure: true}\n");
  test.put("s.yaml", R"(service: s
topics:
  things: {key: id, events: [a.made], partitions: 12, retention: {time: 7d, size: 1GiB}}
)");
  test.put("deeper/t.yaml", R"(service: t
read_models:
  r:
    tables: |
      create table a (id integer primary key);
      create index b on a (id)
    when:
      a.made:
        - insert into a values (:id)
        - "delete from a where id = :id"
    forgets: true
)");
  ASSERT_EQ(test.load(), "");
  EXPECT_TRUE(test.system.insecure);
  const Topic& topic = test.system.services[0].topics[0];
  EXPECT_EQ(topic.partitions, 12);
  EXPECT_EQ(topic.retention.milliseconds, 7 * 86'400'000);
  EXPECT_EQ(topic.retention.bytes, 1u << 30);
  const Service& other = test.system.services[1];
  EXPECT_EQ(other.file, "deeper/t.yaml");
  const ReadModel& model = other.read_models[0];
  EXPECT_TRUE(model.forgets);
  ASSERT_EQ(model.tables.size(), 2u);
  EXPECT_EQ(at(model.tables[1].place()), "deeper/t.yaml:6:7");
  ASSERT_EQ(model.when[0].statements.size(), 2u);
  EXPECT_EQ(at(model.when[0].statements[1].place()), "deeper/t.yaml:10:12");
  std::vector<std::string> files;
  for (const auto& [name, content] : test.system.files) files.push_back(name);
  EXPECT_EQ(files, (std::vector<std::string>{"deeper/t.yaml", "events/a.made.json", "leat.yaml", "s.yaml"}));
}

TEST(Load, FindsFilesFromTheFileThatNamesThem) {
  TestSystem test;
  test.put("leat.yaml", "system: test\nservices: [deeper/t.yaml]\n");
  test.put("deeper/t.yaml", "service: t\nstate: ../shared//t.sql\ntopics:\n  x: {key: id, events: [t.made]}\n");
  test.put("shared/t.sql", "create table a (i);\n");
  test.put("deeper/events/t.made.json", testing::event_schema);
  ASSERT_EQ(test.load(), "");
  EXPECT_EQ(test.system.services[0].state[0].sql.file, "shared/t.sql");
  EXPECT_EQ(test.system.event("t.made")->schema_file, "deeper/events/t.made.json");
}

TEST(Load, ReadsMigrationsOfBothForms) {
  TestSystem test;
  test.put("s.yaml", "service: s\nstate: s.sql\n");
  test.put("s.sql",
           "-- about\n\n-- migration 1: things\ncreate table a (x default '-- migration 7');\n"
           "--  migration  2\ncreate table b (i);\n  create table c (i);\n");
  ASSERT_EQ(test.load(), "");
  const auto& marked = test.system.services[0].state;
  ASSERT_EQ(marked.size(), 2u);
  EXPECT_EQ(marked[1].number, 2);
  const auto statements = split(marked[1].sql);
  ASSERT_EQ(statements.size(), 2u);
  EXPECT_EQ(at(statements[1].place()), "s.sql:7:3");

  test.put("s.yaml", "service: s\nstate: state\n");
  test.put("state/001-a.sql", "create table a (i);\n");
  test.put("state/2.sql", "\ncreate table b (i);\n");
  ASSERT_EQ(test.load(), "");
  const auto& files = test.system.services[0].state;
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(at(split(files[1].sql)[0].place()), "state/2.sql:2:1");
  EXPECT_TRUE(test.system.files.contains("state/"));
}

TEST(Load, RemembersWhatItRead) {
  TestSystem test;
  test.put("s.yaml", "service: s\nstate: state\n");
  test.put("state/1.sql", "create table a (i);\n");
  ASSERT_EQ(test.load(), "");
  const auto read = test.system.files;
  for (const auto& [name, content] : read) EXPECT_EQ(content, content_of(test.files, "d/" + name)) << name;
  test.put("s.yaml", "service: s\nstate: state\n# edited\n");
  test.put("state/2.sql", "create table b (i);\n");
  for (const auto& [name, content] : read)
    EXPECT_EQ(content != content_of(test.files, "d/" + name), name == "s.yaml" || name == "state/") << name;
}

TEST(Load, AsksForASystemThatIsGoneSoThatItsReturnIsSeen) {
  TestSystem test;
  ASSERT_TRUE(test.files.remove("d/leat.yaml"));
  EXPECT_NE(test.load(), "");
  EXPECT_EQ(test.system.files, (std::map<std::string, std::string>{{"leat.yaml", content_missing}}));
}

TEST(Load, SeesThroughByteOrderMarksAndWindowsLines) {
  TestSystem test;
  test.put("s.yaml", "\xef\xbb\xbfservice: s\r\nqueries:\r\n  GET /a:\r\n    one: |\r\n      select\r\n        1\r\n");
  ASSERT_EQ(test.load(), "");
  const Sql& sql = test.system.services[0].queries[0].select;
  EXPECT_EQ(sql.text, "select\n  1");
  EXPECT_EQ(at(sql.place(sql.text.size() - 1)), "s.yaml:6:9");
}

// Every way to write SQL keeps the way back to the file, to the character.
TEST(Load, PlacesSqlToTheCharacter) {
  struct Case {
    const char *name, *value, *place;  // of the word "here"
  };
  for (const auto& [name, value, place] : {
           Case{"plain", " select here\n", "s.yaml:4:17"},
           Case{"single quotes", " 'select here'\n", "s.yaml:4:18"},
           Case{"double quotes", " \"select 'é', here\"\n", "s.yaml:4:23"},
           Case{"block", " |\n      select\n\n        'é', here\n", "s.yaml:7:14"},
           Case{"block with a mark", " |2-\n        select\n      here\n", "s.yaml:6:7"},
           Case{"block with a comment", " | # why\n      select :a,\n      here\n", "s.yaml:6:7"},
           Case{"block that begins empty", " |\n\n\n          select here\n\n\n", "s.yaml:7:18"},
           Case{"plain in the next line", "\n      select here\n", "s.yaml:5:14"},
       }) {
    SCOPED_TRACE(name);
    TestSystem test;
    test.put("s.yaml", std::string("service: s\nqueries:\n  GET /a:\n    one:") + value);
    ASSERT_EQ(test.load(), "");
    const Sql& sql = test.system.services[0].queries[0].select;
    EXPECT_EQ(at(sql.place(sql.text.find("here"))), place);
    EXPECT_EQ(at(sql.place_of_numbered(sql.numbered.find("here"))), place);
  }
}

TEST(Names, AreCheckedAsTheirPatternSays) {
  for (const NameKind* kind :
       {&system_name, &topic_name, &event_name, &read_model_name, &attribute_name, &parameter_name}) {
    const std::regex pattern{std::string(kind->pattern)};
    for (const std::string name : {"a",    "A",   "a1",  "1a",  "_a",   "a_b",  "a-b",   "a.b",   "a.b.c",     "a..b",
                                   "a.",   ".a",  "a.B", "a.1", "main", "temp", "mains", "event", "events",    "auth",
                                   "body", "a b", "é",   "aé",  "a.b ", " a",   "a/b",   "a:b",   "camelCase", "a$"}) {
      EXPECT_EQ(kind->accepts(name), std::regex_match(name, pattern)) << name << " against " << kind->pattern;
    }
    EXPECT_FALSE(kind->accepts(""));
    EXPECT_FALSE(kind->accepts(std::string(200, 'a')));
  }
}

TEST(FormatSchema, DescribesEveryKeyWithASentence) {
  const auto schema = parse_json(format_schema());
  ASSERT_TRUE(schema) << schema.error().what;
  const auto& service = schema->at("anyOf").at(1).at("properties").as_object();
  for (const char* key : {"service", "state", "topics", "read_models", "commands", "queries"}) {
    ASSERT_TRUE(service.contains(key)) << key;
    EXPECT_TRUE(service.at(key).as_object().contains("description")) << key;
  }
  const auto& command = service.at("commands").at("additionalProperties").at("properties").as_object();
  for (const char* key : {"body", "let", "require", "if_match", "do", "emit", "answer", "status"}) {
    EXPECT_TRUE(command.contains(key)) << key;
  }
  const auto& query = service.at("queries").at("additionalProperties").at("properties").as_object();
  for (const char* key : {"one", "many", "order", "limit", "etag", "answer", "query"}) {
    EXPECT_TRUE(query.contains(key)) << key;
  }
  EXPECT_TRUE(service.at("read_models").at("additionalProperties").at("properties").as_object().contains("forgets"));
}

}  // namespace
}  // namespace leat::definition
