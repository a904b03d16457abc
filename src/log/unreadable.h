// log/unreadable.h — reads on behind what a disk cannot give, so that a bad sector costs the batches on it and not all
// that would have come with it.
#pragma once

#include <set>
#include <string>

#include "platform/files.h"

namespace leat::log {

// For reading only. A page that cannot be read is zeros, which no checksum of a batch fits.
class PatientFile final : public platform::File {
 public:
  // Requires: `base` outlives this.
  explicit PatientFile(platform::File& base) : base_(base) {}

  Result<std::size_t> read_at(std::uint64_t position, char* into, std::size_t size) override;
  Result<std::uint64_t> size() override { return base_.size(); }
  Result<> write_at(std::uint64_t, std::string_view) override { return read_only(); }
  Result<> truncate(std::uint64_t) override { return read_only(); }
  Result<> reserve(std::uint64_t, std::uint64_t) override { return read_only(); }
  Result<> sync() override { return read_only(); }
  void drop_cache() override { base_.drop_cache(); }

  // Why, if a page that has a part in [begin, end) could not be read; otherwise empty.
  std::string_view why_not(std::uint64_t begin, std::uint64_t end) const;

 private:
  static std::unexpected<Error> read_only() { return fail(Code::invalid, "it is open for reading only"); }

  platform::File& base_;
  std::set<std::uint64_t> failed_;  // where the pages begin that cannot be read
  std::string why_;                 // the last of them
};

}  // namespace leat::log
