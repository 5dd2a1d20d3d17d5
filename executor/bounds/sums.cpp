// Sums of products in any order: contractions, sums, means, pooling by average. The value and the
// sum of magnitudes are the canonical operation itself, in binary64, on the operands and on their
// absolute values; so windows, paddings and broadcasts are those of the definition.
#include <cmath>

#include <isotrace/executor/bounds/families.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/operand_list.hpp>

namespace isotrace::executor {
namespace {

using core::Op;

/// How an element is summed.
struct Terms {
  double count;             ///< of terms
  double each;              ///< roundings that make a term, those of a division at the end too
  std::size_t factors = 1;  ///< operands that a term has as factors
  bool divided = false;     ///< a mean: the sum itself is larger by the number of terms
};

double magnitude(double x) { return std::fabs(x); }
double one(double /*x*/) { return 1; }

/// The products of the sizes from axis `begin` on.
double size_from(const core::TensorView& tensor, std::size_t begin) {
  return static_cast<double>(reference::product(tensor.shape(), begin, tensor.rank()));
}

/// Elements per row of a reduction.
double row_length(const Subject& subject) {
  const std::size_t rows = std::max<std::size_t>(subject.results[0].elements(), 1);
  return static_cast<double>(subject.operand(0).elements() / rows);
}

core::Result<Terms> count_terms(const Subject& subject) {
  const core::Node& node = subject.node;
  const core::TensorView& first = subject.operand(0);
  const double bias = subject.has(2) ? 1 : 0;
  switch (node.op) {
    case Op::matmul: return Terms{static_cast<double>(first.shape().back()), 1, 2};
    case Op::gemm: {
      const std::size_t k = node.integer("transA") != 0 ? 0 : 1;
      return Terms{static_cast<double>(first.dim(k)) + bias, 3, 2};
    }
    case Op::conv: return Terms{size_from(subject.operand(1), 1) + bias, 1, 2};
    case Op::conv_transpose: {
      const auto inputs = static_cast<double>(first.dim(1) / node.integer("group"));
      return Terms{inputs * size_from(subject.operand(1), 2) + bias, 1, 2};
    }
    case Op::einsum: {
      ISOTRACE_TRY(const core::Tensor counted, evaluate_wide(subject, node, one));
      const double count = counted.elements() == 0 ? 0.0 : counted.data<double>()[0];
      return Terms{count, static_cast<double>(subject.operands.size()), subject.operands.size()};
    }
    case Op::reduce_sum_square: return Terms{row_length(subject), 1};
    case Op::reduce_mean: return Terms{row_length(subject), 2, 1, true};
    case Op::global_average_pool: return Terms{size_from(first, 2), 2, 1, true};
    case Op::average_pool: {
      double taps = 1;
      for (const std::int64_t size : node.integers("kernel_shape")) {
        taps *= static_cast<double>(size);
      }
      return Terms{taps, 2, 1, true};
    }
    case Op::col2im: {
      ISOTRACE_TRY(const auto block, reference::read_integers(subject.operand(2)));
      double taps = 1;
      for (const std::int64_t size : block) taps *= static_cast<double>(size);
      return Terms{taps, 0};
    }
    case Op::scatter_elements:
    case Op::scatter_nd: {
      ISOTRACE_TRY(const double count, count_scattered(subject));
      return Terms{count, 0};
    }
    case Op::cum_sum: {
      ISOTRACE_TRY(const double length, scan_length(subject));
      return Terms{length, 0};
    }
    default: return Terms{row_length(subject), 0};
  }
}

/// alpha and beta without their signs.
core::Node magnitude_node(const core::Node& node) {
  core::Node other = node;
  if (node.op != Op::gemm) return other;
  for (core::Attribute& attribute : other.attributes) {
    if (float* value = std::get_if<float>(&attribute.value)) *value = std::fabs(*value);
  }
  return other;
}

bool all_finite(const Subject& subject) {
  for (const auto& operand : subject.operands) {
    if (!operand || !core::is_float(operand->dtype())) continue;
    for (const double x : read_reals(*operand)) {
      if (!std::isfinite(x)) return false;
    }
  }
  return true;
}

}  // namespace

Bounds bound_sums(const Subject& subject) {
  const Arithmetic arithmetic = subject.arithmetic();
  ISOTRACE_TRY(const Terms terms, count_terms(subject));
  ISOTRACE_TRY(const core::Tensor values, evaluate_wide(subject, subject.node));
  ISOTRACE_TRY(const core::Tensor magnitudes,
               evaluate_wide(subject, magnitude_node(subject.node), magnitude));
  const double flushed = flushed_from_sum(subject, arithmetic, terms.count, terms.factors);
  const bool finite = all_finite(subject);
  std::vector<Band> bands(values.elements());
  for (std::size_t i = 0; i < bands.size(); ++i) {
    const double value = values.data<double>()[i];
    const double reach = magnitudes.data<double>()[i];
    bands[i] = arithmetic.sum(value, reach, terms.count, terms.each);
    bands[i].error += flushed;
    const double largest = terms.divided ? reach * terms.count : reach;
    // Finite operands whose sum may leave the range on the way: any infinity, or NaN, may follow.
    if (finite && !arithmetic.is_finite({largest, bands[i].error})) bands[i] = unknown_band();
  }
  return one_bound(std::move(bands));
}

}  // namespace isotrace::executor
