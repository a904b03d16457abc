#include "definition/form.h"

namespace leat::definition {
namespace {

const char* name_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "an empty value";
    case Node::Kind::scalar:
      return "a plain value";
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::mapping:
      return "a mapping";
  }
  return "";
}

}  // namespace

bool refuse(Reading& r, const Place& place, std::string what, std::string fix) {
  r.mistakes.error(place, std::move(what), std::move(fix));
  return false;
}

bool refuse_kind(Reading& r, const Node& node, const std::string& says) {
  return refuse(r, node.place, fmt::format("{} is wrong here", name_of(node)), "write " + says);
}

std::optional<std::string> refuse_unknown_key(Reading& r, const Node& key, const std::vector<std::string>& known) {
  auto near = nearest(key.text, known);
  refuse(r, key.place, fmt::format("unknown key `{}`", key.text),
         near ? fmt::format("did you mean `{}`?", *near) : fmt::format("known are {}", fmt::join(known, ", ")));
  return near;
}

bool cut_by_comma(Reading& r, const Node& mapping) {
  if (!mapping.flow) return false;
  const auto is_cut = [](const Node::Entry& entry) { return entry.value.kind == Node::Kind::null; };
  const auto cut = std::ranges::find_if(mapping.entries, is_cut);
  if (cut == mapping.entries.end()) return false;
  refuse(r, cut->key.place, fmt::format("`{}` has no value", cut->key.text),
         "inside { } a comma ends a value: quote it, or write one entry on each line");
  return true;
}

}  // namespace leat::definition
