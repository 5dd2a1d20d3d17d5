#include "error_model.hpp"

#include <bit>
#include <cmath>

#include <isotrace/core/check.hpp>

namespace isotrace::proofs {

RoundingModel rounding_model(Level level, std::size_t roundings) {
  if (level == Level::real || roundings == 0) return {};
  ISOTRACE_CHECK(roundings <= roundings_max, roundings);
  // gamma_m = m u / (1 - m u) with u = 2^-24; numerator and denominator are exact in binary64.
  // An inexact underflow errs by at most 2^-150, and later roundings at most double that.
  const double count = static_cast<double>(roundings);
  const double scaled = count * 0x1p-24;
  return {-(-scaled / (1 - scaled)), count * 0x1p-149};
}

double nearest_single(double value) {
  // Rounding is downward here, so the conversion gives the greatest one that is not above.
  const auto below = static_cast<float>(value);
  const float above = std::nextafter(below, HUGE_VALF);
  const double low = static_cast<double>(below);
  const double middle = low + 0.5 * (static_cast<double>(above) - low);
  const bool odd = (std::bit_cast<std::uint32_t>(below) & 1U) != 0;
  return value > middle || (value == middle && odd) ? static_cast<double>(above) : low;
}

}  // namespace isotrace::proofs
