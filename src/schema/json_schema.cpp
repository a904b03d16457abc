// The one file that compiles valijson: it is heavy.
#include "schema/json_schema.h"

#define VALIJSON_USE_EXCEPTIONS 1
#include <fmt/format.h>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/constraint_builder.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "schema/attributes.h"
#include "schema/formats.h"
#include "schema/prepare.h"
#include "schema/sentence.h"

namespace leat::schema {
namespace {

using valijson::adapters::BoostJsonAdapter;

// A `pattern` or `format` as the validator meets it.
class TextConstraint final : public valijson::constraints::PolyConstraint {
 public:
  explicit TextConstraint(std::shared_ptr<const TextRule> rule) : rule_(std::move(rule)) {}

  bool validate(const valijson::adapters::Adapter& target, const std::vector<std::string>& path,
                valijson::ValidationResults* results) const override {
    if (!rule_ || !target.isString() || rule_->holds(target.asString())) return true;
    if (results) results->pushError(path, rule_->sentence());
    return false;
  }

 private:
  Constraint* cloneInto(void* memory) const override { return new (memory) TextConstraint(rule_); }
  std::size_t sizeOf() const override { return sizeof(TextConstraint); }

  std::shared_ptr<const TextRule> rule_;
};

// The validator has found enough: it has no other way to be stopped.
struct Enough {};

// Goes along with every schema, so that whatever is held against many values comes by here.
class LimitConstraint final : public valijson::constraints::PolyConstraint {
 public:
  bool validate(const valijson::adapters::Adapter&, const std::vector<std::string>&,
                valijson::ValidationResults* results) const override {
    if (results && results->numErrors() >= findings_max) throw Enough();
    return true;
  }

 private:
  Constraint* cloneInto(void* memory) const override { return new (memory) LimitConstraint(); }
  std::size_t sizeOf() const override { return sizeof(LimitConstraint); }
};

class LimitConstraints final : public valijson::ConstraintBuilder {
 public:
  valijson::constraints::Constraint* make(const valijson::adapters::Adapter&) const override {
    return new LimitConstraint();
  }
};

class TextConstraints final : public valijson::ConstraintBuilder {
 public:
  explicit TextConstraints(bool patterns) : patterns_(patterns) {}

  // The library's way to refuse is an exception; compile() catches it.
  valijson::constraints::Constraint* make(const valijson::adapters::Adapter& value) const override {
    const auto text = value.asString();
    if (!patterns_) return new TextConstraint(format_rule(text));
    auto rule = pattern_rule(text);
    if (!rule) throw std::runtime_error(rule.error().what);
    return new TextConstraint(std::move(*rule));
  }

 private:
  bool patterns_;
};

std::vector<Finding> taken(valijson::ValidationResults& results) {
  std::vector<Finding> findings;
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    Finding finding;
    for (std::size_t i = 1; i < error.context.size(); ++i)  // the first is the root
      finding.path.push_back(error.context[i].substr(1, error.context[i].size() - 2));
    finding.text = std::move(error.description);
    findings.push_back(std::move(finding));
  }
  return findings;
}

class Compiled final : public JsonSchema {
 public:
  Compiled(const json::value& schema, std::string name)
      : source_(schema), name_(std::move(name)), outline_(outline_of(source_)) {}

  // Throws what the validator's parser throws.
  void parse(const json::value& prepared) {
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.addConstraintBuilder(std::string(pattern_keyword), new TextConstraints(true));
    parser.addConstraintBuilder(std::string(format_keyword), new TextConstraints(false));
    parser.addConstraintBuilder(std::string(limit_keyword), new LimitConstraints());
    const BoostJsonAdapter adapter(prepared);
    parser.populateSchema(adapter, schema_);
  }

  std::vector<Violation> validate(const json::value& value) const override try {
    const BoostJsonAdapter adapter(value);
    if (valijson::Validator().validate(schema_, adapter, nullptr)) return {};
    valijson::ValidationResults results;
    const bool all = look_through(adapter, results);
    return sentences(source_, value, taken(results), all);
  } catch (const std::exception& e) {
    return {{"", fmt::format("cannot be held against the schema {}: {}", name_, e.what())}};
  }

  const std::vector<Attribute>& attributes() const override { return outline_.attributes; }

  const Attribute* attribute(std::string_view name) const override {
    const auto found = std::ranges::find(outline_.attributes, name, &Attribute::name);
    return found == outline_.attributes.end() ? nullptr : &*found;
  }

  bool closed() const override { return outline_.closed; }

  std::optional<Outline> outline(std::span<const std::string> path) const override { return outline_of(source_, path); }

 private:
  // False: there may be more than it has found.
  bool look_through(const BoostJsonAdapter& value, valijson::ValidationResults& results) const try {
    valijson::Validator().validate(schema_, value, &results);
    return true;
  } catch (const Enough&) {
    return false;
  }

  json::value source_;
  std::string name_;
  Outline outline_;
  valijson::Schema schema_;
};

}  // namespace

Result<std::shared_ptr<const JsonSchema>> JsonSchema::compile(const json::value& schema, std::string name) try {
  auto prepared = prepare(schema);
  if (!prepared) return fail(std::move(prepared).error().in(name));
  auto compiled = std::make_shared<Compiled>(schema, name);
  compiled->parse(*prepared);
  return compiled;
} catch (const std::exception& e) {
  return fail(Code::invalid, fmt::format("{}: {}", name, e.what()));
}

}  // namespace leat::schema
