// service/options.h — the limits of the runtime, each with a name and a default.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/byte_budget.h"
#include "database/database.h"
#include "platform/clock.h"
#include "service/answers.h"

namespace leat::service {

// Bugs planted on purpose, so that the tests of the crash tests can show that they would be found. Never set elsewhere.
struct TestFaults {
  bool position_outside_transaction = false;  // a read model's positions are committed before its rows
  bool acknowledge_before_commit = false;     // a command is answered when it has run, not when it is durable
  bool answers_outside_transaction = false;   // what a key was answered is committed after the effect
};

struct Options {
  std::string vfs;                       // SQLite's way to the disk; empty: the operating system's
  database::PasswordCost password_cost;  // of password_hash in `let`

  // Commands
  std::size_t commands_waiting_max = 4096;                        // for one service; beyond it 503
  std::size_t commands_batch_max = 512;                           // that share one transaction
  platform::Duration command_time_max = std::chrono::seconds(5);  // its statements are interrupted then, and it is 504
  std::size_t command_events_max = 10'000;                        // that one command may emit; beyond it 413
  std::size_t command_event_bytes_max = 32 << 20;                 // of their payloads
  std::size_t lets_waiting_max = 256;                             // slow functions; for the whole system
  unsigned let_threads = 1;
  std::size_t outbox_rows_max = 100'000;  // not yet on the bus, for one service; beyond it 503 before anything begins
  platform::Duration publish_wait =
      std::chrono::seconds(2);  // how long an answer waits for its events to be on the bus

  AnswerLimits answers;  // to commands with an Idempotency-Key, of one service

  // Relay
  std::size_t publish_rows_max = 4096;  // of one publish
  std::size_t publish_bytes_max = 1 << 20;
  // Before a source is opened again, and before a full disk is tried again: doubling, see backoff.h.
  platform::Duration backoff_min = std::chrono::milliseconds(50);
  platform::Duration backoff_max = std::chrono::seconds(5);

  // Read models
  std::size_t delivery_bytes = 2 << 20;  // asked of a reader at once; two deliveries of a topic are in memory at most
  std::size_t delivery_tail_bytes = 64 << 10;  // asked instead of one that has caught up, and when memory is short
  // For the events of one delivery; the one that it has come to then cannot be applied.
  platform::Duration projection_time_max = std::chrono::minutes(5);
  int wal_pages_read_model = 32'000;  // a checkpoint moves the WAL into the file when it is longer than this
  int wal_pages_state = 4'000;

  // Queries
  unsigned query_threads = 2;                                       // of one service
  std::size_t queries_waiting_max = 4096;                           // for one service; beyond it 503
  std::size_t answer_bytes_max = 64 << 20;                          // of one answer; beyond it 413
  platform::Duration query_time_max = std::chrono::seconds(5);      // a statement that takes longer is interrupted
  platform::Duration position_wait = std::chrono::seconds(2);       // for a request's Leat-Position
  platform::Duration position_wait_max = std::chrono::seconds(30);  // what Leat-Wait may ask for
  // Of one Leat-Position in an answer: proxies take 4 KiB of header and we take 8 KiB, with all else that a client
  // sends.
  std::size_t position_bytes_max = 3 << 10;

  ByteBudget* budget = nullptr;  // outlives the system; null: nothing is leased
  TestFaults faults;
};

}  // namespace leat::service
