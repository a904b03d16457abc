// log/byte_reader.h — takes big-endian fields off the front of bytes. A field that is not there reads as zero and makes
// ok() false for good, so that a decoder checks once at its end.
#pragma once

#include <concepts>
#include <string_view>

#include "base/endian.h"

namespace leat::log {

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <std::integral Int>
  Int take() {
    const auto bytes = take_bytes(sizeof(Int));
    return ok_ ? load_be<Int>(bytes.data()) : Int{0};
  }
  std::string_view take_bytes(std::size_t size) {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    const auto bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  bool ok() const { return ok_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace leat::log
