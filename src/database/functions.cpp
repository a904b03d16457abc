#include "database/functions.h"

#include <string>

#include <sodium.h>
#include <sqlite3.h>

#include "database/connection.h"
#include "platform/clock.h"

namespace leat::database {
namespace {

std::string_view text_of(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return {text ? text : "", static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

bool any_null(int count, sqlite3_value** values) {
  for (int i = 0; i < count; ++i)
    if (sqlite3_value_type(values[i]) == SQLITE_NULL) return true;
  return false;
}

void now(sqlite3_context* context, int, sqlite3_value**) {
  const auto& connection = *static_cast<const Connection*>(sqlite3_user_data(context));
  if (!connection.now_ms) return sqlite3_result_error(context, "now() has no value here", -1);
  const auto text = platform::rfc3339(*connection.now_ms);
  sqlite3_result_text(context, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

void password_hash(sqlite3_context* context, int count, sqlite3_value** values) {
  if (any_null(count, values)) return sqlite3_result_null(context);
  const auto& cost = static_cast<const Connection*>(sqlite3_user_data(context))->options.password_cost;
  const auto password = text_of(values[0]);
  char hash[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str(hash, password.data(), password.size(), cost.passes, cost.memory_bytes) != 0)
    return sqlite3_result_error_nomem(context);
  sqlite3_result_text(context, hash, -1, SQLITE_TRANSIENT);
}

void password_verify(sqlite3_context* context, int count, sqlite3_value** values) {
  if (any_null(count, values)) return sqlite3_result_null(context);
  const auto hash = text_of(values[0]), password = text_of(values[1]);
  sqlite3_result_int(context, crypto_pwhash_str_verify(hash.data(), password.data(), password.size()) == 0);
}

struct Function {
  const char* name;
  int arguments;
  int flags;
  void (*call)(sqlite3_context*, int, sqlite3_value**);
};

// now() may stand in a schema's DEFAULT, so it is innocuous; hashing may not hide in a trigger.
constexpr Function functions[] = {
    {"now", 0, SQLITE_UTF8 | SQLITE_INNOCUOUS, now},
    {"password_hash", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, password_hash},
    {"password_verify", 2, SQLITE_UTF8 | SQLITE_DIRECTONLY | SQLITE_DETERMINISTIC, password_verify},
};

}  // namespace

Result<> register_functions(Connection& connection) {
  if (sodium_init() < 0) return fail(Code::unavailable, "libsodium cannot start");
  for (const auto& [name, arguments, flags, call] : functions)
    if (sqlite3_create_function_v2(connection.handle, name, arguments, flags, &connection, call, nullptr, nullptr,
                                   nullptr) != SQLITE_OK)
      return fail(failure_of(connection.handle).error);
  return {};
}

}  // namespace leat::database
