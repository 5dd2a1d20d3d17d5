// What can be said about a function of a module, as plain data. docs/proofs/functions.md says what
// each of it means. Trust: part of the trusted base.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <isotrace/core/bytes.hpp>
#include <isotrace/wasm/numeric/edition.hpp>

namespace isotrace::proofs {

/// Numbers are part of what a proof file says; never reused.
enum class FunctionProperty : std::uint8_t {
  never_traps = 1,
  range = 2,       ///< returns, and the result is in [low, high]
  equivalent = 3,  ///< to `other`: both trap, or both return the same
  post = 4,        ///< returns, and `other` of arguments and results does, with what is not 0
  effects = 5,     ///< equivalent, and memory and globals that either call changes are the same
};
constexpr bool compares_functions(FunctionProperty property) {
  return property == FunctionProperty::equivalent || property == FunctionProperty::effects;
}

/// Numbers are part of what a proof file says; never reused.
enum class InitialMemory : std::uint8_t {
  instantiated = 1,  ///< what the module's segments and start function leave
  arbitrary = 2,     ///< any bytes
};

struct FunctionClaim {
  core::Bytes module;
  wasm::Edition edition = wasm::Edition::v2;
  std::string function;  ///< exported
  FunctionProperty property = FunctionProperty::never_traps;
  /// equivalent, effects, post: exported by `other_module`, or by `module` if that is empty (post:
  /// always).
  std::string other;
  core::Bytes other_module;
  std::string assume;  ///< exported: arguments for which it returns 0 or traps do not count
  /// range: two's complement of 64 bits. Signed: low <= high as signed numbers, and the result is
  /// read as one; else all unsigned. effects: bytes of memory in [low, high) are not compared, such
  /// as those below the stack pointer, which mean something during a call alone.
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool is_signed = false;
  InitialMemory memory = InitialMemory::instantiated;
  /// Rounds of a loop, and depths of recursion, that are followed where nothing decides them.
  std::uint32_t unwind = 0;

  bool operator==(const FunctionClaim&) const = default;
};

/// effects: whether some bytes of memory, of 32-bit addresses, are not compared.
inline bool leaves_out_bytes(const FunctionClaim& claim) {
  return claim.low < claim.high && claim.high < std::uint64_t{1} << 32U;
}

}  // namespace isotrace::proofs
