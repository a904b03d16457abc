#include "service/generation.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "database/access.h"
#include "database/transaction.h"

namespace leat::service {
namespace {

constexpr std::string_view position_table = R"(
create table leat_positions (
  topic text not null,
  partition integer not null,
  topic_id blob not null,
  bus blob not null,
  epoch integer not null,
  next integer not null,
  primary key (topic, partition)
) strict, without rowid
)";

std::vector<bus::Topic> topics_of(const ReadModelPlan& plan, const std::map<std::string, bus::Topic>& topics) {
  std::vector<bus::Topic> out;
  for (const auto& name : plan.topics) out.push_back(topics.at(name));
  return out;
}

std::vector<TopicId> ids(const std::vector<bus::Topic>& topics) {
  std::vector<TopicId> out;
  for (const auto& topic : topics) out.push_back(topic.id);
  return out;
}

std::string_view bytes_of(const Uuid& id) { return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()}; }

Result<Uuid> uuid_from(std::string_view bytes) {
  Uuid out;
  if (bytes.size() != out.bytes.size()) return fail(Code::corrupt, "leat_positions holds an id that is not 16 bytes");
  std::memcpy(out.bytes.data(), bytes.data(), bytes.size());
  return out;
}

Result<bool> has_positions(database::Database& database) {
  LEAT_TRY(auto rows,
           database.prepare("select 1 from sqlite_schema where name = 'leat_positions'", database::Prepare::once));
  LEAT_TRY(const bool row, rows.step());
  return row;
}

}  // namespace

std::string_view name(Phase phase) {
  switch (phase) {
    case Phase::filling:
      return "filling";
    case Phase::live:
      return "live";
    case Phase::paused:
      return "paused";
    case Phase::stopped:
      return "stopped";
  }
  LEAT_ASSERT(!"a phase of no kind");
}

std::string health_name(const std::string& service, const std::string& read_model) {
  return fmt::format("read model {}.{}", service, read_model);
}

Generation::Generation(std::shared_ptr<const ServicePlan> service, const ReadModelPlan& plan, std::string path,
                       const std::map<std::string, bus::Topic>& topics)
    : service_(std::move(service)),
      plan_(plan),
      path_(std::move(path)),
      topics_(topics_of(plan, topics)),
      progress_(ids(topics_)) {}

Generation::State Generation::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void Generation::set_live() {
  const std::lock_guard lock(mutex_);
  state_.caught_up = true;
  if (state_.phase == Phase::filling) state_.phase = Phase::live;
}

void Generation::set_paused(std::string reason) {
  const std::lock_guard lock(mutex_);
  state_.phase = Phase::paused;
  state_.reason = std::move(reason);
}

void Generation::set_resumed() {
  const std::lock_guard lock(mutex_);
  state_.phase = state_.caught_up ? Phase::live : Phase::filling;
  state_.reason.clear();
}

void Generation::set_stopped(std::string reason) {
  const std::lock_guard lock(mutex_);
  state_.phase = Phase::stopped;
  state_.reason = std::move(reason);
}

void Generation::set_current(bool current) {
  const std::lock_guard lock(mutex_);
  state_.current = current;
}

void Generation::tell(telemetry::Health& health, const std::string& service) const {
  const std::lock_guard lock(mutex_);
  if (!state_.current) return;
  const bool live = state_.phase == Phase::live;
  health.set(health_name(service, plan_.name), live, state_.phase == Phase::filling ? "is filling" : state_.reason);
}

void Generation::set_applied(std::int64_t last_event_ms, bool at_end) {
  const std::lock_guard lock(mutex_);
  if (last_event_ms != 0) state_.last_event_ms = last_event_ms;
  state_.at_end = at_end;
}

Result<> PositionTable::make(database::Database& database, const ReadModelPlan& plan) {
  LEAT_TRY(const bool there, has_positions(database));
  if (there) return {};
  LEAT_TRY(auto transaction, database::Transaction::write(database));
  LEAT_CHECK(database.execute(position_table));
  for (const auto& table : plan.tables)
    if (auto made = database::execute_confined(database, table.text); !made)
      return fail(Error(made.error()).in(table.text));
  return transaction.commit();
}

Result<PositionTable> PositionTable::prepare(database::Database& database) {
  PositionTable out;
  out.database_ = &database;
  LEAT_TRY(out.store_, database.prepare("insert into leat_positions values (?1, ?2, ?3, ?4, ?5, ?6) "
                                        "on conflict do update set topic_id = ?3, bus = ?4, epoch = ?5, next = ?6"));
  return out;
}

Result<bus::Position> position_from(const database::Statement& row) {
  bus::Position out;
  LEAT_TRY(out.topic.value, uuid_from(row.blob(0)));
  LEAT_TRY(out.bus, uuid_from(row.blob(1)));
  out.partition.value = static_cast<std::int32_t>(row.integer(2));
  out.epoch.value = static_cast<std::int32_t>(row.integer(3));
  out.next.value = row.integer(4);
  return out;
}

Result<std::vector<bus::Position>> PositionTable::load(const std::vector<bus::Topic>& topics) {
  std::vector<bus::Position> out;
  LEAT_TRY(auto rows, database_->prepare("select topic_id, bus, partition, epoch, next from leat_positions "
                                         "where topic = ?1 order by partition",
                                         database::Prepare::once));
  for (const auto& topic : topics) {
    rows.bind_text(1, topic.name);
    for (;;) {
      LEAT_TRY(const bool row, rows.step());
      if (!row) break;
      LEAT_TRY(auto position, position_from(rows));
      if (position.topic != topic.id) {
        rows.reset();
        return fail(Code::history_lost, fmt::format("topic {} was made anew since it was read; rebuild", topic.name));
      }
      out.push_back(position);
    }
  }
  return out;
}

Result<> PositionTable::store(const bus::Topic& topic, const std::vector<bus::Position>& positions) {
  store_.bind_text(1, topic.name).bind_blob(3, bytes_of(topic.id.value));
  for (const auto& position : positions) {
    store_.bind(2, position.partition.value).bind_blob(4, bytes_of(position.bus));
    store_.bind(5, position.epoch.value).bind(6, position.next.value);
    LEAT_CHECK(store_.run());
  }
  return {};
}

}  // namespace leat::service
