// Walks the program once; movements and constants only change how values are named.
#include <isotrace/proofs/export/affine_chain.hpp>

#include <algorithm>
#include <cmath>
#include <optional>

#include "affine_operations.hpp"

namespace isotrace::proofs {
namespace {

using core::Done;
using core::Node;
using core::Op;
using core::RefusalCode;
using core::Result;
using core::Shape;

class Walk {
 public:
  Walk(const core::Program& program, ChainBuilder builder, ChainValue input)
      : program_(program), builder_(std::move(builder)) {
    values_.resize(program.value_count());
    values_[0] = std::move(input);
  }

  Result<AffineChain> run();

 private:
  /// The operand as a chain value; numbers of constants must be finite f32.
  Result<const ChainValue*> operand(const Node& node, std::size_t index, const std::string& where);
  /// The integers of a constant i64 operand (shapes, axes).
  Result<std::vector<std::int64_t>> integers(const Node& node, std::size_t index,
                                             const std::string& where);
  Result<ChainValue> apply(const Node& node, const std::string& where);
  Result<ChainValue> apply_gemm(const Node& node, const std::string& where);
  Result<ChainValue> apply_conv(const Node& node, const std::string& where);
  Result<Shape> moved_shape(const Node& node, const ChainValue& value, const std::string& where);
  Result<ChainValue> transposed(const ChainValue& value, std::vector<std::int64_t> perm,
                                const std::string& where);

  const core::Program& program_;
  ChainBuilder builder_;
  std::vector<std::optional<ChainValue>> values_;
};

tl::unexpected<core::Refusal> unsupported(const std::string& where, std::string detail) {
  return core::refuse(RefusalCode::prove_unsupported, where, std::move(detail));
}

Result<const ChainValue*> Walk::operand(const Node& node, std::size_t index,
                                        const std::string& where) {
  if (index >= node.inputs.size() || node.inputs[index] == core::no_value) {
    return core::refuse(RefusalCode::program_ill_formed, where, "operand missing");
  }
  auto& value = values_[node.inputs[index]];
  if (!value) {
    const core::Tensor* constant = program_.find_constant(node.inputs[index]);
    if (constant == nullptr || constant->dtype() != core::Dtype::f32) {
      return unsupported(where, "operand " + std::to_string(index) + " is not binary32");
    }
    ChainValue made{constant->shape(), true, {}, {}, 0};
    for (const float number : constant->data<float>()) {
      if (!std::isfinite(number)) return unsupported(where, "constant is not finite");
      made.numbers.push_back(static_cast<double>(number));
    }
    value = std::move(made);
  }
  return &*value;
}

Result<std::vector<std::int64_t>> Walk::integers(const Node& node, std::size_t index,
                                                 const std::string& where) {
  const core::Tensor* constant =
      index < node.inputs.size() ? program_.find_constant(node.inputs[index]) : nullptr;
  if (constant == nullptr || constant->dtype() != core::Dtype::i64) {
    return unsupported(where, "operand " + std::to_string(index) + " is not constant");
  }
  const auto data = constant->data<std::int64_t>();
  return std::vector<std::int64_t>(data.begin(), data.end());
}

/// Shapes of the movements that keep the row-major order.
Result<Shape> Walk::moved_shape(const Node& node, const ChainValue& value,
                                const std::string& where) {
  const Shape& shape = value.shape;
  const auto rank = static_cast<std::int64_t>(shape.size());
  const auto elements = static_cast<std::int64_t>(value.elements());
  if (node.op == Op::flatten) {
    const std::int64_t axis = node.integer("axis") + (node.integer("axis") < 0 ? rank : 0);
    if (axis < 0 || axis > rank)
      return core::refuse(RefusalCode::operation_attribute_invalid, where, "axis");
    std::int64_t first = 1;
    for (std::int64_t i = 0; i < axis; ++i) first *= shape[static_cast<std::size_t>(i)];
    return Shape{first, first == 0 ? 0 : elements / first};
  }
  if (node.op == Op::reshape) {
    ISOTRACE_TRY(Shape wanted, integers(node, 1, where));
    std::int64_t known = 1;
    std::optional<std::size_t> open;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i] == 0 && node.integer("allowzero") == 0 && i < shape.size())
        wanted[i] = shape[i];
      if (wanted[i] == -1) open = i;
      if (wanted[i] != -1 && __builtin_mul_overflow(known, wanted[i], &known)) known = 0;
    }
    if (open && known > 0) wanted[*open] = elements / known;
    return wanted;
  }
  // Only sizes of one come and go: squeeze and unsqueeze.
  if (node.op == Op::squeeze && node.inputs.size() < 2) {
    Shape result;
    std::copy_if(shape.begin(), shape.end(), std::back_inserter(result),
                 [](auto d) { return d != 1; });
    return result;
  }
  ISOTRACE_TRY(std::vector<std::int64_t> axes, integers(node, 1, where));
  const bool inserts = node.op == Op::unsqueeze;
  const std::int64_t full = inserts ? rank + static_cast<std::int64_t>(axes.size()) : rank;
  std::vector<bool> marked(static_cast<std::size_t>(full), false);
  for (std::int64_t axis : axes) {
    axis += axis < 0 ? full : 0;
    if (axis < 0 || axis >= full || marked[static_cast<std::size_t>(axis)]) {
      return core::refuse(RefusalCode::operation_attribute_invalid, where, "axes");
    }
    marked[static_cast<std::size_t>(axis)] = true;
  }
  Shape result;
  std::size_t next = 0;
  for (const bool mark : marked) {
    if (inserts) {
      result.push_back(mark ? 1 : shape[next++]);
    } else if (const std::int64_t dim = shape[next++]; !mark) {
      result.push_back(dim);
    }
  }
  return result;
}

Result<ChainValue> Walk::transposed(const ChainValue& value, std::vector<std::int64_t> perm,
                                    const std::string& where) {
  if (perm.empty()) {
    for (std::size_t i = value.shape.size(); i-- > 0;) perm.push_back(static_cast<std::int64_t>(i));
  }
  std::vector<std::int64_t> sorted = perm;
  std::sort(sorted.begin(), sorted.end());
  bool fits = perm.size() == value.shape.size();
  for (std::size_t i = 0; fits && i < sorted.size(); ++i)
    fits = sorted[i] == static_cast<std::int64_t>(i);
  if (!fits) return core::refuse(RefusalCode::operation_attribute_invalid, where, "perm");
  Shape shape;
  for (const std::int64_t axis : perm) shape.push_back(value.shape[static_cast<std::size_t>(axis)]);
  return rearrange(value, transposition(value.shape, perm), std::move(shape));
}

/// alpha * A * B + beta * C as the operations that are executed: the product, one multiplication by
/// alpha, one addition of beta * C.
Result<ChainValue> Walk::apply_gemm(const Node& node, const std::string& where) {
  ISOTRACE_TRY(const ChainValue* a, operand(node, 0, where));
  ISOTRACE_TRY(const ChainValue* b, operand(node, 1, where));
  if (a->shape.size() != 2 || b->shape.size() != 2)
    return unsupported(where, "operands are not matrices");
  ChainValue left = *a;
  ChainValue right = *b;
  if (node.integer("transA") != 0) {
    ISOTRACE_TRY(left, transposed(*a, {1, 0}, where));
  }
  if (node.integer("transB") != 0) {
    ISOTRACE_TRY(right, transposed(*b, {1, 0}, where));
  }
  ISOTRACE_TRY(ChainValue result, builder_.matmul(left, right, node, where));
  const auto alpha = static_cast<double>(node.real("alpha"));
  const auto beta = static_cast<double>(node.real("beta"));
  if (!std::isfinite(alpha) || !std::isfinite(beta)) return unsupported(where, "alpha or beta");
  if (alpha != 1) {
    ISOTRACE_TRY(result, builder_.multiply(result, ChainValue{{}, true, {alpha}, {}, 0}, where));
  }
  if (node.inputs.size() < 3 || node.inputs[2] == core::no_value) return result;
  ISOTRACE_TRY(const ChainValue* c, operand(node, 2, where));
  if (!c->constant) return unsupported(where, "adds two computed values");
  ChainValue bias = *c;
  // beta * C is exact in binary64; its rounding, if there is one, is counted.
  for (double& number : bias.numbers) number *= beta;
  return builder_.add(result, bias, 1, 1, where, beta == 1 ? 1 : 2);
}

Result<ChainValue> Walk::apply_conv(const Node& node, const std::string& where) {
  ISOTRACE_TRY(const ChainValue* data, operand(node, 0, where));
  ISOTRACE_TRY(const ChainValue* weights, operand(node, 1, where));
  if (node.inputs.size() < 3 || node.inputs[2] == core::no_value) {
    return builder_.conv(*data, *weights, nullptr, node, where);
  }
  ISOTRACE_TRY(const ChainValue* bias, operand(node, 2, where));
  return builder_.conv(*data, *weights, bias, node, where);
}

Result<ChainValue> Walk::apply(const Node& node, const std::string& where) {
  ISOTRACE_TRY(const ChainValue* a, operand(node, 0, where));
  ISOTRACE_TRY_DONE(builder_.charge(a->elements(), where));
  switch (node.op) {
    case Op::identity: return *a;
    case Op::relu: return builder_.relu(*a, where);
    case Op::neg: return builder_.negate(*a, where);
    case Op::transpose: return transposed(*a, node.integers("perm"), where);
    case Op::gemm: return apply_gemm(node, where);
    case Op::conv: return apply_conv(node, where);
    case Op::reshape:
    case Op::flatten:
    case Op::squeeze:
    case Op::unsqueeze: {
      ISOTRACE_TRY(Shape shape, moved_shape(node, *a, where));
      const auto elements = core::element_count(shape);
      if (!elements || *elements != a->elements()) {
        return core::refuse(RefusalCode::shape_mismatch, where, core::shape_text(shape));
      }
      ChainValue result = *a;
      result.shape = std::move(shape);
      return result;
    }
    default: break;
  }
  if (node.op != Op::add && node.op != Op::sub && node.op != Op::mul && node.op != Op::div &&
      node.op != Op::matmul) {
    return unsupported(where, "operation");
  }
  ISOTRACE_TRY(const ChainValue* b, operand(node, 1, where));
  switch (node.op) {
    case Op::add: return builder_.add(*a, *b, 1, 1, where);
    case Op::sub: return builder_.add(*a, *b, 1, -1, where);
    case Op::mul: return builder_.multiply(*a, *b, where);
    case Op::div: return builder_.divide(*a, *b, where);
    default: return builder_.matmul(*a, *b, node, where);
  }
}

Result<AffineChain> Walk::run() {
  for (std::size_t i = 0; i < program_.nodes.size(); ++i) {
    const Node& node = program_.nodes[i];
    const std::string where =
        "node " + std::to_string(i) + " (" + std::string(core::op_info(node.op).name) + ")";
    if (node.outputs.size() != 1 || node.outputs[0] == core::no_value) {
      return unsupported(where, "has not exactly one result");
    }
    ISOTRACE_TRY(values_[node.outputs[0]], apply(node, where));
  }
  const std::string where = "output " + program_.outputs[0].name;
  const auto& output = values_[program_.outputs[0].value];
  if (!output) return unsupported(where, "is constant");
  return builder_.finish(*output, where);
}

}  // namespace

Result<AffineChain> make_affine_chain(const core::Program& program, bool exact) {
  ISOTRACE_TRY_DONE(core::check_program(program));
  if (program.inputs.size() != 1 || program.outputs.size() != 1) {
    return unsupported("program", "needs exactly one input and one output");
  }
  const core::ProgramInput& input = program.inputs[0];
  if (input.dtype != core::Dtype::f32) return unsupported("input " + input.name, "is not f32");
  Shape shape = input.shape;
  std::replace(shape.begin(), shape.end(), std::int64_t{-1}, std::int64_t{1});
  ISOTRACE_TRY(const std::size_t elements, core::element_count(shape));
  if (elements == 0 || elements > (std::size_t{1} << 24))
    return unsupported("input " + input.name, "size");
  ChainBuilder builder(elements, exact);
  ChainValue value = builder.input(std::move(shape));
  return Walk(program, std::move(builder), std::move(value)).run();
}

}  // namespace isotrace::proofs
