#include "service/projection.h"

#include <algorithm>

#include <fmt/format.h>

#include "event/event.h"

namespace leat::service {
namespace {

std::string_view type_of(const bus::Delivered& record) {
  for (const auto& [name, value] : record.headers)
    if (name == "ce_type") return value;
  return {};
}

bool uses_event(const StatementPlan& plan) {
  return std::any_of(plan.sources.begin(), plan.sources.end(),
                     [](const Source& source) { return source.from == Source::From::event; });
}

void add_required(std::vector<std::string>& out, const StatementPlan& plan, const EventPlan& event) {
  if (!event.schema) return;
  for (const auto& source : plan.sources) {
    if (source.from != Source::From::payload) continue;
    const auto* attribute = event.schema->attribute(source.name);
    if (attribute && attribute->required && std::find(out.begin(), out.end(), source.name) == out.end())
      out.push_back(source.name);
  }
}

}  // namespace

Result<std::unique_ptr<Projection>> Projection::prepare(database::Database& database, const ReadModelPlan& plan) {
  std::unique_ptr<Projection> out(new Projection);
  for (const auto& when : plan.when) {
    When ready{&when, when.event->name, {}, {}, false};
    for (const auto& statement : when.statements) {
      auto prepared = database.prepare(statement.sql.numbered);
      if (!prepared) return fail(Error(std::move(prepared).error()).in(statement.sql.text));
      ready.statements.emplace_back(*std::move(prepared), &statement);
      ready.uses_event |= uses_event(statement);
      add_required(ready.required, statement, *when.event);
    }
    out->collapses_ |= when.last_of_key_wins;
    out->whens_.push_back(std::move(ready));
  }
  return out;
}

const Projection::When* Projection::find(const bus::Delivered& record) const {
  const auto type = type_of(record);
  const auto found = std::find_if(whens_.begin(), whens_.end(), [&](const When& when) { return when.event == type; });
  return found == whens_.end() ? nullptr : &*found;
}

std::expected<void, PoisonedRecord> Projection::apply(const std::vector<bus::Delivered>& records) {
  todo_.clear();
  for (const auto& record : records) todo_.push_back(const_cast<When*>(find(record)));
  if (collapses_) leave_out_overwritten(records);
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (!todo_[i]) continue;
    if (auto done = apply_one(*todo_[i], records[i]); !done)
      return std::unexpected(PoisonedRecord{i, std::move(done).error()});
  }
  return {};
}

// An event may be left out when the very next event of its key that means anything here is of the same type and
// overwrites it; another type in between might have read what it wrote.
void Projection::leave_out_overwritten(const std::vector<bus::Delivered>& records) {
  next_of_key_.clear();
  for (std::size_t i = records.size(); i-- > 0;) {
    if (!todo_[i] || !records[i].key) continue;
    const When*& next = next_of_key_[*records[i].key];
    if (next == todo_[i] && next->plan->last_of_key_wins) {
      todo_[i] = nullptr;
    } else {
      next = todo_[i];
    }
  }
}

Result<> Projection::apply_one(When& when, const bus::Delivered& record) {
  Inputs inputs;
  LEAT_TRY(inputs.attributes, payload_.parse(record.value));
  inputs.whole = record.value.value_or(std::string_view());
  for (const auto& name : when.required)
    if (!inputs.attributes || !inputs.attributes->contains(name)) return fail(Code::invalid, name + " is missing");
  EventFacts facts;
  if (when.uses_event) {
    LEAT_TRY(const auto event, event::from_headers(record.headers));
    facts = {event.id, event.time, event.source, record.key.value_or(std::string_view()), event.type};
    inputs.event = &facts;
  }
  for (auto& [statement, plan] : when.statements) {
    LEAT_CHECK(bind_sources(statement, plan->sources, inputs));
    LEAT_CHECK(statement.run());
  }
  return {};
}

}  // namespace leat::service
