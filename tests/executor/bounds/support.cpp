#include "tests/executor/bounds/support.hpp"

#include <cmath>

namespace isotrace::tests {
namespace {

/// From [low, high).
double uniform(core::PhiloxStream& random, double low, double high) {
  return low + (high - low) * (double{random.next_f32()});
}

std::vector<core::TensorView> views_of(const std::vector<Tensor>& tensors) {
  return {tensors.begin(), tensors.end()};
}

struct Evaluated {
  std::vector<std::optional<core::TensorView>> operands;
  std::vector<Tensor> results;
};
Evaluated evaluate(const Node& node, const Operands& operands) {
  Evaluated evaluated;
  for (const Tensor& operand : operands) evaluated.operands.emplace_back(operand.view());
  const core::FloatEnvironment environment;
  auto results = reference::evaluate(node, evaluated.operands);
  ISOTRACE_CHECK(results.has_value(), core::describe(results.error()));
  evaluated.results = *std::move(results);
  return evaluated;
}

}  // namespace

Floats draw(Draw kind, std::size_t count, core::PhiloxStream& random) {
  Floats values;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = uniform(random, -2, 2);
    switch (kind) {
      case Draw::plain: values.push_back(static_cast<float>(x)); break;
      case Draw::cancelling: {
        const float before = i == 0 ? 1.0F : -values.back();
        const double next = before * (1 + x * 0x1p-20);
        values.push_back(i % 2 == 1 ? static_cast<float>(next) : static_cast<float>(x));
        break;
      }
      case Draw::wide:
        values.push_back(static_cast<float>(std::ldexp(x, int(uniform(random, -30, 30)))));
        break;
      case Draw::subnormal:
        values.push_back(static_cast<float>(i % 2 == 0 ? std::ldexp(x, -128) : x));
        break;
    }
  }
  return values;
}

Tensor tensor_of(const Shape& shape, const Floats& values) {
  return Tensor::of<float>(shape, std::span<const float>(values));
}

TensorJudgement Bounded::judge(const Tensor& foreign) const {
  return executor::judge(canonical[0], foreign, &bounds[0]);
}

TensorJudgement Bounded::judge(const Floats& foreign) const {
  return judge(tensor_of(canonical[0].shape(), foreign));
}

Bounded bound_of(const Node& node, const Operands& operands, const BoundOptions& options) {
  Evaluated evaluated = evaluate(node, operands);
  auto bounds =
      executor::derive_bounds(node, evaluated.operands, views_of(evaluated.results), options);
  ISOTRACE_CHECK(bounds.has_value(), core::describe(bounds.error()));
  return {std::move(evaluated.results), *std::move(bounds)};
}

core::RefusalCode refusal_of(const Node& node, const Operands& operands) {
  const Evaluated evaluated = evaluate(node, operands);
  const auto bounds =
      executor::derive_bounds(node, evaluated.operands, views_of(evaluated.results));
  EXPECT_FALSE(bounds.has_value());
  return bounds ? core::RefusalCode{} : bounds.error().code;
}

void expect_within(const TensorJudgement& judged, const std::string& what) {
  EXPECT_TRUE(judged.agreement == Agreement::equal || judged.agreement == Agreement::within)
      << what << ": " << judged.outside << " outside, " << judged.unbounded << " unbounded, ratio "
      << (judged.worst ? judged.worst->ratio : 0.0) << " at element "
      << (judged.worst ? judged.worst->element : 0);
}

}  // namespace isotrace::tests
