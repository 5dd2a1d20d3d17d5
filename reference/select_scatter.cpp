// ScatterElements and ScatterND (docs/spec/move.md): updates are applied one after the other, in
// the row-major order of their indices.
#include <isotrace/reference/move.hpp>
#include <isotrace/reference/nd_indices.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/scalar.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {
namespace {

/// out[elements[i]] = f(out[elements[i]], updates[i]) for one i after the other. What is updated
/// several times is rounded once; what is not updated keeps its bits.
template <class T, class F>
Result<core::Done> combine_into(Tensor& out, const TensorView& updates,
                                std::span<const std::size_t> elements, F f) {
  const auto target = out.data<T>();
  const auto source = updates.data<T>();
  std::vector<Wide<T>> values(target.size());
  std::transform(target.begin(), target.end(), values.begin(), widen<T>);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    Wide<T>& value = values[elements[i]];
    value = f(value, widen(source[i]));
  }
  for (std::size_t element : elements) target[element] = narrow<T>(values[element]);
  return core::Done{};
}

/// A copy of x with element elements[i] brought together with update i as `reduction` says.
Outcome scatter(const TensorView& x, const TensorView& updates,
                std::span<const std::size_t> elements, const std::string& reduction) {
  ISOTRACE_TRY_DONE(check_same_dtype(x, updates));
  ISOTRACE_TRY(Tensor out, copy_as(x, Shape(x.shape().begin(), x.shape().end())));
  if (reduction == "none") {
    for (std::size_t i = 0; i < elements.size(); ++i) copy_element(updates, i, out, elements[i]);
    return one(std::move(out));
  }
  if (reduction != "add" && reduction != "mul" && reduction != "max" && reduction != "min") {
    return refuse_attribute("reduction " + reduction);
  }
  ISOTRACE_TRY_DONE(visit_numbers(x.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    const auto apply = [&](auto f) { return combine_into<T>(out, updates, elements, f); };
    if (reduction == "add") return apply([](auto a, auto b) { return add(a, b); });
    if (reduction == "mul") return apply([](auto a, auto b) { return multiply(a, b); });
    if (reduction == "max") return apply([](auto a, auto b) { return maximum(a, b); });
    return apply([](auto a, auto b) { return minimum(a, b); });
  }));
  return one(std::move(out));
}

auto refuse_updates(const TensorView& updates, const Shape& expected) {
  return refuse_shape("updates " + core::shape_text(updates.shape()) + ", " +
                      core::shape_text(expected) + " expected");
}

}  // namespace

// [move.scatter_elements]
Outcome evaluate_scatter_elements(const Call& call) {
  const TensorView& x = call.operand(0);
  const TensorView& indices = call.operand(1);
  const TensorView& updates = call.operand(2);
  ISOTRACE_TRY(const std::size_t axis, resolve_axis(call.node.integer("axis"), x.rank()));
  const Shape shape(indices.shape().begin(), indices.shape().end());
  if (!std::ranges::equal(updates.shape(), shape)) return refuse_updates(updates, shape);
  ISOTRACE_TRY(const auto elements, locate_elements(x.shape(), indices, axis));
  return scatter(x, updates, elements, call.node.text("reduction"));
}

// [move.scatter_nd]
Outcome evaluate_scatter_nd(const Call& call) {
  const TensorView& x = call.operand(0);
  const TensorView& updates = call.operand(2);
  ISOTRACE_TRY(const Slices slices, locate_slices(x.shape(), call.operand(1), 0));
  if (!std::ranges::equal(updates.shape(), slices.shape)) {
    return refuse_updates(updates, slices.shape);
  }
  std::vector<std::size_t> elements;
  elements.reserve(updates.elements());
  for (std::size_t start : slices.starts) {
    for (std::size_t i = 0; i < slices.length; ++i) elements.push_back(start + i);
  }
  return scatter(x, updates, elements, call.node.text("reduction"));
}

}  // namespace isotrace::reference
