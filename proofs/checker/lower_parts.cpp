// Data movement that takes operands apart, puts them together or repeats them: Concat, Split,
// Slice, Gather, Pad, Tile, Resize to the nearest element. Each result element is told by its
// position along one axis at a time.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "moved_parts.hpp"

namespace isotrace::proofs {
namespace {

using core::Op;
using core::Result;
using core::Shape;

std::size_t as_size(std::int64_t dim) { return static_cast<std::size_t>(dim); }

/// 0 <= axis < rank.
Result<std::size_t> axis_of(const NodeAtHand& at, std::int64_t axis, std::size_t rank) {
  const auto size = static_cast<std::int64_t>(rank);
  if (axis < -size || axis >= size) return at.unsupported("axis " + std::to_string(axis));
  return as_size(axis < 0 ? axis + size : axis);
}

/// Replaces one axis by the positions listed; -1 stands for zeros.
Movement pick(const Movement& from, std::size_t axis, const std::vector<std::int64_t>& positions) {
  Movement made{from.shape, {}};
  made.shape[axis] = static_cast<std::int64_t>(positions.size());
  std::size_t outer = 1;
  std::size_t inner = 1;
  for (std::size_t i = 0; i < axis; ++i) outer *= as_size(from.shape[i]);
  for (std::size_t i = axis + 1; i < from.shape.size(); ++i) inner *= as_size(from.shape[i]);
  const std::size_t size = as_size(from.shape[axis]);
  made.source.reserve(outer * positions.size() * inner);
  for (std::size_t o = 0; o < outer; ++o) {
    for (const std::int64_t position : positions) {
      for (std::size_t i = 0; i < inner; ++i) {
        made.source.push_back(position < 0
                                  ? Movement::filled
                                  : from.source[(o * size + as_size(position)) * inner + i]);
      }
    }
  }
  return made;
}

Result<Movement> whole(const NodeAtHand& at) {
  ISOTRACE_TRY(const std::size_t count, checked_count(at, at.operands[0].shape()));
  return Movement{at.operands[0].shape(), count_up(count)};
}

Result<Movement> concatenated(const NodeAtHand& at) {
  Shape shape = at.operands[0].shape();
  ISOTRACE_TRY(const std::size_t axis, axis_of(at, at.node.integer("axis"), shape.size()));
  std::size_t outer = 1;
  for (std::size_t i = 0; i < axis; ++i) outer *= as_size(shape[i]);
  std::int64_t total = 0;
  std::vector<std::size_t> runs;
  for (const Operand& operand : at.operands) {
    ISOTRACE_TRY(const std::size_t count, checked_count(at, operand.shape()));
    if (operand.shape().size() != shape.size()) return at.unsupported("ranks do not fit");
    total += operand.shape()[axis];
    Shape expected = shape;
    expected[axis] = operand.shape()[axis];
    if (operand.shape() != expected) return at.unsupported("shapes do not fit");
    runs.push_back(count / outer);
  }
  shape[axis] = total;
  ISOTRACE_TRY(const std::size_t count, checked_count(at, shape));
  Movement made{shape, {}};
  made.source.reserve(count);
  for (std::size_t o = 0; o < outer; ++o) {
    std::size_t first = 0;
    for (const std::size_t run : runs) {
      for (std::size_t i = 0; i < run; ++i) {
        made.source.push_back(static_cast<std::uint32_t>(first + o * run + i));
      }
      first += outer * run;
    }
  }
  return made;
}

Result<std::vector<Movement>> split(const NodeAtHand& at) {
  ISOTRACE_TRY(const Movement all, whole(at));
  ISOTRACE_TRY(const std::size_t axis, axis_of(at, at.node.integer("axis"), all.shape.size()));
  const auto parts = static_cast<std::int64_t>(at.node.outputs.size());
  const std::int64_t size = all.shape[axis];
  Shape sizes(at.node.outputs.size(), (size + parts - 1) / parts);
  if (at.operands.size() > 1 && at.constant(1) != nullptr) {
    ISOTRACE_TRY(sizes, integers_of(at, 1));
  } else {
    sizes.back() = size - (parts - 1) * sizes.front();
  }
  const bool positive = std::all_of(sizes.begin(), sizes.end(), [](auto s) { return s > 0; });
  if (!positive || static_cast<std::int64_t>(sizes.size()) != parts ||
      std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}) != size) {
    return at.unsupported("sizes of the parts");
  }
  std::vector<Movement> made;
  std::int64_t first = 0;
  for (const std::int64_t part : sizes) {
    std::vector<std::int64_t> positions(as_size(part));
    std::iota(positions.begin(), positions.end(), first);
    made.push_back(pick(all, axis, positions));
    first += part;
  }
  return made;
}

Result<Movement> sliced(const NodeAtHand& at) {
  ISOTRACE_TRY(Movement made, whole(at));
  ISOTRACE_TRY(const Shape starts, integers_of(at, 1));
  ISOTRACE_TRY(const Shape ends, integers_of(at, 2));
  Shape axes(starts.size());
  std::iota(axes.begin(), axes.end(), 0);
  Shape steps(starts.size(), 1);
  if (at.constant(3) != nullptr) {
    ISOTRACE_TRY(axes, integers_of(at, 3));
  }
  if (at.constant(4) != nullptr) {
    ISOTRACE_TRY(steps, integers_of(at, 4));
  }
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size()) {
    return at.unsupported("lists of different sizes");
  }
  for (std::size_t i = 0; i < starts.size(); ++i) {
    ISOTRACE_TRY(const std::size_t axis, axis_of(at, axes[i], made.shape.size()));
    const std::int64_t size = made.shape[axis];
    const std::int64_t step = steps[i];
    if (step == 0 || std::count(axes.begin(), axes.end(), axes[i]) > 1) {
      return at.unsupported("steps or axes");
    }
    const auto clamped = [&](std::int64_t v, std::int64_t low, std::int64_t high) {
      return std::clamp(v < 0 ? v + size : v, low, high);
    };
    const std::int64_t start = clamped(starts[i], 0, step > 0 ? size : size - 1);
    const std::int64_t end = clamped(ends[i], step > 0 ? 0 : -1, step > 0 ? size : size - 1);
    std::vector<std::int64_t> positions;
    // A step over the whole axis gives one position.
    const std::int64_t bounded = std::clamp(step, -size - 1, size + 1);
    for (std::int64_t p = start; step > 0 ? p < end : p > end; p += bounded) positions.push_back(p);
    if (positions.empty()) return at.unsupported("no elements");
    made = pick(made, axis, positions);
  }
  return made;
}

Result<Movement> gathered(const NodeAtHand& at) {
  ISOTRACE_TRY(const Movement all, whole(at));
  ISOTRACE_TRY(const std::size_t axis, axis_of(at, at.node.integer("axis"), all.shape.size()));
  ISOTRACE_TRY(Shape indices, integers_of(at, 1));
  if (indices.empty()) return at.unsupported("no indices");
  for (std::int64_t& index : indices) {
    if (index < 0) index += all.shape[axis];
    if (index < 0 || index >= all.shape[axis]) return at.unsupported("index out of range");
  }
  Shape enlarged = all.shape;
  enlarged[axis] = static_cast<std::int64_t>(indices.size());
  ISOTRACE_TRY_DONE(checked_count(at, enlarged));
  Movement made = pick(all, axis, indices);
  if (at.constant(1)->rank() == 0) {
    made.shape.erase(made.shape.begin() + static_cast<std::ptrdiff_t>(axis));
  }
  return made;
}

/// What stands at a place beside an axis of `size` elements, or on it; -1 for zeros.
std::int64_t padding_source(const std::string& mode, std::int64_t place, std::int64_t size) {
  if (place >= 0 && place < size) return place;
  if (mode == "edge") return std::clamp<std::int64_t>(place, 0, size - 1);
  if (mode != "reflect") return -1;
  const std::int64_t period = std::max<std::int64_t>(1, 2 * (size - 1));
  const std::int64_t within = (place % period + period) % period;
  return within < size ? within : period - within;
}

Result<Movement> padded(const NodeAtHand& at) {
  ISOTRACE_TRY(Movement made, whole(at));
  ISOTRACE_TRY(const Shape pads, integers_of(at, 1));
  const std::size_t rank = made.shape.size();
  const core::Tensor* fill = at.constant(2);
  const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
  const bool zero_fill =
      fill == nullptr || std::all_of(fill->bytes().begin(), fill->bytes().end(), is_zero);
  const bool axes = at.operands.size() > 3 && at.constant(3) != nullptr;
  const std::string& mode = at.node.text("mode");
  const bool known = mode == "edge" || mode == "reflect" || (mode == "constant" && zero_fill);
  if (!known || axes || pads.size() != 2 * rank) {
    return at.unsupported("other than zeros or elements at all axes");
  }
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const std::int64_t before = pads[axis];
    const std::int64_t after = pads[rank + axis];
    if (before < 0 || after < 0 || before > (1 << 24) || after > (1 << 24)) {
      return at.unsupported("pads");
    }
    if (before + after == 0) continue;
    Shape enlarged = made.shape;
    enlarged[axis] += before + after;
    ISOTRACE_TRY_DONE(checked_count(at, enlarged));
    std::vector<std::int64_t> positions(as_size(enlarged[axis]));
    std::iota(positions.begin(), positions.end(), -before);
    for (std::int64_t& place : positions) place = padding_source(mode, place, made.shape[axis]);
    made = pick(made, axis, positions);
  }
  return made;
}

/// Each axis so many times as long: the whole of it again and again, or each element of it.
Result<Movement> repeated(const NodeAtHand& at, const std::vector<std::int64_t>& times,
                          bool each_element) {
  ISOTRACE_TRY(Movement made, whole(at));
  if (times.size() != made.shape.size()) return at.unsupported("one number per axis");
  for (std::size_t axis = 0; axis < times.size(); ++axis) {
    const std::int64_t size = made.shape[axis];
    if (times[axis] < 1 || times[axis] > (1 << 24)) return at.unsupported("number of repetitions");
    Shape enlarged = made.shape;
    enlarged[axis] *= times[axis];
    ISOTRACE_TRY_DONE(checked_count(at, enlarged));
    std::vector<std::int64_t> positions;
    for (std::int64_t p = 0; p < enlarged[axis]; ++p) {
      positions.push_back(each_element ? p / times[axis] : p % size);
    }
    if (times[axis] != 1) made = pick(made, axis, positions);
  }
  return made;
}

/// Of whole factors f only. Then place o samples o / f, or (o + 0.5) / f - 0.5, of which the floor
/// and, at least 0.5 / f away from any tie, the nearest integer is o / f rounded down: rounding of
/// these numbers, all below 2^24, does not change that.
Result<Movement> enlarged_to_nearest(const NodeAtHand& at) {
  const std::string& places = at.node.text("coordinate_transformation_mode");
  const std::string& mode = at.node.text("nearest_mode");
  const bool is_floor = places == "asymmetric" && mode == "floor";
  const bool is_round =
      places == "half_pixel" && (mode == "round_prefer_floor" || mode == "round_prefer_ceil");
  if (at.node.text("mode") != "nearest" || !(is_floor || is_round) ||
      !at.node.integers("axes").empty()) {
    return at.unsupported("other than the nearest elements of all axes");
  }
  const Shape& from = at.operands[0].shape();
  std::vector<std::int64_t> factors;
  const bool by_scale = at.constant(2) != nullptr && at.constant(2)->elements() > 0;
  if (by_scale) {
    ISOTRACE_TRY(const auto scales, finite_floats(at, 2));
    for (const float scale : scales) {
      const bool fits = scale >= 1 && scale <= 0x1p20F && std::floor(scale) == scale;
      factors.push_back(fits ? static_cast<std::int64_t>(scale) : 0);
    }
  } else {
    ISOTRACE_TRY(const Shape sizes, integers_of(at, 3));
    if (sizes.size() != from.size() || at.node.text("keep_aspect_ratio_policy") != "stretch") {
      return at.unsupported("sizes");
    }
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      factors.push_back(sizes[i] % from[i] == 0 ? sizes[i] / from[i] : 0);
    }
  }
  return repeated(at, factors, true);
}

Result<Movement> tiled(const NodeAtHand& at) {
  ISOTRACE_TRY(const Shape times, integers_of(at, 1));
  return repeated(at, times, false);
}

Result<std::vector<Movement>> only(Result<Movement> movement) {
  if (!movement) return tl::make_unexpected(std::move(movement).error());
  return std::vector<Movement>{*std::move(movement)};
}

}  // namespace

bool is_movement(Op op) {
  switch (op) {
    case Op::identity:
    case Op::cast:
    case Op::dropout:
    case Op::flatten:
    case Op::reshape:
    case Op::squeeze:
    case Op::unsqueeze:
    case Op::transpose:
    case Op::concat:
    case Op::split:
    case Op::slice:
    case Op::gather:
    case Op::pad:
    case Op::expand:
    case Op::tile:
    case Op::resize: return true;
    default: return false;
  }
}

std::vector<std::size_t> moved_operands(const NodeAtHand& at) {
  std::vector<std::size_t> all(at.node.op == Op::concat ? at.operands.size() : 1);
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

Result<std::vector<Movement>> movements_of(const NodeAtHand& at) {
  const std::size_t moved = moved_operands(at).size();
  for (std::size_t i = 0; i < at.operands.size(); ++i) {
    const bool present = at.operands[i].value != nullptr || at.operands[i].constant != nullptr;
    if (i < moved ? !present : at.operands[i].value != nullptr) {
      return at.unsupported("operand " + std::to_string(i) + " is not a constant");
    }
  }
  if (at.node.op == Op::split) return split(at);
  if (at.node.outputs.size() != 1) return at.unsupported("has not exactly one result");
  switch (at.node.op) {
    case Op::concat: return only(concatenated(at));
    case Op::slice: return only(sliced(at));
    case Op::gather: return only(gathered(at));
    case Op::pad: return only(padded(at));
    case Op::tile: return only(tiled(at));
    case Op::resize: return only(enlarged_to_nearest(at));
    default: return only(same_elements(at));
  }
}

}  // namespace isotrace::proofs
