// Shapes and modes of sampling by a grid.
#pragma once

#include <isotrace/core/program.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {

enum class GridMode { nearest, linear, cubic };
/// Of a node that has passed grid_sample_shape.
GridMode grid_mode(const core::Node& node);

/// GridSample: x [N, C, D...], grid [N, O..., number of D]. Also refuses unknown modes.
core::Result<core::Shape> grid_sample_shape(const core::Node& node, Dims x, Dims grid);
/// AffineGrid: theta [N, n, n + 1] for n = 2 or 3, size [N, C, D...]; the result is [N, D..., n].
core::Result<core::Shape> affine_grid_shape(Dims theta, Dims size);

}  // namespace isotrace::reference
