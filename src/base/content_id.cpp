#include "base/content_id.h"

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>

#include "base/hex.h"

namespace leat {

std::string content_id(std::string_view content) {
  const boost::uuids::name_generator_sha1 generate(boost::uuids::ns::oid());
  const boost::uuids::uuid id = generate(content.data(), content.size());
  std::string out;
  append_hex(out, {id.begin(), id.size()});
  return out;
}

}  // namespace leat
