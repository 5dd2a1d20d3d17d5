#include <tests/reference/support.hpp>

#include <algorithm>
#include <map>

namespace isotrace::reference {
namespace {

/// The ONNX default of an attribute; zero or empty where it is not listed.
core::AttributeValue default_value(Op op, const std::string& name, char kind) {
  static const std::map<std::string, std::int64_t> integers = {
      {"k_segment", 256},
      {"keepdims", 1},
      {"group", 1},
      {"end", std::numeric_limits<std::int64_t>::max()},
      {"output_dtype", static_cast<std::int64_t>(core::Dtype::u8)},
      {"output_datatype", static_cast<std::int64_t>(core::Dtype::f32)},
      {"periodic", 1},
      {"saturate", 1},
      {"max_gram_length", 1},
      {"min_gram_length", 1}};
  const bool quantised = op == Op::quantize_linear || op == Op::dequantize_linear;
  const bool softmax = op == Op::softmax || op == Op::log_softmax;
  switch (kind) {
    case 'i':
      if (name == "axis" && (softmax || op == Op::layer_normalization)) return std::int64_t{-1};
      if (name == "axis" && (op == Op::flatten || quantised)) return std::int64_t{1};
      return integers.contains(name) ? integers.at(name) : std::int64_t{0};
    case 'f': return name == "epsilon" ? 1e-5F : 1.0F;
    case 's': return std::string(name == "mode" ? "constant" : "NOTSET");
    case 'I': return Ints{};
    default: return std::vector<float>{};
  }
}

template <class T>
Tensor from_bits(const std::vector<std::uint16_t>& bits) {
  std::vector<T> values;
  for (std::uint16_t b : bits) values.push_back(T{b});
  return vector_of<T>(values);
}

std::string dump(const Tensor& tensor) {
  std::string text =
      std::string(core::dtype_name(tensor.dtype())) + core::shape_text(tensor.shape());
  char buffer[4];
  const std::size_t size = core::dtype_bytes(tensor.dtype());
  for (std::size_t i = 0; i < std::min<std::size_t>(tensor.bytes().size(), 256); ++i) {
    if (i % size == 0) text += ' ';
    const std::size_t at = i - i % size + (size - 1 - i % size);  // most significant byte first
    std::snprintf(buffer, sizeof buffer, "%02x", tensor.bytes()[at]);
    text += buffer;
  }
  return text;
}

}  // namespace

core::Node make_node(Op op, std::vector<Attribute> attributes, std::size_t outputs) {
  core::Node node{};
  node.op = op;
  node.outputs.assign(outputs, core::no_value);
  std::string_view rest = core::op_info(op).attributes;
  while (!rest.empty()) {
    const std::string_view field = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), field.size() + 1));
    const std::string name(field.substr(0, field.size() - 2));
    const auto given = std::find_if(attributes.begin(), attributes.end(),
                                    [&](const Attribute& a) { return a.name == name; });
    node.attributes.push_back(given != attributes.end()
                                  ? *given
                                  : Attribute{name, default_value(op, name, field.back())});
  }
  for (const Attribute& attribute : attributes) {
    EXPECT_TRUE(core::attribute_kind(op, attribute.name)) << attribute.name;
  }
  return node;
}

Outcome call(const core::Node& node, std::vector<std::optional<Tensor>> operands) {
  const core::FloatEnvironment environment;
  std::vector<std::optional<core::TensorView>> views;
  for (const auto& operand : operands) {
    views.push_back(operand ? std::optional(operand->view()) : std::nullopt);
  }
  return evaluate(node, views);
}

Outcome call(Op op, std::vector<std::optional<Tensor>> operands, std::vector<Attribute> attributes,
             std::size_t outputs) {
  return call(make_node(op, std::move(attributes), outputs), std::move(operands));
}

Tensor f32(Shape shape, std::vector<float> values) {
  return Tensor::of<float>(std::move(shape), std::span<const float>(values));
}
Tensor f32(std::vector<float> values) { return vector_of<float>(std::move(values)); }
Tensor f64(std::vector<double> values) { return vector_of<double>(std::move(values)); }
Tensor f32_bits(Shape shape, Bits32 bits) {
  std::vector<float> values;
  for (std::uint32_t b : bits) values.push_back(std::bit_cast<float>(b));
  return f32(std::move(shape), std::move(values));
}
Tensor f16_bits(std::vector<std::uint16_t> bits) { return from_bits<core::Half>(bits); }
Tensor bf16_bits(std::vector<std::uint16_t> bits) { return from_bits<core::BFloat16>(bits); }
Tensor i64(Shape shape, Ints values) {
  return Tensor::of<std::int64_t>(std::move(shape), std::span<const std::int64_t>(values));
}
Tensor i64(Ints values) { return vector_of<std::int64_t>(std::move(values)); }
Tensor i32(std::vector<std::int32_t> values) { return vector_of<std::int32_t>(std::move(values)); }
Tensor booleans(std::vector<int> values) {
  std::vector<core::Bool8> elements;
  for (int v : values) elements.push_back({static_cast<std::uint8_t>(v)});
  return vector_of<core::Bool8>(elements);
}

std::vector<float> random_values(std::size_t count, core::PhiloxStream& random) {
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t bits = random.next_u32();
    const std::uint32_t exponent = 119 + (bits >> 23) % 17;
    const std::uint32_t value = (bits & 0x807FFFFF) | exponent << 23;
    values.push_back(bits % 31 == 0 ? 0.0F : std::bit_cast<float>(value));
  }
  return values;
}

Tensor random_f32(Shape shape, core::PhiloxStream& random) {
  const std::size_t count = *core::element_count(shape);
  return f32(std::move(shape), random_values(count, random));
}

void expect_results(const Outcome& outcome, const std::vector<Tensor>& expected) {
  ASSERT_TRUE(outcome.has_value()) << core::describe(outcome.error());
  ASSERT_EQ(outcome->size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_TRUE(core::identical((*outcome)[i], expected[i]))
        << "result " << i << "\n  got      " << dump((*outcome)[i]) << "\n  expected "
        << dump(expected[i]);
  }
}

void expect_result(const Outcome& outcome, const Tensor& expected) {
  expect_results(outcome, {expected});
}

void expect_refused(const Outcome& outcome, RefusalCode code, const std::string& operation) {
  ASSERT_FALSE(outcome.has_value()) << "not refused";
  EXPECT_EQ(core::refusal_info(outcome.error().code).name, core::refusal_info(code).name)
      << core::describe(outcome.error());
  EXPECT_EQ(outcome.error().where.substr(0, operation.size()), operation);
}

}  // namespace isotrace::reference
