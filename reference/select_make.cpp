// Tensors made by a rule: OneHot, EyeLike, Trilu, Range (docs/spec/move.md).
#include <isotrace/reference/axis_view.hpp>
#include <isotrace/reference/move.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/scalar.hpp>
#include <isotrace/reference/select_shape.hpp>

namespace isotrace::reference {
namespace {

template <class T>
T one_of() {
  if constexpr (std::is_same_v<T, Bool8>) {
    return {1};
  } else {
    return narrow<T>(Wide<T>{1});
  }
}

/// The indices, of any number type, as integers.
Result<std::vector<std::int64_t>> read_classes(const TensorView& indices) {
  return visit_numbers(indices.dtype(), [&](auto type) -> Result<std::vector<std::int64_t>> {
    using T = typename decltype(type)::type;
    std::vector<std::int64_t> classes;
    for (T index : indices.data<T>()) classes.push_back(to_index(widen(index)));
    return classes;
  });
}

}  // namespace

// [move.one_hot] Values: first that of the others, then that of the one.
Outcome evaluate_one_hot(const Call& call) {
  const TensorView& indices = call.operand(0);
  const TensorView& values = call.operand(2);
  const std::int64_t named = call.node.integer("axis");
  ISOTRACE_TRY(const std::int64_t depth, read_depth(call.operand(1)));
  ISOTRACE_TRY(Shape shape, one_hot_shape(indices.shape(), depth, named));
  if (values.rank() != 1 || values.elements() != 2) {
    return refuse_shape("values " + core::shape_text(values.shape()) + ", [2] expected");
  }
  ISOTRACE_TRY(const std::size_t axis, resolve_axis(named, shape.size()));
  ISOTRACE_TRY(const auto classes, read_classes(indices));
  ISOTRACE_TRY(Tensor out, Tensor::make(values.dtype(), std::move(shape)));
  for (std::size_t i = 0; i < out.elements(); ++i) copy_element(values, 0, out, i);
  const AxisView view(out.shape(), axis);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (classes[i] < -depth || classes[i] >= depth) continue;
    const std::int64_t along = classes[i] < 0 ? classes[i] + depth : classes[i];
    const std::size_t at =
        view.offset(i / view.inner, static_cast<std::size_t>(along), i % view.inner);
    copy_element(values, 1, out, at);
  }
  return one(std::move(out));
}

// [move.eye_like] `dtype` is the number of a core::Dtype.
Outcome evaluate_eye_like(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const Dtype dtype, dtype_attribute(call.node, "dtype"));
  if (x.rank() != 2) return refuse_shape(core::shape_text(x.shape()) + " is not a matrix");
  const std::int64_t k = call.node.integer("k");
  const std::int64_t columns = x.dim(1);
  ISOTRACE_TRY(Tensor out, Tensor::make(dtype, Shape{x.dim(0), columns}));
  if (k <= -x.dim(0) || k >= columns) return one(std::move(out));
  return one(visit_all(dtype, [&](auto type) -> Result<Tensor> {
    using T = typename decltype(type)::type;
    for (std::int64_t row = std::max<std::int64_t>(0, -k); row < out.dim(0) && row + k < columns;
         ++row) {
      out.data<T>()[static_cast<std::size_t>(row * columns + row + k)] = one_of<T>();
    }
    return std::move(out);
  }));
}

// [move.trilu]
Outcome evaluate_trilu(const Call& call) {
  const TensorView& x = call.operand(0);
  const bool upper = call.node.integer("upper") != 0;
  std::int64_t k = 0;
  if (const TensorView* diagonal = call.find_operand(1)) {
    ISOTRACE_TRY(k, read_integer(*diagonal));
  }
  if (x.rank() < 2) return refuse_shape(core::shape_text(x.shape()) + ": no matrices");
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), Shape(x.shape().begin(), x.shape().end())));
  Odometer at(x.shape());
  for (std::size_t i = 0; i < out.elements(); ++i, at.next()) {
    const std::int64_t diagonal = at.position()[x.rank() - 1] - at.position()[x.rank() - 2];
    if (upper ? diagonal >= k : diagonal <= k) copy_element(x, i, out, i);
  }
  return one(std::move(out));
}

// [move.range]
Outcome evaluate_range(const Call& call) {
  const TensorView& start = call.operand(0);
  const TensorView& delta = call.operand(2);
  ISOTRACE_TRY(const std::int64_t size, range_size(start, call.operand(1), delta));
  ISOTRACE_TRY(Tensor out, Tensor::make(start.dtype(), Shape{size}));
  return one(visit_numbers(start.dtype(), [&](auto type) -> Result<Tensor> {
    using T = typename decltype(type)::type;
    const Wide<T> first = widen(start.data<T>()[0]);
    const Wide<T> step = widen(delta.data<T>()[0]);
    for (std::size_t i = 0; i < out.elements(); ++i) {
      // The index wraps like everything else here; the sum is in range again.
      out.data<T>()[i] = narrow<T>(multiply_add(static_cast<Wide<T>>(i), step, first));
    }
    return std::move(out);
  }));
}

}  // namespace isotrace::reference
