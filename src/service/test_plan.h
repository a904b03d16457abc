// service/test_plan.h — for tests: plans by hand, without a definition.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "service/plan.h"

namespace leat::service {

inline definition::Sql sql(std::string text) {
  definition::Sql out;
  out.text = std::move(text);
  EXPECT_TRUE(definition::lex(out)) << out.text;
  return out;
}

using Sources = std::map<std::string, Source>;

inline Source path(std::size_t index) { return {Source::From::path, index, "", false}; }
inline Source query(std::size_t index) { return {Source::From::query, index, "", false}; }
inline Source step(std::size_t index, std::string column) {
  return {Source::From::step, index, std::move(column), false};
}
inline Source let(std::size_t index) { return {Source::From::let, index, "", false}; }

// Parameters that `known` does not name are attributes of the body or payload. `:after.N` and `:limit` of paged queries
// get no source: they come last.
inline StatementPlan statement(std::string text, const Sources& known = {}, std::size_t columns = 0) {
  StatementPlan out;
  out.sql = sql(std::move(text));
  out.columns = columns;
  for (const auto& parameter : out.sql.parameters) {
    if (parameter.name == "limit" || parameter.name.starts_with("after.")) continue;
    const auto found = known.find(parameter.name);
    out.sources.push_back(found != known.end() ? found->second : Source{Source::From::body, 0, parameter.name, false});
  }
  return out;
}

// Parameters are attributes of the event's data.
inline StatementPlan projecting(std::string text) {
  auto out = statement(std::move(text));
  for (auto& source : out.sources) source.from = Source::From::payload;
  return out;
}

// "id", "author.id", "open:boolean", "tags:json"
inline ShapePlan shape(const std::vector<std::string>& columns) {
  ShapePlan out;
  for (const auto& column : columns) {
    const auto colon = column.find(':');
    const auto encode = colon == std::string::npos ? "" : column.substr(colon + 1);
    ShapePlan::Column made;
    made.encode = encode == "boolean"  ? Encode::boolean
                  : encode == "json"   ? Encode::json
                  : encode == "base64" ? Encode::base64
                  : encode == "text"   ? Encode::text
                                       : Encode::by_value;
    for (std::string_view rest = std::string_view(column).substr(0, colon);;) {
      const auto dot = std::min(rest.find('.'), rest.size());
      made.path.emplace_back(rest.substr(0, dot));
      if (dot == rest.size()) break;
      rest.remove_prefix(dot + 1);
    }
    out.columns.push_back(std::move(made));
  }
  return out;
}

inline std::shared_ptr<const schema::JsonSchema> json_schema(std::string_view text) {
  auto compiled = schema::JsonSchema::compile(*parse_json(text), "test");
  EXPECT_TRUE(compiled) << (compiled ? "" : compiled.error().what);
  return *compiled;
}

inline std::shared_ptr<const EventPlan> event_plan(std::string name, std::string service, std::string topic,
                                                   std::string_view schema) {
  return std::make_shared<EventPlan>(
      EventPlan{std::move(name), std::move(service), std::move(topic), "id", json_schema(schema)});
}

// Path parameters are integers when they say so: "/api/posts/{id:integer}".
inline RoutePlan route(std::string method, const std::string& text) {
  RoutePlan out;
  out.method = std::move(method);
  out.path = text;
  for (std::size_t at = 0; (at = text.find('{', at)) != std::string::npos; ++at) {
    const auto inside = text.substr(at + 1, text.find('}', at) - at - 1);
    const auto colon = inside.find(':');
    const bool integer = colon != std::string::npos && inside.substr(colon + 1) == "integer";
    out.path_parameters.push_back({inside.substr(0, colon),
                                   integer ? definition::ParameterType::integer : definition::ParameterType::text,
                                   std::nullopt, true});
  }
  return out;
}

inline definition::Topic topic(std::string name, std::int32_t partitions = 4) {
  definition::Topic out;
  out.name = std::move(name);
  out.key = "id";
  out.partitions = partitions;
  return out;
}

inline definition::Migration migration(int number, std::string text) { return {number, sql(std::move(text))}; }

// Identity and Social of examples/social, as small as they can be.
struct SocialPlan {
  std::shared_ptr<const EventPlan> user_created = event_plan(
      "user.created", "identity", "users",
      R"({"type":"object","required":["id","username"],"properties":{"id":{"type":"integer"},"username":{"type":"string"}}})");
  std::shared_ptr<const EventPlan> user_updated = event_plan(
      "user.updated", "identity", "users",
      R"({"type":"object","required":["id","username"],"properties":{"id":{"type":"integer"},"username":{"type":"string"}}})");
  std::shared_ptr<const EventPlan> post_created = event_plan(
      "post.created", "social", "posts",
      R"({"type":"object","required":["id","content"],"properties":{"id":{"type":"integer"},"content":{"type":"string","maxLength":20}}})");

  ServicePlan identity() const {
    ServicePlan out;
    out.name = "identity";
    out.state = {migration(1,
                           "create table users (id integer primary key autoincrement, username text not null unique "
                           "check (length(username) > 2))")};
    out.topics = {topic("users")};

    CommandPlan create;
    create.route = route("POST", "/api/users");
    create.body = json_schema(
        R"({"type":"object","required":["username"],"properties":{"username":{"type":["string","null"]}}})");
    create.steps = {statement("insert into users (username) values (:username) returning id, username", {}, 2)};
    create.emit = {{user_created, std::nullopt, shape({"id", "username"})}};
    create.shape = shape({"id", "username"});
    create.shows_last_step = true;
    create.status = 201;
    out.commands.push_back(create);

    CommandPlan rename;
    rename.route = route("PATCH", "/api/users/{id:integer}");
    rename.body = create.body;
    rename.steps = {
        statement("update users set username = :username where id = :id returning id, username", {{"id", path(0)}}, 2)};
    rename.emit = {{user_updated, std::nullopt, shape({"id", "username"})}};
    rename.shape = create.shape;
    rename.shows_last_step = true;
    rename.missing_row_is_not_found = true;
    out.commands.push_back(rename);
    return out;
  }

  ReadModelPlan authors(std::string hash = "authors-1") const {
    ReadModelPlan out;
    out.name = "authors";
    out.hash = std::move(hash);
    out.tables = {sql("create table authors (id integer primary key, username text not null)")};
    out.when = {{user_created, {projecting("insert into authors values (:id, :username)")}, false},
                {user_updated, {projecting("update authors set username = :username where id = :id")}, true}};
    out.topics = {"users"};
    return out;
  }

  ServicePlan social() const {
    ServicePlan out;
    out.name = "social";
    out.state = {
        migration(1, "create table posts (id integer primary key autoincrement, content text, author_id integer)")};
    out.topics = {topic("posts")};
    out.read_models = {authors()};

    CommandPlan write;
    write.route = route("POST", "/api/posts");
    write.body = json_schema(
        R"({"type":"object","required":["content"],"properties":{"content":{"type":"string"},"authorId":{"type":"integer"}}})");
    write.steps = {
        statement("insert into posts (content, author_id) values (:content, :authorId) returning id, content", {}, 2)};
    write.emit = {{post_created, std::nullopt, shape({"id", "content"})}};
    write.shape = shape({"id", "content"});
    write.shows_last_step = true;
    write.status = 201;
    out.commands.push_back(write);

    const auto joined = shape({"id", "content", "author.id", "author.username"});
    QueryPlan one;
    one.route = route("GET", "/api/posts/{id:integer}");
    one.first = statement(
        "select p.id, p.content, a.id, a.username from posts p left join authors a on a.id = p.author_id "
        "where p.id = :id",
        {{"id", path(0)}}, 4);
    one.shape = joined;
    one.uses_state = true;
    one.read_models = {"authors"};
    out.queries.push_back(one);

    QueryPlan many = one;
    many.route = route("GET", "/api/posts");
    many.many = true;
    many.first = statement(
        "select p.id, p.content, a.id, a.username from posts p left join authors a on a.id = p.author_id "
        "order by p.id desc limit :limit",
        {}, 4);
    many.next = statement(
        "select p.id, p.content, a.id, a.username from posts p left join authors a on a.id = p.author_id "
        "where p.id < :after.1 order by p.id desc limit :limit",
        {}, 4);
    many.order_columns = {0};
    many.limit_default = 2;
    many.limit_max = 3;
    out.queries.push_back(many);

    QueryPlan name;
    name.route = route("GET", "/api/authors/{id:integer}");
    name.first = statement("select username from authors where id = :id", {{"id", path(0)}}, 1);
    name.shape = shape({"username"});
    name.read_models = {"authors"};
    out.queries.push_back(name);
    return out;
  }

  SystemPlan system() const { return system_of({identity(), social()}); }

  SystemPlan system_of(std::vector<ServicePlan> services, std::string hash = "plan-1") const {
    SystemPlan out;
    out.name = "test";
    out.hash = std::move(hash);
    for (const auto& service : services)
      for (const auto& topic : service.topics) out.topics.emplace(topic.name, topic);
    for (const auto& event : {user_created, user_updated, post_created}) out.events.emplace(event->name, event);
    out.services = std::move(services);
    return out;
  }
};

}  // namespace leat::service
