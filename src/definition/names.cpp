#include "definition/names.h"

#include <algorithm>

namespace leat::definition {
namespace {

bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return lower(c) || (c >= 'A' && c <= 'Z'); }

bool is_slug(std::string_view name) {
  return lower(name[0]) &&
         std::ranges::all_of(name, [](char c) { return lower(c) || digit(c) || c == '_' || c == '-'; });
}

bool is_plain(std::string_view name) {
  return lower(name[0]) && std::ranges::all_of(name, [](char c) { return lower(c) || digit(c) || c == '_'; });
}

bool is_event(std::string_view name) {
  if (!lower(name[0]) || name.back() == '.' || name.find('.') == std::string_view::npos) return false;
  if (name.find("..") != std::string_view::npos) return false;
  return std::ranges::all_of(name, [](char c) { return lower(c) || digit(c) || c == '_' || c == '.'; });
}

bool is_attribute(std::string_view name) {
  return (letter(name[0]) || name[0] == '_') &&
         std::ranges::all_of(name, [](char c) { return letter(c) || digit(c) || c == '_'; });
}

bool is_read_model(std::string_view name) { return is_plain(name) && name != "main" && name != "temp"; }

bool is_parameter(std::string_view name) {
  return is_attribute(name) && name != "event" && name != "auth" && name != "body";
}

}  // namespace

const NameKind system_name{"a name of a-z, 0-9, _ and -, beginning with a letter", "^[a-z][a-z0-9_-]*$", 63, is_slug};
const NameKind topic_name{"a topic's name of a-z, 0-9, _ and -, beginning with a letter", "^[a-z][a-z0-9_-]*$", 63,
                          is_slug};
const NameKind event_name{"an event's name of lower-case words with dots between them, like post.created",
                          "^[a-z][a-z0-9_]*(\\.[a-z0-9_]+)+$", 127, is_event};
const NameKind read_model_name{"a name of a-z, 0-9 and _ that is not main or temp", "^(?!(main|temp)$)[a-z][a-z0-9_]*$",
                               63, is_read_model};
const NameKind attribute_name{"an attribute's name of letters, digits and _", "^[A-Za-z_][A-Za-z0-9_]*$", 63,
                              is_attribute};
const NameKind parameter_name{"a name of letters, digits and _ that is not event, auth or body",
                              "^(?!(event|auth|body)$)[A-Za-z_][A-Za-z0-9_]*$", 63, is_parameter};

bool check_name(Reading& r, const Place& place, std::string_view text, const NameKind& kind) {
  if (kind.accepts(text)) return true;
  if (text.size() > kind.size_max) {
    return refuse(r, place, fmt::format("the name `{}` is too long", text),
                  fmt::format("at most {} characters", kind.size_max));
  }
  return refuse(r, place, fmt::format("`{}` is not a name for this", text), fmt::format("write {}", kind.says));
}

Form<std::string> name_form(const NameKind& kind) {
  json::object schema{{"type", "string"}, {"pattern", kind.pattern}, {"maxLength", kind.size_max}};
  return {std::string(kind.says), std::move(schema), [&kind](Reading& r, const Node& node, std::string& into) {
            if (node.kind != Node::Kind::scalar) return refuse_kind(r, node, std::string(kind.says));
            into = node.text;
            return check_name(r, node.place, node.text, kind);
          }};
}

}  // namespace leat::definition
