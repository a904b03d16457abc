// service/plan.h — what a definition means, decided once: every parameter knows where its value comes from, every
// column where it goes, every statement which files it needs. compile() makes it (and finds the mistakes); the runtime
// follows it. A C++ front end builds the same plan.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "definition/definition.h"
#include "schema/json_schema.h"

namespace leat::service {

// Where the value of one parameter comes from.
struct Source {
  enum class From {
    path,     // index: number of the path parameter
    query,    // index: number of the query parameter
    body,     // name: attribute of the request body
    payload,  // name: attribute of the event's data
    event,    // name: id, time, source, key or type of the event
    step,     // index: which step of `do`; name: column of its first row
    let,      // index: which `let`
    auth,     // name: claim; NULL until tokens exist
    whole,    // the body or the event's data, as JSON text
  };
  From from;
  std::size_t index = 0;
  std::string name;
  bool base64 = false;  // JSON text is base64 of the BLOB to bind
};

// One statement with its parameters in binding order (?1 is sources[0]).
struct StatementPlan {
  definition::Sql sql;
  std::vector<Source> sources;
  std::size_t columns = 0;  // 0: returns no rows
};

// How a column leaves as JSON.
enum class Encode {
  by_value,  // as the value's own SQL type says
  boolean,
  json,    // text that holds JSON: written as it is; text that does not: by value
  base64,  // BLOB
  text,    // INTEGER as a string (schema: string)
};

// Rows as JSON objects. Columns in order; a dotted name nests; a nested object whose columns are all NULL is null.
struct ShapePlan {
  struct Column {
    std::vector<std::string> path;  // "author.id" -> {author, id}
    Encode encode = Encode::by_value;
  };
  std::vector<Column> columns;
};

// An event that some service owns.
struct EventPlan {
  std::string name;
  std::string service;
  std::string topic;
  std::string key;  // attribute of the payload
  std::shared_ptr<const schema::JsonSchema> schema;
};

struct EmissionPlan {
  std::shared_ptr<const EventPlan> event;
  std::optional<StatementPlan> select;  // nothing: the rows of the last step
  ShapePlan payload;
};

struct RequirementPlan {
  int status;
  std::string message;
  StatementPlan select;
};

struct LetPlan {
  std::string name;
  StatementPlan select;  // "select <expression>"; run on a connection without tables
};

struct ParameterPlan {
  std::string name;
  definition::ParameterType type;
  std::optional<json::value> fallback;
  bool required = false;
};

struct RoutePlan {
  std::string method;
  std::string path;  // template as written: "/api/users/{id:integer}"
  std::vector<definition::PathSegment> segments;
  std::vector<ParameterPlan> path_parameters;   // in order of appearance
  std::vector<ParameterPlan> query_parameters;  // with `limit` and `after` for paged queries left out
};

// The version of what a command changes, as If-Match names it.
struct IfMatchPlan {
  StatementPlan select;  // first column of the first row
  bool required = false;
};

struct CommandPlan {
  RoutePlan route;
  std::shared_ptr<const schema::JsonSchema> body;  // null: no body is accepted
  std::vector<LetPlan> let;
  std::vector<RequirementPlan> require;
  std::optional<IfMatchPlan> if_match;  // without it If-Match is refused
  std::vector<StatementPlan> steps;
  std::vector<EmissionPlan> emit;
  // What the answer shows: `answer`, or the first row of the last step when that returns rows.
  std::optional<StatementPlan> answer;
  ShapePlan shape;
  std::shared_ptr<const schema::JsonSchema> answer_schema;  // null: nothing is promised of it
  bool shows_last_step = false;
  int status = 200;                       // of success
  bool missing_row_is_not_found = false;  // last step returned no row: 404 and nothing happens
};

// What a column of `order` holds, as far as its declaration tells.
struct OrderFacts {
  enum class Holds { anything, integers, numbers, text };
  Holds holds = Holds::anything;
  bool null = true;
};

struct QueryPlan {
  RoutePlan route;
  bool many = false;
  StatementPlan first;                // one, or the first page (its last parameter is the limit)
  std::optional<StatementPlan> next;  // following pages: order values of the last row seen, then the limit, come last
  ShapePlan shape;
  std::shared_ptr<const schema::JsonSchema> answer_schema;  // of the object, or of each item; null: nothing is promised
  std::optional<std::size_t> etag_column;  // gives the ETag of a `one`; else it is made from all that it depends on
  std::vector<std::size_t> order_columns;  // column numbers of `order` in the select
  std::vector<OrderFacts> order_facts;     // of the same columns; none: anything
  int limit_default = 50, limit_max = 500;
  bool may_change_by_itself = false;  // the same data may give other rows: it asks the clock or chance
  bool uses_state = false;
  std::vector<std::string> read_models;  // of the same service, to be attached under their names
};

struct ReadModelPlan {
  std::string name;
  std::string hash;  // of the normalised SQL and the consumed events: another hash is another generation
  std::vector<definition::Sql> tables;
  struct When {
    std::shared_ptr<const EventPlan> event;
    std::vector<StatementPlan> statements;
    // Set when the compiler has proved that a later event of this type with the same key overwrites all that an earlier
    // one wrote, so that of several in one batch only the last need be applied.
    bool last_of_key_wins = false;
  };
  std::vector<When> when;
  std::vector<std::string> topics;  // that it reads, sorted, each once
};

struct ServicePlan {
  std::string name;
  std::vector<definition::Migration> state;
  std::vector<definition::Topic> topics;  // that it owns
  std::vector<CommandPlan> commands;
  std::vector<QueryPlan> queries;
  std::vector<ReadModelPlan> read_models;
};

struct SystemPlan {
  std::string name;
  std::string hash;  // of the whole definition; part of every ETag
  std::vector<ServicePlan> services;
  std::map<std::string, std::shared_ptr<const EventPlan>> events;
  std::map<std::string, definition::Topic> topics;
};

}  // namespace leat::service
