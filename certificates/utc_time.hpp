// Times in policies: UTC to the second in one spelling, "2027-01-31T00:00:00Z". Trusted base.
// Spec: RFC 3339, restricted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace isotrace::certificates {

/// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
using UnixSeconds = std::int64_t;

/// Years 1970 to 9999; nothing for any other text, for dates that do not exist and for leap
/// seconds.
std::optional<UnixSeconds> parse_utc(std::string_view text);
/// 0 <= seconds < year 10000.
std::string write_utc(UnixSeconds seconds);

}  // namespace isotrace::certificates
