#include "service/outbox.h"

#include "base/json.h"

namespace leat::service {
namespace {

// [["ce_id","..."],...]: as text, so that a person can read what waits.
std::string headers_text(const bus::Record& record) {
  std::string out = "[";
  for (const auto& [name, value] : record.headers) {
    out += out.size() > 1 ? ",[" : "[";
    append_json_string(out, name);
    out += ',';
    append_json_string(out, value);
    out += ']';
  }
  return out += ']';
}

Result<std::vector<std::pair<std::string, std::string>>> headers_from(std::string_view text) {
  LEAT_TRY(const auto parsed, parse_json(text));
  std::vector<std::pair<std::string, std::string>> out;
  const auto* pairs = parsed.if_array();
  if (!pairs) return fail(Code::corrupt, "outbox headers are not a list");
  for (const auto& item : *pairs) {
    const auto* pair = item.if_array();
    if (!pair || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_string())
      return fail(Code::corrupt, "an outbox header is not a pair");
    out.emplace_back(std::string((*pair)[0].get_string()), std::string((*pair)[1].get_string()));
  }
  return out;
}

}  // namespace

std::size_t OutboxRow::bytes() const {
  std::size_t size = 64 + record.key.value_or("").size() + record.value.value_or("").size();
  for (const auto& [name, value] : record.headers) size += name.size() + value.size();
  return size;
}

Result<Outbox> Outbox::prepare(database::Database& database) {
  Outbox outbox(database);
  LEAT_TRY(outbox.insert_,
           database.prepare("insert into leat_outbox (topic, partition, time_ms, key, headers, payload) "
                            "values (?1, ?2, ?3, ?4, ?5, ?6)"));
  LEAT_TRY(outbox.delete_, database.prepare("delete from leat_outbox where number <= ?1"));
  return outbox;
}

Result<> Outbox::add(OutboxRow& row) {
  const auto headers = headers_text(row.record);
  insert_.bind_text(1, row.topic).bind(2, row.partition.value).bind(3, row.record.timestamp_ms);
  insert_.bind_text(4, *row.record.key).bind_text(5, headers).bind_text(6, *row.record.value);
  LEAT_CHECK(insert_.run());
  row.number = static_cast<std::uint64_t>(database_->last_insert_rowid());
  return {};
}

Result<> Outbox::forget(std::uint64_t number) { return delete_.bind(1, static_cast<std::int64_t>(number)).run(); }

Result<std::vector<OutboxRow>> Outbox::load(std::uint64_t above) {
  LEAT_TRY(auto rows, database_->prepare("select number, topic, partition, time_ms, key, headers, payload "
                                         "from leat_outbox where number > ?1 order by number",
                                         database::Prepare::once));
  rows.bind(1, static_cast<std::int64_t>(above));
  std::vector<OutboxRow> out;
  for (;;) {
    LEAT_TRY(const bool row, rows.step());
    if (!row) return out;
    LEAT_TRY(auto headers, headers_from(rows.text(5)));
    out.push_back(
        {static_cast<std::uint64_t>(rows.integer(0)), std::string(rows.text(1)),
         PartitionIndex{static_cast<std::int32_t>(rows.integer(2))},
         bus::Record{rows.integer(3), std::string(rows.text(4)), std::string(rows.text(6)), std::move(headers)}});
  }
}

Result<std::uint64_t> Outbox::last_number() {
  LEAT_TRY(auto rows, database_->prepare("select coalesce(max(seq), 0) from sqlite_sequence where name = 'leat_outbox'",
                                         database::Prepare::once));
  LEAT_TRY(const bool row, rows.step());
  const auto last = row ? static_cast<std::uint64_t>(rows.integer(0)) : 0;
  rows.reset();
  return last;
}

}  // namespace leat::service
