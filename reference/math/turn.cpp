#include <isotrace/reference/math/turn.hpp>

#include <isotrace/core/check.hpp>
#include <isotrace/reference/math/round.hpp>
#include <isotrace/reference/math/turn_series.hpp>

namespace isotrace::reference {

Turn turn(std::int64_t k, std::int64_t n) {
  constexpr std::int64_t n_max = std::int64_t{1} << 50;
  ISOTRACE_CHECK(0 <= k && k < n && n <= n_max, k, n);
  return unchecked_turn(k, n);
}

template <>
double round_turn<double>(DoubleDouble value) {
  return value.hi + 0.0;  // the parts do not overlap, so hi is the nearest; -0 + 0 is +0
}

template <>
float round_turn<float>(DoubleDouble value) {
  return value.hi == 0.0 ? 0.0F : round_certainly(value);
}

}  // namespace isotrace::reference
