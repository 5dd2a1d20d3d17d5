// What the Reduce* operations share: which axes are reduced, and the loop over the rows.
#pragma once

#include <isotrace/reference/reduce.hpp>
#include <isotrace/reference/rows.hpp>
#include <isotrace/reference/scalar.hpp>

namespace isotrace::reference {

struct Reduction {
  std::vector<std::size_t> axes;
  Shape output;
  bool identity;  ///< over no axes, and the result is the operand
};

/// From operand 1 and the attributes. Refuses operation_attribute_invalid for axes, and what
/// read_integers refuses.
Result<Reduction> plan_reduction(const Call& call);

/// out[row] = round(f(the elements of the row, widened)).
template <class T, class F>
Result<Tensor> reduce_rows(const TensorView& x, const Reduction& plan, F f) {
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), plan.output));
  if (plan.identity) {
    std::copy(x.bytes().begin(), x.bytes().end(), out.mutable_bytes().begin());
    return out;
  }
  const auto source = x.data<T>();
  std::vector<Wide<T>> row;
  Rows(x.shape(), plan.axes).visit([&](std::size_t number, std::span<const std::size_t> offsets) {
    row.clear();
    for (std::size_t offset : offsets) row.push_back(widen(source[offset]));
    out.data<T>()[number] = narrow<T>(f(std::span<const Wide<T>>(row)));
  });
  return out;
}

/// R of the row; integers modulo 2^n.
template <class T>
T sum_row(std::span<const T> row) {
  if constexpr (std::is_floating_point_v<T>) {
    return reduce_sum<T>(row);
  } else {
    T sum = 0;
    for (T value : row) sum = add(sum, value);
    return sum;
  }
}

}  // namespace isotrace::reference
