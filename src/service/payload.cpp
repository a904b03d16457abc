#include "service/payload.h"

#include <exception>
#include <new>

#include <fmt/format.h>

namespace leat::service {
namespace {

json::parse_options options() {
  json::parse_options out;
  out.max_depth = JsonLimits{}.depth_max;
  return out;
}

}  // namespace

Payload::Payload() : parser_({}, options(), stack_.data(), stack_.size()) {}

Result<const json::object*> Payload::parse(std::optional<std::string_view> text) {
  value_.reset();
  parser_.reset();
  if (!text) return nullptr;
  // A new one each time: a resource that is released keeps doubling what it asks for next.
  arena_.emplace(buffer_.data(), buffer_.size());
  try {
    parser_.reset(&*arena_);
    boost::system::error_code wrong;
    parser_.write(text->data(), text->size(), wrong);
    if (wrong) return fail(Code::invalid, fmt::format("the data is not JSON: {}", wrong.message()));
    value_.emplace(parser_.release());
  } catch (const std::bad_alloc&) {
    return fail(Code::unavailable, fmt::format("no memory for data of {} bytes", text->size()));
  } catch (const std::exception& exception) {
    return fail(Code::invalid, fmt::format("the data is not JSON: {}", exception.what()));
  }
  if (value_->is_null()) return nullptr;
  const auto* object = value_->if_object();
  if (!object) return fail(Code::invalid, "the data is not an object");
  return object;
}

}  // namespace leat::service
