// Einsum (docs/spec/algebra.md). Compiled with FMA.
#include <deque>

#include <isotrace/reference/einsum.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/segmented_sum.hpp>

namespace isotrace::reference {
namespace {

template <class T>
class EinsumSum {
 public:
  EinsumSum(const EinsumPlan& plan, const std::vector<TensorView>& operands, std::int64_t k_segment)
      : plan_(plan), k_segment_(k_segment), count_(product(plan.summed, 0, plan.summed.size())) {
    for (const TensorView& operand : operands) values_.emplace_back(operand.data<T>());
  }

  /// The sum over the summed axes for the result element at which the operands have `starts`.
  Wide<T> sum_at(const std::vector<std::int64_t>& starts) const {
    Odometer at(plan_.summed);
    for (std::size_t i = 0; i < starts.size(); ++i) {
      const auto begin = plan_.strides[i].begin() + std::ssize(plan_.output);
      at.add_stream(Strides(begin, plan_.strides[i].end()), starts[i]);
    }
    const std::size_t last = starts.size() - 1;
    if (plan_.summed.empty()) return product_at(at, last + 1);
    SegmentedSums<Wide<T>> sums(1, k_segment_);
    for (std::size_t k = 0; k < count_; ++k) {
      // The last operand is multiplied inside the fma; a single one is multiplied by 1.
      const Wide<T> weight = last == 0 ? Wide<T>{1} : product_at(at, last);
      const Wide<T> value = value_at(at, last);
      sums.add_products(0, weight, {&value, 1});
      sums.next_k();
      at.next();
    }
    return sums.finish()[0];
  }

 private:
  Wide<T> value_at(const Odometer& at, std::size_t operand) const {
    return values_[operand].values()[static_cast<std::size_t>(at.offset(operand))];
  }
  /// The product of the first `count` operands, from the left.
  Wide<T> product_at(const Odometer& at, std::size_t count) const {
    Wide<T> result = value_at(at, 0);
    for (std::size_t i = 1; i < count; ++i) result = multiply(result, value_at(at, i));
    return result;
  }

  const EinsumPlan& plan_;
  std::int64_t k_segment_;
  std::size_t count_;
  std::deque<Widened<T>> values_;
};

template <class T>
Result<Tensor> einsum(const EinsumPlan& plan, const std::vector<TensorView>& operands,
                      std::int64_t k_segment) {
  ISOTRACE_TRY(Tensor out, Tensor::make(operands[0].dtype(), plan.output));
  if (out.elements() == 0) return out;
  const EinsumSum<T> sum(plan, operands, k_segment);
  Odometer at(plan.output);
  for (const Strides& strides : plan.strides) {
    at.add_stream(Strides(strides.begin(), strides.begin() + std::ssize(plan.output)));
  }
  std::vector<std::int64_t> starts(operands.size());
  for (T& element : out.data<T>()) {
    for (std::size_t i = 0; i < starts.size(); ++i) starts[i] = at.offset(i);
    element = narrow<T>(sum.sum_at(starts));
    at.next();
  }
  return out;
}

}  // namespace

// [algebra.einsum]
Outcome evaluate_einsum(const Call& call) {
  ISOTRACE_TRY(const auto operands, call.all_operands());
  const std::int64_t k_segment = call.node.integer("k_segment");
  if (k_segment < 1) return refuse_attribute("k_segment " + std::to_string(k_segment));
  std::vector<Dims> shapes;
  for (const TensorView& operand : operands) {
    ISOTRACE_TRY_DONE(check_same_dtype(operands[0], operand));
    shapes.push_back(operand.shape());
  }
  ISOTRACE_TRY(const EinsumPlan plan, plan_einsum(call.node.text("equation"), shapes));
  return one(visit_numbers(operands[0].dtype(), [&](auto type) {
    return einsum<typename decltype(type)::type>(plan, operands, k_segment);
  }));
}

}  // namespace isotrace::reference
