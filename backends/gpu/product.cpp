#include <isotrace/backends/gpu/product.hpp>

#include <algorithm>
#include <limits>

#include <isotrace/backends/gpu/windows.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::gpu {
namespace {

using reference::product;

/// The kernels of a kind of product, for results that fill the device, smaller ones, and few rows;
/// rare kinds have but one.
struct Names {
  std::string_view large;
  std::string_view small;
  std::string_view flat;
};
template <class Numbers, class Columns>
constexpr Names names_of{};
template <>
constexpr Names names_of<Floats, MatrixColumns> = {"product_large", "product_small",
                                                   "product_flat"};
template <>
constexpr Names names_of<Floats, ImageColumns> = {"convolution_large", "convolution_small",
                                                  "convolution_flat"};
template <>
constexpr Names names_of<Floats, TransposedColumns> = {"transposed_large", "transposed_small", {}};
template <>
constexpr Names names_of<Integers, MatrixColumns> = {
    "integer_product_large", "integer_product_small", "integer_product_flat"};
template <>
constexpr Names names_of<Integers, ImageColumns> = {
    "integer_convolution_large", "integer_convolution_small", "integer_convolution_flat"};
template <>
constexpr Names names_of<Doubles, MatrixColumns> = {{}, "double_product_small", {}};
template <>
constexpr Names names_of<Doubles, ImageColumns> = {{}, "double_convolution_small", {}};
template <>
constexpr Names names_of<Doubles, TransposedColumns> = {{}, "double_transposed_small", {}};
template <>
constexpr Names names_of<Words, MatrixColumns> = {{}, "word_product_small", {}};

/// Type of the sums, and the kernel that adds those of segments.
struct Sums {
  core::Dtype dtype;
  std::string_view combine;
};
template <class Numbers>
constexpr Sums sums_of{};
template <>
constexpr Sums sums_of<Floats> = {core::Dtype::f32, "combine_segments"};
template <>
constexpr Sums sums_of<Doubles> = {core::Dtype::f64, "combine_double_segments"};
template <>
constexpr Sums sums_of<Words> = {core::Dtype::u64, "combine_word_segments"};
template <>
constexpr Sums sums_of<Integers> = {core::Dtype::i32, "combine_integer_segments"};

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
  constexpr Names names = names_of<Numbers, Columns>;
  if (!names.flat.empty() && p.rows <= FlatProduct<Numbers, Columns>::tile_rows) {
    return tile<FlatProduct<Numbers, Columns>>(names.flat, p.rows, p.columns);
  }
  const Tiling large = tile<LargeProduct<Numbers, Columns>>(names.large, p.rows, p.columns);
  if (!names.large.empty() && large.rows * large.columns * batches >= units) return large;
  return tile<SmallProduct<Numbers, Columns>>(names.small, p.rows, p.columns);
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

Batches matrix_batches(const Array& a, const Array& b, const reference::MatmulShape& shape) {
  return {matrix_starts(a, shape.batch, shape.m * shape.k),
          matrix_starts(b, shape.batch, shape.k * shape.n)};
}

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
  ISOTRACE_TRY(const Array a_starts, work.send(batches.a));
  ISOTRACE_TRY(const Array b_starts, work.send(batches.b));
  p.a_starts = a_starts.data<std::int64_t>();
  p.b_starts = b_starts.data<std::int64_t>();
  p.split = split ? 1 : 0;
  p.c = c.data<typename Numbers::Sum>();
  const Grid grid = {static_cast<std::uint32_t>(tiling.columns),
                     static_cast<std::uint32_t>(tiling.rows), static_cast<std::uint32_t>(matrices)};
  if (!split) return work.launch(tiling.kernel, grid, p);
  ISOTRACE_TRY(const Array parts, work.make(sums_of<Numbers>.dtype, {matrices, p.rows, p.columns}));
  p.c = parts.data<typename Numbers::Sum>();
  ISOTRACE_TRY_DONE(work.launch(tiling.kernel, grid, p));
  using Sum = typename Numbers::Sum;
  return work.launch_each(sums_of<Numbers>.combine,
                          typename CombineSegments<Numbers>::Arguments{
                              c.elements, p.rows, p.columns, p.segments, p.groups,
                              parts.data<Sum>(), c.data<Sum>(), p.finish});
}

template <class Numbers>
Made multiply_matrices(Work& work, const Array& a, const Array& b, std::int64_t segment,
                       const typename Numbers::Finish& finish) {
  using Element = typename Numbers::Element;
  ISOTRACE_TRY(const auto shape, reference::matmul_shape(a.shape, b.shape));
  ISOTRACE_TRY(Array c, work.make(sums_of<Numbers>.dtype, shape.output));
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
  ISOTRACE_TRY_DONE(multiply(work, p, matrix_batches(a, b, shape), c));
  return c;
}

// Per image and group, weights [outputs, k] by columns [k, positions] of the image.
template <class Numbers, class Columns>
Made convolve(Work& work, const reference::ConvGeometry& geometry, const Array& x, const Array& w,
              std::int64_t segment, const typename Numbers::Finish& finish) {
  using Element = typename Numbers::Element;
  ISOTRACE_TRY(Array c, work.make(sums_of<Numbers>.dtype, geometry.output));
  ProductArguments<Numbers, Columns> p{};
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

#define ISOTRACE_PRODUCTS(Numbers)                                                            \
  template core::Result<core::Done> multiply(Work&, ProductArguments<Numbers, MatrixColumns>, \
                                             const Batches&, const Array&);                   \
  template Made multiply_matrices<Numbers>(Work&, const Array&, const Array&, std::int64_t,   \
                                           const Numbers::Finish&);
#define ISOTRACE_CONVOLUTIONS(Numbers, Columns)                                                 \
  template Made convolve<Numbers, Columns>(Work&, const reference::ConvGeometry&, const Array&, \
                                           const Array&, std::int64_t, const Numbers::Finish&);
ISOTRACE_PRODUCTS(Floats)
ISOTRACE_PRODUCTS(Doubles)
ISOTRACE_PRODUCTS(Words)
ISOTRACE_PRODUCTS(Integers)
ISOTRACE_CONVOLUTIONS(Floats, ImageColumns)
ISOTRACE_CONVOLUTIONS(Doubles, ImageColumns)
ISOTRACE_CONVOLUTIONS(Integers, ImageColumns)
ISOTRACE_CONVOLUTIONS(Floats, TransposedColumns)
ISOTRACE_CONVOLUTIONS(Doubles, TransposedColumns)
#undef ISOTRACE_PRODUCTS
#undef ISOTRACE_CONVOLUTIONS

}  // namespace isotrace::backends::gpu
