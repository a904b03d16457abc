#include "platform/real_file.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>

namespace leat::platform {
namespace {

constexpr std::size_t piece_bytes_max = 1 << 20;  // of a direct write or of zeros, and of the memory for it

}  // namespace

Result<std::size_t> RealFile::read_at(std::uint64_t position, char* into, std::size_t size) {
  std::size_t got = 0;
  while (got < size) {
    const auto n =
        uninterrupted([&] { return ::pread(fd_.get(), into + got, size - got, static_cast<off_t>(position + got)); });
    if (n < 0) return posix_failure("read", path_);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  return got;
}

Result<> RealFile::write_at(std::uint64_t position, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n =
        uninterrupted([&] { return ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(position)); });
    if (n < 0) return posix_failure("write", path_);
    position += static_cast<std::uint64_t>(n);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<> RealFile::sync() {
  // Whatever the errno, the failure is final: ENOSPC from a flush means lost pages, not "try again".
  if (::fdatasync(fd_.get()) != 0) return fail(Code::io, posix_error("sync", path_, errno).what);
  return {};
}

Result<std::uint64_t> RealFile::size() {
  struct stat status;
  if (::fstat(fd_.get(), &status) != 0) return posix_failure("stat", path_);
  return static_cast<std::uint64_t>(status.st_size);
}

Result<> RealFile::truncate(std::uint64_t size) {
  if (uninterrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0)
    return posix_failure("truncate", path_);
  return {};
}

Result<> RealFile::reserve(std::uint64_t position, std::uint64_t length) {
  if (length == 0) return {};
  const int result = uninterrupted([&] {
    return ::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(position), static_cast<off_t>(length));
  });
  if (result == 0) return {};
  if (errno != EOPNOTSUPP) return posix_failure("reserve", path_);
  return grow(position + length);
}

// For a file system that cannot reserve: what has been written once has its place.
Result<> RealFile::grow(std::uint64_t end) {
  LEAT_TRY(const std::uint64_t before, size());
  for (std::uint64_t at = before; at < end;) {
    const std::string zeros(std::min<std::uint64_t>(end - at, piece_bytes_max), '\0');
    if (auto written = RealFile::write_at(at, zeros); !written) {
      (void)truncate(before);
      return written;
    }
    at += zeros.size();
  }
  return {};
}

void DirectFile::make_room(std::size_t bytes) {
  if (bytes <= room_) return;
  room_ = std::bit_ceil(std::max(bytes, direct_block_bytes));
  aligned_.reset(static_cast<char*>(std::aligned_alloc(direct_block_bytes, room_)));
  LEAT_ASSERT(aligned_);
}

Result<> DirectFile::write_at(std::uint64_t position, std::string_view bytes) {
  LEAT_ASSERT(position % direct_block_bytes == 0 && bytes.size() % direct_block_bytes == 0);
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, piece_bytes_max);
    make_room(piece.size());
    std::memcpy(aligned_.get(), piece.data(), piece.size());
    LEAT_CHECK(RealFile::write_at(position, {aligned_.get(), piece.size()}));
    position += piece.size();
    bytes.remove_prefix(piece.size());
  }
  return {};
}

void RealFile::drop_cache() { ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED); }

}  // namespace leat::platform
