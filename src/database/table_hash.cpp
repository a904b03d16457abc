#include "database/table_hash.h"

#include <fmt/format.h>
#include <sodium.h>

#include "base/endian.h"
#include "database/database.h"

namespace leat::database {
namespace {

// A value so that no two different rows give the same bytes: its type, then its length where that is not fixed.
void append_value(std::string& out, const Statement& row, int column) {
  const Type type = row.type(column);
  out += static_cast<char>(type);
  switch (type) {
    case Type::integer:
      append_be(out, row.integer(column));
      break;
    case Type::real:
      append_be(out, std::bit_cast<std::uint64_t>(row.real(column)));
      break;
    case Type::text:
    case Type::blob: {
      const auto bytes = type == Type::text ? row.text(column) : row.blob(column);
      append_be(out, static_cast<std::uint64_t>(bytes.size()));
      out += bytes;
      break;
    }
    case Type::null:
      break;
  }
}

// A sum over hashes of rows does not depend on their order, and unlike an exclusive or it counts repeats.
struct Sum {
  std::uint64_t rows = 0, low = 0, high = 0;

  void add(std::string_view bytes) {
    char hash[16];
    crypto_generichash(reinterpret_cast<unsigned char*>(hash), sizeof hash,
                       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), nullptr, 0);
    ++rows;
    low += load_be<std::uint64_t>(hash);
    high += load_be<std::uint64_t>(hash + 8);
  }
  std::string text() const { return fmt::format("{}:{:016x}{:016x}", rows, high, low); }
};

}  // namespace

Result<std::string> table_hash(Database& database, std::string_view schema, std::string_view table) {
  LEAT_TRY(auto select, database.prepare(fmt::format("select * from {}.{}", quoted_name(schema), quoted_name(table)),
                                         Prepare::once));
  Sum sum;
  for (std::string bytes;; bytes.clear()) {
    LEAT_TRY(const bool row, select.step());
    if (!row) return sum.text();
    for (int column = 0; column < select.columns(); ++column) append_value(bytes, select, column);
    sum.add(bytes);
  }
}

Result<std::string> schema_hash(Database& database, std::string_view schema, std::string_view except) {
  LEAT_TRY(auto tables, database.prepare(fmt::format("select name from {}.sqlite_schema where type = 'table' and name "
                                                     "not like 'sqlite\\_%' escape '\\' and name <> ?1 order by name",
                                                     quoted_name(schema)),
                                         Prepare::once));
  tables.bind_text(1, except);
  std::string out;
  for (;;) {
    LEAT_TRY(const bool row, tables.step());
    if (!row) return out;
    LEAT_TRY(const auto hash, table_hash(database, schema, tables.text(0)));
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", tables.text(0), hash);
  }
}

}  // namespace leat::database
