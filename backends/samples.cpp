#include <isotrace/backends/samples.hpp>

#include <bit>

#include <isotrace/core/convert.hpp>

namespace isotrace::backends {
namespace {

using core::Dtype;
using core::Op;
using core::Shape;
using core::Tensor;
using Operands = std::vector<std::optional<Tensor>>;
using Ints = std::vector<std::int64_t>;

/// One in eight values is one of these.
float sample_float(core::PhiloxStream& random) {
  constexpr std::uint32_t specials[] = {
      0x7F800000, 0xFF800000, 0x7FC00001, 0xFFC12345,  // infinities, NaN with payload
      0x80000000, 0x00000000, 0x00000001, 0x807FFFFF,  // zeros, subnormals
      0x7F7FFFFF, 0x00800000, 0x3F800000, 0xBF000000,  // largest, smallest normal, 1, -0.5
      0x40200000, 0xC2AEAC50};                         // 2.5 (a tie), where exp is subnormal
  if (random.next_below(8) == 0) {
    return std::bit_cast<float>(specials[random.next_below(std::size(specials))]);
  }
  return 8.0F * random.next_f32() - 4.0F;
}

template <class T>
T sample_value(core::PhiloxStream& random) {
  if constexpr (std::is_same_v<T, core::Half>) {
    return core::to_half(sample_float(random));
  } else if constexpr (std::is_same_v<T, core::BFloat16>) {
    return core::to_bfloat16(sample_float(random));
  } else if constexpr (std::is_same_v<T, core::Bool8>) {
    return {static_cast<std::uint8_t>(random.next_below(2))};
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(sample_float(random));
  } else {
    // Not 0: divisors. Small: no operation overflows.
    const auto magnitude = static_cast<int>(random.next_below(5)) + 1;
    return static_cast<T>(std::is_signed_v<T> && random.next_below(2) == 0 ? -magnitude
                                                                           : magnitude);
  }
}

template <class T>
Tensor sample_tensor_of(core::PhiloxStream& random, Shape shape) {
  Tensor tensor(core::dtype_of<T>, std::move(shape));
  for (T& value : tensor.data<T>()) value = sample_value<T>(random);
  return tensor;
}

Tensor sample_tensor(core::PhiloxStream& random, Dtype dtype, Shape shape) {
  switch (dtype) {
    case Dtype::f32: return sample_tensor_of<float>(random, std::move(shape));
    case Dtype::f64: return sample_tensor_of<double>(random, std::move(shape));
    case Dtype::f16: return sample_tensor_of<core::Half>(random, std::move(shape));
    case Dtype::bf16: return sample_tensor_of<core::BFloat16>(random, std::move(shape));
    case Dtype::i8: return sample_tensor_of<std::int8_t>(random, std::move(shape));
    case Dtype::u8: return sample_tensor_of<std::uint8_t>(random, std::move(shape));
    case Dtype::i16: return sample_tensor_of<std::int16_t>(random, std::move(shape));
    case Dtype::u16: return sample_tensor_of<std::uint16_t>(random, std::move(shape));
    case Dtype::i32: return sample_tensor_of<std::int32_t>(random, std::move(shape));
    case Dtype::u32: return sample_tensor_of<std::uint32_t>(random, std::move(shape));
    case Dtype::i64: return sample_tensor_of<std::int64_t>(random, std::move(shape));
    case Dtype::u64: return sample_tensor_of<std::uint64_t>(random, std::move(shape));
    case Dtype::boolean: return sample_tensor_of<core::Bool8>(random, std::move(shape));
  }
  ISOTRACE_CHECK(false, static_cast<int>(dtype));
}

Tensor ints(const Ints& values) {
  return Tensor::of<std::int64_t>({std::ssize(values)}, std::span<const std::int64_t>(values));
}

/// Collects the samples of one operation.
class Maker {
 public:
  Maker(Op op, Dtype dtype, std::uint64_t seed)
      : op_(op), dtype_(dtype), random_(seed, static_cast<std::uint32_t>(op)) {}

  Tensor data(Shape shape) { return sample_tensor(random_, dtype_, std::move(shape)); }
  Tensor condition(Shape shape) { return sample_tensor(random_, Dtype::boolean, std::move(shape)); }

  /// A factor for the data: integers have integers.
  [[nodiscard]] float factor(float value) const { return core::is_float(dtype_) ? value : 3.0F; }

  /// Attributes by name; the caller gives all that the operation has, sorted.
  void add(std::vector<core::Attribute> attributes, Operands operands, std::size_t outputs = 1) {
    core::Node node{
        .op = op_, .inputs = {}, .outputs = {}, .attributes = std::move(attributes), .name = {}};
    core::ValueId value = 0;
    for (const auto& operand : operands) {
      node.inputs.push_back(operand ? value++ : core::no_value);
    }
    for (std::size_t i = 0; i < outputs; ++i) node.outputs.push_back(value++);
    samples_.push_back({std::move(node), std::move(operands)});
  }

  std::vector<Sample> take() { return std::move(samples_); }

 private:
  Op op_;
  Dtype dtype_;
  core::PhiloxStream random_;
  std::vector<Sample> samples_;
};

/// Operands are moved into a list: initialiser lists would copy.
template <class... Tensors>
Operands list(Tensors&&... tensors) {
  Operands operands;
  (operands.emplace_back(std::forward<Tensors>(tensors)), ...);
  return operands;
}

constexpr std::int64_t one = 1;
constexpr std::int64_t zero = 0;

void add_contractions(Op op, Maker& make) {
  for (const std::int64_t segment : {std::int64_t{256}, std::int64_t{4}}) {
    if (op == Op::matmul) {
      make.add({{"k_segment", segment}}, list(make.data({2, 3, 9}), make.data({9, 17})));
      make.add({{"k_segment", segment}}, list(make.data({13, 300}), make.data({300, 35})));
      make.add({{"k_segment", segment}}, list(make.data({5}), make.data({2, 5, 3})));
    } else if (op == Op::gemm) {
      for (const std::int64_t transposed : {zero, one}) {
        make.add({{"alpha", make.factor(1.5F)},
                  {"beta", make.factor(0.75F)},
                  {"k_segment", segment},
                  {"transA", transposed},
                  {"transB", one - transposed}},
                 list(make.data(transposed == 1 ? Shape{9, 14} : Shape{14, 9}),
                      make.data(transposed == 1 ? Shape{9, 19} : Shape{19, 9}), make.data({19})));
      }
    } else {
      const bool forward = op == Op::conv;
      std::vector<core::Attribute> attributes = {{"auto_pad", std::string("NOTSET")},
                                                 {"dilations", Ints{1, 2}},
                                                 {"group", std::int64_t{2}},
                                                 {"k_segment", segment}};
      if (!forward) {
        attributes.push_back({"output_padding", Ints{0, 0}});
        attributes.push_back({"output_shape", Ints{}});
      }
      attributes.push_back({"pads", Ints{1, 0, 0, 2}});
      attributes.push_back({"strides", Ints{2, 1}});
      make.add(std::move(attributes),
               list(make.data({2, 4, 6, 7}), make.data({4, 2, 3, 2}), make.data({4})));
    }
  }
}

void add_pools(Op op, Maker& make) {
  if (op == Op::global_max_pool || op == Op::global_average_pool) {
    return make.add({}, list(make.data({2, 3, 4, 5})));
  }
  std::vector<core::Attribute> attributes = {{"auto_pad", std::string("NOTSET")},
                                             {"ceil_mode", one}};
  if (op == Op::average_pool) attributes.push_back({"count_include_pad", zero});
  attributes.push_back({"dilations", Ints{1, 1}});
  attributes.push_back({"kernel_shape", Ints{3, 2}});
  attributes.push_back({"pads", Ints{1, 0, 1, 1}});
  if (op == Op::max_pool) attributes.push_back({"storage_order", zero});
  attributes.push_back({"strides", Ints{2, 2}});
  make.add(attributes, list(make.data({1, 2, 7, 6})), op == Op::max_pool ? 2 : 1);
}

void add_normalisations(Op op, Maker& make) {
  if (op == Op::batch_normalization) {
    make.add({{"epsilon", 1e-5F}}, list(make.data({2, 3, 4}), make.data({3}), make.data({3}),
                                        make.data({3}), make.data({3})));
  } else if (op == Op::layer_normalization) {
    make.add({{"axis", -one}, {"epsilon", 1e-5F}},
             list(make.data({3, 70}), make.data({70}), make.data({70})));
  } else {
    make.add({{"axis", -one}, {"flatten", zero}}, list(make.data({5, 40})));
    make.add({{"axis", one}, {"flatten", one}}, list(make.data({2, 3, 4})));
  }
}

void add_reductions(Op op, Maker& make) {
  if (op == Op::arg_max) {
    return make.add({{"axis", one}, {"keepdims", zero}, {"select_last_index", zero}},
                    list(make.data({3, 9})));
  }
  make.add({{"keepdims", one}, {"noop_with_empty_axes", zero}},
           list(make.data({3, 50, 2}), ints({1})));
  make.add({{"keepdims", zero}, {"noop_with_empty_axes", zero}}, list(make.data({4, 6})));
}

void add_moves(Op op, Maker& make) {
  switch (op) {
    case Op::reshape:
      return make.add({{"allowzero", zero}}, list(make.data({2, 6}), ints({3, -1})));
    case Op::flatten: return make.add({{"axis", one}}, list(make.data({2, 3, 2})));
    case Op::transpose: return make.add({{"perm", Ints{2, 0, 1}}}, list(make.data({2, 3, 4})));
    case Op::squeeze: return make.add({}, list(make.data({2, 1, 3}), ints({1})));
    case Op::unsqueeze: return make.add({}, list(make.data({2, 3}), ints({0, 3})));
    case Op::concat: return make.add({{"axis", one}}, list(make.data({2, 3}), make.data({2, 1})));
    case Op::split: return make.add({{"axis", zero}}, list(make.data({5, 2}), ints({2, 3})), 2);
    case Op::slice:
      return make.add(
          {}, list(make.data({6, 5}), ints({5, 1}), ints({-7, 4}), ints({0, 1}), ints({-2, 1})));
    case Op::gather: return make.add({{"axis", one}}, list(make.data({2, 5}), ints({4, 0, -1})));
    case Op::pad:
      return make.add({{"mode", std::string("constant")}},
                      list(make.data({2, 3}), ints({1, 0, 0, 2}), make.data({})));
    case Op::expand: return make.add({}, list(make.data({3, 1}), ints({2, 3, 4})));
    case Op::shape:
      return make.add({{"end", std::int64_t{2}}, {"start", zero}}, list(make.data({2, 3, 1})));
    case Op::constant_of_shape: return make.add({}, list(ints({2, 3}), make.data({1})));
    default: ISOTRACE_CHECK(false, core::op_info(op).name);
  }
}

/// Operations whose operands all have the data's type and whose attributes are numbers or none.
void add_elementwise(Op op, Maker& make) {
  const core::OpInfo& info = core::op_info(op);
  std::vector<core::Attribute> attributes;
  if (core::attribute_kind(op, "alpha")) attributes.push_back({"alpha", 0.3F});
  if (core::attribute_kind(op, "beta")) attributes.push_back({"beta", 0.6F});
  if (core::attribute_kind(op, "gamma")) attributes.push_back({"gamma", 1.1F});
  if (info.inputs_min == 2) {
    make.add(attributes, list(make.data({4, 9}), make.data({4, 9})));
    make.add(attributes, list(make.data({2, 3, 5}), make.data({3, 1})));
  } else if (info.inputs_max == core::any_number) {
    make.add(attributes, list(make.data({3, 7}), make.data({7}), make.data({3, 1})));
  } else {
    make.add(attributes, list(make.data({5, 33})));
  }
}

void add_casts(Maker& make) {
  for (std::uint8_t number = 1; core::dtype_from_number(number); ++number) {
    make.add({{"to", static_cast<std::int64_t>(number)}}, list(make.data({70})));
  }
}

/// Conv and its kin, Pool, ... stand in blocks of core/ops.def.
void add_samples(Op op, Maker& make) {
  const auto number = static_cast<int>(op);
  const auto between = [&](Op first, Op last) {
    return number >= static_cast<int>(first) && number <= static_cast<int>(last);
  };
  if (op == Op::cast) return add_casts(make);
  if (op == Op::clip) return make.add({}, list(make.data({40}), std::nullopt, make.data({})));
  if (op == Op::where) {
    return make.add({}, list(make.condition({3, 4}), make.data({3, 4}), make.data({4})));
  }
  if (between(Op::softmax, Op::layer_normalization)) return add_normalisations(op, make);
  if (between(Op::matmul, Op::conv_transpose)) return add_contractions(op, make);
  if (between(Op::max_pool, Op::global_average_pool)) return add_pools(op, make);
  if (between(Op::reduce_sum, Op::arg_max)) return add_reductions(op, make);
  if (between(Op::reshape, Op::constant_of_shape)) return add_moves(op, make);
  add_elementwise(op, make);
}

}  // namespace

std::vector<std::optional<core::TensorView>> Sample::views() const {
  std::vector<std::optional<core::TensorView>> all;
  for (const auto& operand : operands) {
    if (operand) {
      all.emplace_back(operand->view());
    } else {
      all.emplace_back(std::nullopt);
    }
  }
  return all;
}

std::vector<core::Dtype> Sample::dtypes() const {
  std::vector<core::Dtype> all;
  for (const auto& operand : operands) {
    if (operand) all.push_back(operand->dtype());
  }
  return all;
}

std::vector<Sample> make_samples(Op op, Dtype dtype, std::uint64_t seed) {
  Maker make(op, dtype, seed);
  add_samples(op, make);
  return make.take();
}

}  // namespace isotrace::backends
