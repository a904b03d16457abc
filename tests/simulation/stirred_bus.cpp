#include "stirred_bus.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace leat::simulation {
namespace {

// One reader for each partition; what they bring is handed on piece by piece.
class StirredReader final : public bus::Reader {
 public:
  StirredReader(std::vector<std::unique_ptr<bus::Reader>> readers, platform::Chance chance) {
    state_->chance = chance;
    for (auto& reader : readers) state_->partitions.push_back({std::move(reader), {}, false, false});
  }

  void next(std::size_t bytes_max, Done<Result<bus::Delivery>> done) override {
    state_->done = std::move(done);
    for (std::size_t i = 0; i < state_->partitions.size(); ++i) ask(i, bytes_max);
    state_->hand_on();
  }

 private:
  struct Partition {
    std::unique_ptr<bus::Reader> reader;
    std::optional<Result<bus::Delivery>> ready;
    bool asked, at_end;
  };
  struct State {
    platform::Chance chance{0};
    std::vector<Partition> partitions;
    Done<Result<bus::Delivery>> done;

    void hand_on() {
      std::vector<Partition*> ready;
      for (auto& partition : partitions)
        if (partition.ready) ready.push_back(&partition);
      if (ready.empty() || !done) return;
      auto& picked = *ready[chance.below(ready.size())];
      auto delivery = *std::exchange(picked.ready, std::nullopt);
      if (delivery) {
        picked.at_end = delivery->at_end;
        delivery->at_end = ready.size() == 1 && std::ranges::all_of(partitions, &Partition::at_end);
      }
      std::exchange(done, nullptr)(std::move(delivery));
    }
  };

  void ask(std::size_t index, std::size_t bytes_max) {
    auto& partition = state_->partitions[index];
    if (partition.ready || std::exchange(partition.asked, true)) return;
    partition.reader->next(bytes_max, [weak = std::weak_ptr(state_), index](Result<bus::Delivery> delivery) {
      const auto state = weak.lock();
      if (!state) return;
      state->partitions[index].asked = false;
      state->partitions[index].ready = std::move(delivery);
      state->hand_on();
    });
  }

  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace

Result<std::unique_ptr<bus::Reader>> StirredBus::open_reader(TopicId topic, std::vector<bus::Position> from) {
  std::vector<std::unique_ptr<bus::Reader>> readers;
  for (const auto& position : from) {
    LEAT_TRY(auto reader, inner_.open_reader(topic, {position}));
    readers.push_back(std::move(reader));
  }
  return std::make_unique<StirredReader>(std::move(readers), chance_.fork());
}

}  // namespace leat::simulation
