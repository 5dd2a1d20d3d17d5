// Shapes of NonMaxSuppression.
#pragma once

#include <isotrace/reference/call.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {

/// boxes [N, B, 4] and scores [N, C, B]; -1 is a size that is not known.
inline Result<core::Done> check_suppression_shapes(Dims boxes, Dims scores) {
  const auto agree = [](std::int64_t a, std::int64_t b) { return a == b || a < 0 || b < 0; };
  const bool fits = boxes.size() == 3 && scores.size() == 3 && agree(boxes[2], 4) &&
                    agree(boxes[0], scores[0]) && agree(boxes[1], scores[2]);
  if (fits) return core::Done{};
  return refuse_shape("boxes " + core::shape_text(boxes) + ", scores " + core::shape_text(scores));
}

}  // namespace isotrace::reference
