#include <fmt/format.h>

#include "service/compiler.h"
#include "service/shape_fit.h"

namespace leat::service {

std::shared_ptr<const schema::JsonSchema> compile_schema(Compiler& compiler, const json::value& schema,
                                                         const std::string& name, const definition::Place& place) {
  if (schema.is_null()) return nullptr;  // it could not be read: told by the loader
  auto compiled = schema::JsonSchema::compile(schema, name);
  if (compiled) return *std::move(compiled);
  compiler.mistakes.error(place, "not a usable JSON Schema: " + compiled.error().what);
  return nullptr;
}

RoutePlan compile_route(const definition::Route& route, const std::vector<definition::QueryParameter>& query) {
  RoutePlan plan{.method = route.method, .path = route.path, .segments = route.segments};
  for (const auto& segment : route.segments)
    if (segment.parameter)
      plan.path_parameters.push_back({.name = segment.text, .type = *segment.parameter, .required = true});
  for (const auto& parameter : query)
    plan.query_parameters.push_back({.name = parameter.name,
                                     .type = parameter.type,
                                     .fallback = parameter.fallback,
                                     .required = parameter.required});
  return plan;
}

std::shared_ptr<const schema::JsonSchema> compile_answer_schema(Compiler& compiler,
                                                                const std::optional<definition::SchemaFile>& file,
                                                                const std::vector<ColumnFacts>& columns,
                                                                const definition::Place& select, ShapePlan& shape) {
  if (!file) return nullptr;
  auto schema = compile_schema(compiler, file->schema, file->file, file->place);
  if (schema) fit_shape(shape, columns, *schema, {file->file, "it", true}, select, compiler.mistakes);
  return schema;
}

StatementPlan compile_statement(Compiler& compiler, const definition::Sql& sql, const Scope& scope,
                                const Examined& examined) {
  return {.sql = sql, .sources = scope.resolve(sql, compiler.mistakes), .columns = examined.columns.size()};
}

}  // namespace leat::service
