// bench/limits/chain.cpp — the limit of freshness: what must happen between a command and a query that sees it, and
// nothing else. Append and flush twice (the state database, the journal), one hand-over to another thread and back, one
// committed upsert there. Prints one line of JSON.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "bench/limits/sqlite.h"
#include "bench/measure.h"

int main(int argc, char** argv) {
  const auto folder = bench::option(argc, argv, "dir", ".");
  constexpr std::uint64_t file_bytes = 16 << 20;
  const int state = bench::open_prewritten(folder + "/limit.state", file_bytes);
  const int journal = bench::open_prewritten(folder + "/limit.journal", file_bytes);
  const std::string record(1024, 'x');
  std::uint64_t at = 0;

  std::mutex mutex;
  std::condition_variable changed;
  bool asked = false, stopping = false;
  std::jthread projector([&] {
    bench::Database db(folder + "/limit.chain.db", bench::Database::fresh);
    db.run("create table authors (id integer primary key, username text not null)");
    db.run("create table position (partition integer primary key, next integer not null)");
    bench::Statement begin(db, "begin immediate"), commit(db, "commit");
    bench::Statement upsert(db,
                            "insert into authors values (?1, 'user') on conflict (id) do update set username = 'user'");
    bench::Statement position(db,
                              "insert into position values (0, ?1) on conflict (partition) do update set next = ?1");
    std::int64_t next = 0;
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return asked || stopping; });
      if (stopping) return;
      begin.run();
      upsert.bind(1, ++next % 10'000).run();
      position.bind(1, next).run();
      commit.run();
      asked = false;
      changed.notify_one();
    }
  });

  bench::print(bench::closed_loop(bench::number(argc, argv, "seconds", 1), [&] {
    for (const int file : {state, journal}) {
      bench::write_all(file, record, at);
      bench::must(::fdatasync(file) == 0, "fdatasync");
    }
    at = (at + record.size()) % file_bytes;
    std::unique_lock lock(mutex);
    asked = true;
    changed.notify_one();
    changed.wait(lock, [&] { return !asked; });
  }));
  const std::scoped_lock lock(mutex);
  stopping = true;
  changed.notify_one();
}
