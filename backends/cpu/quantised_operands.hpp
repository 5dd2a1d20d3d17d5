// Zero points and scales of the operations on quantised operands, as the kernels take them. What
// has another form, or is refused, is not found here: the reference decides about it.
#pragma once

#include <optional>
#include <vector>

#include <isotrace/backends/cpu/integer_gemm.hpp>
#include <isotrace/core/program.hpp>

namespace isotrace::backends::cpu {

bool is_byte(core::Dtype dtype);
ByteRange byte_range(core::Dtype dtype);

/// The operand with this number, or nullptr if it is left out.
const core::TensorView* find_operand(core::Operands operands, std::size_t number);

/// How a list of zero points or scales may be spread: over `vectors` rows or columns, or not.
struct Spread {
  bool list_allowed;
  Index vectors;

  [[nodiscard]] bool allows(const core::TensorView& parameter) const;
};

/// The zero points of x as i32: {0}, one, or a list.
std::optional<std::vector<std::int32_t>> find_zero_points(const core::TensorView& x,
                                                          const core::TensorView* zero_points,
                                                          Spread spread);
/// Scales in f32: one, or a list.
std::optional<std::vector<float>> find_scales(const core::TensorView* scales, Spread spread);

/// The greatest magnitude of an element less its zero point.
std::int64_t magnitude_max(core::Dtype dtype, const std::vector<std::int32_t>& zero_points);

/// Whether `depth` products of such magnitudes and an addend cannot leave i32.
bool fits_accumulator(std::int64_t product_max, Index depth, std::int64_t addend_max);

/// The factors (row scale * column scale) / result scale of a requantisation, for all combinations.
struct Factors {
  std::vector<float> values;
  Index row_stride;
  Index column_stride;

  static Factors make(const std::vector<float>& row_scales, const std::vector<float>& column_scales,
                      const std::vector<float>& result_scales);
};

}  // namespace isotrace::backends::cpu
