// What random modules import besides spectest: functions that change memory, answer, end the
// program, and globals.
#pragma once

#include <isotrace/wasm/instantiate.hpp>

namespace isotrace::wasm::tests {

inline constexpr std::string_view random_host_name = "host";

struct HostEntry {
  const char* name;
  FunctionType type;
  HostFunction function;
};

/// "mix" answers, "write" writes 8 bytes into the caller's memory, "read" reads from it, "exit"
/// ends the program if the low four bits of its argument are zero.
std::span<const HostEntry> host_entries();

/// The entries, "counter" (a mutable i64) and "token" (a constant externref).
Namespace make_random_host(Store& store);

}  // namespace isotrace::wasm::tests
