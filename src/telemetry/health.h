// telemetry/health.h — what must hold for the program to do its work, by name.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace leat::telemetry {

// Named conditions ("read model social.authors"), each good or bad with a reason for people. The program is ready when
// all of them are good. Safe from any thread.
class Health {
 public:
  struct Condition {
    std::string name;
    bool ok;
    std::string why;
  };

  void set(std::string_view name, bool ok, std::string_view why = {});
  void remove(std::string_view name);

  bool ready() const;
  std::vector<Condition> all() const;  // by name

 private:
  struct State {
    bool ok;
    std::string why;
  };
  mutable std::mutex mutex_;
  std::map<std::string, State, std::less<>> conditions_;
};

}  // namespace leat::telemetry
