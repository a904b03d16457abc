#include "definition/yaml_tree.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "definition/yaml_scalar.h"

namespace leat::definition {
namespace {

constexpr auto alias = "an alias (*)";
constexpr auto alias_fix = "write the value out; a value that begins with * needs quotes";

// Ends the parse from inside an event.
struct Refused {
  std::size_t offset;
  std::string what, fix;
};

// Builds the tree from yaml-cpp's events. A stack of what is open; a mapping waits for a key or for its value.
class Builder final : public YAML::EventHandler {
 public:
  Builder(const Source& source, Mistakes& mistakes) : source_(source), mistakes_(mistakes) {}

  std::optional<Node> take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) {
      throw Refused{offset(mark), "a second document begins here",
                    "keep one document in a file; check the indentation"};
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(leaf(Node::Kind::null, mark)); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { throw Refused{offset(mark), alias, alias_fix}; }

  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string& value) override {
    Node node = leaf(Node::Kind::scalar, mark);
    node.text = value;
    if (!locate_scalar(source_, offset(mark), node)) {
      throw Refused{offset(mark), "this quote is never closed", "close it"};
    }
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(Node::Kind::sequence, mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(Node::Kind::mapping, mark);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    std::optional<Node> key;
  };

  static std::size_t offset(const YAML::Mark& mark) { return static_cast<std::size_t>(std::max(mark.pos, 0)); }
  char at(std::size_t offset) const { return offset < source_.text().size() ? source_.text()[offset] : '\0'; }

  Node leaf(Node::Kind kind, const YAML::Mark& mark) {
    const char first = at(offset(mark));
    if (kind != Node::Kind::null && first == '&') {
      throw Refused{offset(mark), "an anchor (&)", "write the value out; a value that begins with & needs quotes"};
    }
    if (kind != Node::Kind::null && first == '!') {
      throw Refused{offset(mark), "a tag (!)", "leave it out; a value that begins with ! needs quotes"};
    }
    Node node;
    node.kind = kind;
    node.place = source_.place(offset(mark));
    return node;
  }

  void open(Node::Kind kind, const YAML::Mark& mark) {
    if (stack_.size() >= yaml_depth_max) {
      throw Refused{offset(mark), fmt::format("nested deeper than {} levels", yaml_depth_max), "flatten it"};
    }
    stack_.push_back({leaf(kind, mark), std::nullopt});
    const char first = at(offset(mark));
    stack_.back().node.flow = first == '{' || first == '[';
  }

  void close() {
    Node node = std::move(stack_.back().node);
    stack_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (stack_.empty()) {
      root_ = std::move(node);
    } else if (Open& top = stack_.back(); top.node.kind == Node::Kind::sequence) {
      top.node.items.push_back(std::move(node));
    } else if (!top.key) {
      top.key = std::move(node);
    } else {
      Node key = *std::exchange(top.key, std::nullopt);
      if (node.kind == Node::Kind::null && node.place.line != key.place.line) node.place = behind(key);
      add_entry(top.node, {std::move(key), std::move(node)});
    }
  }

  // Where a value that is not there would stand; yaml-cpp tells where the next thing begins.
  static Place behind(const Node& key) {
    Place place = key.place;
    const int quotes = key.style == Node::Style::plain ? 0 : 2;
    place.column += static_cast<int>(key.text.size()) + quotes + 1;
    return place;
  }

  void add_entry(Node& mapping, Node::Entry entry) {
    const Place& place = entry.key.place;
    if (entry.key.kind != Node::Kind::scalar || !entry.key.exact || entry.key.text.empty()) {
      mistakes_.error(place, "this key is not plain text", "write a key as one line of text without escapes");
    } else if (const Node::Entry* first = find_entry(mapping, entry.key.text)) {
      mistakes_.error(place, fmt::format("the key `{}` stands twice", entry.key.text),
                      fmt::format("it stands first in line {}; keep one of them", first->key.place.line));
    } else {
      mapping.entries.push_back(std::move(entry));
    }
  }

  static const Node::Entry* find_entry(const Node& mapping, std::string_view key) {
    const auto found = std::ranges::find(mapping.entries, key, [](const Node::Entry& e) { return e.key.text; });
    return found == mapping.entries.end() ? nullptr : &*found;
  }

  const Source& source_;
  Mistakes& mistakes_;
  std::vector<Open> stack_;
  std::optional<Node> root_;
  int documents_ = 0;
};

// What to do about yaml-cpp's own messages, where they do not say it themselves.
std::string fix_for(std::string_view message) {
  if (message == "illegal map value")
    return "quote a value that holds `: `, or write it as a | block; check the indentation";
  if (message == "unknown token") return "quote a value that begins with this character";
  if (message.starts_with("end of map")) return "check the indentation, or close the {";
  if (message.starts_with("end of seq")) return "check the indentation, or close the [";
  if (message.starts_with("illegal EOF")) return "close the quote";
  return "check the YAML around it";
}

bool has_tab(const Source& source, Mistakes& mistakes) {
  const auto tab = source.text().find('\t');
  if (tab == std::string::npos) return false;
  mistakes.error(source.place(tab), "a tab", "write spaces");
  return true;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, [](const Entry& e) -> std::string_view { return e.key.text; });
  return found == entries.end() ? nullptr : &found->value;
}

std::optional<Node> parse_yaml(const Source& source, Mistakes& mistakes) {
  if (has_tab(source, mistakes)) return std::nullopt;
  Builder builder(source, mistakes);
  try {
    std::istringstream in(source.text());
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused& refused) {
    mistakes.error(source.place(refused.offset), refused.what, refused.fix);
    return std::nullopt;
  } catch (const YAML::DeepRecursion& deep) {
    mistakes.error(source.place(static_cast<std::size_t>(std::max(deep.mark.pos, 0))), "nested too deep", "flatten it");
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    const auto offset = static_cast<std::size_t>(std::max(error.mark.pos, 0));
    if (error.msg == YAML::ErrorMsg::UNKNOWN_ANCHOR) {
      mistakes.error(source.place(offset), alias, alias_fix);
    } else {
      mistakes.error(source.place(offset), "this is not YAML: " + error.msg, fix_for(error.msg));
    }
    return std::nullopt;
  }
  auto root = builder.take();
  if (!root) mistakes.error(source.place(0), "the file is empty", "write a mapping of keys to values");
  return root;
}

}  // namespace leat::definition
