#include "base/content_id.h"

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>

namespace leat {

std::string content_id(std::string_view content) {
  const boost::uuids::name_generator_sha1 generate(boost::uuids::ns::oid());
  const boost::uuids::uuid id = generate(content.data(), content.size());
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : id) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

}  // namespace leat
