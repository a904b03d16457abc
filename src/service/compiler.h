// service/compiler.h — the state of one compilation, shared by the files that each compile one kind of part.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "service/compile.h"
#include "service/scope.h"
#include "service/tables.h"

namespace leat::service {

// What all parts of one service are checked against.
struct ServiceTables {
  Tables state;                               // alone: what commands see
  std::map<std::string, Tables> read_models;  // each alone: what its own statements see
  Tables queries;                             // state as main; each query attaches the read models it names
};

struct Compiler {
  const definition::System& system;
  platform::Platform platform;
  definition::Mistakes& mistakes;
  std::map<std::string, std::shared_ptr<const EventPlan>> events = {};
};

// compile_parts.cpp
std::shared_ptr<const schema::JsonSchema> compile_schema(Compiler&, const json::value& schema, const std::string& name,
                                                         const definition::Place& place);
RoutePlan compile_route(const definition::Route&, const std::vector<definition::QueryParameter>& = {});
// The schema of an answer, and what it makes of the shape; nothing without one.
std::shared_ptr<const schema::JsonSchema> compile_answer_schema(Compiler&, const std::optional<definition::SchemaFile>&,
                                                                const std::vector<ColumnFacts>&,
                                                                const definition::Place& select, ShapePlan&);
StatementPlan compile_statement(Compiler&, const definition::Sql&, const Scope&, const Examined&);

// One file each.
std::optional<ServiceTables> make_tables(Compiler&, const definition::Service&);
CommandPlan compile_command(Compiler&, ServiceTables&, const definition::Command&);
QueryPlan compile_query(Compiler&, ServiceTables&, const definition::Query&);
ReadModelPlan compile_read_model(Compiler&, Tables&, const definition::ReadModel&);

}  // namespace leat::service
