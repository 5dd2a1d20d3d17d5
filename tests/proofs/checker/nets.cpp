#include "tests/proofs/checker/nets.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace isotrace::tests {
namespace {

using core::Attribute;
using core::Node;
using core::Op;
using core::Program;
using core::Shape;
using core::Tensor;
using core::ValueId;

/// Sums products in some order; Float is float or double.
template <class Float>
Float dot(std::vector<std::pair<Float, Float>> terms, const Float* bias, Order order) {
  std::vector<Float> values;
  const bool fused = order == Order::sequential_fma || order == Order::bias_first;
  if (order == Order::reversed) std::reverse(terms.begin(), terms.end());
  if (order == Order::shuffled) {
    // Deterministic and far from sorted.
    for (std::size_t i = terms.size(); i > 1; --i) std::swap(terms[i - 1], terms[(7 * i) % i]);
    std::stable_sort(terms.begin(), terms.end(), [](const auto& a, const auto& b) {
      return std::fabs(a.first) < std::fabs(b.first);
    });
  }
  if (fused) {
    Float sum = order == Order::bias_first && bias != nullptr ? *bias : Float{0};
    for (const auto& [a, b] : terms) sum = std::fma(a, b, sum);
    return order != Order::bias_first && bias != nullptr ? sum + *bias : sum;
  }
  for (const auto& [a, b] : terms) values.push_back(a * b);
  if (order == Order::reversed && bias != nullptr) values.insert(values.begin(), *bias);
  if (order != Order::reversed && bias != nullptr) values.push_back(*bias);
  while (order == Order::pairwise && values.size() > 1) {
    std::vector<Float> halved;
    for (std::size_t i = 0; i < values.size(); i += 2) {
      halved.push_back(i + 1 < values.size() ? values[i] + values[i + 1] : values[i]);
    }
    values = std::move(halved);
  }
  Float sum = 0;
  for (Float value : values) sum += value;
  return sum;
}

std::size_t size_of(std::int64_t dim) { return static_cast<std::size_t>(dim); }

template <class Float>
struct Value {
  Shape shape;
  std::vector<Float> data;
};

template <class Float>
Value<Float> as_value(const Tensor& tensor) {
  const auto data = tensor.data<float>();
  return {tensor.shape(), {data.begin(), data.end()}};
}

template <class Float>
Float broadcast_at(const Value<Float>& value, const Shape& shape, std::size_t element) {
  std::size_t index = 0;
  std::size_t stride = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::size_t dim = size_of(shape[shape.size() - 1 - i]);
    const std::size_t at = element % dim;
    element /= dim;
    if (i >= value.shape.size()) continue;
    const std::size_t own = size_of(value.shape[value.shape.size() - 1 - i]);
    index += (own == 1 ? 0 : at) * stride;
    stride *= own;
  }
  return value.data[index];
}

template <class Float>
Value<Float> elementwise(Op op, const Value<Float>& a, const Value<Float>& b) {
  Value<Float> out;
  out.shape.resize(std::max(a.shape.size(), b.shape.size()));
  for (std::size_t i = 0; i < out.shape.size(); ++i) {
    const auto dim = [&](const Shape& s) { return i < s.size() ? s[s.size() - 1 - i] : 1; };
    out.shape[out.shape.size() - 1 - i] = std::max(dim(a.shape), dim(b.shape));
  }
  std::size_t count = 1;
  for (auto dim : out.shape) count *= size_of(dim);
  for (std::size_t i = 0; i < count; ++i) {
    const Float x = broadcast_at(a, out.shape, i);
    const Float y = broadcast_at(b, out.shape, i);
    out.data.push_back(op == Op::add   ? x + y
                       : op == Op::sub ? x - y
                       : op == Op::mul ? x * y
                                       : x / y);
  }
  return out;
}

template <class Float>
Value<Float> contract(const Value<Float>& a, const Value<Float>& b, bool transpose_a,
                      bool transpose_b, const Value<Float>* bias, Float alpha, Order order) {
  const std::size_t k = size_of(transpose_a ? a.shape[0] : a.shape.back());
  const std::size_t m = a.data.size() / k;
  const std::size_t n = b.data.size() / k;
  Value<Float> out;
  out.shape = {static_cast<std::int64_t>(m), static_cast<std::int64_t>(n)};
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      std::vector<std::pair<Float, Float>> terms;
      for (std::size_t c = 0; c < k; ++c) {
        terms.emplace_back(a.data[transpose_a ? c * m + i : i * k + c],
                           b.data[transpose_b ? j * k + c : c * n + j]);
      }
      const Float* offset = nullptr;
      Float held = 0;
      if (bias != nullptr) {
        held = broadcast_at(*bias, out.shape, i * n + j);
        offset = &held;
      }
      if (alpha == 1) {
        out.data.push_back(dot(terms, offset, order));
      } else {
        const Float scaled = alpha * dot<Float>(terms, nullptr, order);
        out.data.push_back(offset == nullptr ? scaled : scaled + held);
      }
    }
  }
  return out;
}

/// Two spatial axes; one axis is a kernel of height 1.
template <class Float>
Value<Float> convolve(const Value<Float>& in, const Value<Float>& weights, const Value<Float>* bias,
                      const Node& node, Order order) {
  const bool flat = in.shape.size() == 3;
  const auto axis = [&](const Shape& s, std::size_t i) {
    return flat ? (i == 0 ? 1 : s[2]) : s[2 + i];
  };
  const auto attribute = [&](const char* name, std::size_t i, std::int64_t fallback) {
    const auto& list = node.integers(name);
    if (list.empty()) return fallback;
    if (flat) return i % 2 == 0 ? fallback : list[i / 2];
    return list[i];
  };
  const std::int64_t group = node.integer("group");
  const std::int64_t out_channels = weights.shape[0];
  const std::int64_t in_group = weights.shape[1];
  std::int64_t out_size[2];
  for (std::size_t i = 0; i < 2; ++i) {
    const auto padded = axis(in.shape, i) + attribute("pads", i, 0) + attribute("pads", i + 2, 0);
    out_size[i] = (padded - axis(weights.shape, i)) / attribute("strides", i, 1) + 1;
  }
  Value<Float> out;
  out.shape =
      flat ? Shape{1, out_channels, out_size[1]} : Shape{1, out_channels, out_size[0], out_size[1]};
  for (std::int64_t oc = 0; oc < out_channels; ++oc) {
    for (std::int64_t y = 0; y < out_size[0]; ++y) {
      for (std::int64_t x = 0; x < out_size[1]; ++x) {
        std::vector<std::pair<Float, Float>> terms;
        for (std::int64_t ic = 0; ic < in_group; ++ic) {
          const std::int64_t channel = oc / (out_channels / group) * in_group + ic;
          for (std::int64_t ky = 0; ky < axis(weights.shape, 0); ++ky) {
            for (std::int64_t kx = 0; kx < axis(weights.shape, 1); ++kx) {
              const auto iy = y * attribute("strides", 0, 1) + ky - attribute("pads", 0, 0);
              const auto ix = x * attribute("strides", 1, 1) + kx - attribute("pads", 1, 0);
              const bool inside =
                  iy >= 0 && iy < axis(in.shape, 0) && ix >= 0 && ix < axis(in.shape, 1);
              const auto at = (channel * axis(in.shape, 0) + iy) * axis(in.shape, 1) + ix;
              const auto w =
                  ((oc * in_group + ic) * axis(weights.shape, 0) + ky) * axis(weights.shape, 1) +
                  kx;
              terms.emplace_back(weights.data[size_of(w)],
                                 inside ? in.data[size_of(at)] : Float{0});
            }
          }
        }
        out.data.push_back(dot(terms, bias == nullptr ? nullptr : &bias->data[size_of(oc)], order));
      }
    }
  }
  return out;
}

template <class Float>
Value<Float> transpose(const Value<Float>& in, const std::vector<std::int64_t>& perm) {
  Value<Float> out;
  for (auto axis : perm) out.shape.push_back(in.shape[size_of(axis)]);
  out.data.resize(in.data.size());
  for (std::size_t element = 0; element < in.data.size(); ++element) {
    std::vector<std::size_t> index(in.shape.size());
    std::size_t rest = element;
    for (std::size_t i = index.size(); i-- > 0;) {
      index[i] = rest % size_of(in.shape[i]);
      rest /= size_of(in.shape[i]);
    }
    std::size_t to = 0;
    for (std::size_t i = 0; i < perm.size(); ++i) {
      to = to * size_of(out.shape[i]) + index[size_of(perm[i])];
    }
    out.data[to] = in.data[element];
  }
  return out;
}

template <class Float>
Value<Float> step(const Program& program, const Node& node, Value<Float> value, Order order) {
  const auto constant = [&](std::size_t i) {
    const Tensor* tensor = i < node.inputs.size() ? program.find_constant(node.inputs[i]) : nullptr;
    return tensor != nullptr && tensor->dtype() == core::Dtype::f32
               ? std::optional(as_value<Float>(*tensor))
               : std::nullopt;
  };
  const auto first = constant(0);
  const auto second = constant(1);
  const auto third = constant(2);
  switch (node.op) {
    case Op::relu:
      for (Float& v : value.data) v = v > 0 ? v : Float{0};
      return value;
    case Op::neg:
      for (Float& v : value.data) v = -v;
      return value;
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div:
      return first ? elementwise(node.op, *first, value) : elementwise(node.op, value, *second);
    case Op::matmul:
      return contract<Float>(first ? *first : value, first ? value : *second, false, false, nullptr,
                             1, order);
    case Op::gemm:
      return contract<Float>(first ? *first : value, first ? value : *second,
                             node.integer("transA") != 0, node.integer("transB") != 0,
                             third ? &*third : nullptr, static_cast<Float>(node.real("alpha")),
                             order);
    case Op::conv: return convolve(value, *second, third ? &*third : nullptr, node, order);
    case Op::transpose: return transpose(value, node.integers("perm"));
    case Op::reshape: {
      const auto shape = program.find_constant(node.inputs[1])->data<std::int64_t>();
      value.shape.assign(shape.begin(), shape.end());
      return value;
    }
    case Op::flatten: value.shape = {1, static_cast<std::int64_t>(value.data.size())}; return value;
    default: ISOTRACE_CHECK(false, core::op_info(node.op).name); return value;
  }
}

template <class Float>
std::vector<Float> run(const Program& program, const std::vector<float>& input, Order order) {
  Value<Float> value{program.inputs[0].shape, {input.begin(), input.end()}};
  for (const Node& node : program.nodes) value = step(program, node, std::move(value), order);
  return value.data;
}

}  // namespace

ChainBuilder::ChainBuilder(Shape input) : input_(std::move(input)) {}

ValueId ChainBuilder::constant(Tensor tensor) {
  constants_.push_back(std::move(tensor));
  return static_cast<ValueId>(constants_.size() - 1);
}

ChainBuilder& ChainBuilder::node(Op op, std::vector<ValueId> others,
                                 std::vector<Attribute> attributes, bool chain_last) {
  steps_.push_back({op, std::move(others), std::move(attributes), chain_last});
  return *this;
}

ChainBuilder& ChainBuilder::matmul(Shape shape, const std::vector<float>& weights) {
  const ValueId w = constant(Tensor::of<float>(std::move(shape), weights));
  return node(Op::matmul, {w}, {{"k_segment", std::int64_t{256}}});
}

ChainBuilder& ChainBuilder::elementwise(Op op, Shape shape, const std::vector<float>& values,
                                        bool chain_last) {
  return node(op, {constant(Tensor::of<float>(std::move(shape), values))}, {}, chain_last);
}

ChainBuilder& ChainBuilder::gemm(Shape shape, const std::vector<float>& weights,
                                 const std::vector<float>& bias, bool transpose_b, float alpha,
                                 float beta) {
  std::vector<ValueId> others{constant(Tensor::of<float>(std::move(shape), weights))};
  if (!bias.empty()) {
    others.push_back(constant(Tensor::of<float>({static_cast<std::int64_t>(bias.size())}, bias)));
  }
  return node(Op::gemm, std::move(others),
              {{"alpha", alpha},
               {"beta", beta},
               {"k_segment", std::int64_t{256}},
               {"transA", std::int64_t{0}},
               {"transB", std::int64_t{transpose_b ? 1 : 0}}});
}

ChainBuilder& ChainBuilder::conv(Shape shape, const std::vector<float>& weights,
                                 const std::vector<float>& bias, std::vector<std::int64_t> pads,
                                 std::vector<std::int64_t> strides, std::int64_t group) {
  std::vector<ValueId> others{constant(Tensor::of<float>(std::move(shape), weights))};
  if (!bias.empty()) {
    others.push_back(constant(Tensor::of<float>({static_cast<std::int64_t>(bias.size())}, bias)));
  }
  return node(Op::conv, std::move(others),
              {{"auto_pad", std::string("NOTSET")},
               {"dilations", std::vector<std::int64_t>{}},
               {"group", group},
               {"k_segment", std::int64_t{256}},
               {"pads", std::move(pads)},
               {"strides", std::move(strides)}});
}

Program ChainBuilder::program() const {
  Program program;
  program.inputs.push_back({"x", core::Dtype::f32, input_});
  program.constants = constants_;
  ValueId current = 0;
  ValueId next = static_cast<ValueId>(1 + constants_.size());
  for (const Step& step : steps_) {
    Node node;
    node.op = step.op;
    for (ValueId index : step.others) node.inputs.push_back(program.constant_id(index));
    node.inputs.insert(step.chain_last ? node.inputs.end() : node.inputs.begin(), current);
    node.attributes = step.attributes;
    current = next++;
    node.outputs = {current};
    program.nodes.push_back(std::move(node));
  }
  program.outputs.push_back({"y", current});
  return program;
}

std::vector<float> evaluate(const Program& program, const std::vector<float>& input, Order order) {
  return run<float>(program, input, order);
}

std::vector<double> evaluate_real(const Program& program, const std::vector<float>& input) {
  return run<double>(program, input, Order::sequential_fma);
}

std::vector<float> random_floats(core::PhiloxStream& random, std::size_t count, float scale) {
  std::vector<float> values(count);
  for (float& value : values) value = (2 * random.next_f32() - 1) * scale;
  return values;
}

Program dense_net(core::PhiloxStream& random, const std::vector<std::int64_t>& widths) {
  ChainBuilder net({1, widths[0]});
  for (std::size_t k = 0; k + 1 < widths.size(); ++k) {
    const std::int64_t in = widths[k];
    const std::int64_t out = widths[k + 1];
    const float scale = std::sqrt(6.0F / static_cast<float>(in));
    net.matmul({in, out}, random_floats(random, size_of(in * out), scale));
    net.elementwise(Op::add, {out}, random_floats(random, size_of(out), 0.3F));
    if (k + 2 < widths.size()) net.relu();
  }
  return net.program();
}

Program trap(float c) {
  ChainBuilder net({1});
  net.elementwise(Op::add, {1}, {c}).relu().elementwise(Op::sub, {1}, {c}).relu();
  return net.program();
}

std::string property_text(std::size_t inputs, std::size_t outputs, const std::string& low,
                          const std::string& high, const std::string& assertions) {
  std::string text;
  for (std::size_t i = 0; i < inputs; ++i) {
    const std::string name = "X_" + std::to_string(i);
    text += "(declare-const " + name + " Real)\n(assert (>= " + name + " " + low +
            "))\n(assert (<= " + name + " " + high + "))\n";
  }
  for (std::size_t i = 0; i < outputs; ++i) {
    text += "(declare-const Y_" + std::to_string(i) + " Real)\n";
  }
  return text + assertions;
}

proofs::ProofNode make_split(std::uint32_t dimension, double at) {
  proofs::ProofNode node;
  node.kind = proofs::ProofNode::Kind::split;
  node.dimension = dimension;
  node.at = at;
  return node;
}

proofs::ProofNode make_leaf(std::vector<double> multipliers, std::vector<std::uint8_t> slopes) {
  proofs::ProofNode node;
  node.multipliers = std::move(multipliers);
  node.slopes = std::move(slopes);
  return node;
}

proofs::Proof make_proof(const Program& program, std::string property,
                         std::vector<proofs::CaseProof> cases, proofs::Level level) {
  proofs::Proof proof;
  proof.level = level;
  proof.semantics = std::string(core::semantics_id);
  proof.program = core::write_program(program);
  proof.property_text = std::move(property);
  proof.cases = std::move(cases);
  return proof;
}

proofs::CaseProof bisected(double low, double high, int depth, const proofs::ProofNode& leaf) {
  if (depth == 0) return {{leaf}};
  const double middle = low + (high - low) / 2;
  proofs::CaseProof tree{{make_split(0, middle)}};
  for (const auto& half :
       {bisected(low, middle, depth - 1, leaf), bisected(middle, high, depth - 1, leaf)}) {
    tree.nodes.insert(tree.nodes.end(), half.nodes.begin(), half.nodes.end());
  }
  return tree;
}

}  // namespace isotrace::tests
