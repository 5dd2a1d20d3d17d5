// Result<T>: a value, or the reason why there is none. Never used for bugs (ISOTRACE_CHECK) or
// answers (Verdict).
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

#include <isotrace/core/refusal.hpp>

namespace isotrace::core {

template <class T>
using Result = tl::expected<T, Refusal>;

/// The value of a Result that carries nothing but success.
struct Done {};

/// Makes the error side of a Result: `return refuse(RefusalCode::trace_truncated, "byte 12",
/// "...")`.
[[nodiscard]] inline tl::unexpected<Refusal> refuse(RefusalCode code, std::string where,
                                                    std::string detail = {}) {
  return tl::unexpected<Refusal>(Refusal{code, std::move(where), std::move(detail)});
}

/// Passes on a refusal with the place prefixed by an outer one ("model.onnx: node 3: ...").
[[nodiscard]] inline tl::unexpected<Refusal> refuse_within(const std::string& outer,
                                                           Refusal inner) {
  inner.where = inner.where.empty() ? outer : outer + ": " + inner.where;
  return tl::unexpected<Refusal>(std::move(inner));
}

}  // namespace isotrace::core

#define ISOTRACE_CONCAT_INNER(a, b) a##b
#define ISOTRACE_CONCAT(a, b) ISOTRACE_CONCAT_INNER(a, b)

/// ISOTRACE_TRY(auto x, expression): x = *expression, or returns its refusal.
#define ISOTRACE_TRY(declaration, expression)                                               \
  auto ISOTRACE_CONCAT(result_at_, __LINE__) = (expression);                                \
  if (!ISOTRACE_CONCAT(result_at_, __LINE__))                                               \
    return ::tl::make_unexpected(std::move(ISOTRACE_CONCAT(result_at_, __LINE__)).error()); \
  declaration = *std::move(ISOTRACE_CONCAT(result_at_, __LINE__))

/// ISOTRACE_TRY_DONE(expression): returns the refusal of a Result whose value does not matter.
#define ISOTRACE_TRY_DONE(expression)                                                       \
  do {                                                                                      \
    auto isotrace_result = (expression);                                                    \
    if (!isotrace_result) return ::tl::make_unexpected(std::move(isotrace_result).error()); \
  } while (false)
