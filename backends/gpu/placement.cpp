// Movement of single elements (docs/spec/move.md). Where an element goes does not depend on what it
// is, so the reference decides it: it is given the numbers of the elements in place of the
// elements, and what it makes of them says which element stands where. The elements stay on the
// device.
#include <map>
#include <numeric>

#include <isotrace/backends/gpu/kernels/move.hpp>
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <isotrace/reference/nd_indices.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using core::Op;
using core::Tensor;

/// first, first + 1, ... in the shape of a tensor.
Tensor numbers_for(const core::TensorView& like, std::int64_t first) {
  Tensor numbers(Dtype::i64, Shape(like.shape().begin(), like.shape().end()));
  const auto values = numbers.data<std::int64_t>();
  std::iota(values.begin(), values.end(), first);
  return numbers;
}

/// The operands whose elements are moved; twice the same if it is one.
struct Moved {
  std::size_t first;
  std::size_t second;
};
Moved find_moved(Op op) {
  switch (op) {
    case Op::scatter_elements:
    case Op::scatter_nd: return {0, 2};
    case Op::tensor_scatter: return {0, 1};
    case Op::one_hot: return {2, 2};
    default: return {0, 0};
  }
}

Made move_by_numbers(DeviceCall& call) {
  const auto [first, second] = find_moved(call.node().op);
  const Tensor first_numbers = numbers_for(call.call.operand(first), 1);
  Tensor second_numbers;
  std::vector<std::optional<core::TensorView>> operands(call.call.operands.begin(),
                                                        call.call.operands.end());
  operands[first] = first_numbers;
  if (second != first) {
    ISOTRACE_TRY_DONE(reference::check_same_dtype(call.call.operand(0), call.call.operand(second)));
    second_numbers = numbers_for(call.call.operand(second),
                                 static_cast<std::int64_t>(first_numbers.elements()) + 1);
    operands[second] = second_numbers;
  }
  ISOTRACE_TRY(const auto placed, reference::evaluate(call.node(), operands));
  ISOTRACE_TRY(const Array x, call.operand(first));
  ISOTRACE_TRY(const Array y, call.operand(second));
  return call.work.pick(x, y, placed[0].data<std::int64_t>(), placed[0].shape());
}

/// Which element of operand 0 each update changes.
core::Result<std::vector<std::size_t>> find_targets(DeviceCall& call) {
  const auto shape = call.call.operand(0).shape();
  const core::TensorView& indices = call.call.operand(1);
  const auto updates = call.call.operand(2).shape();
  if (call.node().op == Op::scatter_elements) {
    if (!std::ranges::equal(updates, indices.shape())) return reference::refuse_shape("updates");
    ISOTRACE_TRY(const std::size_t axis,
                 reference::resolve_axis(call.node().integer("axis"), shape.size()));
    return reference::locate_elements(shape, indices, axis);
  }
  ISOTRACE_TRY(const auto slices, reference::locate_slices(shape, indices, 0));
  if (!std::ranges::equal(updates, slices.shape)) return reference::refuse_shape("updates");
  std::vector<std::size_t> targets;
  for (const std::size_t start : slices.starts) {
    for (std::size_t i = 0; i < slices.length; ++i) targets.push_back(start + i);
  }
  return targets;
}

core::Result<Binary> find_combination(const std::string& reduction) {
  if (reduction == "add") return Binary::add;
  if (reduction == "mul") return Binary::multiply;
  if (reduction == "max") return Binary::maximum;
  if (reduction == "min") return Binary::minimum;
  return reference::refuse_attribute("reduction " + reduction);
}

/// The elements that are updated, and per element its updates in their order, one list behind the
/// other.
struct Groups {
  std::vector<std::int64_t> targets;
  std::vector<std::int64_t> first;
  std::vector<std::int64_t> list;
};

Groups group_updates(const std::vector<std::size_t>& targets) {
  std::map<std::size_t, std::vector<std::int64_t>> updates;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    updates[targets[i]].push_back(static_cast<std::int64_t>(i));
  }
  Groups groups;
  groups.first.push_back(0);
  for (const auto& [target, list] : updates) {
    groups.targets.push_back(static_cast<std::int64_t>(target));
    groups.list.insert(groups.list.end(), list.begin(), list.end());
    groups.first.push_back(std::ssize(groups.list));
  }
  return groups;
}

/// What is updated is rounded once; everything else keeps its bits.
Made combine_updates(DeviceCall& call) {
  ISOTRACE_TRY_DONE(number_type(call.dtype()));
  ISOTRACE_TRY(const Binary op, find_combination(call.node().text("reduction")));
  ISOTRACE_TRY(const auto targets, find_targets(call));
  const Groups groups = group_updates(targets);
  ISOTRACE_TRY(const Array stored, call.operand(0));
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const Array updates, call.wide(2));
  ISOTRACE_TRY(const Array group_targets, call.work.send(groups.targets));
  ISOTRACE_TRY(const Array group_first, call.work.send(groups.first));
  ISOTRACE_TRY(const Array group_list, call.work.send(groups.list));
  ISOTRACE_TRY(const Array combined, call.work.make(x.dtype, {std::ssize(groups.targets)}));
  ISOTRACE_TRY_DONE(visit_wide(x.dtype, [&](auto number) {
    using Number = decltype(number);
    return call.work.launch_each(
        of_type("combine_updates", x.dtype),
        typename CombineUpdates<Number>::Arguments{
            combined.elements, op, group_targets.data<std::int64_t>(),
            group_first.data<std::int64_t>(), group_list.data<std::int64_t>(), x.data<Number>(),
            updates.data<Number>(), combined.data<Number>()});
  }));
  ISOTRACE_TRY(const Array changed, call.narrow(combined));
  std::vector<std::int64_t> places(stored.elements);
  std::iota(places.begin(), places.end(), std::int64_t{1});
  for (std::size_t g = 0; g < groups.targets.size(); ++g) {
    places[static_cast<std::size_t>(groups.targets[g])] =
        static_cast<std::int64_t>(stored.elements + g + 1);
  }
  return call.work.pick(stored, changed, places, stored.shape);
}

}  // namespace

Results run_placement(DeviceCall& call) {
  const bool combines = core::attribute_kind(call.node().op, "reduction").has_value() &&
                        call.node().text("reduction") != "none";
  return one(combines ? combine_updates(call) : move_by_numbers(call));
}

}  // namespace isotrace::backends::gpu
