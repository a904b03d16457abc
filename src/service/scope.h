// service/scope.h — which names a statement may use as parameters, and where each one's value comes from.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "definition/definition.h"
#include "schema/json_schema.h"
#include "service/plan.h"

namespace leat::service {

// The names in reach of the statements of one reaction or query. A bare name that stands in two places is refused
// rather than guessed; a name that stands in none gets a mistake that says what there is.
class Scope {
 public:
  explicit Scope(std::string subject) : subject_(std::move(subject)) {}

  void add_path(const std::vector<ParameterPlan>& parameters);
  void add_query(const std::vector<ParameterPlan>& parameters);
  void add_body(const schema::JsonSchema& body);
  void add_payload(const schema::JsonSchema& payload);
  void add_event_attributes();
  void add_let(const std::string& name, std::size_t index);
  void add_step(const std::string& name, std::size_t index, const std::vector<std::string>& columns);
  void add_auth() { auth_ = true; }
  // Something that gives names could not be read, which was told: from here on no name is called unknown.
  void add_unknown() { names_known_ = false; }

  // The sources of all parameters of `sql`, in binding order; unknown and ambiguous ones become mistakes at their
  // place.
  std::vector<Source> resolve(const definition::Sql& sql, definition::Mistakes& mistakes) const;

 private:
  struct Candidate {
    Source source;
    std::string where;  // "the path", "the body", ...
  };
  void add(std::string name, Source source, std::string where);
  void refuse_unknown(const definition::Sql& sql, const definition::Parameter& parameter,
                      definition::Mistakes& mistakes) const;
  std::vector<std::string> names() const;

  std::string subject_;  // "POST /api/posts"
  std::multimap<std::string, Candidate, std::less<>> candidates_;
  bool auth_ = false, names_known_ = true;
};

}  // namespace leat::service
