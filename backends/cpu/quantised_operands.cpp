#include <isotrace/backends/cpu/quantised_operands.hpp>

#include <algorithm>
#include <limits>

#include <isotrace/reference/quantise.hpp>

namespace isotrace::backends::cpu {

using core::Dtype;
using core::TensorView;

bool is_byte(Dtype dtype) { return dtype == Dtype::i8 || dtype == Dtype::u8; }

ByteRange byte_range(Dtype dtype) {
  const reference::IntegerRange range = reference::integer_range(dtype);
  return {static_cast<std::int32_t>(range.low), static_cast<std::int32_t>(range.high)};
}

const TensorView* find_operand(core::Operands operands, std::size_t number) {
  return number < operands.size() && operands[number] ? &*operands[number] : nullptr;
}

bool Spread::allows(const TensorView& parameter) const {
  if (parameter.elements() == 1) return true;
  return list_allowed && parameter.rank() == 1 && parameter.dim(0) == vectors;
}

std::optional<std::vector<std::int32_t>> find_zero_points(const TensorView& x,
                                                          const TensorView* zero_points,
                                                          Spread spread) {
  if (zero_points == nullptr) return {{0}};
  if (zero_points->dtype() != x.dtype() || !spread.allows(*zero_points)) return std::nullopt;
  const auto values = reference::read_small_integers(*zero_points);
  if (!values) return std::nullopt;
  return std::vector<std::int32_t>(values->begin(), values->end());
}

std::optional<std::vector<float>> find_scales(const TensorView* scales, Spread spread) {
  if (scales == nullptr || !spread.allows(*scales)) return std::nullopt;
  auto values = reference::read_scales(*scales);
  if (!values) return std::nullopt;
  return *std::move(values);
}

std::int64_t magnitude_max(Dtype dtype, const std::vector<std::int32_t>& zero_points) {
  const ByteRange range = byte_range(dtype);
  std::int64_t magnitude = 1;
  for (const std::int32_t zero : zero_points) {
    magnitude = std::max<std::int64_t>({magnitude, range.high - zero, zero - range.low});
  }
  return magnitude;
}

bool fits_accumulator(std::int64_t product_max, Index depth, std::int64_t addend_max) {
  constexpr std::int64_t greatest = std::numeric_limits<std::int32_t>::max();
  return addend_max <= greatest && depth <= (greatest - addend_max) / product_max;
}

Factors Factors::make(const std::vector<float>& row_scales, const std::vector<float>& column_scales,
                      const std::vector<float>& result_scales) {
  const std::size_t rows = std::max(row_scales.size(), result_scales.size());
  const std::size_t columns = column_scales.size();
  Factors factors{{}, rows == 1 ? 0 : std::ssize(column_scales), columns == 1 ? 0 : 1};
  factors.values.reserve(rows * columns);
  for (std::size_t i = 0; i < rows; ++i) {
    const float row = row_scales[row_scales.size() == 1 ? 0 : i];
    const float result = result_scales[result_scales.size() == 1 ? 0 : i];
    for (const float column : column_scales) factors.values.push_back(row * column / result);
  }
  return factors;
}

}  // namespace isotrace::backends::cpu
