// Power cuts at any moment: what was acknowledged is there, once; and the tests would see it if it were not.
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "service/test_machine.h"

namespace leat::service {
namespace {

// Lives of one machine, each ended by a power cut, with a journal of what clients were told.
struct Lives {
  explicit Lives(std::uint64_t seed, Options given) : machine(seed), options(std::move(given)) {}

  // Empty, or what is wrong.
  std::string run() {
    for (int life = 0; life < 4; ++life) {
      if (auto started = machine.start(SocialPlan().system(), options); !started) {
        if (!machine.world.files().crashed()) return "start: " + started.error().what;
      } else {
        if (auto wrong = check(); !wrong.empty()) return wrong;
        live();
      }
      machine.crash();
    }
    if (auto started = machine.start(SocialPlan().system(), options); !started) return "start: " + started.error().what;
    return check();
  }

  void live() {
    machine.world.files().crash_after(1 + machine.world.choose(60));
    std::vector<std::pair<std::string, std::shared_ptr<std::optional<http::Response>>>> sent;
    while (!machine.world.files().crashed() && sent.size() < 60) {
      const auto name = fmt::format("user{}", ++names);
      sent.emplace_back(name, machine.send("POST", "/api/users", fmt::format(R"({{"username":"{}"}})", name)));
      machine.world.run(machine.world.choose(20));
    }
    machine.world.run(2000);
    for (const auto& [name, answer] : sent)
      if (answer->has_value() && (*answer)->status == 201) acknowledged.insert(name);
  }

  // Everything acknowledged is on the bus and in the read model, nothing is there twice.
  std::string check() {
    std::map<std::string, std::string> published;
    machine.world.run_until(
        [&] {
          const auto status = machine.status();
          return status.services[0].outbox_waiting == 0 && status.services[1].read_models[0].lag_events == 0;
        },
        100'000);
    for (const auto& record : machine.bus.all("users")) {
      const auto event = parse_json(*record.value)->as_object();
      const auto name = std::string(event.at("username").as_string());
      if (!published.emplace(name, *record.key).second) return name + " was published twice";
    }
    for (const auto& name : acknowledged)
      if (!published.contains(name)) return name + " was acknowledged and is lost";
    for (const auto& [name, id] : published) {
      const auto seen = machine.call("GET", "/api/authors/" + id);
      if (seen.body != fmt::format(R"({{"username":"{}"}})", name))
        return name + " is not in the read model: " + seen.body;
    }
    const auto model = machine.status().services[1].read_models[0];
    return model.phase == Phase::stopped ? model.reason : "";
  }

  TestMachine machine;
  Options options;
  int names = 0;
  std::set<std::string> acknowledged;
};

// A client that sends each post again, under its key, until it hears what became of it; and now and then once more.
struct Persistent {
  Persistent(std::uint64_t seed, Options given) : machine(seed), options(std::move(given)) {}

  std::string run() {
    for (int life = 0; life < 5 && wrong.empty(); ++life) {
      if (auto started = machine.start(SocialPlan().system(), options); started) {
        live();
      } else if (!machine.world.files().crashed()) {
        return "start: " + started.error().what;
      }
      machine.crash();
    }
    if (auto started = machine.start(SocialPlan().system(), options); !started) return "start: " + started.error().what;
    for (std::size_t post = 0; post < answers.size(); ++post) heard(post, **ask(post));
    return wrong.empty() ? check() : wrong;
  }

  void live() {
    machine.world.files().crash_after(1 + machine.world.choose(60));
    std::vector<std::pair<std::size_t, std::shared_ptr<std::optional<http::Response>>>> sent;
    for (std::size_t post = 0; post < answers.size(); ++post)
      if (answers[post].empty() || machine.world.choose(4) == 0) sent.emplace_back(post, send(post));
    while (!machine.world.files().crashed() && sent.size() < 60) {
      answers.emplace_back();
      sent.emplace_back(answers.size() - 1, send(answers.size() - 1));
      machine.world.run(machine.world.choose(20));
    }
    machine.world.run(2000);
    for (const auto& [post, answer] : sent)
      if (answer->has_value()) heard(post, **answer);
  }

  std::shared_ptr<std::optional<http::Response>> send(std::size_t post) {
    return machine.send("POST", "/api/posts", fmt::format(R"({{"content":"post {}"}})", post),
                        {{"Idempotency-Key", fmt::format("key-{}", post)}});
  }
  std::shared_ptr<std::optional<http::Response>> ask(std::size_t post) {
    const auto answer = send(post);
    machine.world.run_until([&] { return answer->has_value(); });
    return answer;
  }

  // Only success tells; all successes of a key are one answer.
  void heard(std::size_t post, const http::Response& response) {
    if (response.status >= 500 || response.status == 409) return;
    if (response.status != 201) wrong = fmt::format("post {}: {} {}", post, response.status, response.body);
    if (!answers[post].empty() && answers[post] != response.body)
      wrong = fmt::format("post {} was answered {} and then {}", post, answers[post], response.body);
    answers[post] = response.body;
  }

  std::string check() {
    machine.world.run_until([&] { return machine.status().services[1].outbox_waiting == 0; }, 100'000);
    std::map<std::string, int> published;
    for (const auto& record : machine.bus.all("posts")) ++published[*record.value];
    for (std::size_t post = 0; post < answers.size(); ++post) {
      if (answers[post].empty()) return fmt::format("post {} has no answer at last", post);
      if (published[answers[post]] != 1)
        return fmt::format("{} is there {} times", answers[post], published[answers[post]]);
    }
    if (published.size() != answers.size())
      return fmt::format("{} posts were asked for, {} are there", answers.size(), published.size());
    return "";
  }

  TestMachine machine;
  Options options;
  std::vector<std::string> answers;  // by number of the post; empty: it was not heard of yet
  std::string wrong;
};

TEST(Crash, ARequestThatIsSentAgainWithItsKeyIsDoneOnce) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Persistent client(seed, {});
    ASSERT_EQ(client.run(), "") << "seed " << seed;
  }
}

TEST(Crash, NothingAcknowledgedIsLostOrDoubled) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Lives lives(seed, {});
    ASSERT_EQ(lives.run(), "") << "seed " << seed;
  }
}

TEST(Crash, AForgottenAnswerIsFound) {
  bool found = false;
  for (std::uint64_t seed = 1; seed <= 300 && !found; ++seed) {
    Options options;
    options.faults.answers_outside_transaction = true;
    found = !Persistent(seed, options).run().empty();
  }
  EXPECT_TRUE(found);
}

TEST(Crash, PlantedBugsAreFound) {
  struct Case {
    const char* name;
    TestFaults faults;
  };
  for (const auto& [name, faults] : {
           Case{"position outside the transaction", {.position_outside_transaction = true}},
           Case{"acknowledged before the commit", {.acknowledge_before_commit = true}},
       }) {
    SCOPED_TRACE(name);
    bool found = false;
    for (std::uint64_t seed = 1; seed <= 300 && !found; ++seed) {
      Options options;
      options.faults = faults;
      found = !Lives(seed, options).run().empty();
    }
    EXPECT_TRUE(found);
  }
}

}  // namespace
}  // namespace leat::service
