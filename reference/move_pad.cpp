// Pad (docs/spec/move.md). Negative pads crop first; the mode then fills around what is left.
#include <isotrace/reference/move.hpp>
#include <isotrace/reference/move_plans.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {
namespace {

Result<PadMode> parse_mode(const std::string& text) {
  if (text == "constant") return PadMode::constant;
  if (text == "reflect") return PadMode::reflect;
  if (text == "edge") return PadMode::edge;
  if (text == "wrap") return PadMode::wrap;
  return refuse_attribute("mode " + text);
}

Result<PadAxis> pad_axis(std::int64_t size, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t pad_max = std::int64_t{1} << 40;
  if (begin < -size || begin > pad_max || end < -size || end > pad_max) {
    return refuse_value("pads " + std::to_string(begin) + ", " + std::to_string(end));
  }
  PadAxis axis;
  axis.first = std::max<std::int64_t>(-begin, 0);
  axis.kept = size - axis.first - std::max<std::int64_t>(-end, 0);
  if (axis.kept < 0) return refuse_value("pads remove more than there is");
  axis.before = std::max<std::int64_t>(begin, 0);
  axis.output = axis.before + axis.kept + std::max<std::int64_t>(end, 0);
  return axis;
}

Result<std::vector<PadAxis>> plan_axes(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const auto pads, read_integers(call.operand(1)));
  ISOTRACE_TRY(const auto named, read_optional_integers(call, 3));
  const std::size_t count = named ? named->size() : x.rank();
  if (pads.size() != 2 * count) return refuse_shape(std::to_string(pads.size()) + " pads");
  std::vector<PadAxis> axes;
  for (std::int64_t size : x.shape()) axes.push_back({0, size, 0, size});
  if (named) ISOTRACE_TRY_DONE(resolve_axes(*named, x.rank()));  // in range, none twice
  for (std::size_t i = 0; i < count; ++i) {
    const auto axis_number = named ? (*named)[i] : static_cast<std::int64_t>(i);
    ISOTRACE_TRY(const std::size_t axis, resolve_axis(axis_number, x.rank()));
    ISOTRACE_TRY(axes[axis], pad_axis(x.dim(axis), pads[i], pads[count + i]));
  }
  return axes;
}

/// The constant: one element of the type of x, or nothing (zero) if it is left out.
Result<const TensorView*> read_constant(const Call& call) {
  const TensorView* constant = call.find_operand(2);
  if (constant == nullptr) return constant;
  ISOTRACE_TRY_DONE(check_same_dtype(call.operand(0), *constant));
  if (constant->elements() != 1)
    return refuse_shape("constant " + core::shape_text(constant->shape()));
  return constant;
}

}  // namespace

std::int64_t find_padded_source(PadMode mode, const PadAxis& axis, std::int64_t position) {
  const std::int64_t p = position - axis.before;
  if (p >= 0 && p < axis.kept) return axis.first + p;
  auto modulo = [](std::int64_t a, std::int64_t n) { return (a % n + n) % n; };
  switch (mode) {
    case PadMode::constant: return -1;
    case PadMode::edge: return axis.first + (p < 0 ? 0 : axis.kept - 1);
    case PadMode::wrap: return axis.first + modulo(p, axis.kept);
    case PadMode::reflect: break;
  }
  if (axis.kept == 1) return axis.first;
  const std::int64_t phase = modulo(p, 2 * (axis.kept - 1));
  return axis.first + std::min(phase, 2 * (axis.kept - 1) - phase);
}

Result<PadPlan> pad_plan(const Call& call) {
  PadPlan plan{};
  ISOTRACE_TRY(plan.mode, parse_mode(call.node.text("mode")));
  ISOTRACE_TRY(plan.axes, plan_axes(call));
  ISOTRACE_TRY(plan.constant, read_constant(call));
  bool empty = false;
  for (const PadAxis& axis : plan.axes) {
    plan.shape.push_back(axis.output);
    empty = empty || (axis.kept == 0 && axis.output != 0);
  }
  ISOTRACE_TRY(const std::size_t elements, core::element_count(plan.shape));
  if (empty && plan.mode != PadMode::constant && elements != 0) {
    return refuse_shape("nothing to repeat in an empty tensor");
  }
  return plan;
}

// [move.pad]
Outcome evaluate_pad(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const PadPlan plan, pad_plan(call));
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), plan.shape));
  const Strides strides = row_major_strides(x.shape());
  Odometer at(plan.shape);
  for (std::size_t i = 0; i < out.elements(); ++i, at.next()) {
    std::int64_t offset = 0;
    bool filled = false;
    for (std::size_t a = 0; a < plan.axes.size(); ++a) {
      const std::int64_t source = find_padded_source(plan.mode, plan.axes[a], at.position()[a]);
      filled = filled || source < 0;
      offset += source * strides[a];
    }
    if (!filled) copy_element(x, static_cast<std::size_t>(offset), out, i);
    if (filled && plan.constant != nullptr) copy_element(*plan.constant, 0, out, i);
  }
  return one(std::move(out));
}

}  // namespace isotrace::reference
