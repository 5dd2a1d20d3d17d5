#include <isotrace/backends/gpu/product.hpp>

#include <algorithm>
#include <limits>

#include <isotrace/backends/gpu/windows.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::gpu {
namespace {

using reference::product;

template <class Numbers, class Columns>
struct Names;
template <>
struct Names<Floats, MatrixColumns> {
  static constexpr std::string_view large = "product_large";
  static constexpr std::string_view small = "product_small";
  static constexpr std::string_view flat = "product_flat";
};
template <>
struct Names<Floats, ImageColumns> {
  static constexpr std::string_view large = "convolution_large";
  static constexpr std::string_view small = "convolution_small";
  static constexpr std::string_view flat = "convolution_flat";
};
template <>
struct Names<Integers, MatrixColumns> {
  static constexpr std::string_view large = "integer_product_large";
  static constexpr std::string_view small = "integer_product_small";
  static constexpr std::string_view flat = "integer_product_flat";
};
template <>
struct Names<Integers, ImageColumns> {
  static constexpr std::string_view large = "integer_convolution_large";
  static constexpr std::string_view small = "integer_convolution_small";
  static constexpr std::string_view flat = "integer_convolution_flat";
};

/// Type of the sums, and the kernel that adds those of segments.
template <class Numbers>
struct Sums;
template <>
struct Sums<Floats> {
  static constexpr core::Dtype dtype = core::Dtype::f32;
  static constexpr std::string_view combine = "combine_segments";
};
template <>
struct Sums<Integers> {
  static constexpr core::Dtype dtype = core::Dtype::i32;
  static constexpr std::string_view combine = "combine_integer_segments";
};

/// A kernel for a shape of result, and its blocks.
struct Tiling {
  std::string_view kernel;
  std::int64_t rows;  ///< of blocks
  std::int64_t columns;
};

template <class Kernel>
Tiling tile(std::string_view kernel, std::int64_t rows, std::int64_t columns) {
  const auto blocks = [](std::int64_t size, std::int64_t tile) { return (size + tile - 1) / tile; };
  return {kernel, blocks(rows, Kernel::tile_rows), blocks(columns, Kernel::tile_columns)};
}

/// Large tiles where they fill the device.
template <class Numbers, class Columns>
Tiling choose_tiling(const ProductArguments<Numbers, Columns>& p, std::int64_t batches,
                     unsigned units) {
  if (p.rows <= FlatProduct<Numbers, Columns>::tile_rows) {
    return tile<FlatProduct<Numbers, Columns>>(Names<Numbers, Columns>::flat, p.rows, p.columns);
  }
  const Tiling large =
      tile<LargeProduct<Numbers, Columns>>(Names<Numbers, Columns>::large, p.rows, p.columns);
  if (large.rows * large.columns * batches >= units) return large;
  return tile<SmallProduct<Numbers, Columns>>(Names<Numbers, Columns>::small, p.rows, p.columns);
}

Made send(Work& work, const std::vector<std::int64_t>& numbers) {
  return work.upload(core::Tensor::of<std::int64_t>({std::ssize(numbers)},
                                                    std::span<const std::int64_t>(numbers)));
}

/// The leading axes of a MatMul operand, and where the matrices of each result begin in it.
std::vector<std::int64_t> matrix_starts(const Array& operand, const Shape& batch,
                                        std::int64_t size) {
  Shape leading;
  if (operand.shape.size() > 2) leading.assign(operand.shape.begin(), operand.shape.end() - 2);
  Strides strides = reference::broadcast_strides(leading, batch);
  for (std::int64_t& stride : strides) stride *= size;
  reference::Odometer at(batch);
  at.add_stream(strides);
  std::vector<std::int64_t> starts(product(batch, 0, batch.size()));
  for (std::int64_t& start : starts) {
    start = at.offset(0);
    at.next();
  }
  return starts;
}

std::int64_t spatial_size(const Shape& shape) {
  return static_cast<std::int64_t>(product(shape, 2, shape.size()));
}

}  // namespace

// One block per segment and the sum of the segments, where whole chains would leave units of the
// device without work.
template <class Numbers, class Columns>
core::Result<core::Done> multiply(Work& work, ProductArguments<Numbers, Columns> p,
                                  const Batches& batches, const Array& c) {
  if (c.elements == 0) return core::Done{};
  const auto count = std::ssize(batches.a);
  const unsigned units = work.device().multiprocessors();
  p.segments = std::max<std::int64_t>(1, (p.depth + p.segment - 1) / p.segment);
  const Tiling tiling = choose_tiling(p, count, units);
  const bool split = p.segments > 1 && tiling.rows * tiling.columns * count < units;
  const std::int64_t matrices = split ? count * p.segments : count;
  if (tiling.columns > grid_max.x || tiling.rows > grid_max.y || matrices > grid_max.z) {
    return core::refuse(core::RefusalCode::limit_exceeded, "", "more tiles than one launch has");
  }
  ISOTRACE_TRY(const Array a_starts, send(work, batches.a));
  ISOTRACE_TRY(const Array b_starts, send(work, batches.b));
  p.a_starts = a_starts.data<std::int64_t>();
  p.b_starts = b_starts.data<std::int64_t>();
  p.split = split ? 1 : 0;
  p.c = c.data<typename Numbers::Sum>();
  const Grid grid = {static_cast<std::uint32_t>(tiling.columns),
                     static_cast<std::uint32_t>(tiling.rows), static_cast<std::uint32_t>(matrices)};
  if (!split) return work.launch(tiling.kernel, grid, p);
  ISOTRACE_TRY(const Array parts, work.make(Sums<Numbers>::dtype, {matrices, p.rows, p.columns}));
  p.c = parts.data<typename Numbers::Sum>();
  ISOTRACE_TRY_DONE(work.launch(tiling.kernel, grid, p));
  using Sum = typename Numbers::Sum;
  return work.launch_each(Sums<Numbers>::combine,
                          typename CombineSegments<Numbers>::Arguments{
                              c.elements, p.rows, p.columns, p.segments, p.groups,
                              parts.data<Sum>(), c.data<Sum>(), p.finish});
}

template <class Numbers>
Made multiply_matrices(Work& work, const Array& a, const Array& b, std::int64_t segment,
                       const typename Numbers::Finish& finish) {
  using Element = typename Numbers::Element;
  ISOTRACE_TRY(const auto shape, reference::matmul_shape(a.shape, b.shape));
  ISOTRACE_TRY(Array c, work.make(Sums<Numbers>::dtype, shape.output));
  if (c.elements == 0) return c;
  ProductArguments<Numbers, MatrixColumns> p{};
  p.rows = shape.m;
  p.columns = shape.n;
  p.depth = shape.k;
  p.segment = segment;
  p.groups = 1;
  p.a = a.data<Element>();
  p.a_row_stride = shape.k;
  p.a_depth_stride = 1;
  p.b = b.data<Element>();
  p.b_columns = {shape.n, 1};
  p.finish = finish;
  const Batches batches = {matrix_starts(a, shape.batch, shape.m * shape.k),
                           matrix_starts(b, shape.batch, shape.k * shape.n)};
  ISOTRACE_TRY_DONE(multiply(work, p, batches, c));
  return c;
}

// Per image and group, weights [outputs, k] by columns [k, positions] of the image.
template <class Numbers>
Made convolve(Work& work, const reference::ConvGeometry& geometry, const Array& x, const Array& w,
              std::int64_t segment, const typename Numbers::Finish& finish) {
  using Element = typename Numbers::Element;
  ISOTRACE_TRY(Array c, work.make(Sums<Numbers>::dtype, geometry.output));
  ProductArguments<Numbers, ImageColumns> p{};
  ISOTRACE_TRY(p.b_columns.window, make_window(geometry.axes));
  const std::int64_t taps = spatial_size(w.shape);
  p.rows = geometry.group_outputs;
  p.columns = spatial_size(geometry.output);
  p.depth = geometry.group_inputs * taps;
  if (std::max(p.depth, p.columns) > std::numeric_limits<std::int32_t>::max()) {
    return core::refuse(core::RefusalCode::limit_exceeded, "", "more columns than kernels count");
  }
  p.segment = segment;
  p.groups = geometry.groups;
  p.a = w.data<Element>();
  p.a_row_stride = p.depth;
  p.a_depth_stride = 1;
  p.b = x.data<Element>();
  p.b_columns.taps = static_cast<std::int32_t>(taps);
  p.b_columns.plane = spatial_size(x.shape);
  p.finish = finish;
  Batches batches;
  for (std::int64_t i = 0; i < geometry.batch * geometry.groups; ++i) {
    batches.a.push_back(i % geometry.groups * geometry.group_outputs * p.depth);
    batches.b.push_back(i * geometry.group_inputs * p.b_columns.plane);
  }
  ISOTRACE_TRY_DONE(multiply(work, p, batches, c));
  return c;
}

template core::Result<core::Done> multiply(Work&, ProductArguments<Floats, MatrixColumns>,
                                           const Batches&, const Array&);
template Made multiply_matrices<Floats>(Work&, const Array&, const Array&, std::int64_t,
                                        const Floats::Finish&);
template Made multiply_matrices<Integers>(Work&, const Array&, const Array&, std::int64_t,
                                          const Integers::Finish&);
template Made convolve<Floats>(Work&, const reference::ConvGeometry&, const Array&, const Array&,
                               std::int64_t, const Floats::Finish&);
template Made convolve<Integers>(Work&, const reference::ConvGeometry&, const Array&, const Array&,
                                 std::int64_t, const Integers::Finish&);

}  // namespace isotrace::backends::gpu
