// ScatterElements, ScatterND and TensorScatter (docs/spec/move.md): updates are applied one after
// the other, in the row-major order of their indices.
#include <isotrace/reference/move.hpp>
#include <isotrace/reference/nd_indices.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/scalar.hpp>
#include <isotrace/reference/select_shape.hpp>

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

/// Where the update of each sample begins along an axis of `size`: inside [0, size - count], or
/// with `circular` anywhere modulo the size.
Result<std::vector<std::size_t>> write_positions(const Call& call, std::int64_t samples,
                                                 std::int64_t size, std::int64_t count,
                                                 bool circular) {
  ISOTRACE_TRY(const auto given, read_optional_integers(call, 2));
  if (!given) return std::vector<std::size_t>(static_cast<std::size_t>(samples));
  if (std::ssize(*given) != samples || call.operand(2).rank() != 1) {
    return refuse_shape("write indices " + core::shape_text(call.operand(2).shape()) + " for " +
                        std::to_string(samples) + " samples");
  }
  std::vector<std::size_t> positions;
  for (std::int64_t index : *given) {
    if (circular && size != 0) {
      index %= size;
      if (index < 0) index += size;
    } else if (!circular && (index < 0 || index > size - count)) {
      return refuse_value("write index " + std::to_string(index) + " for " + std::to_string(count) +
                          " of " + std::to_string(size));
    }
    positions.push_back(static_cast<std::size_t>(index));
  }
  return positions;
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

// [move.tensor_scatter]
Outcome evaluate_tensor_scatter(const Call& call) {
  const TensorView& x = call.operand(0);
  const TensorView& update = call.operand(1);
  ISOTRACE_TRY_DONE(check_same_dtype(x, update));
  const std::string& mode = call.node.text("mode");
  if (mode != "linear" && mode != "circular") return refuse_attribute("mode " + mode);
  ISOTRACE_TRY(const std::size_t axis,
               tensor_scatter_axis(x.shape(), update.shape(), call.node.integer("axis")));
  ISOTRACE_TRY(const auto positions,
               write_positions(call, x.dim(0), x.dim(axis), update.dim(axis), mode == "circular"));
  ISOTRACE_TRY(Tensor out, copy_as(x, Shape(x.shape().begin(), x.shape().end())));
  const AxisView to(x.shape(), axis);
  const AxisView from(update.shape(), axis);
  from.visit_rows([&](std::size_t before, std::size_t after) {
    const std::size_t first = positions[before / (from.outer / positions.size())];
    for (std::size_t i = 0; i < from.size; ++i) {
      const std::size_t at = to.offset(before, (first + i) % to.size, after);
      copy_element(update, from.offset(before, i, after), out, at);
    }
  });
  return one(std::move(out));
}

}  // namespace isotrace::reference
