// database/database.h — SQLite, the way Leat uses it. Why these settings: docs/adr/0004-database.md
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "database/failure.h"
#include "database/statement.h"

struct sqlite3;

namespace leat::database {

struct Connection;

enum class Synchronous {
  normal,  // a crash may cost the last transactions, whole ones, newest first
  full,    // a committed transaction survives every crash
};

// What a password costs to hash (argon2id); every hash carries the costs it was made with.
struct PasswordCost {
  std::uint64_t passes = 2;
  std::size_t memory_bytes = 64 << 20;
};

struct Options {
  bool read_only = false;
  Synchronous synchronous = Synchronous::full;
  std::string vfs;                      // name of a FilesVfs; empty: the operating system's files
  bool in_memory = false;               // no file at all: connections of this process share it by path ("/name")
  std::int64_t cache_bytes = 8 << 20;   // for each file
  std::int64_t mmap_bytes = 256 << 20;  // for each file; reads of mapped pages cost no call. 0: none
  int wal_autocheckpoint_pages = 1000;  // the commit that makes the WAL longer copies it back. 0: only checkpoint()
  std::int64_t wal_bytes_kept = 64 << 20;
  int busy_timeout_ms = 100;       // for locks of other connections
  int value_bytes_max = 64 << 20;  // of one text, blob or row
  PasswordCost password_cost;
};

enum class Prepare { once, persistent };  // persistent: will be kept and used many times

enum class Checkpoint { passive, truncate };

struct CheckpointResult {
  int wal_pages = 0;    // in the WAL afterwards
  int moved_pages = 0;  // of them already in the database file
};

// One connection: one thread at a time. WAL, foreign keys on, nothing that a schema could smuggle in.
//
// After a failed flush nothing more is written or flushed through it: every step says Code::unavailable, and what the
// failed commit covered is in an unknown state until the file is opened anew.
class Database {
 public:
  // Makes the file when missing, unless read_only. The folder must exist.
  static Result<Database> open(const std::string& path, const Options&);

  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  // Another file under a name of its own (at most 10), with the same options. Not inside a transaction.
  Result<> attach(const std::string& path, std::string_view schema);
  Result<> detach(std::string_view schema);

  // One statement; text after its semicolon is an error. `sql` need not outlive the call.
  SqlResult<Statement> prepare(std::string_view sql, Prepare = Prepare::persistent);
  // All statements of a script in order, ignoring rows; not by itself a transaction. Offsets count from its begin.
  SqlResult<> execute(std::string_view script);

  std::int64_t last_insert_rowid() const;
  std::int64_t changes() const;  // rows changed by the last statement
  bool in_transaction() const;
  bool has_stopped() const;              // after a failed flush
  bool has_deferred_violations() const;  // of foreign keys: the commit would fail

  // What now() gives until set again: one value for each transaction.
  void set_now(std::int64_t unix_ms);

  // Copies the WAL into the database file as far as readers allow.
  Result<CheckpointResult> checkpoint(Checkpoint, std::string_view schema = "main");

  // Reads everything. Code::corrupt with the first findings.
  Result<> integrity_check();

  // From any thread: the running statement ends with Code::timeout.
  void interrupt();

  // For this room.
  Connection& connection() { return *connection_; }

 private:
  explicit Database(std::unique_ptr<Connection>);
  std::unique_ptr<Connection> connection_;
};

// A name or path as SQL: "a""b" and 'it''s'.
std::string quoted_name(std::string_view);
std::string quoted_text(std::string_view);

}  // namespace leat::database
