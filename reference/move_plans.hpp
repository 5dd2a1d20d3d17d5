// Which elements Slice, Gather, Pad, Tile, DepthToSpace and SpaceToDepth copy where
// (docs/spec/move.md): everything about these operations but the copying, so that backends that
// copy faster read operands the same way.
#pragma once

#include <isotrace/reference/call.hpp>
#include <isotrace/reference/odometer.hpp>

namespace isotrace::reference {

/// The result has at each position x[start + sum of position * stride].
struct SlicePlan {
  Shape shape;
  Strides strides;
  std::int64_t start = 0;
};
Result<SlicePlan> slice_plan(const Call& call);

/// The elements of the result in order are x[sum of position * stride] for the positions of `walk`.
struct WalkPlan {
  Shape shape;
  Shape walk;
  Strides strides;
};
Result<WalkPlan> tile_plan(const Call& call);
Result<WalkPlan> depth_to_space_plan(const Call& call);
Result<WalkPlan> space_to_depth_plan(const Call& call);

/// The result has, in place of the axis, x at these positions along it.
struct GatherPlan {
  Shape shape;
  std::size_t axis;
  std::vector<std::size_t> positions;
};
Result<GatherPlan> gather_plan(const Call& call);

enum class PadMode { constant, reflect, edge, wrap };

/// One axis: `kept` elements from `first` on stand in the result from position `before` on.
struct PadAxis {
  std::int64_t first = 0;
  std::int64_t kept = 0;
  std::int64_t before = 0;
  std::int64_t output = 0;
};

struct PadPlan {
  PadMode mode;
  std::vector<PadAxis> axes;
  const TensorView* constant;  ///< one element; nullptr: zero
  Shape shape;
};
Result<PadPlan> pad_plan(const Call& call);

/// Which element of x along the axis stands at a position of the result, -1 for the constant.
/// Reflection does not repeat the edge and goes to and fro as often as it must.
std::int64_t find_padded_source(PadMode mode, const PadAxis& axis, std::int64_t position);

}  // namespace isotrace::reference
