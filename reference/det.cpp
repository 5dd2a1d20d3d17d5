// Det (docs/spec/algebra.md). Compiled with FMA.
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/scalar.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {
namespace {

/// Elimination with partial pivoting on a copy; rows are exchanged in place.
template <class Number>
Number determinant(std::vector<Number> a, std::size_t n) {
  bool negative = false;
  Number result = 1;
  for (std::size_t column = 0; column < n; ++column) {
    std::size_t pivot = column;
    for (std::size_t row = column + 1; row < n; ++row) {
      if (is_greater(std::fabs(a[row * n + column]), std::fabs(a[pivot * n + column]))) pivot = row;
    }
    if (pivot != column) {
      std::swap_ranges(a.begin() + static_cast<std::ptrdiff_t>(pivot * n),
                       a.begin() + static_cast<std::ptrdiff_t>((pivot + 1) * n),
                       a.begin() + static_cast<std::ptrdiff_t>(column * n));
      negative = !negative;
    }
    const Number divisor = a[column * n + column];
    result = result * divisor;
    if (divisor == 0) continue;  // the column is zero already
    for (std::size_t row = column + 1; row < n; ++row) {
      const Number factor = a[row * n + column] / divisor;
      for (std::size_t k = column + 1; k < n; ++k) {
        a[row * n + k] = std::fma(-factor, a[column * n + k], a[row * n + k]);
      }
    }
  }
  return negative ? -result : result;
}

}  // namespace

// [algebra.det]
Outcome evaluate_det(const Call& call) {
  const TensorView& x = call.operand(0);
  if (x.rank() < 2 || x.dim(x.rank() - 1) != x.dim(x.rank() - 2)) {
    return refuse_shape("matrices of shape " + core::shape_text(x.shape()));
  }
  const auto n = static_cast<std::size_t>(x.dim(x.rank() - 1));
  return one(visit_floats(x.dtype(), [&](auto type) -> Result<Tensor> {
    using T = typename decltype(type)::type;
    const Dims batch = x.shape().first(x.rank() - 2);
    ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), Shape(batch.begin(), batch.end())));
    const Widened<T> values(x.data<T>());
    for (std::size_t i = 0; i < out.elements(); ++i) {
      const auto matrix = values.values().subspan(i * n * n, n * n);
      out.data<T>()[i] =
          narrow<T>(determinant(std::vector<Wide<T>>(matrix.begin(), matrix.end()), n));
    }
    return out;
  }));
}

}  // namespace isotrace::reference
