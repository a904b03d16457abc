#include "service/compile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/content_id.h"
#include "base/json.h"
#include "service/compiler.h"

namespace leat::service {
namespace {

void compile_events(Compiler& compiler, SystemPlan& plan) {
  for (const auto& service : compiler.system.services) {
    for (const auto& topic : service.topics) plan.topics.emplace(topic.name, topic);
    for (const auto& event : service.events) {
      auto out = std::make_shared<EventPlan>();
      out->name = event.name;
      out->service = event.service;
      out->topic = event.topic;
      out->schema = compile_schema(compiler, event.schema, event.schema_file, event.place);
      if (const auto topic = plan.topics.find(event.topic); topic != plan.topics.end()) out->key = topic->second.key;
      compiler.events.emplace(event.name, std::move(out));
    }
  }
  plan.events = compiler.events;
}

ServicePlan compile_service(Compiler& compiler, const definition::Service& service) {
  ServicePlan plan{.name = service.name, .state = service.state, .topics = service.topics};
  auto tables = make_tables(compiler, service);
  if (!tables) return plan;
  for (const auto& model : service.read_models)
    plan.read_models.push_back(compile_read_model(compiler, tables->read_models.at(model.name), model));
  for (const auto& command : service.commands) plan.commands.push_back(compile_command(compiler, *tables, command));
  for (const auto& query : service.queries) plan.queries.push_back(compile_query(compiler, *tables, query));
  return plan;
}

// What makes one answer of a query, but for the rows. Lengths or ends tell the parts apart.
std::string content_of(const QueryPlan& query) {
  std::string out = fmt::format("{}\n{}\n{} {} {}\n", query.route.path, query.first.sql.numbered, query.many,
                                query.limit_default, query.etag_column ? std::to_string(*query.etag_column) : "-");
  for (const auto& parameter : query.route.query_parameters)
    out += fmt::format("{} {} {}\n", parameter.name, static_cast<int>(parameter.type),
                       parameter.fallback ? json::serialize(*parameter.fallback) : "-");
  for (const auto& source : query.first.sources)
    out += fmt::format("{} {} {}\n", static_cast<int>(source.from), source.index, source.name);
  for (const auto& column : query.shape.columns)
    out += fmt::format("{} {}\n", fmt::join(column.path, "."), static_cast<int>(column.encode));
  return out;
}

// Of all that decides what an answer looks like: another hash, another ETag.
std::string hash_of(const SystemPlan& plan) {
  std::string content;
  for (const auto& service : plan.services) {
    for (const auto& model : service.read_models) content += model.hash;
    for (const auto& query : service.queries) content += content_of(query);
  }
  return content_id(content);
}

}  // namespace

SystemPlan compile(const definition::System& system, platform::Platform platform, definition::Mistakes& mistakes) {
  Compiler compiler{system, platform, mistakes};
  SystemPlan plan{.name = system.name};
  compile_events(compiler, plan);
  for (const auto& service : system.services) plan.services.push_back(compile_service(compiler, service));
  plan.hash = hash_of(plan);
  return plan;
}

}  // namespace leat::service
