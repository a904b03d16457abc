// The part of Writer that answers: at once, or when the bus has the events.
#include <fmt/format.h>

#include "bus/position.h"
#include "service/writer_batch.h"

namespace leat::service {

http::Response overloaded(std::string_view why) {
  auto response = http::problem(503, "The service cannot do this now", why);
  response.headers.add("Retry-After", "1");
  return response;
}

void Writer::tell(Batch& batch) {
  for (auto& [command, response, after] : batch.rejected) {
    if (response.status == 500)
      context_.telemetry.log.error("a command failed by a mistake of its service",
                                   {{"service", context_.service}, {"problem", response.body}});
    answer(command, std::move(response));
  }
  for (auto& replayed : batch.replayed) tell_again(replayed);
  std::vector<WaitingAnswer> waiting;
  for (auto& [command, response, first, last, changed] : batch.done) {
    if (last == 0) {
      answer(command, std::move(response));
    } else {
      waiting.push_back({first, last, answer_when_told(std::move(command), std::move(response), last)});
    }
  }
  if (batch.rows.empty()) return;
  last_number_ = batch.rows.back().number;
  context_.relay->take(std::move(batch.rows), std::move(waiting));
}

// The success stands, whatever the bus does: without positions, or with more of them than fit into a header, the token
// says where to look for them.
Told Writer::answer_when_told(Command command, http::Response response, std::uint64_t number) {
  command.held.reset();  // from here on its key finds the answer in the state
  auto finish = [numbers = numbers_, clock = &context_.platform.clock, service = context_.service, number,
                 bytes_max = options_.position_bytes_max, command = std::move(command),
                 response = std::move(response)](auto positions) mutable {
    if (!command.reply) return;
    auto text = positions ? bus::to_text(*positions) : std::string();
    if (text.empty() || text.size() > bytes_max) text = fmt::format("outbox.{}.{}", service, number);
    response.headers.add("Leat-Position", std::move(text));
    numbers->count(command, response.status, clock->now() - command.arrived);
    command.reply(std::move(response));
  };
  return finish;
}

void Writer::answer(Command& command, http::Response response) {
  command.held.reset();  // before the client can ask again
  if (!command.reply) return;
  count(command, response.status);
  command.reply(std::move(response));
}

// Any thread.
void Writer::count(const Command& command, int status) {
  std::shared_ptr<Numbers> numbers;
  {
    const std::lock_guard lock(mutex_);
    numbers = numbers_;
  }
  numbers->count(command, status, context_.platform.clock.now() - command.arrived);
}

}  // namespace leat::service
