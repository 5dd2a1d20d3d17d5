// Runs a module on every engine side by side, and says where they part.
#pragma once

#include <array>
#include <optional>
#include <string>

#include <isotrace/core/bytes.hpp>

#include "tests/wasm/engines.hpp"

namespace isotrace::wasm::tests {

struct Comparison {
  bool valid = false;
  bool linked = false;  ///< it could be instantiated within small limits
  std::optional<std::string> difference;
  std::uint64_t steps = 0;  ///< on one engine
  std::uint64_t checkpoints = 0;
  std::uint64_t unfinished = 0;             ///< runs stopped by the limit of steps
  std::array<std::uint64_t, 13> endings{};  ///< runs by Trap
};

/// How far each module is executed.
struct Effort {
  std::uint64_t steps_max = 10'000;  ///< of one call
  std::size_t calls_max = 8;
  /// Every so many checkpoints states are hashed, with 0 at none; at the others they are compared
  /// part by part, which is cheaper.
  std::uint64_t hash_every = 1;
  std::uint64_t slots_max = 20'000;  ///< the most that a limit of slots may be
};

/// Loads the module and links it against spectest and make_random_host(). Its start function and
/// its exported functions are called one after the other with arguments, limits and distances
/// between checkpoints that follow from the seed. At every checkpoint all engines must have the
/// state of the first one. Where it is hashed, it is as far as it changed, and at the end that must
/// be the hash of all of it; where it never is, chunks without a mark must be zero at the end.
Comparison compare_engines(const core::Bytes& bytes, Edition edition, std::uint64_t seed,
                           std::span<const EngineKind> engines = engine_kinds,
                           const Effort& effort = {});

}  // namespace isotrace::wasm::tests
