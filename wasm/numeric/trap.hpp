// How an execution stands, and why it ended without results (specification, "trap").
#pragma once

#include <cstdint>
#include <string_view>

namespace isotrace::wasm {

/// Numbers are part of what a trace says; never reused.
enum class Status : std::uint8_t { idle = 0, running = 1, finished = 2, trapped = 3 };

/// Numbers are part of what a trace says; never reused.
enum class Trap : std::uint8_t {
  none = 0,
  unreachable = 1,
  integer_divide_by_zero = 2,
  integer_overflow = 3,
  invalid_conversion_to_integer = 4,
  out_of_bounds_memory_access = 5,
  out_of_bounds_table_access = 6,
  undefined_element = 7,
  uninitialized_element = 8,
  indirect_call_type_mismatch = 9,
  call_stack_exhausted = 10,
  exit = 11,          ///< no error: a host function ended the program
  host_refused = 12,  ///< a host function had no answer; never in a trace
};

/// The words of the specification's test suite.
std::string_view trap_text(Trap trap);

}  // namespace isotrace::wasm
