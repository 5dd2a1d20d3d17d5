// The reference loops on several threads: an operation whose result element i depends on element i
// of its operands alone is cut into pieces, and each piece is a call of the reference.
#include <algorithm>
#include <atomic>
#include <new>

#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/reference/evaluate.hpp>

namespace isotrace::backends::cpu {
namespace {

using core::Op;

constexpr std::size_t piece = 1U << 15;  // elements: much work beside waking a thread

/// Elementwise when all operands have one shape.
constexpr Op elementwise[] = {
    Op::add,          Op::sub,      Op::mul,        Op::div,   Op::neg,   Op::abs,
    Op::reciprocal,   Op::sqrt,     Op::floor,      Op::ceil,  Op::max,   Op::min,
    Op::sum,          Op::cast,     Op::where,      Op::equal, Op::less,  Op::greater,
    Op::logical_not,  Op::relu,     Op::leaky_relu, Op::elu,   Op::selu,  Op::sigmoid,
    Op::hard_sigmoid, Op::softplus, Op::softsign,   Op::tanh,  Op::exp,   Op::log,
    Op::sin,          Op::cos,      Op::tan,        Op::asin,  Op::acos,  Op::atan,
    Op::sinh,         Op::cosh,     Op::asinh,      Op::acosh, Op::atanh, Op::erf,
    Op::pow};

bool is_divisible(const core::Node& node, core::Operands operands) {
  if (std::find(std::begin(elementwise), std::end(elementwise), node.op) == std::end(elementwise)) {
    return false;
  }
  if (operands.empty() || !operands[0] || operands[0]->elements() < 2 * piece) return false;
  return std::all_of(operands.begin(), operands.end(), [&](const auto& operand) {
    return operand && std::ranges::equal(operand->shape(), operands[0]->shape());
  });
}

/// The reference on elements [from, from + count), as vectors.
Outcome evaluate_piece(const core::Node& node, core::Operands operands, std::size_t from,
                       std::size_t count) {
  const std::int64_t shape[] = {static_cast<std::int64_t>(count)};
  std::vector<std::optional<core::TensorView>> views;
  for (const auto& operand : operands) {
    const std::size_t size = core::dtype_bytes(operand->dtype());
    views.emplace_back(core::TensorView(operand->dtype(), shape,
                                        operand->bytes().subspan(from * size, count * size)));
  }
  return reference::evaluate(node, views);
}

/// Evaluates one piece into its place; false if the reference refuses it.
bool fill_piece(const core::Node& node, core::Operands operands, std::size_t from,
                core::Tensor& result) {
  const std::size_t count = std::min(piece, result.elements() - from);
  const Outcome outcome = evaluate_piece(node, operands, from, count);
  if (!outcome) return false;
  const core::ByteView bytes = outcome->front().bytes();
  std::copy(bytes.begin(), bytes.end(),
            result.mutable_bytes().begin() +
                static_cast<std::ptrdiff_t>(from * core::dtype_bytes(result.dtype())));
  return true;
}

}  // namespace

Outcome run_reference(const core::Node& node, core::Operands operands, ThreadPool& pool) {
  if (pool.threads() == 1 || !is_divisible(node, operands)) {
    return reference::evaluate(node, operands);
  }
  // One element shows the type of the result, or that the call is refused.
  const Outcome sample = evaluate_piece(node, operands, 0, 1);
  if (!sample || sample->size() != 1) return reference::evaluate(node, operands);
  const auto& shape = operands[0]->shape();
  auto result = core::Tensor::make(sample->front().dtype(), {shape.begin(), shape.end()});
  if (!result) return reference::evaluate(node, operands);
  std::atomic<bool> refused = false;
  pool.run((result->elements() + piece - 1) / piece, [&](std::size_t index, unsigned) {
    try {
      if (!fill_piece(node, operands, index * piece, *result)) refused = true;
    } catch (const std::bad_alloc&) {
      refused = true;
    }
  });
  // A refusal speaks of the whole call, so the whole call is what is refused.
  if (refused) return reference::evaluate(node, operands);
  return one_tensor(*std::move(result));
}

}  // namespace isotrace::backends::cpu
