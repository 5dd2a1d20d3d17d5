// Elementary functions in f32: pieces of the array on the threads of the pool.
#include <algorithm>

#include <isotrace/backends/cpu/operations.hpp>

namespace isotrace::backends::cpu {
namespace {

constexpr std::size_t piece = 1U << 14;  // elements: some microseconds, much beside waking a thread

/// One f32 operand and one result.
bool is_regular(const core::Node& node, core::Operands operands) {
  return operands.size() == 1 && operands[0] && operands[0]->dtype() == core::Dtype::f32 &&
         node.outputs.size() == 1;
}

/// The function that the node and its attributes name, or nullptr.
ArrayFunction find_function(const core::Node& node, const MathFunctions& functions) {
  const auto member = find_math_function(node.op);
  if (node.op == core::Op::gelu) {
    const std::string& approximate = node.text("approximate");
    if (approximate == "tanh") return functions.gelu_tanh;
    return approximate == "none" ? functions.gelu : nullptr;
  }
  return member != nullptr && node.attributes.empty() ? functions.*member : nullptr;
}

}  // namespace

Outcome run_math(const core::Node& node, core::Operands operands, const MathFunctions& functions,
                 ThreadPool& pool) {
  const ArrayFunction function = find_function(node, functions);
  if (function == nullptr || !is_regular(node, operands)) {
    return run_reference(node, operands, pool);
  }
  const auto& shape = operands[0]->shape();
  ISOTRACE_TRY(core::Tensor result,
               core::Tensor::make_for_overwrite(core::Dtype::f32, {shape.begin(), shape.end()}));
  const auto x = operands[0]->data<float>();
  const auto y = result.data<float>();
  const auto run_piece = [&](std::size_t index, unsigned) {
    const std::size_t from = index * piece;
    function(x.data() + from, y.data() + from, std::min(piece, x.size() - from));
  };
  const std::size_t pieces = (x.size() + piece - 1) / piece;
  if (pieces == 1) {
    run_piece(0, 0);
  } else if (pieces > 1) {
    pool.run(pieces, run_piece);
  }
  return one_tensor(std::move(result));
}

}  // namespace isotrace::backends::cpu
