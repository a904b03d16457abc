// database/transaction.h — all or nothing, and one step of it or not.
#pragma once

#include <utility>

#include "base/result.h"

namespace leat::database {

class Database;

// Begun by begin(), ended by commit() or rollback(); one that is dropped is rolled back. The Database must stay where
// it is meanwhile. SQLite itself rolls back the whole transaction when the disk fails or is full, or when a writing
// statement is interrupted: is_open() tells.
class Transaction {
 public:
  // Sees one state of each file from its first read of that file on. Takes no write lock until it writes.
  static Result<Transaction> read(Database&);
  // Takes the write lock at once. Code::unavailable when another connection holds it.
  static Result<Transaction> write(Database&);

  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // With synchronous=full and success, what was done survives every crash. After a failure nothing of it is visible;
  // whether it survives a crash is unknown if the flush failed (the database has stopped then).
  Result<> commit();
  void rollback();
  bool is_open() const;

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

// A part of the open transaction that can be undone alone: one command of a batch. Dropped without keep(), it is
// undone.
class Savepoint {
 public:
  static Result<Savepoint> open(Database&);

  Savepoint(Savepoint&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Savepoint& operator=(Savepoint&&) = delete;
  ~Savepoint();

  Result<> keep();
  Result<> undo();

 private:
  explicit Savepoint(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace leat::database
