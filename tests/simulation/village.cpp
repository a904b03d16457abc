#include "village.h"

#include <string_view>
#include <utility>

namespace leat::simulation {
namespace {

constexpr std::string_view people_yaml = R"(service: people
state: people.sql
topics:
  people: {key: id, partitions: 3, events: [person.came, person.renamed, person.left]}

read_models:
  boxes:  # counts, so an event applied twice or never shows
    tables: create table boxes (person integer primary key, letters integer not null)
    when:
      stamp.used: |
        insert into boxes values (:recipient, 1)
        on conflict (person) do update set letters = letters + 1

commands:
  POST /people:
    body: bodies/person.json
    do: insert into people (name, intent) values (:name, :intent) returning id, name, version, intent
    emit: person.came
  PUT /people/{id:integer}:
    body: bodies/person.json
    do: |
      update people set name = :name, version = version + 1, intent = :intent where id = :id
      returning id, name, version, intent
    emit: person.renamed
  DELETE /people/{id:integer}:
    body: bodies/intent.json
    do: delete from people where id = :id returning id, :intent as intent
    emit: person.left

queries:
  GET /people/{id:integer}:
    one: select id, name, version from people where id = :id
  GET /people/{id:integer}/box:
    one: select person, letters from boxes where person = :id
)";

constexpr std::string_view letters_yaml = R"(service: letters
state: letters.sql
topics:
  letters: {key: id, partitions: 2, events: [letter.sent, letter.burnt]}
  stamps: {key: recipient, partitions: 2, events: [stamp.used]}

read_models:
  book:  # one table for each of two topics
    tables: |
      create table names (id integer primary key, name text not null, version integer not null);
      create table mail (id integer primary key, sender integer not null, recipient integer not null);
    when:
      person.came: insert into names values (:id, :name, :version)
      person.renamed: update names set name = :name, version = :version where id = :id
      person.left: delete from names where id = :id
      letter.sent: insert into mail values (:id, :sender, :recipient)
      letter.burnt: delete from mail where id = :id

commands:
  POST /letters:
    body: bodies/letter.json
    do: |
      insert into letters (sender, recipient, intent) values (:sender, :recipient, :intent)
      returning id, sender, recipient, intent
    emit:
      - letter.sent
      - stamp.used: select recipient, id as letter, intent from letters where intent = :intent
  DELETE /letters/{id:integer}:
    body: bodies/intent.json
    do: delete from letters where id = :id returning id, :intent as intent
    emit: letter.burnt

queries:
  GET /letters/{id:integer}:
    one: |
      select l.id, l.recipient, n.id as "sender.id", n.name as "sender.name"
      from letters l left join names n on n.id = l.sender
      where l.id = :id
  GET /names/{id:integer}:
    one: select id, name, version from names where id = :id
)";

constexpr std::string_view person_properties =
    R"("id":{"type":"integer"},"name":{"type":"string"},"version":{"type":"integer"},"intent":{"type":"string"})";
constexpr std::string_view letter_properties =
    R"("id":{"type":"integer"},"sender":{"type":"integer"},"recipient":{"type":"integer"},"intent":{"type":"string"})";

// All attributes are required, and no others allowed.
std::string schema(std::string_view properties) {
  std::string required;
  for (std::size_t at = 0; (at = properties.find("\":{", at)) != std::string_view::npos; ++at) {
    const auto begin = properties.rfind('"', at - 1);
    if (!required.empty()) required += ',';
    required += properties.substr(begin, at + 1 - begin);
  }
  return R"({"type":"object","additionalProperties":false,"required":[)" + required + R"(],"properties":{)" +
         std::string(properties) + "}}";
}

}  // namespace

Result<> write_village(platform::Files& files, const std::string& directory) {
  constexpr std::string_view name_and_intent = R"("name":{"type":"string"},"intent":{"type":"string"})";
  constexpr std::string_view intent = R"("intent":{"type":"string"})";
  constexpr std::string_view id_and_intent = R"("id":{"type":"integer"},"intent":{"type":"string"})";
  const std::pair<const char*, std::string> all[] = {
      {"leat.yaml", "system: village\nservices: [people.yaml, letters.yaml]\n"},
      {"people.yaml", std::string(people_yaml)},
      {"letters.yaml", std::string(letters_yaml)},
      {"people.sql",
       "-- migration 1: people\n"
       "create table people (id integer primary key autoincrement, name text not null,\n"
       "  version integer not null default 1, intent text not null unique);\n"},
      {"letters.sql",
       "-- migration 1: letters\n"
       "create table letters (id integer primary key autoincrement, sender integer not null,\n"
       "  recipient integer not null, intent text not null unique);\n"
       "-- migration 2: whose letters\n"
       "create index letters_of on letters (sender);\n"},
      {"bodies/person.json", schema(name_and_intent)},
      {"bodies/intent.json", schema(intent)},
      {"bodies/letter.json",
       schema(R"("sender":{"type":"integer"},"recipient":{"type":"integer"},"intent":{"type":"string"})")},
      {"events/person.came.json", schema(person_properties)},
      {"events/person.renamed.json", schema(person_properties)},
      {"events/person.left.json", schema(id_and_intent)},
      {"events/letter.sent.json", schema(letter_properties)},
      {"events/letter.burnt.json", schema(id_and_intent)},
      {"events/stamp.used.json",
       schema(R"("recipient":{"type":"integer"},"letter":{"type":"integer"},"intent":{"type":"string"})")},
  };
  for (const char* folder : {"", "/bodies", "/events"}) LEAT_CHECK(files.make_directory(directory + folder));
  for (const auto& [name, text] : all) LEAT_CHECK(platform::replace_file(files, directory + "/" + name, text));
  return files.sync_directory(directory);
}

}  // namespace leat::simulation
