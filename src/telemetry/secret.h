// telemetry/secret.h — text that must not be printed.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace leat::telemetry {

// A token or password. It has no stream operator and no conversion, and a log field made from it does not compile.
class Secret {
 public:
  explicit Secret(std::string text) : text_(std::move(text)) {}

  // Whether `given` is the secret. Takes as long for a near miss as for a far one; only the length shows.
  // An empty secret matches nothing.
  bool matches(std::string_view given) const noexcept {
    unsigned different = given.size() == text_.size() && !text_.empty() ? 0 : 1;
    for (std::size_t i = 0; i < given.size(); ++i) {
      const char ours = text_.empty() ? '\0' : text_[i % text_.size()];
      different |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(ours);
    }
    return different == 0;
  }

  // For the one place that hands it on (a file of mode 0600, a header to the peer it is meant for).
  const std::string& reveal() const { return text_; }

 private:
  std::string text_;
};

}  // namespace leat::telemetry
