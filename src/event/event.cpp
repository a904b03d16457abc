#include "event/event.h"

#include <fmt/format.h>

#include "base/json.h"

namespace leat::event {
namespace {

constexpr std::string_view prefix = "ce_", content_type = "content-type", spec_version = "1.0";

constexpr std::string_view core_names[] = {"specversion", "id",      "source",          "type",
                                           "time",        "subject", "datacontenttype", "data"};

bool is_core_name(std::string_view name) { return std::ranges::find(core_names, name) != std::end(core_names); }

std::unexpected<Error> missing(std::string_view attribute) {
  return fail(Code::invalid, fmt::format("the attribute '{}' is missing or empty", attribute));
}

// CloudEvents strings hold no control characters; a header is no place for them either.
bool is_attribute_value(std::string_view value) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return is_utf8(value) && std::ranges::none_of(value, control);
}

// Where a core attribute's value goes; null for extensions.
std::string_view* core_slot(EventView& view, std::string_view& version, std::string_view name) {
  if (name == "id") return &view.id;
  if (name == "source") return &view.source;
  if (name == "type") return &view.type;
  if (name == "time") return &view.time;
  if (name == "subject") return &view.subject;
  if (name == "specversion") return &version;
  return nullptr;
}

Result<> take_extension(EventView& view, std::string_view name, std::string_view value) {
  if (!is_attribute_name(name) || is_core_name(name))
    return fail(Code::invalid, fmt::format("'{}{}' is not a header of an event", prefix, name));
  const auto same = [&](const auto& extension) { return extension.first == name; };
  if (std::ranges::any_of(view.extensions, same))
    return fail(Code::invalid, fmt::format("the attribute '{}' is there twice", name));
  view.extensions.emplace_back(name, value);
  return {};
}

}  // namespace

bool is_attribute_name(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

std::string new_event_id(platform::Clock& clock, platform::Random& random) {
  return Uuid::v7(clock.unix_ms(), random.bytes16()).text();
}

Result<> check(const Event& event) {
  for (const auto& [name, value] :
       {std::pair<std::string_view, std::string_view>{"id", event.id}, {"source", event.source}, {"type", event.type}})
    if (value.empty()) return missing(name);
  std::vector<std::pair<std::string_view, std::string_view>> attributes = {
      {"id", event.id},     {"source", event.source},   {"type", event.type},
      {"time", event.time}, {"subject", event.subject}, {"datacontenttype", event.datacontenttype}};
  for (const auto& [name, value] : event.extensions) {
    if (!is_attribute_name(name) || is_core_name(name))
      return fail(Code::invalid, fmt::format("'{}' cannot name an extension; lower-case letters and digits can", name));
    attributes.emplace_back(name, value);
  }
  for (const auto& [name, value] : attributes)
    if (!is_attribute_value(value))
      return fail(Code::invalid, fmt::format("the attribute '{}' is not plain UTF-8 text", name));
  return {};
}

std::vector<std::pair<std::string, std::string>> to_headers(const Event& event) {
  std::vector<std::pair<std::string, std::string>> headers;
  headers.reserve(7 + event.extensions.size());
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) headers.emplace_back(std::string(prefix).append(name), value);
  };
  add("specversion", spec_version);
  add("id", event.id);
  add("source", event.source);
  add("type", event.type);
  add("time", event.time);
  add("subject", event.subject);
  for (const auto& [name, value] : event.extensions) add(name, value);
  if (!event.datacontenttype.empty()) headers.emplace_back(content_type, event.datacontenttype);
  return headers;
}

Result<EventView> from_headers(const std::vector<std::pair<std::string_view, std::string_view>>& headers) {
  EventView view;
  std::string_view version;
  for (const auto& [header, value] : headers) {
    const bool of_binding = header.starts_with(prefix);
    if (!of_binding && header != content_type) continue;
    const auto name = of_binding ? header.substr(prefix.size()) : header;
    auto* slot = of_binding ? core_slot(view, version, name) : &view.datacontenttype;
    if (!slot) {
      LEAT_CHECK(take_extension(view, name, value));
    } else if (slot->data()) {
      return fail(Code::invalid, fmt::format("the attribute '{}' is there twice", name));
    } else {
      *slot = value.data() ? value : std::string_view("");
    }
  }
  if (version != spec_version)
    return fail(Code::invalid, fmt::format("the attribute 'specversion' is '{}', not '{}'", version, spec_version));
  if (view.id.empty()) return missing("id");
  if (view.source.empty()) return missing("source");
  if (view.type.empty()) return missing("type");
  return view;
}

}  // namespace leat::event
