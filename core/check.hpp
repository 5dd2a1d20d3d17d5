// ISOTRACE_CHECK: our own invariants, on in every build type. A failed check is a bug of ours,
// never the answer to bad input (that is a Refusal) and never a verdict.
#pragma once

#include <sstream>
#include <string>

namespace isotrace::core {

/// Prints expression, place and values to stderr and aborts.
[[noreturn]] void fail_check(const char* expression, const char* file, int line,
                             const std::string& values);

template <class... Values>
std::string describe_values(const Values&... values) {
  std::ostringstream text;
  ((text << ' ' << values), ...);
  return text.str();
}

}  // namespace isotrace::core

/// ISOTRACE_CHECK(condition, value...): aborts with the expression and the values if it is false.
#define ISOTRACE_CHECK(condition, ...)                                              \
  do {                                                                              \
    if (!(condition)) [[unlikely]]                                                  \
      ::isotrace::core::fail_check(#condition, __FILE__, __LINE__,                  \
                                   ::isotrace::core::describe_values(__VA_ARGS__)); \
  } while (false)
