#include "definition/schema_file.h"

#include "definition/scalars.h"

namespace leat::definition {

Form<SchemaFile> schema_file_form(std::string of) {
  auto path = path_form("the path of a JSON Schema");
  return {path.says, path.schema,
          [of = std::move(of), read = std::move(path.read)](Reading& r, const Node& node, SchemaFile& into) {
            if (!read(r, node, into.file)) return false;
            into.place = node.place;
            auto schema = r.folder.read_json(into.file, node.place);
            if (!schema) return false;
            if (!schema->is_object())
              return refuse(r, {into.file, 1, 1}, of + "'s schema is a JSON object", "describe its attributes");
            into.schema = *std::move(schema);
            return true;
          }};
}

}  // namespace leat::definition
