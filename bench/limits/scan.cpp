// bench/limits/scan.cpp — the limit of reading a log: every batch of every segment below a folder, its CRC checked and
// nothing decoded.
//   --dir=FOLDER   searched for *.log files of Kafka record batches (magic 2)
// Prints one line of JSON; an operation is one record.
#include <array>
#include <filesystem>

#include "bench/measure.h"

namespace {

constexpr std::size_t header_bytes = 61, checked_from = 21;

// CRC-32C, as the processor has it where it has it.
#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c(std::string_view bytes) {
  std::uint64_t sum = 0xffffffff;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    sum = __builtin_ia32_crc32di(sum, word);
  }
  auto rest = static_cast<std::uint32_t>(sum);
  for (const char byte : bytes) rest = __builtin_ia32_crc32qi(rest, static_cast<unsigned char>(byte));
  return ~rest;
}
#else
std::uint32_t crc32c(std::string_view bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> out{};
    for (std::uint32_t i = 0; i < out.size(); ++i) {
      out[i] = i;
      for (int bit = 0; bit < 8; ++bit) out[i] = out[i] >> 1 ^ (out[i] & 1 ? 0x82f63b78 : 0);
    }
    return out;
  }();
  std::uint32_t sum = 0xffffffff;
  for (const char byte : bytes) sum = sum >> 8 ^ table[(sum ^ static_cast<unsigned char>(byte)) & 255];
  return ~sum;
}
#endif

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out = out << 8 | static_cast<unsigned char>(bytes[at + i]);
  return out;
}

struct Scanned {
  double records = 0, bytes = 0;

  // The batch that `bytes` begins with; its size, or 0 when it is not whole.
  std::size_t batch(std::string_view input, const std::string& path) {
    if (input.size() < header_bytes) return 0;
    const auto size = 12 + static_cast<std::size_t>(big_endian(input, 8));
    if (input.size() < size) return 0;
    if (crc32c(input.substr(checked_from, size - checked_from)) != big_endian(input, 17)) {
      std::fprintf(stderr, "%s: a batch with a wrong CRC\n", path.c_str());
      std::exit(2);
    }
    records += big_endian(input, 57);
    bytes += static_cast<double>(size);
    return size;
  }

  void file(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    bench::must(file >= 0, path);
    std::string buffer(1 << 20, '\0');
    for (std::uint64_t at = 0;;) {
      const auto count = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(at));
      bench::must(count >= 0, path);
      const std::string_view input(buffer.data(), static_cast<std::size_t>(count));
      std::size_t done = 0;
      while (const auto size = batch(input.substr(done), path)) done += size;
      at += done;
      if (done > 0) continue;
      if (input.size() < buffer.size()) break;
      buffer.resize(buffer.size() * 2);
    }
    ::close(file);
  }
};

}  // namespace

int main(int argc, char** argv) {
  Scanned scanned;
  const auto begun = bench::now_ns();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(bench::option(argc, argv, "dir", ".")))
    if (entry.path().extension() == ".log") scanned.file(entry.path());
  bench::Outcome outcome;
  outcome.seconds = static_cast<double>(bench::now_ns() - begun) * 1e-9;
  outcome.operations = scanned.records;
  outcome.cpu_seconds = bench::cpu_seconds();
  const auto seconds = outcome.seconds;
  bench::print(std::move(outcome), {{"seconds", seconds}, {"megabytes", scanned.bytes * 1e-6}});
}
