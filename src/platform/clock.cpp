#include "platform/clock.h"

#include <fmt/format.h>

namespace leat::platform {
namespace {

// Takes what a fixed form is made of off the front of the text; once something did not fit, nothing fits any more.
class Fixed {
 public:
  explicit Fixed(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value * 10 + digit();
    return value;
  }
  int digit() {
    if (rest_.empty() || rest_[0] < '0' || rest_[0] > '9') return ok_ = false, 0;
    const int value = rest_[0] - '0';
    rest_.remove_prefix(1);
    return value;
  }
  bool take(std::string_view any_of) {
    if (rest_.empty() || !any_of.contains(rest_[0])) return false;
    taken_ = rest_[0];
    rest_.remove_prefix(1);
    return true;
  }
  void must(std::string_view any_of) { ok_ &= take(any_of); }
  void refuse() { ok_ = false; }
  bool digit_next() const { return !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; }
  char taken() const { return taken_; }
  bool whole() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  char taken_ = 0;
  bool ok_ = true;
};

int milliseconds_of(Fixed& in) {
  int value = 0, scale = 100;
  in.must("0123456789");
  value = (in.taken() - '0') * scale;
  while (in.digit_next()) value += in.digit() * (scale /= 10);
  return value;
}

// East of Greenwich, in minutes.
int zone_of(Fixed& in) {
  if (in.take("Zz")) return 0;
  in.must("+-");
  const int sign = in.taken() == '-' ? -1 : 1;
  const int hours = in.digits(2);
  in.must(":");
  const int minutes = in.digits(2);
  if (hours > 23 || minutes > 59) in.refuse();
  return sign * (hours * 60 + minutes);
}

}  // namespace

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  Fixed in(text);
  const int y = in.digits(4);
  in.must("-");
  const int m = in.digits(2);
  in.must("-");
  const int d = in.digits(2);
  in.must("Tt ");
  const int hour = in.digits(2);
  in.must(":");
  const int minute = in.digits(2);
  in.must(":");
  const int second = in.digits(2);
  const int ms = in.take(".") ? milliseconds_of(in) : 0;
  const int zone = zone_of(in);
  const year_month_day date{year{y}, month{static_cast<unsigned>(m)}, day{static_cast<unsigned>(d)}};
  if (!in.whole() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const auto time = sys_days{date} + hours{hour} + minutes{minute - zone} + seconds{second} + milliseconds{ms};
  return duration_cast<milliseconds>(time.time_since_epoch()).count();
}

std::string rfc3339(std::int64_t unix_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds(unix_ms)};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

}  // namespace leat::platform
