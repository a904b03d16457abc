// service/test_folder.h — for tests: a system of files in a simulated folder, and what compiling it says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "definition/load.h"
#include "platform/sim.h"
#include "service/compile.h"

namespace leat::service {

// A system in a simulated folder; later parts replace earlier ones of the same name.
struct Folder {
  platform::SimWorld world{1};

  void write(const std::string& name, std::string_view text) {
    auto& files = world.files();
    LEAT_ASSERT(files.make_directory("/s/events").has_value());
    LEAT_ASSERT(platform::replace_file(files, "/s/" + name, text).has_value());
  }
  SystemPlan compile(std::vector<std::string>& lines) {
    definition::Mistakes mistakes;
    const auto system = definition::load(world.files(), "/s", mistakes);
    SystemPlan plan = service::compile(system, world.platform(), mistakes);
    for (const auto& mistake : mistakes.sorted()) lines.push_back(mistake.text());
    return plan;
  }
};

inline constexpr std::string_view item_schema =
    R"({"type":"object","additionalProperties":false,"required":["id","name"],
        "properties":{"id":{"type":"integer"},"name":{"type":"string"},"done":{"type":"boolean"},"tags":{"type":"array"}}})";

// A service with one table, one topic of two events and whatever `rest` adds.
inline void write_system(Folder& folder, std::string_view rest) {
  folder.write("leat.yaml", "system: test\nservices: [shop.yaml]\n");
  folder.write("shop.sql",
               "create table items (id integer primary key autoincrement, name text not null, done boolean,\n"
               "  tags json, price integer, unique (name));\n"
               "create table others (id integer primary key, name text);\n");
  folder.write("events/item.made.json", item_schema);
  folder.write(
      "events/item.gone.json",
      R"({"type":"object","additionalProperties":false,"required":["id"],"properties":{"id":{"type":"integer"}}})");
  folder.write(
      "events/sale.made.json",
      R"({"type":"object","required":["id"],"properties":{"id":{"type":"integer"},"name":{"type":"string"}}})");
  folder.write("item.json", item_schema);
  folder.write("shop.yaml",
               "service: shop\nstate: shop.sql\n"
               "topics:\n  items: {key: id, events: [item.made, item.gone]}\n"
               "  sales: {key: id, events: [sale.made]}\n" +
                   std::string(rest));
}

// One mistake or warning that begins like this; empty: none.
inline void expect_line(const std::vector<std::string>& lines, std::string_view expected) {
  if (expected.empty()) {
    EXPECT_THAT(lines, ::testing::IsEmpty());
  } else {
    EXPECT_THAT(lines, ::testing::ElementsAre(::testing::StartsWith(std::string(expected))));
  }
}

}  // namespace leat::service
