// Products, norms and logarithms of sums of rows (docs/spec/reduce.md). Compiled with FMA.
#include <isotrace/reference/math/real.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/reduction.hpp>

namespace isotrace::reference {
namespace {

/// f(row) for every number type.
template <class F>
Outcome reduce_numbers(const Call& call, F f) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const Reduction plan, plan_reduction(call));
  return one(visit_numbers(x.dtype(), [&](auto type) {
    return reduce_rows<typename decltype(type)::type>(x, plan, f);
  }));
}

/// f(row) in f32 or f64, also of integers, whose result is converted back as Cast does.
template <class F>
Outcome reduce_logarithms(const Call& call, F f) {
  return reduce_numbers(call, [f](auto row) {
    using Number = std::remove_const_t<typename decltype(row)::element_type>;
    if constexpr (std::is_integral_v<Number>) {
      return core::to_integer<Number>(f(row));
    } else {
      return f(row);
    }
  });
}

/// The type in which the logarithm of a row is taken: f64 for itself, f32 for all others.
template <class T>
using Real = std::conditional_t<std::is_same_v<T, double>, double, float>;

template <class T>
T sum_of_squares(std::span<const T> row) {
  if constexpr (std::is_floating_point_v<T>) {
    return reduce_with<T>(row.size(),
                          [row](T lane, std::size_t i) { return std::fma(row[i], row[i], lane); });
  } else {
    T sum = 0;
    for (T value : row) sum = multiply_add(value, value, sum);
    return sum;
  }
}

template <class T>
T product_of_row(std::span<const T> row) {
  if constexpr (std::is_floating_point_v<T>) {
    return reduce_product<T>(row);
  } else {
    T result = 1;
    for (T value : row) result = multiply(result, value);
    return result;
  }
}

template <class T>
T sum_of_magnitudes(std::span<const T> row) {
  std::vector<T> magnitudes(row.begin(), row.end());
  for (T& value : magnitudes) {
    if constexpr (std::is_floating_point_v<T>) {
      value = std::fabs(value);
    } else if (value < 0) {
      value = subtract(T{0}, value);
    }
  }
  return sum_row<T>(magnitudes);
}

/// Integers: the root of the wrapped sum, taken in f32 and truncated.
template <class T>
T euclidean_norm(std::span<const T> row) {
  const T sum = sum_of_squares(row);
  if constexpr (std::is_floating_point_v<T>) {
    return std::sqrt(sum);
  } else {
    return core::to_integer<T>(std::sqrt(static_cast<float>(sum)));
  }
}

/// Subtracting the maximum keeps exp from overflowing; an infinite one or NaN is left to exp.
template <class T>
Real<T> log_sum_exp(std::span<const T> row) {
  using Number = Real<T>;
  std::vector<Number> values;
  for (T value : row) values.push_back(static_cast<Number>(value));
  Number m = lowest<Number>();
  for (Number value : values) m = maximum(m, value);
  if (!(std::fabs(m) < std::numeric_limits<Number>::infinity())) m = 0;
  for (Number& value : values) value = real::exp(value - m);
  return m + real::log(reduce_sum<Number>(values));
}

template <class T>
Real<T> log_sum(std::span<const T> row) {
  return real::log(static_cast<Real<T>>(sum_row(row)));
}

}  // namespace

// [reduce.prod]
Outcome evaluate_reduce_prod(const Call& call) {
  return reduce_numbers(call, [](auto row) { return product_of_row(row); });
}

// [reduce.l1]
Outcome evaluate_reduce_l1(const Call& call) {
  return reduce_numbers(call, [](auto row) { return sum_of_magnitudes(row); });
}

// [reduce.l2]
Outcome evaluate_reduce_l2(const Call& call) {
  return reduce_numbers(call, [](auto row) { return euclidean_norm(row); });
}

// [reduce.log_sum]
Outcome evaluate_reduce_log_sum(const Call& call) {
  return reduce_logarithms(call, [](auto row) { return log_sum(row); });
}

// [reduce.log_sum_exp]
Outcome evaluate_reduce_log_sum_exp(const Call& call) {
  return reduce_logarithms(call, [](auto row) { return log_sum_exp(row); });
}

// [reduce.sum_square]
Outcome evaluate_reduce_sum_square(const Call& call) {
  return reduce_numbers(call, [](auto row) { return sum_of_squares(row); });
}

}  // namespace isotrace::reference
