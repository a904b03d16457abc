#include "fold.h"

#include <limits>

#include <fmt/format.h>

#include "database/database.h"

namespace leat::simulation {
namespace {

// The facts themselves; tables are made of them.
struct Village {
  struct Person {
    std::string name;
    std::int64_t version;
    std::string intent;
  };
  struct Letter {
    std::int64_t sender, recipient;
    std::string intent;
  };
  std::map<std::int64_t, Person> people;
  std::map<std::int64_t, Letter> letters;
  std::map<std::int64_t, std::int64_t> boxes;

  void happened(const Fact& fact) {
    const auto number = [&](const char* name) { return fact.data.at(name).as_int64(); };
    const auto text = [&](const char* name) { return std::string(fact.data.at(name).as_string()); };
    if (fact.type == "person.came") people[number("id")] = {text("name"), number("version"), text("intent")};
    if (fact.type == "person.renamed") {
      const auto person = people.find(number("id"));
      if (person != people.end()) person->second = {text("name"), number("version"), text("intent")};
    }
    if (fact.type == "person.left") people.erase(number("id"));
    if (fact.type == "letter.sent") letters[number("id")] = {number("sender"), number("recipient"), text("intent")};
    if (fact.type == "letter.burnt") letters.erase(number("id"));
    if (fact.type == "stamp.used") ++boxes[number("recipient")];
  }

  Tables tables() const {
    Tables out{{"names", {}}, {"mail", {}}, {"boxes", {}}, {"people", {}}, {"letters", {}}};
    for (const auto& [id, person] : people) {
      out["names"].push_back(fmt::format("{}|{}|{}", id, person.name, person.version));
      out["people"].push_back(fmt::format("{}|{}|{}|{}", id, person.name, person.version, person.intent));
    }
    for (const auto& [id, letter] : letters) {
      out["mail"].push_back(fmt::format("{}|{}|{}", id, letter.sender, letter.recipient));
      out["letters"].push_back(fmt::format("{}|{}|{}|{}", id, letter.sender, letter.recipient, letter.intent));
    }
    for (const auto& [id, letters] : boxes) out["boxes"].push_back(fmt::format("{}|{}", id, letters));
    return out;
  }
};

Result<Rows> rows_of(database::Database& database, std::string_view sql, int columns) {
  LEAT_TRY(auto statement, database.prepare(sql, database::Prepare::once));
  Rows rows;
  for (;;) {
    LEAT_TRY(const bool more, statement.step());
    if (!more) return rows;
    auto& row = rows.emplace_back();
    for (int i = 0; i < columns; ++i) row += (i == 0 ? "" : "|") + std::string(statement.text(i));
  }
}

Result<database::Database> open(Machine& machine, const std::string& path) {
  database::Options options;
  options.vfs = machine.vfs();
  options.read_only = true;
  return database::Database::open(path, options);
}

constexpr std::string_view select_names = "select id, name, version from names order by id";
constexpr std::string_view select_mail = "select id, sender, recipient from mail order by id";
constexpr std::string_view select_boxes = "select person, letters from boxes order by person";
constexpr std::string_view select_people = "select id, name, version, intent from people order by id";
constexpr std::string_view select_letters = "select id, sender, recipient, intent from letters order by id";

}  // namespace

std::vector<std::string> tables_of(ReadModelName model) {
  if (model.name == "boxes") return {"boxes"};
  return {"mail", "names"};
}

Result<Snapshot> snapshot(Machine& machine, ReadModelName of) {
  Snapshot out{of, {}, {}};
  LEAT_TRY(const auto path, machine.read_model_path(of.service, of.name));
  LEAT_TRY(auto database, open(machine, path));
  // One statement after the other is one instant here: nothing else runs.
  LEAT_TRY(auto positions, database.prepare("select topic, partition, next from leat_positions"));
  for (;;) {
    LEAT_TRY(const bool more, positions.step());
    if (!more) break;
    out.reached[{std::string(positions.text(0)), static_cast<std::int32_t>(positions.integer(1))}] =
        positions.integer(2);
  }
  if (of.name == "boxes") {
    LEAT_TRY(out.tables["boxes"], rows_of(database, select_boxes, 2));
    return out;
  }
  LEAT_TRY(out.tables["names"], rows_of(database, select_names, 3));
  LEAT_TRY(out.tables["mail"], rows_of(database, select_mail, 3));
  return out;
}

Result<Tables> states(Machine& machine) {
  Tables out;
  LEAT_TRY(auto people, open(machine, Machine::state_path("people")));
  LEAT_TRY(out["people"], rows_of(people, select_people, 4));
  LEAT_TRY(auto letters, open(machine, Machine::state_path("letters")));
  LEAT_TRY(out["letters"], rows_of(letters, select_letters, 4));
  return out;
}

Tables fold(const Transcript& transcript, const Reached* reached) {
  Village village;
  for (const auto& [partition, facts] : transcript.facts) {
    auto end = std::numeric_limits<std::int64_t>::max();
    if (reached) end = reached->contains(partition) ? reached->at(partition) : 0;
    for (const auto& fact : facts)
      if (fact.offset < end) village.happened(fact);
  }
  return village.tables();
}

}  // namespace leat::simulation
