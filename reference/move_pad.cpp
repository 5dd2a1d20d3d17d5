// Pad (docs/spec/move.md). Negative pads crop first; the mode then fills around what is left.
#include <isotrace/reference/move.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {
namespace {

enum class Mode { constant, reflect, edge, wrap };

Result<Mode> parse_mode(const std::string& text) {
  if (text == "constant") return Mode::constant;
  if (text == "reflect") return Mode::reflect;
  if (text == "edge") return Mode::edge;
  if (text == "wrap") return Mode::wrap;
  return refuse_attribute("mode " + text);
}

/// One axis: `kept` elements from `first` on stand in the result from position `before` on.
struct PadAxis {
  std::int64_t first = 0;
  std::int64_t kept = 0;
  std::int64_t before = 0;
  std::int64_t output = 0;
};

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

/// Which kept element position p of the result shows, -1 for the constant. Reflection does not
/// repeat the edge and goes to and fro as often as it must.
std::int64_t find_source(Mode mode, const PadAxis& axis, std::int64_t position) {
  const std::int64_t p = position - axis.before;
  if (p >= 0 && p < axis.kept) return p;
  auto modulo = [](std::int64_t a, std::int64_t n) { return (a % n + n) % n; };
  switch (mode) {
    case Mode::constant: return -1;
    case Mode::edge: return p < 0 ? 0 : axis.kept - 1;
    case Mode::wrap: return modulo(p, axis.kept);
    case Mode::reflect: break;
  }
  if (axis.kept == 1) return 0;
  const std::int64_t phase = modulo(p, 2 * (axis.kept - 1));
  return std::min(phase, 2 * (axis.kept - 1) - phase);
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

// [move.pad]
Outcome evaluate_pad(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const Mode mode, parse_mode(call.node.text("mode")));
  ISOTRACE_TRY(const auto axes, plan_axes(call));
  ISOTRACE_TRY(const TensorView* constant, read_constant(call));
  Shape shape;
  bool empty = false;
  for (const PadAxis& axis : axes) {
    shape.push_back(axis.output);
    empty = empty || (axis.kept == 0 && axis.output != 0);
  }
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), shape));
  if (empty && mode != Mode::constant && out.elements() != 0) {
    return refuse_shape("nothing to repeat in an empty tensor");
  }
  const Strides strides = row_major_strides(x.shape());
  Odometer at(shape);
  for (std::size_t i = 0; i < out.elements(); ++i, at.next()) {
    std::int64_t offset = 0;
    bool filled = false;
    for (std::size_t a = 0; a < axes.size(); ++a) {
      const std::int64_t source = find_source(mode, axes[a], at.position()[a]);
      filled = filled || source < 0;
      offset += (axes[a].first + source) * strides[a];
    }
    if (!filled) copy_element(x, static_cast<std::size_t>(offset), out, i);
    if (filled && constant != nullptr) copy_element(*constant, 0, out, i);
  }
  return one(std::move(out));
}

}  // namespace isotrace::reference
