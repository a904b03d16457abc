// definition/names.h — which names a definition may give.
#pragma once

#include <string_view>

#include "definition/form.h"

namespace leat::definition {

// A kind of name: its sentence, its pattern for editors, and the check itself. A test holds the last two together.
struct NameKind {
  std::string_view says;
  std::string_view pattern;
  std::size_t size_max;
  bool (*matches)(std::string_view);

  bool accepts(std::string_view name) const { return !name.empty() && name.size() <= size_max && matches(name); }
};

extern const NameKind system_name;      // social, also of services
extern const NameKind topic_name;       // posts
extern const NameKind event_name;       // post.created
extern const NameKind read_model_name;  // authors
extern const NameKind attribute_name;   // authorId
extern const NameKind parameter_name;   // id, never event, auth or body

bool check_name(Reading&, const Place&, std::string_view text, const NameKind&);

// A scalar that is such a name.
Form<std::string> name_form(const NameKind&);

// The same as the key of a mapping's entry.
template <class T>
KeyForm<T> name_key(const NameKind& kind, std::string T::* member) {
  auto form = name_form(kind);
  return {form.schema, [member, read = std::move(form.read)](Reading& r, const Node& key, T& into) {
            return read(r, key, into.*member);
          }};
}

}  // namespace leat::definition
