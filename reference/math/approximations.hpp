// The fast paths of all elementary functions (lanes.hpp).
#pragma once

#include <isotrace/reference/math/approximate_arc.hpp>
#include <isotrace/reference/math/approximate_erf.hpp>
#include <isotrace/reference/math/approximate_exp.hpp>
#include <isotrace/reference/math/approximate_log.hpp>
#include <isotrace/reference/math/approximate_trig.hpp>

namespace isotrace::reference {
namespace {

struct Rsqrt {
  template <class V>
  ISOTRACE_LANES static typename V::Mask domain(V x) {
    return positive_and_finite(x);
  }
  template <class V>
  ISOTRACE_LANES static typename V::Mask ordinary(V x) {
    return domain(x);
  }
  template <class V>
  ISOTRACE_LANES static V outside(V x) {
    const V limit = V::select(V(0.0) < x, V(0.0), not_a_number);
    return V::select(x == V(0.0), V::with_sign(infinite, x), limit);
  }
  template <class Grade, class V>
  ISOTRACE_LANES static V value(V x) {
    return V(1.0) / V::sqrt(x);
  }
};

}  // namespace
}  // namespace isotrace::reference
