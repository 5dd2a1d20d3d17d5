// Softmax and LogSoftmax: the greatest element is taken off first, as every engine must to avoid
// overflow; then exp, a sum in any order, and a division or a logarithm.
#include <algorithm>
#include <cmath>
#include <limits>

#include <isotrace/executor/bounds/families.hpp>
#include <isotrace/reference/rows.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::executor {
namespace {

using core::Op;

/// The axes of a row: one, or with `flatten` all from it on.
core::Result<std::vector<std::size_t>> row_axes(const Subject& subject) {
  const std::size_t rank = subject.operand(0).rank();
  const std::int64_t axis = subject.node.integer("axis");
  if (subject.node.integer("flatten") == 0) {
    ISOTRACE_TRY(const std::size_t only, reference::resolve_axis(axis, rank));
    return std::vector<std::size_t>{only};
  }
  std::vector<std::size_t> axes;
  if (axis == static_cast<std::int64_t>(rank)) return axes;
  ISOTRACE_TRY(const std::size_t first, reference::resolve_axis(axis, rank));
  for (std::size_t i = first; i < rank; ++i) axes.push_back(i);
  return axes;
}

class Row {
 public:
  Row(const Arithmetic& a, const Reals& values, std::span<const std::size_t> offsets) : a_(a) {
    greatest_ = -std::numeric_limits<double>::infinity();
    for (const std::size_t at : offsets) {
      if (std::isnan(values[at])) greatest_ = values[at];
      if (!std::isnan(greatest_)) greatest_ = std::max(greatest_, values[at]);
    }
    double value = 0;
    double error = 0;
    for (const std::size_t at : offsets) {
      differences_.push_back(a.subtract(a.load(values[at]), a.load(greatest_)));
      terms_.push_back(a.exp(differences_.back()));
      value += terms_.back().middle;
      error += terms_.back().error;
    }
    sum_ = a.sum(value, value + error, static_cast<double>(offsets.size()));
    sum_.error += error;
  }

  [[nodiscard]] bool is_special() const { return !std::isfinite(greatest_); }
  /// e / s, or e times a rounded 1 / s.
  [[nodiscard]] Band share(std::size_t i) const { return a_.round(a_.divide(terms_[i], sum_)); }
  /// (x - m) - ln s, or x - (m + ln s).
  [[nodiscard]] Band log_share(std::size_t i) const {
    const Band log = a_.log(sum_);
    const Band d = differences_[i];
    const Band y = a_.subtract(d, log);
    const double reach = std::fabs(d.middle) + 2 * std::fabs(greatest_) + std::fabs(log.middle);
    return {y.middle, y.error + 2 * a_.roundoff() * reach};
  }

 private:
  const Arithmetic& a_;
  double greatest_;
  std::vector<Band> differences_;
  std::vector<Band> terms_;
  Band sum_;
};

}  // namespace

Bounds bound_softmax(const Subject& subject) {
  const Arithmetic a = subject.arithmetic();
  const core::TensorView& x = subject.operand(0);
  ISOTRACE_TRY(const auto axes, row_axes(subject));
  const Reals values = read_reals(x);
  const bool log = subject.node.op == Op::log_softmax;
  std::vector<Band> bands(values.size());
  reference::Rows(x.shape(), axes).visit([&](std::size_t, std::span<const std::size_t> offsets) {
    const Row row(a, values, offsets);
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      Band& band = bands[offsets[i]];
      band = log ? row.log_share(i) : row.share(i);
      if (row.is_special()) band = {std::nan(""), 0};
    }
  });
  return one_bound(std::move(bands));
}

}  // namespace isotrace::executor
