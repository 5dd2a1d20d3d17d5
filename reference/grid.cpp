#include <isotrace/reference/grid.hpp>

#include <algorithm>

#include <isotrace/reference/call.hpp>

namespace isotrace::reference {

GridMode grid_mode(const core::Node& node) {
  const std::string& mode = node.text("mode");
  if (mode == "nearest") return GridMode::nearest;
  return mode == "linear" ? GridMode::linear : GridMode::cubic;
}

Result<Shape> grid_sample_shape(const core::Node& node, Dims x, Dims grid) {
  const std::string& mode = node.text("mode");
  if (mode != "nearest" && mode != "linear" && mode != "cubic") {
    return refuse_attribute("mode " + mode);
  }
  const std::string& padding = node.text("padding_mode");
  if (padding != "zeros" && padding != "border" && padding != "reflection") {
    return refuse_attribute("padding_mode " + padding);
  }
  const bool fits = x.size() >= 3 && x.size() == grid.size() && x[0] == grid[0] &&
                    grid.back() == static_cast<std::int64_t>(x.size()) - 2;
  if (!fits) return refuse_shape(core::shape_text(x) + " with grid " + core::shape_text(grid));
  Shape output = {x[0], x[1]};
  output.insert(output.end(), grid.begin() + 1, grid.end() - 1);
  ISOTRACE_TRY(const std::size_t elements, core::element_count(output));
  if (elements != 0 && std::ranges::find(x, 0) != x.end()) {
    return refuse_shape("nothing to sample from in " + core::shape_text(x));
  }
  return output;
}

Result<Shape> affine_grid_shape(Dims theta, Dims size) {
  const auto axes = static_cast<std::int64_t>(size.size()) - 2;
  const bool fits = (axes == 2 || axes == 3) && theta.size() == 3 && theta[0] == size[0] &&
                    theta[1] == axes && theta[2] == axes + 1;
  if (!fits) {
    return refuse_shape(core::shape_text(theta) + " for size " + core::shape_text(size));
  }
  Shape output = {size[0]};
  output.insert(output.end(), size.begin() + 2, size.end());
  output.push_back(axes);
  if (std::ranges::any_of(output, [](auto dim) { return dim < 0; })) {
    return refuse_value("size " + core::shape_text(size));
  }
  ISOTRACE_TRY_DONE(core::element_count(output));
  return output;
}

}  // namespace isotrace::reference
