#include "database/transaction.h"

#include "database/connection.h"

namespace leat::database {
namespace {

enum class Control { begin, begin_write, commit, rollback, savepoint, release, rollback_to };

std::string_view text(Control control) {
  switch (control) {
    case Control::begin:
      return "begin";
    case Control::begin_write:
      return "begin immediate";
    case Control::commit:
      return "commit";
    case Control::rollback:
      return "rollback";
    case Control::savepoint:
      return "savepoint part";
    case Control::release:
      return "release part";
    case Control::rollback_to:
      return "rollback to part";
  }
  return {};
}

// A batch runs several of these for each command; preparing them anew would cost more than running them.
Result<> run(Database& database, Control control) {
  auto& statement = database.connection().controls[static_cast<std::size_t>(control)];
  if (!statement) {
    LEAT_TRY(statement, database.prepare(text(control)));
  }
  return statement.run();
}

// SQLite may have rolled back by itself: the disk is full or fails, a writing statement was interrupted.
Result<> still_open(const Database& database) {
  if (database.in_transaction()) return {};
  return fail(Code::unavailable, "the transaction was rolled back");
}

}  // namespace

Result<Transaction> Transaction::read(Database& database) {
  LEAT_CHECK(run(database, Control::begin));
  return Transaction(database);
}

Result<Transaction> Transaction::write(Database& database) {
  LEAT_CHECK(run(database, Control::begin_write));
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_) rollback();
}

Result<> Transaction::commit() {
  LEAT_ASSERT(database_);
  LEAT_CHECK(still_open(*database_));
  auto committed = run(*database_, Control::commit);
  if (committed)
    database_ = nullptr;
  else
    rollback();
  return committed;
}

void Transaction::rollback() {
  // It may fail only where nothing is left to roll back, or in a stopped database, whose closing rolls back.
  if (is_open()) (void)run(*database_, Control::rollback);
  database_ = nullptr;
}

bool Transaction::is_open() const { return database_ && database_->in_transaction(); }

Result<Savepoint> Savepoint::open(Database& database) {
  LEAT_CHECK(still_open(database));
  LEAT_CHECK(run(database, Control::savepoint));
  return Savepoint(database);
}

Savepoint::~Savepoint() {
  if (database_) (void)undo();
}

Result<> Savepoint::keep() {
  auto& database = *std::exchange(database_, nullptr);
  LEAT_CHECK(still_open(database));
  return run(database, Control::release);
}

Result<> Savepoint::undo() {
  auto& database = *std::exchange(database_, nullptr);
  LEAT_CHECK(still_open(database));
  LEAT_CHECK(run(database, Control::rollback_to));
  return run(database, Control::release);
}

}  // namespace leat::database
