// simulate — crashes the whole chain from each of the seeds FROM..TO and examines what is left.
//
//   simulate --seeds 1..1000 [--cuts 6]
//   simulate --seeds 17            the story of one seed
#include <charconv>
#include <cstdio>
#include <string_view>

#include <fmt/format.h>

#include "campaign.h"

namespace {

bool read_number(std::string_view text, std::uint64_t& into) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), into);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size();
}

}  // namespace

int main(int argc, char** argv) {
  leat::simulation::Campaign campaign;
  bool understood = argc % 2 == 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option = argv[i], value = argv[i + 1];
    std::uint64_t cuts = 0;
    if (option == "--seeds") {
      const auto dots = value.find("..");
      understood = understood && read_number(value.substr(0, dots), campaign.first);
      campaign.last = campaign.first;
      if (dots != value.npos) understood = understood && read_number(value.substr(dots + 2), campaign.last);
    } else if (option == "--cuts" && read_number(value, cuts)) {
      campaign.power_cuts = static_cast<int>(cuts);
    } else {
      understood = false;
    }
  }
  if (!understood) {
    fmt::print(stderr, "usage: simulate [--seeds FROM..TO] [--cuts POWER CUTS OF EACH SEED]\n");
    return 2;
  }
  const auto total = leat::simulation::run(campaign);
  fmt::print("{}\n", total.closing_line());
  return total.failed == 0 ? 0 : 1;
}
