// What the broker remembers lies in two topics of the log: damaged, they refuse the start. Nothing is forgotten, and
// nothing is made anew in their place.
#include <map>
#include <memory>
#include <optional>

#include <gmock/gmock.h>

#include "broker/broker.h"
#include "log/layout.h"
#include "log/test_damage.h"

namespace leat::broker {
namespace {

using log::FileMap;

// A life of a broker on a disk that holds `files`.
class Life {
 public:
  explicit Life(const FileMap& files = {}) {
    EXPECT_TRUE(world_.files().make_directory("d/journal") && world_.files().make_directory("d/partitions"));
    for (const auto& [path, bytes] : files) {
      EXPECT_TRUE(world_.files().make_directory(path.substr(0, path.rfind('/'))));
      EXPECT_TRUE((*world_.files().open(path, platform::Open::create))->write_at(0, bytes));
    }
  }
  ~Life() {
    broker_.reset();
    log_.reset();
  }
  Result<> start() {
    LEAT_TRY(log_, log::Log::open(world_.platform(), "d", {.journal_bytes = 64 << 10}));
    LEAT_TRY(broker_, Broker::open(world_.platform(), *log_));
    return {};
  }
  void make() {
    for (const std::string name : {"posts", "users"}) {
      auto done = std::make_shared<bool>(false);
      broker_->ensure_topic(name, {.partitions = 1}, [done](Result<Topic> topic) { *done = topic.has_value(); });
      EXPECT_TRUE(world_.run_until([&] { return *done; }));
    }
    EXPECT_EQ(last_of("identity"), 0);
  }
  // How far a source has published; opens it.
  std::int64_t last_of(const std::string& source) {
    auto last = std::make_shared<std::optional<std::int64_t>>();
    broker_->sources().open(source, [last](Result<Holder> holder) {
      *last = holder ? static_cast<std::int64_t>(holder->last) + holder->epoch - 1 : -1;
    });
    EXPECT_TRUE(world_.run_until([&] { return last->has_value(); }));
    return last->value_or(-1);
  }
  FileMap close() {
    broker_.reset();
    EXPECT_TRUE(log_->close());
    return log::collect(world_.files());
  }
  Broker& broker() { return *broker_; }

 private:
  platform::SimWorld world_{3};
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<Broker> broker_;
};

// Empty when a start on these files is refused by name, or knows all that was known.
std::string verdict(const FileMap& files, const std::string& path, const Uuid& id, const std::vector<Topic>& topics) {
  Life life(files);
  if (auto started = life.start(); !started) {
    const Error& error = started.error();
    if (error.code != Code::corrupt) return "not called corrupt: " + error.what;
    return error.what.find(path) == std::string::npos ? "the file is not named: " + error.what : "";
  }
  if (life.broker().id() != id || life.broker().topics() != topics) return "something was forgotten";
  return life.last_of("identity") == 1 ? "" : "a source was forgotten";
}

TEST(BrokerDamage, RefusesTheStartOrKnowsEverything) {
  Life before;
  ASSERT_TRUE(before.start());
  before.make();
  const Uuid id = before.broker().id();
  const auto topics = before.broker().topics();
  const FileMap good = before.close();
  ASSERT_EQ(verdict(good, "", id, topics), "");
  for (const auto& [path, bytes] : good) {
    const bool internal = path.find(log::text(topics_partition())) != std::string::npos ||
                          path.find(log::text(sources_partition())) != std::string::npos;
    if (!internal) continue;
    FileMap files = good;
    for (std::size_t bit = 0; bit < bytes.size() * 8; bit += 3) {
      files[path] = bytes;
      files[path][bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
      ASSERT_EQ(verdict(files, path, id, topics), "") << path << ", bit " << bit;
    }
    for (std::size_t size = 0; size < bytes.size(); size += 5) {
      files[path] = bytes.substr(0, size);
      ASSERT_EQ(verdict(files, path, id, topics), "") << path << " cut to " << size;
    }
    files.erase(path);
    ASSERT_EQ(verdict(files, path, id, topics), "") << path << " gone";
  }
}

}  // namespace
}  // namespace leat::broker
