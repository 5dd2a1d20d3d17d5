#include "error_model.hpp"

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

}  // namespace isotrace::proofs
