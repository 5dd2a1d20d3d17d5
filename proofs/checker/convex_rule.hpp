// Lines below and above convex curves: exp(x), 1 / x for x >= 1, and log(1 + exp(x)). Trusted base.
#pragma once

#include "curve_rule.hpp"

namespace isotrace::proofs {

inline bool is_convex(Layer::Kind kind) { return kind >= Layer::Kind::exp; }

/// f(x), which may be infinite above. To be called while rounding downward, like what follows.
Enclosure convex_value(Layer::Kind kind, double x);

/// f(x) >= slope * x + shift for low <= x <= high: a tangent.
LineBelow convex_line_below(Layer::Kind kind, double low, double high);

/// f(x) <= slope * x - shift there: through both ends.
LineBelow convex_line_above(Layer::Kind kind, double low, double high);

}  // namespace isotrace::proofs
