// definition/definition.h — a system as its users write it (docs/guide/language.md), read into plain data. Every part
// keeps its place in the file, so that whatever is found wrong later can still point at the character.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "definition/place.h"
#include "definition/sql.h"

namespace leat::definition {

struct Retention {
  std::optional<std::int64_t> milliseconds;
  std::optional<std::uint64_t> bytes;
};

// topics: posts: {key: id, events: [post.created, post.deleted]}
struct Topic {
  Place place;
  std::string name;
  std::string key;  // the payload attribute that orders its events
  std::vector<std::string> events;
  std::int32_t partitions = 4;
  Retention retention;  // off by default
};

// events/post.created.json: a JSON Schema.
struct EventType {
  Place place;  // of the name in `topics`
  std::string name;
  std::string topic;
  std::string service;
  std::string schema_file;
  json::value schema;
};

// A JSON Schema that is named by its path.
struct SchemaFile {
  Place place;  // of the path
  std::string file;
  json::value schema;
};

// One statement of `do`; `name` when the list item was named.
struct Step {
  std::string name;
  Sql sql;
  Place place;  // of the name
};

struct Requirement {
  Place place;
  int status;  // 400..499
  std::string message;
  Sql select;
};

// if_match: select version from posts where id = :id   -> what If-Match must name: the first column of its first row
struct IfMatch {
  Place place;
  Sql select;
  bool required = false;  // a request without If-Match is refused
};

// emit: post.created                -> select is empty: each row of the last statement
// emit: {post.created: select ...}  -> one event for each row
struct Emission {
  Place place;
  std::string event;
  std::optional<Sql> select;
};

// let: {hash: password_hash(:password)}: a slow function, computed before the transaction opens.
struct Let {
  Place place;
  std::string name;
  Sql expression;  // an SQL expression over parameters only
};

// The parts that every reaction has, in the order in which they happen.
struct Reaction {
  std::vector<Let> let;
  std::vector<Requirement> require;
  std::optional<IfMatch> if_match;
  std::vector<Step> steps;  // do
  std::vector<Emission> emit;
  std::optional<Sql> answer;
  std::optional<SchemaFile> answer_schema;
  std::optional<int> status;
};

enum class ParameterType { text, integer, number, boolean };

struct PathSegment {
  std::string text;  // the literal, or the parameter's name
  std::optional<ParameterType> parameter;
};

// "GET /api/users/{id:integer}/feed"
struct Route {
  Place place;
  std::string method;
  std::string path;  // as written
  std::vector<PathSegment> segments;
};

struct Command {
  Place place;
  Route route;
  std::string body_file;            // empty: no body is accepted
  std::optional<json::value> body;  // its JSON Schema
  Reaction reaction;
};

struct OrderColumn {
  std::string column;
  bool descending = false;
  Place place;
};

struct QueryParameter {  // query: {from: integer, to: {type: text, default: "…"}}
  Place place;
  std::string name;
  ParameterType type;
  std::optional<json::value> fallback;
  bool required = false;
};

struct Query {
  Place place;
  Route route;
  bool many = false;
  Sql select;
  std::vector<OrderColumn> order;  // many only; keyset paging by these
  std::string etag;                // one only: the column that gives the ETag; empty: Leat makes one
  Place etag_place;
  std::optional<SchemaFile> answer_schema;  // of the object, or of each item of a page
  int limit_default = 50, limit_max = 500;
  std::vector<QueryParameter> parameters;
};

struct ReadModel {
  Place place;
  std::string name;
  std::vector<Sql> tables;  // create table / create index statements
  struct When {
    Place place;
    std::string event;
    std::vector<Sql> statements;
  };
  std::vector<When> when;
  bool forgets = false;  // a topic that it follows may have forgotten its begin
  Place forgets_place;
};

// state/001-posts.sql or one file with `-- migration 1` marks; see docs/guide/language.md
struct Migration {
  int number;
  Sql sql;  // one or more statements
};

struct Service {
  Place place;
  std::string name;
  std::string file;
  std::vector<Migration> state;
  bool state_known = true;  // false: what `state` names could not be read
  std::vector<Topic> topics;
  std::vector<EventType> events;  // those it owns
  std::vector<ReadModel> read_models;
  std::vector<Command> commands;
  std::vector<Query> queries;
};

struct System {
  std::string name;
  std::string directory;
  std::vector<Service> services;
  // Everything that was asked for, from `directory`, with its content (content.h) as it was read; folders end with a
  // slash.
  std::map<std::string, std::string> files;
  bool insecure = false;  // listeners beyond loopback are meant

  const EventType* event(std::string_view name) const;
};

}  // namespace leat::definition
