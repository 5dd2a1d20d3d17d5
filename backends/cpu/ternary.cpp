#include <isotrace/backends/cpu/ternary.hpp>

#include <algorithm>
#include <cstring>

namespace isotrace::backends::cpu {
namespace {

constexpr Index rows_max = 3;  // every row reads all weights: beyond this, bytes are read less

using Matrix = TernaryMatrix;

bool has_zero_points(const IntegerMatrix& b, Index columns) {
  if (b.zero_points == nullptr) return false;
  const Index count = b.zero_point_stride == 0 ? 1 : columns;
  return std::any_of(b.zero_points, b.zero_points + count, [](std::int32_t z) { return z != 0; });
}

/// The two-bit form of b, if b is held and has one.
Matrix find_ternary(const IntegerGemm& g, PackedConstants& constants) {
  Matrix matrix{nullptr, g.columns, g.depth};
  const Index last = (g.columns - 1) * g.b.stride + (g.depth - 1) * g.b.depth_stride;
  const PackedKey key{.source = g.b.data,
                      .source_bytes = static_cast<std::size_t>(last + 1),
                      .form = PackedForm::ternary,
                      .lane_stride = g.b.stride,
                      .depth_stride = g.b.depth_stride,
                      .count = g.columns,
                      .depth = g.depth,
                      .width = Matrix::panel_columns};
  matrix.data =
      constants.find(key, static_cast<std::size_t>(matrix.bytes()),
                     [&](std::byte* memory) { return pack_ternary(g.b, matrix, memory); });
  return matrix;
}

}  // namespace

bool pack_ternary(const IntegerMatrix& b, const Matrix& shape, std::byte* memory) {
  std::memset(memory, 0, static_cast<std::size_t>(shape.bytes()));
  auto* sums = reinterpret_cast<std::int32_t*>(memory + shape.code_bytes());
  for (Index k = 0; k < shape.depth; ++k) {
    const Index group = k / Matrix::group_depth;
    for (Index j = 0; j < shape.columns; ++j) {
      const auto weight = static_cast<std::int8_t>(b.data[j * b.stride + k * b.depth_stride]);
      if (weight < -1 || weight > 1) return false;
      const Index panel = j / Matrix::panel_columns;
      const Index column = j % Matrix::panel_columns;
      std::byte& codes = memory[(panel * shape.groups() + group) * Matrix::group_bytes +
                                column / 64 * 64 + column % 16 * 4 + k % 4];
      codes |= static_cast<std::byte>((weight + 1) << (column % 64 / 16 * 2));
      sums[j] += weight;
    }
  }
  return true;
}

void run_ternary(const Matrix& w, std::span<const std::uint8_t> x, bool x_signed,
                 std::int32_t zero_point, std::int32_t* y, const IntegerKernels& kernels,
                 ThreadPool& pool) {
  // u8 is flipped to i8, which moves its zero point; k beyond the depth is 0.
  std::vector<std::int8_t> values(static_cast<std::size_t>(w.groups() * Matrix::group_depth), 0);
  std::uint32_t sum = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    values[k] = static_cast<std::int8_t>(x_signed ? x[k] : x[k] ^ 0x80);
    sum += static_cast<std::uint32_t>(values[k]);
  }
  const auto zero = static_cast<std::uint32_t>(zero_point - (x_signed ? 0 : 128));
  const auto* weight_sums = reinterpret_cast<const std::int32_t*>(w.data + w.code_bytes());
  const Index tasks = std::min<Index>(w.panels(), pool.threads());
  pool.run(static_cast<std::size_t>(tasks), [&](std::size_t task, unsigned) {
    const auto at = static_cast<Index>(task);
    for (Index p = w.panels() * at / tasks; p < w.panels() * (at + 1) / tasks; ++p) {
      std::int32_t products[Matrix::panel_columns];
      kernels.ternary(values.data(), w.groups(), w.data + p * w.groups() * Matrix::group_bytes,
                      products);
      const Index first = p * Matrix::panel_columns;
      const Index count = std::min(Matrix::panel_columns, w.columns - first);
      for (Index j = 0; j < count; ++j) {
        const auto weights = static_cast<std::uint32_t>(weight_sums[first + j]);
        const auto product = static_cast<std::uint32_t>(products[j]);
        y[first + j] = static_cast<std::int32_t>(product - sum - zero * weights);
      }
    }
  });
}

bool run_if_ternary(const IntegerGemm& g, const IntegerKernels& kernels, const Engine& engine) {
  if (engine.constants == nullptr || g.rows > rows_max || g.a.depth_stride != 1) return false;
  if (!g.b.is_signed || has_zero_points(g.b, g.columns)) return false;
  const Matrix matrix = find_ternary(g, *engine.constants);
  if (matrix.data == nullptr) return false;
  std::vector<std::int32_t> sums;
  if (g.requantisation != nullptr) sums.resize(static_cast<std::size_t>(g.columns));
  for (Index i = 0; i < g.rows; ++i) {
    const std::int32_t zero =
        g.a.zero_points == nullptr ? 0 : g.a.zero_points[i * g.a.zero_point_stride];
    std::int32_t* y = g.requantisation == nullptr ? g.c + i * g.c_stride : sums.data();
    run_ternary(matrix, {g.a.data + i * g.a.stride, static_cast<std::size_t>(g.depth)},
                g.a.is_signed, zero, y, kernels, engine.pool);
    if (g.requantisation != nullptr) g.requantisation->at(i, 0).run_row(y, g.columns);
  }
  return true;
}

}  // namespace isotrace::backends::cpu
