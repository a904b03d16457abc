#include <array>
#include <cerrno>
#include <utility>

#include <sys/random.h>

#include "platform/real.h"

namespace leat::platform {
namespace {

struct Block {
  std::array<std::uint64_t, 64> words;
  std::size_t used = 64;
};

void fill(Block& block) {
  auto* into = reinterpret_cast<char*>(block.words.data());
  for (std::size_t got = 0; got < sizeof block.words;) {
    const auto n = ::getrandom(into + got, sizeof block.words - got, 0);
    LEAT_ASSERT(n >= 0 || errno == EINTR);  // it cannot fail otherwise, and ids must not be guessable
    if (n > 0) got += static_cast<std::size_t>(n);
  }
  block.used = 0;
}

}  // namespace

std::uint64_t RealRandom::next() {
  thread_local Block block;
  if (block.used == block.words.size()) fill(block);
  return std::exchange(block.words[block.used++], 0);
}

}  // namespace leat::platform
