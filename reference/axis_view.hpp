// A tensor as three axes: everything before one axis, that axis, everything after it.
#pragma once

#include <isotrace/reference/odometer.hpp>

namespace isotrace::reference {

struct AxisView {
  AxisView(std::span<const std::int64_t> shape, std::size_t axis)
      : outer(product(shape, 0, axis)),
        size(static_cast<std::size_t>(shape[axis])),
        inner(product(shape, axis + 1, shape.size())) {}

  std::size_t outer;
  std::size_t size;
  std::size_t inner;

  [[nodiscard]] std::size_t offset(std::size_t before, std::size_t along, std::size_t after) const {
    return (before * size + along) * inner + after;
  }
  /// visit(before, after) for every row along the axis; without elements nothing is done.
  template <class Visit>
  void visit_rows(Visit visit) const {
    if (size == 0 || inner == 0) return;
    for (std::size_t before = 0; before < outer; ++before) {
      for (std::size_t after = 0; after < inner; ++after) visit(before, after);
    }
  }
};

}  // namespace isotrace::reference
