// base/result.h — the one error type. Peers, disks and clients fail: Result. We made a mistake: LEAT_ASSERT.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace leat {

// What a caller may act on. A code is added only when some caller would act differently on it.
enum class Code {
  invalid,       // the input is wrong; the same input will be wrong again
  not_found,     // what was named does not exist
  conflict,      // exists already, or contradicts what exists
  fenced,        // a newer holder has taken over
  history_lost,  // the position lies before the log start, or on another history
  corrupt,       // bytes below a durable end are not what was written
  too_large,     // a named limit was exceeded
  no_space,      // the disk is full; may succeed later
  unavailable,   // cannot be done now (stopping, overloaded, stopped after a failed flush); may succeed later
  timeout,       // a deadline passed
  cancelled,     // the caller or a stop gave up
  io,            // the operating system failed us
};

std::string_view name(Code);

// A failure we expect and can answer. Programs branch on `code`, people read `what`.
struct [[nodiscard]] Error {
  Code code;
  std::string what;

  // The same error seen from one step further out: "opening posts-0: <what>".
  Error in(std::string_view context) && { return Error{code, std::string(context) + ": " + what}; }
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Code code, std::string what) {
  return std::unexpected(Error{code, std::move(what)});
}
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

// Takes the value of a Result or returns its error from the enclosing function:
//   LEAT_TRY(auto file, files.open(path, mode));     LEAT_CHECK(file->sync());
#define LEAT_CONCAT_(a, b) a##b
#define LEAT_CONCAT(a, b) LEAT_CONCAT_(a, b)
#define LEAT_TRY_(temporary, declaration, ...)                       \
  auto&& temporary = (__VA_ARGS__);                                  \
  if (!temporary) return ::leat::fail(std::move(temporary).error()); \
  declaration = *std::move(temporary)
#define LEAT_TRY(declaration, ...) LEAT_TRY_(LEAT_CONCAT(leat_try_, __LINE__), declaration, __VA_ARGS__)
#define LEAT_CHECK(...)                                                                                           \
  do {                                                                                                            \
    if (auto&& leat_checked = (__VA_ARGS__); !leat_checked) return ::leat::fail(std::move(leat_checked).error()); \
  } while (false)

// On in every build: a broken invariant stops the program before it can damage data.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
#define LEAT_ASSERT(condition) ((condition) ? void(0) : ::leat::assertion_failed(#condition, __FILE__, __LINE__))

}  // namespace leat
