#include "database/durable_wal.h"

#include <algorithm>

namespace leat::database {
namespace {

constexpr std::size_t piece_bytes = 1 << 20;

Result<> write_again(platform::File& file) {
  LEAT_TRY(const auto size, file.size());
  std::string piece;
  for (std::uint64_t at = 0; at < size; at += piece.size()) {
    piece.resize(std::min<std::uint64_t>(piece_bytes, size - at));
    LEAT_TRY(const auto got, file.read_at(at, piece.data(), piece.size()));
    if (got != piece.size()) return fail(Code::io, "the file became shorter while it was read");
    LEAT_CHECK(file.write_at(at, piece));
  }
  return file.sync();
}

}  // namespace

Result<> make_wal_durable(platform::Files& files, const std::string& path) {
  const auto wal = path + "-wal";
  LEAT_TRY(const bool there, files.exists(wal));
  if (!there) return {};
  LEAT_TRY(const auto file, files.open(wal, platform::Open::write));
  if (auto written = write_again(*file); !written) return fail(std::move(written).error().in(wal));
  return files.sync_directory(path.substr(0, std::max<std::size_t>(path.rfind('/'), 1)));
}

}  // namespace leat::database
