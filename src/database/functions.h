// database/functions.h — the SQL functions that Leat adds. Of this room only.
//
//   now()                          the transaction's time, RFC 3339 UTC with milliseconds; an error where none was set
//   password_hash(text)            argon2id with a random salt, by libsodium; slow on purpose
//   password_verify(hash, text)    1 or 0; NULL when either is NULL
#pragma once

#include "base/result.h"

namespace leat::database {

struct Connection;

Result<> register_functions(Connection&);

}  // namespace leat::database
