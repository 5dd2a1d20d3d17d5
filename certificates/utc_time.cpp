#include <isotrace/certificates/utc_time.hpp>

#include <chrono>
#include <cstdio>

#include <isotrace/core/check.hpp>

namespace isotrace::certificates {
namespace {

constexpr std::string_view pattern = "dddd-dd-ddTdd:dd:ddZ";

bool fits_pattern(std::string_view text) {
  if (text.size() != pattern.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (pattern[i] == 'd' ? !digit : text[i] != pattern[i]) return false;
  }
  return true;
}

int number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = 10 * value + (c - '0');
  return value;
}

}  // namespace

std::optional<UnixSeconds> parse_utc(std::string_view text) {
  using namespace std::chrono;
  if (!fits_pattern(text)) return std::nullopt;
  const year_month_day date{year{number(text.substr(0, 4))},
                            month{static_cast<unsigned>(number(text.substr(5, 2)))},
                            day{static_cast<unsigned>(number(text.substr(8, 2)))}};
  const int hour = number(text.substr(11, 2));
  const int minute = number(text.substr(14, 2));
  const int second = number(text.substr(17, 2));
  if (!date.ok() || date.year() < year{1970} || hour > 23 || minute > 59 || second > 59) {
    return std::nullopt;
  }
  const UnixSeconds days = sys_days{date}.time_since_epoch().count();
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

std::string write_utc(UnixSeconds time) {
  using namespace std::chrono;
  constexpr UnixSeconds day_seconds = 86400;
  constexpr UnixSeconds year_10000 = 253402300800;
  ISOTRACE_CHECK(time >= 0 && time < year_10000, time);
  const year_month_day date{sys_days{days{time / day_seconds}}};
  const auto rest = static_cast<int>(time % day_seconds);
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), rest / 3600,
                rest / 60 % 60, rest % 60);
  return text;
}

}  // namespace isotrace::certificates
