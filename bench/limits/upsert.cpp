// bench/limits/upsert.cpp — the limit of a projection: the same upsert in a bare SQLite loop, the position row in the
// same transaction.
//   --keys=hot|random|append   10,000 keys, 200,000 keys, a new key each time
//   --batch=1000 --bytes=200   events for each transaction, of each value
//   --events=N                 that many into an empty table, instead of --seconds=1 into a full one
// Prints one line of JSON; an operation is one event.
#include <memory>
#include <random>

#include <sqlite3.h>

#include "bench/limits/sqlite.h"
#include "bench/measure.h"

int main(int argc, char** argv) {
  const auto keys = bench::option(argc, argv, "keys", "random");
  const auto batch = static_cast<int>(bench::number(argc, argv, "batch", 1000));
  const auto seconds = bench::number(argc, argv, "seconds", 1);
  const auto path = bench::option(argc, argv, "dir", ".") + "/limit.upsert.db";

  bench::Database db(path, bench::Database::fresh);
  db.run("create table authors (id integer primary key, username text not null)");
  db.run("create table position (partition integer primary key, next integer not null)");
  bench::Statement begin(db, "begin immediate"), commit(db, "commit");
  bench::Statement upsert(
      db, "insert into authors values (?1, ?2) on conflict (id) do update set username = excluded.username");
  bench::Statement position(
      db, "insert into position values (0, ?1) on conflict (partition) do update set next = excluded.next");

  const std::string value(static_cast<std::size_t>(bench::number(argc, argv, "bytes", 200)), 'v');
  std::minstd_rand random(7);
  std::int64_t next = 0;
  const auto key = [&]() -> std::int64_t {
    if (keys == "append") return next;
    return static_cast<std::int64_t>(random() % (keys == "hot" ? 10'000 : 200'000));
  };
  const auto transaction = [&] {
    begin.run();
    for (int i = 0; i < batch; ++i, ++next) upsert.bind(1, key()).bind(2, value).run();
    position.bind(1, next).run();
    commit.run();
  };
  if (const auto events = bench::number(argc, argv, "events", 0); events > 0) {
    bench::Outcome outcome{.operations = events, .seconds = 0, .cpu_seconds = bench::cpu_seconds(), .latencies = {}};
    const auto begun = bench::now_ns();
    while (static_cast<double>(next) < events) transaction();
    outcome.seconds = static_cast<double>(bench::now_ns() - begun) * 1e-9;
    outcome.cpu_seconds = bench::cpu_seconds() - outcome.cpu_seconds;
    bench::print(outcome, {{"seconds", outcome.seconds}});
    return 0;
  }
  if (keys != "append") {
    for (int i = 0; i < 400; ++i) transaction();  // the table has its size before the watch starts
  }
  auto outcome = bench::closed_loop(seconds, transaction);
  outcome.operations *= batch;
  outcome.latencies = {};  // of transactions, not of events
  bench::print(outcome);
}
