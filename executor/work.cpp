#include <isotrace/executor/work.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/infer_rules.hpp>
#include <isotrace/reference/einsum.hpp>
#include <isotrace/reference/roi.hpp>

namespace isotrace::executor {
namespace {

using core::Op;
using core::Shape;

constexpr std::uint64_t saturated = std::numeric_limits<std::uint64_t>::max();

std::uint64_t times(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? saturated : product;
}

std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
  return a > saturated - b ? saturated : a + b;
}

std::uint64_t volume(std::span<const std::int64_t> dims) {
  std::uint64_t product = 1;
  for (const std::int64_t dim : dims) product = times(product, static_cast<std::uint64_t>(dim));
  return product;
}

/// Elements of a result: as many as it may have at most, or as its shape says.
std::uint64_t elements_of(const ValueInfo& info) {
  if (info.elements_max) return *info.elements_max;
  ISOTRACE_CHECK(info.shape.has_value());
  return volume(*info.shape);
}

std::uint64_t power(std::uint64_t base, std::size_t exponent) {
  std::uint64_t result = 1;
  for (std::size_t i = 0; i < exponent; ++i) result = times(result, base);
  return result;
}

/// Taps of an interpolation along one axis.
std::uint64_t taps_per_axis(const std::string& mode) {
  if (mode == "nearest") return 1;
  return mode == "linear" ? 2 : 4;
}

/// Taps along the axes that change their size; antialiasing spreads them over what shrinks.
std::uint64_t resize_terms(const core::Node& node, const Shape& x, const Shape& y) {
  const std::uint64_t taps = taps_per_axis(node.text("mode"));
  std::uint64_t product = 1;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] == y[i]) continue;
    const bool spreads = node.integer("antialias") != 0 && y[i] > 0;
    const std::int64_t factor = spreads ? x[i] / y[i] + 1 : 1;
    product = times(product, times(taps, static_cast<std::uint64_t>(factor)));
  }
  return product;
}

/// Four elements per sample of a bin; without the regions themselves one sample is assumed.
std::uint64_t roi_align_terms(const core::Node& node, const ValueInfo& rois) {
  if (!rois.content) return 4;
  return times(4, static_cast<std::uint64_t>(reference::roi_bin_samples(node, *rois.content)));
}

/// Positions that each frequency of a Fourier transform is made of.
std::uint64_t transform_length(const core::Node& node, OperandInfos operands) {
  const bool framed = node.op == Op::stft;
  const auto length = find_integers(operands, framed ? 3 : 1);
  if (length && *length && (*length)->size() == 1) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(1, (*length)->front()));
  }
  if (framed) return is_present(operands, 2) ? volume(*operands[2]->shape) : 1;
  const Shape& x = *operands[0]->shape;
  const auto axes = find_integers(operands, 2);
  const bool named = axes && *axes && (*axes)->size() == 1;
  const auto axis = resolve_axis(named ? (*axes)->front() : -2, x.size());
  return axis ? static_cast<std::uint64_t>(x[*axis]) : saturated;
}

std::uint64_t einsum_terms(const core::Node& node, OperandInfos operands) {
  std::vector<reference::Dims> shapes;
  for (const auto& operand : operands) shapes.emplace_back(*operand->shape);
  const auto plan = reference::plan_einsum(node.text("equation"), shapes);
  return plan ? times(volume(plan->summed), operands.size()) : saturated;
}

/// How many operand elements one result element is made of.
std::uint64_t terms(const core::Node& node, OperandInfos operands,
                    const std::vector<ValueInfo>& results) {
  const auto shape = [&](std::size_t i) -> const Shape& { return *operands[i]->shape; };
  switch (node.op) {
    case Op::matmul: return static_cast<std::uint64_t>(shape(0).back());
    case Op::gemm: return static_cast<std::uint64_t>(shape(0)[node.integer("transA") != 0 ? 0 : 1]);
    case Op::matmul_integer:
    case Op::qlinear_matmul: return static_cast<std::uint64_t>(shape(0).back());
    case Op::conv_integer: return volume(std::span(shape(1)).subspan(1));
    case Op::qlinear_conv: return volume(std::span(shape(3)).subspan(1));
    case Op::einsum: return einsum_terms(node, operands);
    // Per determinant n rows are eliminated from at most n rows of n elements.
    case Op::det: return volume(std::array{shape(0).back(), shape(0).back(), shape(0).back()});
    case Op::dft:
    case Op::stft: return times(2, transform_length(node, operands));
    case Op::conv: return volume(std::span(shape(1)).subspan(1));
    case Op::conv_transpose:
      return times(static_cast<std::uint64_t>(shape(1)[0]), volume(std::span(shape(1)).subspan(2)));
    case Op::rnn:
    case Op::gru:
    case Op::lstm: {
      const std::uint64_t gates = node.op == Op::rnn ? 1 : node.op == Op::gru ? 3 : 4;
      return times(
          gates, static_cast<std::uint64_t>(shape(1)[2]) + static_cast<std::uint64_t>(shape(2)[2]));
    }
    case Op::deform_conv:
      return times(volume(std::span(shape(1)).subspan(1)), power(2, shape(1).size() - 2));
    case Op::max_pool:
    case Op::average_pool:
    case Op::lp_pool: return volume(node.integers("kernel_shape"));
    case Op::max_roi_pool: return volume(std::span(shape(0)).subspan(2));
    case Op::roi_align: return roi_align_terms(node, *operands[1]);
    case Op::lrn:
      return static_cast<std::uint64_t>(std::max<std::int64_t>(node.integer("size"), 1));
    case Op::resize: return resize_terms(node, shape(0), *results[0].shape);
    case Op::grid_sample: return power(taps_per_axis(node.text("mode")), shape(0).size() - 2);
    case Op::non_max_suppression: return static_cast<std::uint64_t>(shape(1)[2]);
    case Op::col2im: {
      const auto block = find_integers(operands, 2);
      return block && *block ? volume(**block) : 1;
    }
    case Op::top_k:
    case Op::unique: return std::bit_width(volume(shape(0)));  // sorting
    default: return 1;
  }
}

}  // namespace

std::uint64_t estimate_work(const core::Node& node, OperandInfos operands,
                            const std::vector<ValueInfo>& results) {
  std::uint64_t work = 1;
  for (const auto& operand : operands) {
    if (operand) work = plus(work, volume(*operand->shape));
  }
  const std::uint64_t each = std::max<std::uint64_t>(1, terms(node, operands, results));
  for (const ValueInfo& result : results) work = plus(work, times(elements_of(result), each));
  return work;
}

core::Result<std::uint64_t> value_bytes(const ValueInfo& info) {
  const bool concrete = !info.elements_max;
  if (concrete) ISOTRACE_TRY_DONE(core::element_count(*info.shape));
  const std::uint64_t bytes = times(elements_of(info), core::dtype_bytes(info.dtype));
  if (bytes <= core::limits::tensor_bytes_max) return bytes;
  return core::refuse(core::RefusalCode::limit_exceeded,
                      concrete ? "result " + core::shape_text(*info.shape) : "result",
                      std::to_string(bytes) + " bytes");
}

}  // namespace isotrace::executor
