// What an elementary function of binary32 must give, for every argument, from MPFR. MPFR itself
// takes about a microsecond for each value, so runs of consecutive arguments are served from a few
// of its values:
//
// - A monotonic function whose results at both ends of a run are equal is constant on it.
// - Elsewhere the function on a run is its value in the middle (a pair of binary64 numbers) plus
// the
//   polynomial through six more values; five further values, taken where such an interpolant is
//   worst, must agree to 2^-52. Runs where they do not are halved, down to MPFR for each argument.
// - Angles from 8 on: sin(a + b) = sin a cos b + cos a sin b, with tables of pairs for every a that
//   starts 4096 consecutive arguments and every b inside; nothing is approximated there.
//
// In the last two a result counts only if the value's ends, 2^-49 away on both sides, round alike;
// otherwise MPFR is asked for that argument. docs/math.md says what this proves.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <isotrace/tools/selftest/mpfr_function.hpp>

namespace isotrace::tools {

class Oracle {
 public:
  /// Called with the bits of the first argument and the expected results of consecutive ones.
  using Visitor = std::function<void(std::uint32_t first, std::span<const float> expected)>;

  explicit Oracle(const OracleFunction& function);

  [[nodiscard]] const OracleFunction& function() const { return function_; }
  /// Visits all arguments whose bits are first .. first + 2^23 - 1 (one sign and exponent), in
  /// order.
  void sweep(std::uint32_t first, const Visitor& visit);

  static constexpr std::uint32_t sweep_size = 1U << 23;
  static constexpr std::size_t visit_max = 1U << 14;

 private:
  void sweep_range(std::uint32_t first, std::uint32_t count);
  void sweep_angles(std::uint32_t first);
  bool is_constant(std::uint32_t first, std::uint32_t count, float& value);
  bool sweep_polynomial(std::uint32_t first, std::uint32_t count);
  void emit(std::uint32_t first, std::uint32_t count);

  const OracleFunction& function_;
  MpfrFunction mpfr_;
  const Visitor* visit_ = nullptr;
  std::uint32_t polynomial_size_ = 1U << 22;  // the largest worth trying, learnt on the way
  std::vector<float> expected_;
  std::vector<float> other_;
};

}  // namespace isotrace::tools
