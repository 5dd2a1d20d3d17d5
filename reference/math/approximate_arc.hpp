// Inverse trigonometric functions (lanes.hpp).
#pragma once

#include <isotrace/reference/math/lanes.hpp>

namespace isotrace::reference {
namespace {

/// asin |x| with the pieces that asin and acos put together: for |x| <= 1/2 it is `part`, else
/// pi/2 - 2 part.
template <class V>
struct AsinParts {
  typename V::Mask large;
  V part;
};
template <class Grade, class V>
ISOTRACE_LANES AsinParts<V> asin_parts(V x) {
  const V magnitude = V::abs(x);
  const auto large = V(0.5) < magnitude;
  const V z = V::select(large, V(0.5) - magnitude * 0.5, magnitude * magnitude);
  const V t = V::select(large, V::sqrt(z), magnitude);
  return {large, t * Grade::polynomial(z, asin_quick_coefficients, asin_coefficients)};
}

struct UnitInterval {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return within(x, 1.0);
  }
  template <class V>
  ISOTRACE_LANES static typename V::Mask ordinary(V x) {
    return domain(x);
  }
  template <class V>
  ISOTRACE_LANES static V outside(V) {
    return not_a_number;
  }
};

struct Asin : UnitInterval {
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    const AsinParts<V> parts = asin_parts<Grade>(x);
    const V large = V::fma(parts.part, -2.0, pi_value / 2);
    return V::with_sign(V::select(parts.large, large, parts.part), x);
  }
};

struct Acos : UnitInterval {
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    const AsinParts<V> parts = asin_parts<Grade>(x);
    const V twice = parts.part + parts.part;
    const V large = V::select(x < V(0.0), V(pi_value) - twice, twice);
    return V::select(parts.large, large, V(pi_value / 2) - V::with_sign(parts.part, x));
  }
};

/// |x| up to tan(pi/8), around 1, and beyond tan(3 pi/8): atan t, pi/4 + atan t, pi/2 + atan t,
/// with |t| <= sqrt(2) - 1 each time.
struct Atan : Everywhere {
  template <class V>
  ISOTRACE_LANES static typename V::Mask ordinary(V x) {
    return anywhere(x);
  }
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    const V magnitude = V::abs(x);
    const auto above = V(0x1.a827999fcef32p-2) < magnitude;
    const auto beyond = V(0x1.3504f333f9de6p+1) < magnitude;
    const V numerator = V::select(beyond, V(-1.0), V::select(above, magnitude - 1.0, magnitude));
    const V denominator = V::select(beyond, magnitude, V::select(above, magnitude + 1.0, V(1.0)));
    const V offset = V::select(beyond, V(pi_value / 2), V::select(above, V(pi_value / 4), V(0.0)));
    const V t = numerator / denominator;
    const V quotient = Grade::polynomial(t * t, atan_quick_coefficients, atan_coefficients);
    return V::with_sign(V::fma(t, quotient, offset), x);
  }
};

}  // namespace
}  // namespace isotrace::reference
