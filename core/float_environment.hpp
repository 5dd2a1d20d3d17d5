// The floating-point environment of isonum-1: round to nearest even, gradual underflow, no traps. A
// fast-math shared object elsewhere in the process can have set FTZ and DAZ, so every thread that
// computes holds a FloatEnvironment, which sets the control register and restores it.
#pragma once

#include <cstdint>

#include <isotrace/core/result.hpp>

namespace isotrace::core {

class FloatEnvironment {
 public:
  FloatEnvironment();
  ~FloatEnvironment();
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

 private:
  std::uint32_t saved_;
};

/// Refuses float_environment_wrong unless this thread rounds to nearest even with subnormals.
Result<Done> check_float_environment();

}  // namespace isotrace::core
