#include "schema/formats.h"

#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>

namespace leat::schema {
namespace {

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

RE2::Options quiet() {
  RE2::Options options;
  options.set_log_errors(false);
  return options;
}

class Pattern final : public TextRule {
 public:
  explicit Pattern(std::string_view pattern) : expression_(piece(pattern), quiet()) {}
  const RE2& expression() const { return expression_; }
  bool holds(std::string_view text) const override { return RE2::PartialMatch(piece(text), expression_); }
  std::string sentence() const override { return fmt::format("must match the pattern {}", expression_.pattern()); }

 private:
  RE2 expression_;
};

struct Format {
  std::string_view name, what, pattern;
};

constexpr Format formats[] = {
    {"date-time", "a time as RFC 3339 has it, like 2026-11-21T23:51:24.000Z",
     R"((\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d))"},
    {"date", "a date like 2026-11-21", R"((\d{4})-(\d\d)-(\d\d))"},
    {"time", "a time of day like 23:51:24Z",
     R"(([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d))"},
    {"email", "an e-mail address", R"([^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)*)"},
    {"uuid", "a UUID", "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"},
};

bool is_in_calendar(std::string_view date) {
  const auto number = [&](std::size_t at, std::size_t size) {
    int value = 0;
    for (const char c : date.substr(at, size)) value = value * 10 + (c - '0');
    return value;
  };
  const std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  return day.ok();
}

class FormatRule final : public TextRule {
 public:
  explicit FormatRule(const Format& format)
      : format_(format), expression_(piece(format.pattern)), has_date_(format.name.starts_with("date")) {
    LEAT_ASSERT(expression_.ok());
  }
  bool holds(std::string_view text) const override {
    return RE2::FullMatch(piece(text), expression_) && (!has_date_ || is_in_calendar(text));
  }
  std::string sentence() const override { return fmt::format("must be {}", format_.what); }

 private:
  const Format& format_;
  RE2 expression_;
  bool has_date_;
};

}  // namespace

Result<std::shared_ptr<const TextRule>> pattern_rule(std::string_view pattern) {
  auto rule = std::make_shared<const Pattern>(pattern);
  if (!rule->expression().ok())
    return fail(Code::invalid,
                fmt::format("the pattern {} is not a regular expression: {}", pattern, rule->expression().error()));
  return rule;
}

std::shared_ptr<const TextRule> format_rule(std::string_view format) {
  const auto* found = std::ranges::find(formats, format, &Format::name);
  if (found == std::end(formats)) return nullptr;
  return std::make_shared<const FormatRule>(*found);
}

}  // namespace leat::schema
