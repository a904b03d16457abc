#include <fmt/format.h>

#include "service/compiler.h"

namespace leat::service {
namespace {

std::optional<Tables> make(Compiler& compiler, const definition::Place& place) {
  auto tables = Tables::make(compiler.platform);
  if (tables) return *std::move(tables);
  compiler.mistakes.error(place, "no database could be made in memory: " + tables.error().what);
  return std::nullopt;
}

bool run_migrations(Compiler& compiler, const definition::Service& service, Tables& state) {
  for (const auto& migration : service.state)
    if (!state.execute(migration.sql, compiler.mistakes)) return false;
  return true;
}

// A name in two files of one query could mean either.
void refuse_shared_names(Compiler& compiler, const definition::Service& service, ServiceTables& tables) {
  std::map<std::string, std::string> owners;
  for (const auto& name : tables.state.names()) owners.emplace(name, "the state");
  for (const auto& model : service.read_models)
    for (const auto& name : tables.read_models.at(model.name).names()) {
      const auto [owner, first] = owners.emplace(name, fmt::format("read model `{}`", model.name));
      if (!first)
        compiler.mistakes.error(model.tables.empty() ? model.place : model.tables.front().place(),
                                fmt::format("table `{}` stands in {} as well", name, owner->second),
                                "queries see both: rename one");
    }
}

bool make_read_model(Compiler& compiler, const definition::ReadModel& model, ServiceTables& tables) {
  auto own = make(compiler, model.place);
  if (!own) return false;
  bool whole = true;
  for (const auto& statement : model.tables) whole &= own->execute(statement, compiler.mistakes);
  tables.read_models.emplace(model.name, *std::move(own));
  return whole;
}

}  // namespace

std::optional<ServiceTables> make_tables(Compiler& compiler, const definition::Service& service) {
  if (!service.state_known) return std::nullopt;
  auto state = make(compiler, service.place);
  auto queries = make(compiler, service.place);
  if (!state || !queries) return std::nullopt;
  ServiceTables tables{*std::move(state), {}, *std::move(queries)};
  bool whole = run_migrations(compiler, service, tables.state) && run_migrations(compiler, service, tables.queries);
  for (const auto& model : service.read_models) whole &= make_read_model(compiler, model, tables);
  if (!whole) return std::nullopt;  // what is prepared against half of the tables would only add noise
  refuse_shared_names(compiler, service, tables);
  return tables;
}

}  // namespace leat::service
