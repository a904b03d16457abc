#include "service/state_format.h"

#include <array>
#include <string_view>

#include <fmt/format.h>

namespace leat::service {
namespace {

// The first step also meets files that have these tables already: format 1 did not write its number down.
constexpr std::array<std::string_view, state_format> steps = {
    R"(
create table if not exists leat_meta (
  id integer primary key check (id = 1),
  identity text not null,
  version integer not null
) strict;
create table if not exists leat_migrations (
  number integer primary key,
  hash text not null,
  applied_at text not null
) strict;
create table if not exists leat_outbox (
  number integer primary key autoincrement,
  topic text not null,
  partition integer not null,
  time_ms integer not null,
  key text not null,
  headers text not null,
  payload text not null
) strict;
)",
    R"(
alter table leat_meta add column format integer not null default 2;
create table leat_answers (
  number integer primary key,
  key text not null unique,
  request text not null,
  made_ms integer not null,
  status integer not null,
  content_type text not null,
  body blob not null,
  last_event integer not null,
  bytes_before integer not null
) strict;
)"};

Result<std::int64_t> one_number(database::Database& database, std::string_view sql) {
  LEAT_TRY(auto statement, database.prepare(sql, database::Prepare::once));
  LEAT_TRY(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

// 1 also for a file without any of our tables.
Result<std::int64_t> format_of(database::Database& database) {
  LEAT_TRY(const auto numbered,
           one_number(database, "select count(*) from pragma_table_info('leat_meta') where name = 'format'"));
  if (numbered == 0) return 1;
  return one_number(database, "select coalesce(max(format), 2) from leat_meta");
}

}  // namespace

Result<> bring_to_state_format(database::Database& database) {
  LEAT_TRY(const auto format, format_of(database));
  if (format > state_format)
    return fail(Code::conflict, fmt::format("the state is of format {}, this program reads up to {}; run the version "
                                            "of Leat that wrote it",
                                            format, state_format));
  if (format == state_format) return {};  // nothing is written, so a start costs no flush
  if (format == 1) LEAT_CHECK(database.execute(steps[0]));
  for (auto step = static_cast<std::size_t>(format); step < steps.size(); ++step)
    LEAT_CHECK(database.execute(steps[step]));
  LEAT_TRY(auto note, database.prepare("update leat_meta set format = ?1", database::Prepare::once));
  return note.bind(1, state_format).run();
}

}  // namespace leat::service
