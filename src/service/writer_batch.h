// service/writer_batch.h — what the files of the writer share: one transaction, and what is counted.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/route_metrics.h"
#include "service/writer.h"

namespace leat::service {

// What is counted; shared with answers that are still under way when the writer is gone.
struct Writer::Numbers {
  Numbers(telemetry::Metrics& metrics, const std::string& service, const std::shared_ptr<const ServicePlan>& of)
      : metrics(metrics),
        service(service),
        plan(of),
        batch(metrics.histogram("leat_command_batch", "Commands that shared one transaction.", {{"service", service}},
                                telemetry::count_buckets())),
        replayed(metrics.counter("leat_answers_replayed_total", "Commands answered as their key was answered before.",
                                 {{"service", service}})),
        forgotten_early(metrics.counter("leat_answers_forgotten_early_total",
                                        "Answers to keys that had to go before their time.", {{"service", service}})),
        held(metrics.gauge("leat_answers_held", "Answers to keys that are kept.", {{"service", service}})),
        held_bytes(metrics.gauge("leat_answers_held_bytes", "What they take, about.", {{"service", service}})) {
    for (const auto& command : plan->commands)
      routes.push_back(std::make_unique<RouteMetrics>(metrics, "command", service, command.route));
  }
  void show(const AnswersHeld& answers) {
    held.set(static_cast<double>(answers.count));
    held_bytes.set(static_cast<double>(answers.bytes));
  }
  // A command of another plan than the one in force has a route of its own, perhaps of the same number.
  void count(const Command& command, int status, platform::Duration took) {
    if (command.service == plan) return routes[command.index]->count(status, took);
    RouteMetrics(metrics, "command", service, command.plan().route).count(status, took);
  }
  telemetry::Metrics& metrics;
  const std::string service;
  const std::shared_ptr<const ServicePlan> plan;
  telemetry::Histogram& batch;
  telemetry::Counter &replayed, &forgotten_early;
  telemetry::Gauge &held, &held_bytes;
  std::vector<std::unique_ptr<RouteMetrics>> routes;
};

// A command whose key has been answered before.
struct Writer::Replayed {
  Command command;
  StoredAnswer answer;
};

// One transaction. Every command in it ends in `rejected`, with nothing done; in `done`, with what has to be on disk
// before it is answered; or in `replayed`.
struct Writer::Batch {
  struct Done {
    Command command;
    http::Response response;
    std::uint64_t first = 0, last = 0;  // outbox rows; 0: none
    bool changed = true;                // false: a rejection that its key has to remember
  };
  struct Rejected {
    Command command;
    http::Response response;
    std::size_t after = 0;  // as many were done before it, and it may have been rejected for what they did
  };
  void reject(Command command, http::Response response) {
    rejected.push_back({std::move(command), std::move(response), done.size()});
  }

  std::int64_t now_ms = 0;
  std::vector<Command> commands;
  std::vector<Done> done;
  std::vector<Replayed> replayed;
  std::vector<Rejected> rejected;
  std::vector<OutboxRow> rows;
  int answers = 0;             // added to leat_answers
  int forgotten_early = 0;     // removed from there before their time
  AnswersHeld held;            // what is there then
  std::optional<Error> fatal;  // the database failed; the transaction is lost
};

// 503, and when to ask again.
http::Response overloaded(std::string_view why);

}  // namespace leat::service
