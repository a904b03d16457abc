#include "service/state.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/content_id.h"
#include "database/access.h"
#include "database/deadline.h"
#include "database/durable_wal.h"
#include "database/transaction.h"
#include "definition/tokens.h"
#include "service/state_format.h"

namespace leat::service {
namespace {

using Applied = std::map<int, std::string>;

constexpr std::size_t statement_shown_max = 200;

Result<Applied> applied_migrations(database::Database& database) {
  LEAT_TRY(auto rows, database.prepare("select number, hash from leat_migrations", database::Prepare::once));
  Applied out;
  for (;;) {
    LEAT_TRY(const bool row, rows.step());
    if (!row) return out;
    out.emplace(static_cast<int>(rows.integer(0)), std::string(rows.text(1)));
  }
}

Result<> check_history(const Applied& applied, const std::vector<definition::Migration>& migrations) {
  std::map<int, const definition::Migration*> defined;
  for (const auto& migration : migrations) defined.emplace(migration.number, &migration);
  for (const auto& [number, hash] : applied) {
    const auto found = defined.find(number);
    if (found == defined.end())
      return fail(Code::conflict, fmt::format("migration {} was applied and is no longer there; put it back", number));
    if (migration_hash(*found->second) != hash)
      return fail(Code::conflict, fmt::format("migration {} was edited after it was applied; restore it and write what "
                                              "shall change as a new migration",
                                              number));
  }
  for (const auto& [number, migration] : defined) {
    if (!applied.empty() && !applied.contains(number) && number < applied.rbegin()->first)
      return fail(Code::conflict, fmt::format("migration {} is new but stands before migration {}, which was applied; "
                                              "give it a higher number",
                                              number, applied.rbegin()->first));
  }
  return {};
}

std::string on_one_line(std::string_view sql) {
  std::string out;
  const auto tokens = definition::tokenise(sql);
  if (!tokens) return std::string(sql);
  bool blank = false;
  for (const auto& token : *tokens) {
    if (!token.is_blank()) {
      if (blank && !out.empty()) out += ' ';
      out += token.in(sql);
    }
    blank = token.is_blank();
  }
  return out;
}

// "social.sql:14:1: create unique index ...": the statement of a script that a failure points at.
std::string statement_at(const definition::Sql& script, std::size_t offset) {
  std::size_t end = 0;
  for (const auto& statement : definition::split(script)) {
    const auto begin = script.text.find(statement.text, end);
    if (begin == std::string::npos) break;
    end = begin + statement.text.size();
    if (offset >= end) continue;
    const auto place = script.place(std::max(offset, begin));
    const auto text = on_one_line(statement.text).substr(0, statement_shown_max);
    return place.line == 0 ? text : fmt::format("{}:{}:{}: {}", place.file, place.line, place.column, text);
  }
  return "";
}

Error failure_of(const definition::Migration& migration, database::SqlFailure failure) {
  const auto offset = static_cast<std::size_t>(std::max(failure.offset, 0));
  failure.error.what += fmt::format(", in {}", statement_at(migration.sql, offset));
  return std::move(failure.error).in(fmt::format("migration {}", migration.number));
}

// Requires: a transaction.
Result<> run(database::Database& database, const definition::Migration& migration, std::int64_t now_ms) {
  database.set_now(now_ms);
  if (auto done = database::execute_confined(database, migration.sql.text); !done)
    return fail(failure_of(migration, std::move(done).error()));
  if (database.has_deferred_violations())
    return fail(Code::conflict, fmt::format("migration {}: FOREIGN KEY constraint failed, in {}", migration.number,
                                            statement_at(migration.sql, 0)));
  LEAT_CHECK(database.execute("update leat_meta set version = version + 1"));  // what was answered may be another now
  LEAT_TRY(auto note, database.prepare("insert into leat_migrations values (?1, ?2, ?3)", database::Prepare::once));
  const auto hash = migration_hash(migration);
  const auto at = platform::rfc3339(now_ms);
  return note.bind(1, migration.number).bind_text(2, hash).bind_text(3, at).run();
}

// Those that have not run yet, when the ones that have are as they were.
Result<std::vector<const definition::Migration*>> migrations_left(database::Database& database,
                                                                  const std::vector<definition::Migration>& all) {
  LEAT_TRY(const auto applied, applied_migrations(database));
  LEAT_CHECK(check_history(applied, all));
  std::vector<const definition::Migration*> out;
  for (const auto& migration : all)
    if (!applied.contains(migration.number)) out.push_back(&migration);
  return out;
}

Result<std::string> identity_of(database::Database& database, platform::Random& random) {
  LEAT_TRY(auto transaction, database::Transaction::write(database));
  LEAT_CHECK(bring_to_state_format(database));
  LEAT_TRY(auto insert,
           database.prepare("insert or ignore into leat_meta values (1, ?1, 0, ?2)", database::Prepare::once));
  const auto fresh = Uuid::v4(random.bytes16()).text();
  LEAT_CHECK(insert.bind_text(1, fresh).bind(2, state_format).run());
  LEAT_TRY(auto select, database.prepare("select identity from leat_meta", database::Prepare::once));
  LEAT_TRY(const bool row, select.step());
  if (!row) return fail(Code::corrupt, "leat_meta has no row");
  std::string identity(select.text(0));
  select.reset();
  LEAT_CHECK(transaction.commit());
  return identity;
}

}  // namespace

std::string migration_hash(const definition::Migration& migration) {
  return content_id(definition::normalised(migration.sql));
}

Result<> migrate(database::Database& database, const std::vector<definition::Migration>& migrations,
                 platform::Clock& clock) {
  LEAT_TRY(const auto left, migrations_left(database, migrations));
  for (const auto* migration : left) {
    LEAT_TRY(auto transaction, database::Transaction::write(database));
    LEAT_CHECK(run(database, *migration, clock.unix_ms()));
    LEAT_CHECK(transaction.commit());
  }
  return {};
}

Result<> try_migrations(database::Database& database, const std::vector<definition::Migration>& migrations,
                        platform::Clock& clock) {
  LEAT_TRY(const auto never_committed, database::Transaction::write(database));
  return run_new_migrations(database, migrations, clock);
}

Result<> run_new_migrations(database::Database& database, const std::vector<definition::Migration>& migrations,
                            platform::Clock& clock) {
  LEAT_TRY(const auto left, migrations_left(database, migrations));
  for (const auto* migration : left) LEAT_CHECK(run(database, *migration, clock.unix_ms()));
  return {};
}

Result<State> open_state(const std::string& path, const database::Options& options,
                         const std::vector<definition::Migration>& migrations, platform::Platform platform,
                         const std::atomic<bool>* given_up) {
  LEAT_CHECK(database::make_wal_durable(platform.files, path));
  LEAT_TRY(auto database, database::Database::open(path, options));
  LEAT_TRY(auto identity, identity_of(database, platform.random));
  {
    const database::Deadline deadline(database, platform.clock, platform::Instant::max(), given_up);
    LEAT_CHECK(migrate(database, migrations, platform.clock));
  }
  return State{std::move(database), std::move(identity)};
}

}  // namespace leat::service
