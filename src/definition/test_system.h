// definition/test_system.h — a system in memory for tests: the smallest that is right, of which a test changes a file.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "definition/load.h"
#include "platform/sim_files.h"

namespace leat::definition::testing {

inline constexpr const char* leat_yaml = "system: test\nservices: [s.yaml]\n";
// Service files in tests continue from line 4.
inline constexpr const char* head = "service: s\ntopics:\n  things: {key: id, events: [a.made]}\n";
inline constexpr const char* event_schema =
    R"({"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}})";

struct TestSystem {
  platform::SimFiles files{1};
  Mistakes mistakes;
  System system;

  TestSystem() {
    put("leat.yaml", leat_yaml);
    put("s.yaml", head);
    put("events/a.made.json", event_schema);
    put("body.json", R"({"type": "object"})");
    put("s.sql", "create table t (id integer primary key);\n");
  }

  void put(const std::string& name, std::string_view text) {
    const auto slash = name.rfind('/');
    const std::string directory = slash == std::string::npos ? "d" : "d/" + name.substr(0, slash);
    LEAT_ASSERT(files.make_directory(directory));
    LEAT_ASSERT(platform::replace_file(files, "d/" + name, text));
  }

  // One mistake on each line.
  std::string load() {
    mistakes = {};
    system = definition::load(files, "d", mistakes);
    std::string out;
    for (const Mistake& mistake : mistakes.sorted()) out += mistake.text() + "\n";
    return out;
  }
};

}  // namespace leat::definition::testing
