// Every short story of one log, the power going at every point of it, and every subset of what was not synced then.
#include <cstdlib>
#include <string_view>

#include "log/test_oracle.h"

namespace leat::log {
namespace {

const PartitionId p0 = partition(0), p1 = partition(1), p2 = partition(2);
constexpr std::string_view steps = "abcdefgh";
constexpr std::size_t changes_max = 10;  // of which every subset is tried

// A machine with a log of two partitions, which lives through one story.
class Story {
 public:
  explicit Story(TestFaults faults = {}) {
    options_.faults = faults;
    EXPECT_TRUE(world_.files().make_directory("/d"));
    EXPECT_TRUE(world_.files().sync_directory("/"));
    open();
    for (const PartitionId id : {p0, p1}) create(id);
    for (int i = 0; i < 3; ++i) append({p0}, 40);
    append({p1}, 40);
    reopen();
    begun_ = world_.files().operations();
  }

  // The power goes at the `crash_at`-th changing call of the story, or at its end; then `kept` is kept. Returns how
  // many changes there were to keep.
  std::size_t live(std::string_view story, std::uint64_t crash_at, std::vector<bool> kept) {
    world_.files().crash_after(crash_at);
    for (const char step : story) take(step);
    operations_ = world_.files().operations() - begun_;
    log_.reset();
    world_.files().keep(std::move(kept));
    world_.files().crash();
    world_.restart();
    const std::size_t changes = world_.files().changes_at_crash();
    open();
    if (log_) oracle_.look(*log_, made_);
    if (log_) append({p0}, 40);  // and it goes on
    if (log_) oracle_.look(*log_, made_);
    return changes;
  }
  std::uint64_t operations() const { return operations_; }
  const std::optional<std::string>& broken() const { return oracle_.broken(); }

 private:
  void take(char step) {
    if (!log_ || world_.files().crashed()) return;
    switch (step) {
      case 'a':
        return append({p0}, 40);
      case 'b':
        return append({p0, p1}, 40);
      case 'c':
        return append({p0}, 500);  // past the journal
      case 'd':
        return create(p2);
      case 'e':
        return delete_before(p0);
      case 'f':
        return compact(p0);
      case 'g':
        return remove(p1);
      case 'h':
        return reopen();
      default:
        FAIL() << step << " is no step";
    }
  }

  void open() {
    auto opened = Log::open(world_.platform(), "/d", options_);
    if (!opened && !world_.files().crashed()) oracle_.report("cannot be opened: {}", opened.error().what);
    if (!opened) return;
    log_ = *std::move(opened);
    oracle_.opened(*log_);
  }
  void reopen() {
    (void)log_->close();
    log_.reset();
    if (!world_.files().crashed()) open();
  }
  void create(PartitionId id) {
    const auto made = log_->create(id, {.segment_bytes = 300});
    if (made) made_.push_back(id);
  }
  void append(const std::vector<PartitionId>& ids, std::size_t bytes) {
    const std::uint64_t number = ++appends_;
    std::vector<Part> parts;
    std::vector<std::string> values;
    std::map<PartitionId, std::set<std::string>> asked;
    for (const PartitionId id : ids) {
      values.push_back(fmt::format("{}.{} {}", number, id.index.value, std::string(bytes, 'v')));
      asked[id] = {values.back()};
      parts.push_back({id, batch_of({values.back()})});
    }
    oracle_.asked(number, asked);
    const auto answer = log::append(world_, *log_, std::move(parts));
    if (!answer && answer.error().code == Code::not_found) oracle_.refused(number);
    if (!answer) return;
    for (std::size_t i = 0; i < ids.size(); ++i) oracle_.acknowledged(ids[i], (*answer)[i].first, {values[i]});
  }
  void delete_before(PartitionId id) {
    const std::int64_t to = oracle_.start(id) + 1;
    oracle_.starting_at(id, to);
    if (log_->delete_before(id, Offset{to})) oracle_.started_at(id, to);
  }
  // Keeps the last record of those that were acknowledged.
  void compact(PartitionId id) {
    const auto& values = oracle_.values(id);
    if (values.empty()) return;
    const auto [offset, value] = *values.rbegin();
    std::string kept = batch_of({value});
    stamp(kept.data(), Offset{offset}, Epoch{0});
    oracle_.replacing(id, offset + 1, {{offset, value}});
    if (log_->replace_before(id, Offset{offset + 1}, kept)) oracle_.replaced(id);
  }
  void remove(PartitionId id) {
    if (oracle_.gone(id)) return;
    oracle_.removing(id);
    if (log_->remove(id)) oracle_.removed(id);
  }

  mutable platform::SimWorld world_{1};
  Options options_{.journal_bytes = 8192, .direct_bytes = 400};
  Oracle oracle_;
  std::unique_ptr<Log> log_;
  std::vector<PartitionId> made_;
  std::uint64_t appends_ = 0, begun_ = 0, operations_ = 0;
};

std::vector<bool> bits(std::uint64_t mask, std::size_t count) {
  std::vector<bool> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(mask >> i & 1);
  return out;
}

// Which subsets of `changes` to keep: every one; of very many, all those that lack or have two at most.
std::vector<std::vector<bool>> subsets(std::size_t changes) {
  std::vector<std::vector<bool>> out;
  if (changes <= changes_max) {
    for (std::uint64_t mask = 0; mask < std::uint64_t{1} << changes; ++mask) out.push_back(bits(mask, changes));
    return out;
  }
  for (std::size_t i = 0; i < changes; ++i) {
    for (std::size_t k = i; k < changes; ++k) {
      std::vector<bool> few(changes), most(changes, true);
      few[i] = few[k] = true;
      most[i] = most[k] = false;
      out.insert(out.end(), {few, most});
    }
  }
  return out;
}

struct Count {
  std::uint64_t crashes = 0, not_every_subset = 0;
};

void live_all_ends_of(const std::string& story, Count& count) {
  Story whole;
  whole.live(story, 1'000'000, {});
  ASSERT_FALSE(whole.broken()) << story << ": " << *whole.broken();
  for (std::uint64_t at = 1; at <= whole.operations() + 1; ++at) {
    const std::size_t changes = Story().live(story, at, {});
    count.not_every_subset += changes > changes_max;
    for (const auto& kept : subsets(changes)) {
      Story one;
      one.live(story, at, kept);
      ++count.crashes;
      std::string which;
      for (const bool keeps : kept) which += keeps ? '1' : '0';
      ASSERT_FALSE(one.broken()) << story << ", call " << at << ", kept " << which << ": " << *one.broken();
    }
  }
}

void live_all(const std::string& story, std::size_t length, Count& count) {
  if (!story.empty()) live_all_ends_of(story, count);
  if (story.size() == length || testing::Test::HasFatalFailure()) return;
  for (const char step : steps) live_all(story + step, length, count);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t usual_steps = 1;  // ten times slower
#else
constexpr std::size_t usual_steps = 2;
#endif

// LEAT_STORY_STEPS=3 makes it all of three.
TEST(LogEveryCrash, KeepsItsPromisesInEveryShortStory) {
  const char* asked = std::getenv("LEAT_STORY_STEPS");
  Count count;
  live_all("", asked ? std::stoul(asked) : usual_steps, count);
  RecordProperty("crashes", std::to_string(count.crashes));
  std::printf("%llu crashes, %llu of them points with too many changes for every subset\n",
              static_cast<unsigned long long>(count.crashes), static_cast<unsigned long long>(count.not_every_subset));
  EXPECT_GT(count.crashes, 1'000u);
}

// The test of the test: some end of one of these stories shows each fault.
TEST(LogEveryCrash, FindsPlantedFaults) {
  for (const TestFaults& faults : {TestFaults{.skip_flush = true}, TestFaults{.acknowledge_early = true},
                                   TestFaults{.cut_below_durable_end = true}}) {
    bool found = false;
    for (const std::string story : {"a", "b", "bh"}) {
      Story whole(faults);
      whole.live(story, 1'000'000, {});
      for (std::uint64_t at = 1; at <= whole.operations() + 1 && !found; ++at) {
        for (const auto& kept : subsets(Story(faults).live(story, at, {}))) {
          Story one(faults);
          one.live(story, at, kept);
          found |= one.broken().has_value();
        }
      }
    }
    EXPECT_TRUE(found);
  }
}

}  // namespace
}  // namespace leat::log
