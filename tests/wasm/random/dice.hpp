// Decisions of a generator, all from one seed: the same on every machine.
#pragma once

#include <isotrace/core/philox.hpp>
#include <isotrace/wasm/types.hpp>

namespace isotrace::wasm::tests {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : stream_(seed) {}

  /// In [0, bound); bound > 0.
  std::uint32_t below(std::size_t bound) {
    return static_cast<std::uint32_t>(std::uint64_t{stream_.next_u32()} * bound >> 32);
  }
  bool one_in(std::uint32_t chances) { return below(chances) == 0; }
  bool percent(std::uint32_t chance) { return below(100) < chance; }
  /// One of a list that is not empty.
  template <class List>
  auto& pick(List& list) {
    return list[below(std::size(list))];
  }
  std::uint64_t bits() { return stream_.next_u64(); }

 private:
  core::PhiloxStream stream_;
};

/// A value of a number type such as bugs like: near the ends of ranges and powers of two, NaNs with
/// payloads, subnormals, zeros of both signs; or small, or any.
Slot random_number(Dice& dice, ValueType type);

}  // namespace isotrace::wasm::tests
