// Operands in binary64, and the canonical operations on them.
#include <algorithm>
#include <cmath>

#include <isotrace/core/float_environment.hpp>
#include <isotrace/executor/bounds/families.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/scalar.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::executor {

using core::Dtype;
using core::Tensor;
using core::TensorView;

Reals read_reals(const TensorView& tensor) {
  Reals values(tensor.elements());
  const auto read = reference::visit_all(tensor.dtype(), [&](auto type) -> core::Result<int> {
    using T = typename decltype(type)::type;
    const auto elements = tensor.data<T>();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if constexpr (reference::is_boxed<T>) {
        values[i] = elements[i].value;
      } else {
        values[i] = static_cast<double>(reference::widen(elements[i]));
      }
    }
    return 0;
  });
  ISOTRACE_CHECK(read.has_value(), core::dtype_name(tensor.dtype()));
  return values;
}

Reals spread_reals(const TensorView& tensor, std::span<const std::int64_t> shape) {
  const Reals values = read_reals(tensor);
  Reals spread(reference::product(shape, 0, shape.size()));
  reference::Odometer at(shape);
  at.add_stream(reference::broadcast_strides(tensor.shape(), shape));
  for (double& value : spread) {
    value = values[static_cast<std::size_t>(at.offset(0))];
    at.next();
  }
  return spread;
}

core::Result<Tensor> evaluate_wide(const Subject& subject, const core::Node& node,
                                   double (*change)(double)) {
  std::vector<Tensor> wide;
  wide.reserve(subject.operands.size());  // its elements are viewed
  std::vector<std::optional<TensorView>> operands;
  for (const auto& operand : subject.operands) {
    operands.push_back(operand);
    if (!operand || !core::is_float(operand->dtype())) continue;
    Reals values = read_reals(*operand);
    if (change != nullptr) std::ranges::transform(values, values.begin(), change);
    wide.push_back(Tensor::of<double>({operand->shape().begin(), operand->shape().end()},
                                      std::span<const double>(values)));
    operands.back() = wide.back().view();
  }
  const core::FloatEnvironment environment;
  ISOTRACE_TRY(auto results, reference::evaluate(node, operands));
  return std::move(results.front());
}

core::Result<double> scan_length(const Subject& subject) {
  const TensorView& x = subject.operand(0);
  ISOTRACE_TRY(const std::int64_t named, reference::read_integer(subject.operand(1)));
  ISOTRACE_TRY(const std::size_t axis, reference::resolve_axis(named, x.rank()));
  return static_cast<double>(x.dim(axis));
}

core::Result<double> count_scattered(const Subject& subject) {
  core::Node adding = subject.node;
  for (core::Attribute& attribute : adding.attributes) {
    if (attribute.name == "reduction") attribute.value = std::string("add");
  }
  ISOTRACE_TRY(const Tensor counts,
               evaluate_wide(subject, adding, [](double /*x*/) { return 1.0; }));
  const auto each = counts.data<double>();
  return each.empty() ? 0.0 : *std::ranges::max_element(each);
}

core::Node with_op(const core::Node& node, core::Op op) {
  core::Node other = node;
  other.op = op;
  return other;
}

double flushed_from_sum(const Subject& subject, const Arithmetic& arithmetic, double terms,
                        std::size_t factors) {
  if (arithmetic.flush() == 0) return 0;
  double scale = 1;
  for (std::size_t i = 0; i < factors && subject.has(i); ++i) {
    double greatest = 1;
    for (const double x : read_reals(subject.operand(i))) {
      if (std::isfinite(x)) greatest = std::max(greatest, std::fabs(x));
    }
    scale *= greatest;
  }
  return 4 * terms * arithmetic.flush() * scale;
}

}  // namespace isotrace::executor
