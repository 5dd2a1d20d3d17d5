// What binary digits are worth that an adder makes of other wires, so that counting bits one after
// the other and in a tree gives the same wires. Wires: gates.hpp. Trust: part of the trusted base.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

namespace isotrace::bits {

/// Wires times integers. Wire 0 is worth 1.
struct WireSum {
  __extension__ using Integer = __int128;

  Integer low = 0;  ///< bounds of the value
  Integer high = 0;
  std::map<std::uint32_t, Integer> weights;  ///< of wires that are not negated; none is 0

  void add(std::uint32_t wire, Integer weight);
  auto operator<=>(const WireSum&) const = default;
};

class DigitSums {
 public:
  using Digits = std::vector<std::uint32_t>;  ///< wires, lowest first

  /// Adds a wire; where that completes digits whose worth is known, the worth takes their place.
  void add(WireSum& sum, std::uint32_t wire, WireSum::Integer weight);
  /// The digits that are worth the sum, or nothing.
  [[nodiscard]] const Digits* find(const WireSum& sum) const;
  /// The sum whose digits have this wire, not negated, as the highest one; nothing if none has.
  [[nodiscard]] const WireSum* find_top(std::uint32_t wire) const;
  void keep(const WireSum& sum, const Digits& digits);

 private:
  std::map<WireSum, Digits> known_;
  std::unordered_map<std::uint32_t, WireSum> by_top_;  // by the highest digit, not negated
  std::size_t work_ = 0;
};

}  // namespace isotrace::bits
