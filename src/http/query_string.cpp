#include "http/query_string.h"

#include <algorithm>

#include "http/percent.h"

namespace leat::http {

Target split_target(std::string_view target) {
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

Result<QueryString> QueryString::parse(std::string_view query) {
  QueryString out;
  for (std::size_t begin = 0; begin < query.size();) {
    const std::size_t end = std::min(query.find('&', begin), query.size());
    if (end > begin) LEAT_CHECK(out.add(query.substr(begin, end - begin)));
    begin = end + 1;
  }
  return out;
}

Result<> QueryString::add(std::string_view pair) {
  const std::size_t equals = std::min(pair.find('='), pair.size());
  const std::string_view raw_value = equals == pair.size() ? std::string_view() : pair.substr(equals + 1);
  auto name = percent_decode(pair.substr(0, equals), Plus::is_blank);
  auto value = percent_decode(raw_value, Plus::is_blank);
  for (auto* each : {&name, &value}) {
    if (!*each) return fail(std::move(*each).error().in("the query's '" + std::string(pair) + "'"));
  }
  pairs_.emplace_back(*std::move(name), *std::move(value));
  return {};
}

std::optional<std::string_view> QueryString::get(std::string_view name) const {
  const auto found = std::ranges::find(pairs_, name, [](const auto& pair) -> std::string_view { return pair.first; });
  if (found == pairs_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::string_view> QueryString::repeated() const {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : pairs_) names.push_back(name);
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice == names.end()) return std::nullopt;
  return *twice;
}

}  // namespace leat::http
