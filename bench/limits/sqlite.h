// bench/limits/sqlite.h — SQLite with the pragmas of a service's database and nothing else.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "bench/measure.h"

namespace bench {

class Database {
 public:
  enum How { fresh, existing };

  Database(const std::string& path, How how) {
    if (how == fresh) {
      for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
    }
    check(
        sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr));
    for (const char* pragma : {"journal_mode=wal", "synchronous=normal", "secure_delete=off", "mmap_size=268435456",
                               "cache_size=-65536", "wal_autocheckpoint=10000", "temp_store=memory"})
      run(std::string("pragma ") + pragma);
  }
  Database(const Database&) = delete;
  ~Database() { sqlite3_close_v2(db_); }

  void run(const std::string& sql) { check(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr)); }
  void check(int code) {
    if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) {
      std::fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db_));
      std::exit(2);
    }
  }
  sqlite3* get() { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

class Statement {
 public:
  Statement(Database& db, std::string_view sql) : db_(db) {
    db.check(sqlite3_prepare_v3(db.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                &statement_, nullptr));
  }
  Statement(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }

  Statement& bind(int at, std::int64_t value) {
    db_.check(sqlite3_bind_int64(statement_, at, value));
    return *this;
  }
  // Requires: `value` lives until the statement has run.
  Statement& bind(int at, std::string_view value) {
    db_.check(sqlite3_bind_text(statement_, at, value.data(), static_cast<int>(value.size()), SQLITE_STATIC));
    return *this;
  }
  bool step() {
    const int code = sqlite3_step(statement_);
    db_.check(code);
    return code == SQLITE_ROW;
  }
  void reset() { sqlite3_reset(statement_); }
  void run() {
    while (step()) {
    }
    reset();
  }
  std::int64_t integer(int column) { return sqlite3_column_int64(statement_, column); }
  std::string_view text(int column) {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return bytes == nullptr
               ? std::string_view()
               : std::string_view(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
  }

 private:
  Database& db_;
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace bench
