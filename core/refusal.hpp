// Refusals: why something could not be judged. Every code stands in refusals.def with a stable
// number, a class, one sentence and the next step; the enum, the texts, docs/errors.md and
// `isotrace explain` all come from that table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace isotrace::core {

enum class RefusalCode : std::uint16_t {
#define ISOTRACE_REFUSAL(number, name, kind, sentence, next) name = number,
#include <isotrace/core/refusals.def>
#undef ISOTRACE_REFUSAL
};

/// What the refusal is about; decides the exit code (environment -> 4, everything else -> 3).
enum class RefusalClass : std::uint8_t { malformed, unsupported, limit, environment };

struct Refusal {
  RefusalCode code;
  std::string where;   ///< the place: file, field, byte offset, node
  std::string detail;  ///< what was found there
};

struct RefusalInfo {
  RefusalCode code;
  std::string_view name;
  RefusalClass kind;
  std::string_view sentence;
  std::string_view next;  ///< what the user can do about it
};

/// The table row of a code.
const RefusalInfo& refusal_info(RefusalCode code);

/// Every row, in ascending order of number.
std::span<const RefusalInfo> all_refusals();

/// Finds a row by name ("trace_truncated", any case, '-' for '_') or by number ("1203", "E1203").
std::optional<RefusalInfo> find_refusal(std::string_view name_or_number);

std::string_view refusal_class_name(RefusalClass kind);

/// "E1203 trace_truncated: where: detail" - one line, no trailing newline.
std::string describe(const Refusal& refusal);

}  // namespace isotrace::core
