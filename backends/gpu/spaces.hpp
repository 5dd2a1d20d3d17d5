// Spaces (kernels/space.hpp) from shapes and strides: axes that lie together in every stream are
// merged, so that most spaces have one axis and its kernels no divisions.
#pragma once

#include <array>

#include <isotrace/backends/gpu/kernels/space.hpp>
#include <isotrace/core/program.hpp>
#include <isotrace/reference/odometer.hpp>

namespace isotrace::backends::gpu {

/// Refuses backend_operation_unsupported if more axes are left than kernels count.
template <std::uint32_t streams>
core::Result<Space<streams>> make_space(const core::Shape& shape,
                                        const std::array<reference::Strides, streams>& strides,
                                        const std::array<std::int64_t, streams>& starts = {}) {
  Space<streams> space{};
  for (std::uint32_t s = 0; s < streams; ++s) space.starts[s] = starts[s];
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 1) continue;
    const auto joins = [&](std::uint32_t s) {
      return space.strides[s][space.rank - 1] == strides[s][axis] * shape[axis];
    };
    bool joined = space.rank != 0;
    for (std::uint32_t s = 0; s < streams; ++s) joined = joined && joins(s);
    if (!joined) {
      if (space.rank == space_rank_max) {
        return core::refuse(core::RefusalCode::backend_operation_unsupported, "",
                            "more than " + std::to_string(space_rank_max) + " axes");
      }
      space.sizes[space.rank++] = 1;
    }
    space.sizes[space.rank - 1] *= static_cast<std::uint64_t>(shape[axis]);
    for (std::uint32_t s = 0; s < streams; ++s) space.strides[s][space.rank - 1] = strides[s][axis];
  }
  return space;
}

}  // namespace isotrace::backends::gpu
