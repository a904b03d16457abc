#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/lower.h"
#include "database/database.h"
#include "definition/tokens.h"
#include "service/compiler.h"
#include "service/repeatable.h"

namespace leat::service {
namespace {

constexpr std::size_t files_max = 10;

// A statement around `inner`; parameters of the page come after those that the user wrote.
StatementPlan around(const StatementPlan& inner, std::string before, std::string after) {
  StatementPlan out = inner;
  out.sql.numbered = fmt::format("{}{}{}", before, inner.sql.numbered, after);
  out.sql.shifts.clear();  // nothing of it can be wrong any more
  return out;
}

// order by a desc, b  ->  "a" desc, "b"
std::string order_terms(const std::vector<definition::OrderColumn>& order) {
  std::vector<std::string> terms;
  for (const auto& column : order)
    terms.push_back(database::quoted_name(column.column) + (column.descending ? " desc" : ""));
  return fmt::format("{}", fmt::join(terms, ", "));
}

// How one column of the order is told from the value of the row before. SQLite puts NULL before everything else, and
// compares it with nothing; where there is none the plain comparison can use an index.
struct OrderTerm {
  std::string column;
  bool descending, never_null;

  std::string equals(std::size_t parameter) const {
    return fmt::format("{} {} ?{}", column, never_null ? "=" : "is", parameter);
  }
  std::string follows(std::size_t parameter) const {
    auto plain = fmt::format("{} {} ?{}", column, descending ? "<" : ">", parameter);
    if (never_null) return plain;
    return descending ? fmt::format("({} or ({} is null and ?{} is not null))", plain, column, parameter)
                      : fmt::format("({} or (?{} is null and {} is not null))", plain, parameter, column);
  }
};

// The rows after the one whose order values are ?first, ?first+1, ...: a < ?1 or (a = ?1 and b > ?2) or ...
std::string after_terms(const std::vector<OrderTerm>& order, std::size_t first) {
  std::vector<std::string> alternatives;
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::string all;
    for (std::size_t j = 0; j < i; ++j) all += order[j].equals(first + j) + " and ";
    alternatives.push_back(fmt::format("({}{})", all, order[i].follows(first + i)));
  }
  return fmt::format("({})", fmt::join(alternatives, " or "));
}

// Whether no join makes NULL of the columns of `table`: there is no outer join, or only left ones from this table on,
// which is named once.
bool joins_spare(const definition::Sql& sql, const std::string& table) {
  const auto tokens = definition::tokenise(sql.text);
  if (!tokens) return false;
  std::vector<std::string> words;
  for (const auto& token : *tokens)
    if (!token.is_blank()) words.push_back(lower(token.in(sql.text)));
  const auto count = [&](std::string_view word) { return std::ranges::count(words, word); };
  if (count("right") + count("full") > 0) return false;
  if (count("left") == 0) return true;
  const auto from = std::ranges::find(words, "from");
  return count("from") == 1 && count(lower(table)) == 1 && from + 1 < words.end() && from[1] == lower(table);
}

using Holds = OrderFacts::Holds;

// By SQLite's rules of affinity. NUMERIC columns (a `datetime`, say) hold text as often as numbers.
Holds holds(const std::string& declared_type) {
  const auto type = lower(declared_type);
  const auto has = [&](std::string_view part) { return type.contains(part); };
  if (has("int")) return Holds::integers;
  if (has("char") || has("clob") || has("text")) return Holds::text;
  if (!has("blob") && (has("real") || has("floa") || has("doub"))) return Holds::numbers;
  return Holds::anything;
}

// Keyset paging: a page begins behind the last row of the one before, found by its order values; no OFFSET, so the
// fiftieth page costs what the first does.
void add_pages(QueryPlan& plan, const definition::Query& query, const std::vector<ColumnFacts>& columns) {
  const std::size_t given = plan.first.sources.size();
  const std::string order = order_terms(query.order);
  std::vector<OrderTerm> terms;
  for (const auto& by : query.order) {
    const auto column = std::ranges::find(columns, by.column, &ColumnFacts::name);
    const bool spared = column != columns.end() && column->not_null && joins_spare(query.select, column->table);
    terms.push_back({database::quoted_name(by.column), by.descending, spared});
    plan.order_facts.push_back({column != columns.end() ? holds(column->declared_type) : Holds::anything, !spared});
  }
  const StatementPlan select = plan.first;
  plan.first = around(select, "select * from (", fmt::format("\n) order by {} limit ?{}", order, given + 1));
  plan.next = around(select, "select * from (",
                     fmt::format("\n) where {} order by {} limit ?{}", after_terms(terms, given + 1), order,
                                 given + query.order.size() + 1));
}

void find_order_columns(Compiler& compiler, const definition::Query& query, const Examined& examined, QueryPlan& plan) {
  bool has_key = false;
  for (const auto& order : query.order) {
    const auto column = std::ranges::find(examined.columns, order.column, &ColumnFacts::name);
    if (column == examined.columns.end()) {
      compiler.mistakes.error(order.place,
                              fmt::format("`order:` names `{}`, which the select does not return", order.column),
                              "order by a column of the result, by its name there");
      return;
    }
    has_key |= column->in_key;
    plan.order_columns.push_back(static_cast<std::size_t>(column - examined.columns.begin()));
  }
  if (!has_key && !query.order.empty())
    compiler.mistakes.warning(query.order.front().place, "rows that are equal in `order:` may be skipped between pages",
                              "end it with a column of a primary key");
}

// Attaches, while it lives, the read models that a query names by a table or by their own name: a connection holds ten
// at a time, a service may have more.
class Attached {
 public:
  Attached(Compiler& compiler, ServiceTables& tables, const definition::Query& query) : queries_(tables.queries) {
    const auto words = words_of(query.select);
    for (auto& [name, model] : tables.read_models)
      if (words.contains(lower(name)) ||
          std::ranges::any_of(model.names(), [&](auto& t) { return words.contains(lower(t)); }))
        names_.push_back(name);
    if (names_.size() > files_max) {
      compiler.mistakes.error(query.place, fmt::format("the query reads {} read models", names_.size()),
                              fmt::format("at most {} can be joined in one query; merge some", files_max));
      names_.clear();
    }
    for (const auto& name : names_) {
      const auto attached = queries_.attach(tables.read_models.at(name), name);
      LEAT_ASSERT(attached.has_value());
    }
  }
  Attached(const Attached&) = delete;
  ~Attached() {
    for (const auto& name : names_) (void)queries_.detach(name);
  }

 private:
  static std::set<std::string> words_of(const definition::Sql& sql) {
    std::set<std::string> out;
    const auto tokens = definition::tokenise(sql.text);
    if (!tokens) return out;
    for (const auto& token : *tokens) {
      auto text = token.in(sql.text);
      if (token.kind == definition::Token::Kind::quoted_name) text = text.substr(1, text.size() - 2);
      if (token.kind == definition::Token::Kind::quoted_name || token.kind == definition::Token::Kind::word)
        out.insert(lower(text));
    }
    return out;
  }

  Tables& queries_;
  std::vector<std::string> names_;
};

// Which files the query opens; the tables are main (state) or those of an attached read model.
void find_files(const Examined& examined, QueryPlan& plan) {
  for (const auto& read : examined.reads) {
    if (read.schema == "main") {
      plan.uses_state = true;
    } else if (std::ranges::find(plan.read_models, read.schema) == plan.read_models.end()) {
      plan.read_models.push_back(read.schema);
    }
  }
}

// The column that tells the row's version. It tells of its own table only, so an answer that is joined together may
// change without it.
void find_etag(Compiler& compiler, const definition::Query& query, const Examined& examined, QueryPlan& plan) {
  if (query.etag.empty()) return;
  const auto column = std::ranges::find(examined.columns, query.etag, &ColumnFacts::name);
  if (column == examined.columns.end()) {
    compiler.mistakes.error(query.etag_place,
                            fmt::format("`etag:` names `{}`, which the select does not return", query.etag),
                            "name a column of the result, by its name there");
    return;
  }
  plan.etag_column = static_cast<std::size_t>(column - examined.columns.begin());
  if (plan.may_change_by_itself)
    compiler.mistakes.warning(
        query.etag_place,
        fmt::format("the answer asks the clock or chance, and `{}` does not change with it", query.etag),
        "a client that asks with If-None-Match may keep an old answer: take the time as a parameter");
  if (examined.reads.size() > 1)
    compiler.mistakes.warning(
        query.etag_place,
        fmt::format("the answer shows {} tables, and `{}` changes with one of them", examined.reads.size(), query.etag),
        "a client that asks with If-None-Match may keep an old answer: give the version a query of its own");
}

void warn_of_scans(Compiler& compiler, ServiceTables& tables, const definition::Query& query, const QueryPlan& plan) {
  for (const auto& table : tables.queries.full_scans(plan.first.sql, query.many))
    compiler.mistakes.warning(query.select.place(), fmt::format("the query reads all of `{}`", table),
                              "add an index on the columns it is looked up by");
}

}  // namespace

QueryPlan compile_query(Compiler& compiler, ServiceTables& tables, const definition::Query& query) {
  QueryPlan plan{.route = compile_route(query.route, query.parameters), .many = query.many};
  plan.limit_default = query.limit_default;
  plan.limit_max = query.limit_max;
  Scope scope(fmt::format("{} {}", query.route.method, query.route.path));
  scope.add_path(plan.route.path_parameters);
  scope.add_query(plan.route.query_parameters);
  scope.add_auth();

  const Attached attached(compiler, tables, query);
  const auto examined = tables.queries.examine(query.select, compiler.mistakes);
  if (!examined) {
    scope.resolve(query.select, compiler.mistakes);
    return plan;
  }
  if (!examined->read_only)
    compiler.mistakes.error(query.select.place(), "a query changes tables", "only a SELECT can answer a query");
  plan.first = compile_statement(compiler, query.select, scope, *examined);
  plan.shape = shape_of(examined->columns, query.select.place(), compiler.mistakes);
  plan.may_change_by_itself = may_change_by_itself(*examined);
  plan.answer_schema =
      compile_answer_schema(compiler, query.answer_schema, examined->columns, query.select.place(), plan.shape);
  find_files(*examined, plan);
  find_etag(compiler, query, *examined, plan);
  if (query.many) {
    find_order_columns(compiler, query, *examined, plan);
    add_pages(plan, query, examined->columns);
  }
  warn_of_scans(compiler, tables, query, plan);
  return plan;
}

}  // namespace leat::service
