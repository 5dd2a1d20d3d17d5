// Chains of steps as one (Backend::run_chain): a product or convolution, or an element-wise step,
// followed by element-wise steps.
#include <algorithm>

#include <isotrace/backends/cpu/elementwise.hpp>
#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/backends/cpu/strided_loop.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::cpu {
namespace {

using core::Op;

constexpr Index part_elements = 4096;  // stay in the first-level cache from step to step

bool is_product(Op op) { return op == Op::conv || op == Op::matmul || op == Op::gemm; }

/// The operand of an element-wise step to which the others are broadcast, if there is one.
std::optional<std::size_t> find_main_operand(const core::Node& node, core::Operands operands) {
  if (!is_f32_call(node, operands)) return std::nullopt;
  if (find_binary(node.op, vector_kernels_avx2()) == nullptr) return 0;
  // A list of operands may have gaps.
  if (!std::ranges::all_of(operands, [](const auto& one) { return one.has_value(); })) {
    return std::nullopt;
  }
  const std::size_t larger = operands.size() > 1 && operands[1]->rank() > operands[0]->rank();
  for (const std::size_t main : {larger, 1 - larger}) {
    const auto fits = [&](const auto& other) {
      return reference::check_broadcastable(other->shape(), operands[main]->shape()).has_value();
    };
    if (main < operands.size() && std::ranges::all_of(operands, fits)) return main;
  }
  return std::nullopt;
}

/// Every step of the chain in one part of the result after another.
void run_parts(const Tail& tail, const float* x, core::Tensor& result, Index columns,
               const Engine& engine) {
  float* out = result.data<float>().data();
  const Index rows = static_cast<Index>(result.elements()) / columns;
  const Index width = std::min(columns, part_elements);
  const Index height = part_elements / width;
  const Index across = (columns + width - 1) / width;
  const Index parts = across * ((rows + height - 1) / height);
  run_pieces(engine.pool, parts, piece_elements / part_elements, [&](Index from, Index count) {
    for (Index part = from; part < from + count; ++part) {
      const Index row = part / across * height;
      const Index column = part % across * width;
      const Index at = row * columns + column;
      tail.apply(x + at, columns, out + at, columns, std::min(height, rows - row),
                 std::min(width, columns - column));
    }
  });
}

/// A chain of element-wise steps only.
std::optional<core::Tensor> run_elementwise_chain(Steps chain, const Engine& engine) {
  const ChainStep& first = chain.front();
  const auto main = find_main_operand(first.node, first.operands);
  if (!main) return std::nullopt;
  const core::TensorView& x = *first.operands[*main];
  if (x.elements() == 0) return std::nullopt;
  std::vector<std::optional<core::TensorView>> others(first.operands.begin(), first.operands.end());
  others[*main].reset();
  std::vector<ChainStep> steps = {{first.node, others, *main}};
  for (const ChainStep& step : chain.subspan(1)) steps.push_back(step);
  auto result = core::Tensor::make_for_overwrite(core::Dtype::f32,
                                                 core::Shape(x.shape().begin(), x.shape().end()));
  if (!result) return std::nullopt;
  // Rows as long as the operands allow.
  for (std::size_t axis = 0; axis <= x.rank(); ++axis) {
    const auto columns = static_cast<Index>(reference::product(x.shape(), axis, x.rank()));
    const auto tail = Tail::make(steps, *result, columns, engine);
    if (!tail) continue;
    run_parts(*tail, x.data<float>().data(), *result, tail->columns(), engine);
    return *std::move(result);
  }
  return std::nullopt;
}

}  // namespace

std::size_t chain_length(std::span<const core::Node> nodes) {
  if (nodes.empty() || !(is_product(nodes[0].op) || is_tail_operation(nodes[0].op))) return 1;
  const auto end = std::find_if(nodes.begin() + 1, nodes.end(),
                                [](const core::Node& node) { return !is_tail_operation(node.op); });
  return static_cast<std::size_t>(end - nodes.begin());
}

std::optional<core::Tensor> run_chain(Steps chain, const Engine& engine) {
  const ChainStep& first = chain.front();
  if (!is_product(first.node.op)) return run_elementwise_chain(chain, engine);
  const auto attempt = first.node.op == Op::conv     ? &try_conv
                       : first.node.op == Op::matmul ? &try_matmul
                                                     : &try_gemm;
  Attempt result = attempt(first.node, first.operands, chain.subspan(1), engine);
  return result ? *std::move(result) : std::nullopt;
}

}  // namespace isotrace::backends::cpu
