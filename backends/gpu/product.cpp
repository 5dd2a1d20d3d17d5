#include <isotrace/backends/gpu/product.hpp>

#include <algorithm>
#include <limits>
#include <numeric>

#include <isotrace/backends/gpu/kernels/skinny_product.hpp>
#include <isotrace/backends/gpu/kernels/tile_product.hpp>
#include <isotrace/backends/gpu/windows.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::gpu {
namespace {

using reference::product;

/// The kernels of a kind of product, for results that fill the device, smaller ones, and few rows;
/// rare kinds have not all of them.
struct Names {
  std::string_view large;
  std::string_view small;
  std::string_view flat;
};
template <class Numbers, class Columns>
constexpr Names names_of{};
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

/// A kernel, and what a block of it computes: a tile of the result, of so many segments where they
/// are split.
struct Kind {
  std::string_view kernel;
  std::int64_t rows;
  std::int64_t columns;
  /// Of 100 multiply-adds that the units could do, those that its inner loop leaves them: counted
  /// from its instructions (docs/backends.md), not measured.
  std::int64_t rate;
  std::int64_t segments = 1;
};
template <class Kernel>
constexpr Kind kind_of(std::string_view kernel, std::int64_t rate) {
  return {kernel, Kernel::tile_rows, Kernel::tile_columns, rate};
}
template <class Kernel>
constexpr Kind skinny_kind(std::string_view kernel) {
  return {kernel, Kernel::tile_rows, Kernel::tile_columns, 100, Kernel::slots};
}

/// A kernel for a shape of result, and its blocks.
struct Tiling {
  Kind kind;
  std::int64_t rows;  ///< of blocks
  std::int64_t columns;
  bool split;           ///< along k, too:
  std::int64_t depths;  ///< blocks that share a chain

  [[nodiscard]] std::int64_t blocks() const { return rows * columns * depths; }
};

std::int64_t divide_up(std::int64_t size, std::int64_t by) { return (size + by - 1) / by; }

/// Split where whole chains would leave units of the device without work.
Tiling tile(const Kind& kind, std::int64_t rows, std::int64_t columns, std::int64_t segments,
            std::int64_t batches, unsigned units) {
  Tiling tiling = {kind, divide_up(rows, kind.rows), divide_up(columns, kind.columns), false, 1};
  const std::int64_t depths = divide_up(segments, kind.segments);
  if (depths > 1 && tiling.blocks() * batches < units) {
    tiling.split = true;
    tiling.depths = depths;
  }
  return tiling;
}

/// What the busiest unit does, in multiply-adds of chains of one segment: whole tiles, however much
/// of them the result fills. A split costs the time of another kernel.
std::int64_t time_of(const Tiling& tiling, std::int64_t segments, std::int64_t batches,
                     unsigned units) {
  const std::int64_t tiles = divide_up(tiling.blocks() * batches, units);
  const std::int64_t work = tiles * tiling.kind.rows * tiling.kind.columns * 100 / tiling.kind.rate;
  return tiling.split ? work * 5 / 4 : work * segments;
}

template <class Numbers, class Columns>
std::vector<Kind> kinds_for(const ProductArguments<Numbers, Columns>& p) {
  constexpr bool is_matrix = std::is_same_v<Columns, MatrixColumns>;
  if constexpr (is_matrix && std::is_same_v<Numbers, Floats>) {
    if (p.rows == 1) return {skinny_kind<SkinnyProduct<Numbers, 1, 32>>("product_row")};
    if (p.rows <= 4) return {skinny_kind<SkinnyProduct<Numbers, 4, 16>>("product_rows")};
    if (p.rows <= 16) return {skinny_kind<SkinnyProduct<Numbers, 8, 8>>("product_flat")};
    return {kind_of<LargeTileProduct<Numbers>>("product_large", 92),
            kind_of<MediumTileProduct<Numbers>>("product_medium", 80),
            kind_of<SmallProduct<Numbers, Columns>>("product_small", 30)};
  } else if constexpr (is_matrix && std::is_same_v<Numbers, Doubles>) {
    if (p.rows <= 4) return {skinny_kind<SkinnyProduct<Numbers, 4, 8>>("double_product_flat")};
    return {kind_of<MediumTileProduct<Numbers>>("double_product_medium", 80),
            kind_of<SmallProduct<Numbers, Columns>>("double_product_small", 30)};
  } else {
    constexpr Names names = names_of<Numbers, Columns>;
    using Flat = FlatProduct<Numbers, Columns>;
    if (!names.flat.empty() && p.rows <= Flat::tile_rows) {
      return {kind_of<Flat>(names.flat, 100)};
    }
    std::vector<Kind> kinds = {kind_of<SmallProduct<Numbers, Columns>>(names.small, 30)};
    if (!names.large.empty()) {
      kinds.push_back(kind_of<LargeProduct<Numbers, Columns>>(names.large, 90));
    }
    return kinds;
  }
}

/// The kernel that takes the least time, the first among equals.
template <class Numbers, class Columns>
Tiling choose_tiling(const ProductArguments<Numbers, Columns>& p, std::int64_t batches,
                     unsigned units) {
  std::optional<Tiling> best;
  for (const Kind& kind : kinds_for(p)) {
    const Tiling tiling = tile(kind, p.rows, p.columns, p.segments, batches, units);
    const auto time = [&](const Tiling& t) { return time_of(t, p.segments, batches, units); };
    if (!best || time(tiling) < time(*best)) best = tiling;
  }
  return *best;
}

/// Where the matrices of every batch begin: so far apart from the first, or as a table says, which
/// lives as long as the launch.
struct Starts {
  std::int64_t first = 0;
  std::int64_t stride = 0;
  std::optional<Array> table;
  std::int64_t together = 0;  ///< what all of them are multiples of, at most 4 (elements)

  [[nodiscard]] const std::int64_t* data() const {
    return table ? table->data<std::int64_t>() : nullptr;
  }
};

core::Result<Starts> make_starts(Work& work, const std::vector<std::int64_t>& starts) {
  Starts made;
  for (const std::int64_t start : starts) made.together = std::gcd(made.together, start);
  made.together = std::gcd(made.together, 4);
  const std::int64_t stride = starts.size() > 1 ? starts[1] - starts[0] : 0;
  for (std::size_t i = 1; i < starts.size(); ++i) {
    if (starts[i] - starts[i - 1] == stride) continue;
    ISOTRACE_TRY(made.table, work.send(starts));
    return made;
  }
  made.first = starts.front();
  made.stride = stride;
  return made;
}

/// How a factor's lines lie: `count` of them, `stride` apart, whose elements are `depth_stride`
/// apart.
template <class Element>
Layout find_layout(const Element* data, std::int64_t together, std::int64_t count,
                   std::int64_t stride, std::int64_t depth_stride, std::int64_t depth,
                   std::int64_t segment) {
  constexpr std::int64_t vector = 16 / sizeof(Element);
  const bool starts = reinterpret_cast<std::uintptr_t>(data) % 16 == 0 && together % vector == 0;
  if (stride == 1 && count > 1) {
    const bool vectors = starts && count % vector == 0 && depth_stride % vector == 0;
    return vectors ? Layout::vectors : Layout::elements;
  }
  if (depth_stride != 1) return Layout::elements;
  const bool segments = segment >= depth || segment % vector == 0;
  const bool lines = stride % vector == 0 || count == 1;
  return starts && segments && lines ? Layout::depth_vectors : Layout::depth;
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

template <class Numbers, class Columns>
core::Result<core::Done> multiply(Work& work, ProductArguments<Numbers, Columns> p,
                                  const Batches& batches, const Array& c) {
  if (c.elements == 0) return core::Done{};
  const auto count = std::ssize(batches.a);
  p.segments = std::max<std::int64_t>(1, divide_up(p.depth, p.segment));
  const Tiling tiling = choose_tiling(p, count, work.device().multiprocessors());
  const std::int64_t matrices = count * tiling.depths;
  if (tiling.columns > grid_max.x || tiling.rows > grid_max.y || matrices > grid_max.z) {
    return core::refuse(core::RefusalCode::limit_exceeded, "", "more tiles than one launch has");
  }
  ISOTRACE_TRY(const Starts a_starts, make_starts(work, batches.a));
  ISOTRACE_TRY(const Starts b_starts, make_starts(work, batches.b));
  p.a_starts = a_starts.data();
  p.b_starts = b_starts.data();
  p.a_batch_stride = a_starts.stride;
  p.b_batch_stride = b_starts.stride;
  if constexpr (std::is_same_v<Columns, MatrixColumns>) {
    p.a_layout = find_layout(p.a, a_starts.together, p.rows, p.a_row_stride, p.a_depth_stride,
                             p.depth, p.segment);
    p.b_layout = find_layout(p.b, b_starts.together, p.columns, p.b_columns.column_stride,
                             p.b_columns.depth_stride, p.depth, p.segment);
  }
  p.a += a_starts.first;
  p.b += b_starts.first;
  p.c_vectors = p.columns * sizeof(typename Numbers::Sum) % 16 == 0 ? 1 : 0;
  p.split = tiling.split ? 1 : 0;
  p.c = c.data<typename Numbers::Sum>();
  const Grid grid = {static_cast<std::uint32_t>(tiling.columns),
                     static_cast<std::uint32_t>(tiling.rows), static_cast<std::uint32_t>(matrices)};
  if (!tiling.split) return work.launch(tiling.kind.kernel, grid, p);
  ISOTRACE_TRY(const Array parts,
               work.make(sums_of<Numbers>.dtype, {count * p.segments, p.rows, p.columns}));
  p.c = parts.data<typename Numbers::Sum>();
  ISOTRACE_TRY_DONE(work.launch(tiling.kind.kernel, grid, p));
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
