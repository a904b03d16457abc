#include "service/scope.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/nearest.h"

namespace leat::service {

void Scope::add(std::string name, Source source, std::string where) {
  candidates_.emplace(std::move(name), Candidate{std::move(source), std::move(where)});
}

void Scope::add_path(const std::vector<ParameterPlan>& parameters) {
  for (std::size_t i = 0; i < parameters.size(); ++i)
    add(parameters[i].name, {.from = Source::From::path, .index = i, .name = parameters[i].name}, "the path");
}

void Scope::add_query(const std::vector<ParameterPlan>& parameters) {
  for (std::size_t i = 0; i < parameters.size(); ++i)
    add(parameters[i].name, {.from = Source::From::query, .index = i, .name = parameters[i].name}, "`query:`");
}

void Scope::add_body(const schema::JsonSchema& body) {
  for (const auto& attribute : body.attributes())
    add(attribute.name,
        {.from = Source::From::body, .name = attribute.name, .base64 = attribute.content_encoding == "base64"},
        "the body");
  add("body", {.from = Source::From::whole, .name = "body"}, "the whole body");
}

void Scope::add_payload(const schema::JsonSchema& payload) {
  for (const auto& attribute : payload.attributes())
    add(attribute.name,
        {.from = Source::From::payload, .name = attribute.name, .base64 = attribute.content_encoding == "base64"},
        "the event");
  add("body", {.from = Source::From::whole, .name = "body"}, "the event's data");
}

void Scope::add_event_attributes() {
  for (const char* name : {"id", "time", "source", "key", "type"})
    add(fmt::format("event.{}", name), {.from = Source::From::event, .name = name}, "the event's attributes");
}

void Scope::add_let(const std::string& name, std::size_t index) {
  add(name, {.from = Source::From::let, .index = index, .name = name}, "`let:`");
}

void Scope::add_step(const std::string& name, std::size_t index, const std::vector<std::string>& columns) {
  for (const auto& column : columns)
    add(fmt::format("{}.{}", name, column), {.from = Source::From::step, .index = index, .name = column},
        fmt::format("step `{}`", name));
}

std::vector<Source> Scope::resolve(const definition::Sql& sql, definition::Mistakes& mistakes) const {
  std::vector<Source> sources;
  for (const auto& parameter : sql.parameters) {
    if (auth_ && parameter.name.starts_with("auth.")) {
      sources.push_back({.from = Source::From::auth, .name = parameter.name.substr(5)});
      continue;
    }
    const auto [first, last] = candidates_.equal_range(parameter.name);
    if (first == last) {
      if (names_known_) refuse_unknown(sql, parameter, mistakes);
      sources.push_back({.from = Source::From::auth});  // keeps the count right; the plan is not used
      continue;
    }
    if (std::next(first) != last) {
      mistakes.error(sql.place(parameter.position),
                     fmt::format("`:{}` stands both in {} and in {}", parameter.name, first->second.where,
                                 std::next(first)->second.where),
                     "give one of the two another name");
    }
    sources.push_back(first->second.source);
  }
  return sources;
}

void Scope::refuse_unknown(const definition::Sql& sql, const definition::Parameter& parameter,
                           definition::Mistakes& mistakes) const {
  const auto known = names();
  std::string fix;
  if (const auto near = nearest(parameter.name, known); near) {
    fix = fmt::format("did you mean `:{}`?", *near);
  } else if (known.empty()) {
    fix = "there are no parameters here";
  } else {
    fix = fmt::format("there are :{}", fmt::join(known, ", :"));
  }
  mistakes.error(sql.place(parameter.position), fmt::format("{} has no parameter `:{}`", subject_, parameter.name),
                 fix);
}

std::vector<std::string> Scope::names() const {
  std::vector<std::string> out;
  for (const auto& [name, candidate] : candidates_)
    if (out.empty() || out.back() != name) out.push_back(name);
  return out;
}

}  // namespace leat::service
