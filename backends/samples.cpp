#include <isotrace/backends/samples.hpp>

#include <bit>

#include <isotrace/core/convert.hpp>
#include <isotrace/reference/packed.hpp>
#include <isotrace/reference/scalar.hpp>

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
  } else if constexpr (std::is_same_v<T, core::UInt4>) {
    return {static_cast<std::uint8_t>(random.next_below(16))};
  } else if constexpr (std::is_same_v<T, core::Int4>) {
    return {static_cast<std::int8_t>(static_cast<int>(random.next_below(16)) - 8)};
  } else if constexpr (std::is_class_v<T>) {  // Float8
    return core::to_float8<core::dtype_of<T>>(sample_float(random));
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

template <Dtype format>
Tensor sample_float8s(core::PhiloxStream& random, Shape shape) {
  return sample_tensor_of<core::Float8<format>>(random, std::move(shape));
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
    case Dtype::f8e4m3fn: return sample_float8s<Dtype::f8e4m3fn>(random, std::move(shape));
    case Dtype::f8e4m3fnuz: return sample_float8s<Dtype::f8e4m3fnuz>(random, std::move(shape));
    case Dtype::f8e5m2: return sample_float8s<Dtype::f8e5m2>(random, std::move(shape));
    case Dtype::f8e5m2fnuz: return sample_float8s<Dtype::f8e5m2fnuz>(random, std::move(shape));
    case Dtype::i4: return sample_tensor_of<core::Int4>(random, std::move(shape));
    case Dtype::u4: return sample_tensor_of<core::UInt4>(random, std::move(shape));
  }
  ISOTRACE_CHECK(false, static_cast<int>(dtype));
}

Tensor scalar(Dtype dtype, float value) {
  auto made = reference::visit_all(dtype, [&](auto type) -> core::Result<Tensor> {
    using T = typename decltype(type)::type;
    if constexpr (reference::is_boxed<T>) {
      return Tensor::of<T>({}, {T{1}});
    } else {
      return Tensor::of<T>({}, {reference::narrow<T>(static_cast<reference::Wide<T>>(value))});
    }
  });
  return *std::move(made);
}

Tensor ints(const Ints& values) {
  return Tensor::of<std::int64_t>({std::ssize(values)}, std::span<const std::int64_t>(values));
}

Tensor indices(Shape shape, const Ints& values) {
  Tensor tensor = ints(values);
  tensor.reshape(std::move(shape));
  return tensor;
}

/// i64 as a floating-point type.
Tensor convert(const Tensor& integers, Dtype dtype) {
  auto made = reference::visit_floats(dtype, [&](auto type) -> core::Result<Tensor> {
    using T = typename decltype(type)::type;
    Tensor result(dtype, integers.shape());
    std::ranges::transform(integers.data<std::int64_t>(), result.data<T>().begin(), [](auto value) {
      return reference::narrow<T>(static_cast<reference::Wide<T>>(value));
    });
    return result;
  });
  return *std::move(made);
}

/// Collects the samples of one operation.
class Maker {
 public:
  Maker(Op op, Dtype dtype, std::uint64_t seed)
      : op_(op), dtype_(dtype), random_(seed, static_cast<std::uint32_t>(op)) {}

  Tensor data(Shape shape) { return sample_tensor(random_, dtype_, std::move(shape)); }
  Tensor condition(Shape shape) { return sample_tensor(random_, Dtype::boolean, std::move(shape)); }

  /// A scalar, truncated if the data has integers.
  [[nodiscard]] Tensor number(float value) const { return scalar(dtype_, value); }
  [[nodiscard]] Dtype dtype() const { return dtype_; }
  Tensor bytes(Shape shape) { return sample_tensor(random_, Dtype::u8, std::move(shape)); }
  /// One number of the data's type where that counts something.
  Tensor count(std::int64_t value) {
    if (dtype_ == Dtype::i64) return Tensor::of<std::int64_t>({}, {value});
    if (dtype_ == Dtype::i32)
      return Tensor::of<std::int32_t>({}, {static_cast<std::int32_t>(value)});
    return data({});
  }
  /// Zeros of the data's type.
  [[nodiscard]] Tensor zeros(Shape shape) const { return {dtype_, std::move(shape)}; }

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

  /// Values around [-1, 1] in f32, whatever the data type.
  Tensor grid(Shape shape) {
    Tensor tensor(Dtype::f32, std::move(shape));
    for (float& value : tensor.data<float>()) value = 3.0F * random_.next_f32() - 1.5F;
    return tensor;
  }
  /// Integers as the data type, or as f32 if that is not floating-point.
  [[nodiscard]] Tensor cast(const Tensor& integers) const {
    return convert(integers, core::is_float(dtype_) ? dtype_ : Dtype::f32);
  }
  /// Not booleans and 4-bit integers.
  [[nodiscard]] bool has_arithmetic() const {
    return dtype_ != Dtype::boolean && dtype_ != Dtype::i4 && dtype_ != Dtype::u4;
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
  if (op == Op::global_lp_pool) {
    return make.add({{"p", std::int64_t{3}}}, list(make.data({2, 3, 4, 5})));
  }
  std::vector<core::Attribute> attributes = {{"auto_pad", std::string("NOTSET")},
                                             {"ceil_mode", one}};
  if (op == Op::average_pool) attributes.push_back({"count_include_pad", zero});
  attributes.push_back({"dilations", Ints{1, 1}});
  attributes.push_back({"kernel_shape", Ints{3, 2}});
  if (op == Op::lp_pool) attributes.push_back({"p", std::int64_t{2}});
  attributes.push_back({"pads", Ints{1, 0, 1, 1}});
  if (op == Op::max_pool) attributes.push_back({"storage_order", zero});
  attributes.push_back({"strides", Ints{2, 2}});
  make.add(attributes, list(make.data({1, 2, 7, 6})), op == Op::max_pool ? 2 : 1);
}

/// Forward, reverse and both, with sequences of different lengths.
void add_recurrent(Op op, Maker& make) {
  const std::int64_t gates = op == Op::rnn ? 1 : op == Op::gru ? 3 : 4;
  const std::size_t functions = op == Op::rnn ? 1 : op == Op::gru ? 2 : 3;
  for (const std::int64_t directions : {one, std::int64_t{2}}) {
    std::string names;
    for (std::int64_t d = 0; d < directions; ++d) {
      names += op == Op::rnn ? "Tanh " : op == Op::gru ? "Sigmoid Tanh " : "Sigmoid Tanh Softsign ";
    }
    names.pop_back();
    const std::vector<float> none(functions * static_cast<std::size_t>(directions), 0.0F);
    std::vector<core::Attribute> attributes = {
        {"activation_alpha", none},
        {"activation_beta", none},
        {"activations", names},
        {"clip", 2.5F},
        {"direction", std::string(directions == 2 ? "bidirectional" : "reverse")}};
    if (op == Op::lstm) attributes.push_back({"input_forget", directions - 1});
    attributes.push_back({"k_segment", std::int64_t{256}});
    if (op == Op::gru) attributes.push_back({"linear_before_reset", directions - 1});
    const std::int64_t rows = gates * 5;
    Operands operands = list(make.data({4, 3, 6}), make.data({directions, rows, 6}),
                             make.data({directions, rows, 5}), make.data({directions, 2 * rows}),
                             ints({4, 0, 2}), make.data({directions, 3, 5}));
    if (op == Op::lstm) {
      operands.emplace_back(make.data({directions, 3, 5}));
      operands.emplace_back(make.data({directions, 15}));
    }
    make.add(std::move(attributes), std::move(operands), op == Op::lstm ? 3 : 2);
  }
}

void add_normalisations(Op op, Maker& make) {
  if (op == Op::batch_normalization) {
    make.add({{"epsilon", 1e-5F}}, list(make.data({2, 3, 4}), make.data({3}), make.data({3}),
                                        make.data({3}), make.data({3})));
  } else if (op == Op::layer_normalization) {
    make.add({{"axis", -one}, {"epsilon", 1e-5F}},
             list(make.data({3, 70}), make.data({70}), make.data({70})), 3);
  } else if (op == Op::instance_normalization) {
    make.add({{"epsilon", 1e-5F}}, list(make.data({2, 3, 40}), make.data({3}), make.data({3})));
  } else if (op == Op::group_normalization) {
    make.add({{"epsilon", 1e-5F}, {"num_groups", std::int64_t{2}}},
             list(make.data({2, 4, 20}), make.data({4}), make.data({4})));
  } else if (op == Op::mean_variance_normalization) {
    make.add({{"axes", Ints{0, 2}}}, list(make.data({3, 2, 20})));
  } else if (op == Op::lp_normalization) {
    for (const std::int64_t p : {one, std::int64_t{2}}) {
      make.add({{"axis", -one}, {"p", p}}, list(make.data({3, 40})));
    }
  } else if (op == Op::lrn) {
    make.add({{"alpha", 0.5F}, {"beta", 0.75F}, {"bias", 1.5F}, {"size", std::int64_t{3}}},
             list(make.data({2, 5, 4})));
  } else {
    make.add({{"axis", -one}, {"flatten", zero}}, list(make.data({5, 40})));
    make.add({{"axis", one}, {"flatten", one}}, list(make.data({2, 3, 4})));
  }
}

/// Regions and boxes inside an image of 6 by 7: samples of data would leave it.
Tensor regions(Maker& make, const Ints& values, Shape shape) {
  Tensor integers = ints(values);
  integers.reshape(std::move(shape));
  return make.cast(integers);
}

void add_windows(Op op, Maker& make) {
  const Ints two = {2, 2};
  switch (op) {
    case Op::max_unpool:
      return make.add({{"kernel_shape", two}, {"pads", Ints{}}, {"strides", two}},
                      list(make.data({1, 1, 2, 2}), indices({1, 1, 2, 2}, {0, 3, 9, 15})));
    case Op::max_roi_pool:
      return make.add(
          {{"pooled_shape", two}, {"spatial_scale", 0.5F}},
          list(make.data({2, 2, 6, 7}), regions(make, {0, 0, 0, 5, 6, 1, 2, 2, 9, 11}, {2, 5})));
    case Op::roi_align:
      for (const char* mode : {"avg", "max"}) {
        make.add({{"coordinate_transformation_mode", std::string("half_pixel")},
                  {"mode", std::string(mode)},
                  {"output_height", std::int64_t{2}},
                  {"output_width", std::int64_t{3}},
                  {"sampling_ratio", zero},
                  {"spatial_scale", 0.75F}},
                 list(make.data({2, 2, 6, 7}), regions(make, {0, 0, 5, 6, 1, 2, 4, 4}, {2, 4}),
                      ints({1, 0})));
      }
      return;
    case Op::col2im:
      return make.add({{"dilations", Ints{1, 2}}, {"pads", Ints{1, 0, 0, 1}}, {"strides", Ints{}}},
                      list(make.data({2, 8, 12}), ints({3, 5}), ints({2, 2})));
    case Op::deform_conv:
      return make.add({{"dilations", Ints{1, 1}},
                       {"group", std::int64_t{2}},
                       {"k_segment", std::int64_t{256}},
                       {"offset_group", std::int64_t{2}},
                       {"pads", Ints{1, 0, 0, 1}},
                       {"strides", Ints{1, 2}}},
                      list(make.data({1, 4, 4, 5}), make.data({2, 2, 2, 2}),
                           make.data({1, 16, 4, 3}), make.data({2}), make.data({1, 8, 4, 3})));
    default: ISOTRACE_CHECK(false, core::op_info(op).name);
  }
}

std::vector<core::Attribute> resize_attributes(std::string mode, std::int64_t antialias) {
  return {{"antialias", antialias},
          {"axes", Ints{}},
          {"coordinate_transformation_mode", std::string("half_pixel")},
          {"cubic_coeff_a", -0.75F},
          {"exclude_outside", antialias},
          {"extrapolation_value", 0.0F},
          {"keep_aspect_ratio_policy", std::string("stretch")},
          {"mode", std::move(mode)},
          {"nearest_mode", std::string("round_prefer_floor")}};
}

void add_vision(Op op, Maker& make) {
  const Tensor none(Dtype::f32, {0});  // lists without entries count as left out
  switch (op) {
    case Op::resize:
      make.add(resize_attributes("nearest", zero),
               list(make.data({1, 2, 4, 5}), none, none, ints({1, 2, 7, 3})));
      if (!make.has_arithmetic()) return;
      make.add(resize_attributes("linear", zero),
               list(make.data({1, 2, 4, 5}), none, none, ints({1, 2, 7, 3})));
      return make.add(resize_attributes("cubic", one),
                      list(make.data({5, 6}), none, none, ints({3, 8})));
    case Op::grid_sample:
      for (const char* mode : {"nearest", "linear", "cubic"}) {
        for (const char* padding : {"zeros", "border", "reflection"}) {
          make.add({{"align_corners", zero},
                    {"mode", std::string(mode)},
                    {"padding_mode", std::string(padding)}},
                   list(make.data({1, 2, 4, 5}), make.grid({1, 3, 4, 2})));
        }
      }
      return;
    case Op::affine_grid:
      return make.add({{"align_corners", zero}}, list(make.data({1, 2, 3}), ints({1, 1, 3, 4})));
    case Op::non_max_suppression:
      return make.add({{"center_point_box", zero}},
                      list(make.data({1, 20, 4}), make.data({1, 2, 20}), ints({5}), make.data({}),
                           make.data({})));
    default: ISOTRACE_CHECK(false, core::op_info(op).name);
  }
}

void add_reductions(Op op, Maker& make) {
  if (op == Op::cum_sum) {
    make.add({{"exclusive", zero}, {"reverse", zero}}, list(make.data({3, 5, 2}), ints({1})));
    return make.add({{"exclusive", one}, {"reverse", one}}, list(make.data({9}), ints({-1})));
  }
  if (op == Op::top_k) {
    make.add({{"axis", one}, {"largest", one}}, list(make.data({3, 9, 2}), ints({4})), 2);
    return make.add({{"axis", -one}, {"largest", zero}}, list(make.data({3, 9}), ints({0})), 2);
  }
  if (op == Op::arg_max || op == Op::arg_min) {
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

/// Gathering, scattering, finding.
void add_selections(Op op, Maker& make) {
  switch (op) {
    case Op::gather_elements:
      return make.add({{"axis", one}},
                      list(make.data({2, 3}), Tensor::of<std::int64_t>({1, 4}, {2, 0, -1, 0})));
    case Op::gather_nd:
      return make.add({{"batch_dims", one}},
                      list(make.data({2, 3, 2}), Tensor::of<std::int64_t>({2, 1}, {-1, 0})));
    case Op::scatter_elements:
    case Op::scatter_nd: {
      const bool along_axis = op == Op::scatter_elements;
      for (const char* reduction : {"none", "add", "mul", "max", "min"}) {
        std::vector<core::Attribute> attributes;
        if (along_axis) attributes.push_back({"axis", zero});
        attributes.push_back({"reduction", std::string(reduction)});
        const Tensor indices = Tensor::of<std::int64_t>({4, 1}, {1, 0, -1, 1});
        const Shape updates = along_axis ? Shape{4, 1} : Shape{4, 2};
        make.add(std::move(attributes), list(make.data({3, 2}), indices, make.data(updates)));
        if (!make.has_arithmetic()) return;  // none is all that these have
      }
      return;
    }
    case Op::one_hot:
      return make.add({{"axis", zero}}, list(ints({1, -1, 5}), ints({3}), make.data({2})));
    case Op::compress:
      return make.add({{"axis", one}}, list(make.data({2, 5}), make.condition({4})));
    case Op::non_zero: return make.add({}, list(make.data({4, 7})));
    case Op::unique:
      make.add({{"axis", zero}, {"sorted", one}}, list(make.data({40})), 4);
      return make.add({{"axis", one}, {"sorted", zero}}, list(make.data({1, 12})), 4);
    default: ISOTRACE_CHECK(false, core::op_info(op).name);
  }
}

/// Repeating, rearranging and making.
void add_arrangements(Op op, Maker& make) {
  switch (op) {
    case Op::tile: return make.add({}, list(make.data({2, 3}), ints({2, 2})));
    case Op::depth_to_space:
      for (const char* mode : {"DCR", "CRD"}) {
        make.add({{"blocksize", std::int64_t{2}}, {"mode", std::string(mode)}},
                 list(make.data({1, 8, 2, 3})));
      }
      return;
    case Op::space_to_depth:
      return make.add({{"blocksize", std::int64_t{2}}}, list(make.data({1, 2, 4, 6})));
    case Op::eye_like: {
      const auto dtype = static_cast<std::int64_t>(make.dtype());
      return make.add({{"dtype", dtype}, {"k", one}}, list(make.data({3, 4})));
    }
    case Op::trilu: return make.add({{"upper", one}}, list(make.data({2, 3, 4}), ints({1})));
    case Op::range:
      return make.add({}, list(make.number(1.0F), make.number(9.0F), make.number(2.5F)));
    case Op::reverse_sequence:
      return make.add({{"batch_axis", zero}, {"time_axis", one}},
                      list(make.data({2, 4}), ints({3, 0})));
    case Op::size: return make.add({}, list(make.data({3, 4})));
    case Op::dropout:
      return make.add({}, list(make.data({3, 4}), make.number(0.0F), make.condition({})), 2);
    case Op::center_crop_pad:
      return make.add({{"axes", Ints{}}}, list(make.data({5, 2}), ints({2, 5})));
    default: return add_selections(op, make);
  }
}

/// Attributes of elementwise operations that are no factors.
void add_modes(Op op, Maker& make) {
  switch (op) {
    case Op::mod:
      make.add({{"fmod", one}}, list(make.data({4, 9}), make.data({9})));
      if (core::is_integer(make.dtype())) {
        make.add({{"fmod", zero}}, list(make.data({4, 9}), make.data({9})));
      }
      return;
    case Op::bit_shift:
      for (const char* direction : {"LEFT", "RIGHT"}) {
        make.add({{"direction", std::string(direction)}}, list(make.data({4, 9}), make.data({9})));
      }
      return;
    case Op::is_inf:
      return make.add({{"detect_negative", one}, {"detect_positive", zero}}, list(make.data({70})));
    case Op::gelu:
      make.add({{"approximate", std::string("none")}}, list(make.data({70})));
      return make.add({{"approximate", std::string("tanh")}}, list(make.data({70})));
    case Op::shrink: return make.add({{"bias", 0.25F}, {"lambd", 1.5F}}, list(make.data({70})));
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

/// Exponents of the data's type and integers.
void add_powers(Maker& make) {
  make.add({}, list(make.data({4, 9}), make.data({4, 9})));
  make.add({}, list(make.data({2, 4}), ints({3, 0, 1, 2})));
}

void add_casts(Maker& make) {
  for (std::uint8_t number = 1; core::dtype_from_number(number); ++number) {
    for (const std::int64_t saturate : {zero, one}) {
      make.add({{"saturate", saturate}, {"to", static_cast<std::int64_t>(number)}},
               list(make.data({70})));
    }
  }
}

/// A scale per tensor is a scalar, one per position of an axis a list.
Tensor scale(std::initializer_list<float> values) {
  const bool scalar = values.size() == 1;
  return Tensor::of<float>(scalar ? Shape{} : Shape{std::ssize(values)},
                           std::span<const float>(values.begin(), values.size()));
}

void add_integer_convolutions(Op op, Maker& make) {
  const std::vector<core::Attribute> window = {{"auto_pad", std::string("NOTSET")},
                                               {"dilations", Ints{1, 2}},
                                               {"group", std::int64_t{2}},
                                               {"pads", Ints{1, 0, 0, 2}},
                                               {"strides", Ints{2, 1}}};
  const Shape x = {2, 4, 6, 7};
  const Shape w = {4, 2, 3, 2};
  if (op == Op::conv_integer) {
    make.add(window, list(make.data(x), make.bytes(w)));
    make.add(window, list(make.data(x), make.bytes(w), make.data({}), make.bytes({4})));
  } else {
    make.add(window, list(make.data(x), scale({0.5F}), make.data({}), make.bytes(w),
                          scale({0.25F, 0.5F, 2, 0.1F}), make.bytes({4}), scale({1.5F}),
                          make.bytes({}), Tensor::of<std::int32_t>({4}, {-40, 5, 0, 1000})));
  }
}

void add_quantised(Op op, Maker& make) {
  const std::vector<core::Attribute> blocks = {{"axis", one}, {"block_size", std::int64_t{2}}};
  const std::vector<core::Attribute> axis = {{"axis", one}, {"block_size", zero}};
  const auto to = [](Dtype dtype, std::vector<core::Attribute> attributes) {
    attributes.push_back({"output_dtype", static_cast<std::int64_t>(dtype)});
    attributes.push_back({"saturate", one});
    return attributes;
  };
  switch (op) {
    case Op::quantize_linear:
      make.add(to(Dtype::u8, axis),
               list(make.data({3, 2, 9}), scale({0.5F, 0.03F}), make.bytes({2})));
      make.add(to(Dtype::i4, blocks),
               list(make.data({1, 3}), Tensor::of<float>({1, 2}, {2, 0.5F})));
      return make.add(to(Dtype::f8e4m3fn, axis), list(make.data({40}), scale({0.01F})));
    case Op::dequantize_linear:
      make.add(axis, list(make.data({3, 2, 9}), scale({0.5F, 0.03F}), make.zeros({2})));
      return make.add(blocks, list(make.data({1, 3}), Tensor::of<float>({1, 2}, {2, 0.5F})));
    case Op::dynamic_quantize_linear: return make.add({}, list(make.data({5, 7})), 3);
    case Op::matmul_integer:
      make.add({}, list(make.data({2, 3, 9}), make.bytes({9, 17})));
      return make.add({},
                      list(make.data({3, 9}), make.bytes({9, 5}), make.data({3}), make.bytes({5})));
    case Op::qlinear_matmul:
      return make.add({}, list(make.data({3, 9}), scale({0.5F}), make.data({}), make.bytes({9, 2}),
                               scale({0.25F, 0.01F}), make.bytes({2}), scale({3}), make.bytes({})));
    default: return add_integer_convolutions(op, make);
  }
}

void add_signals(Op op, Maker& make) {
  const core::Attribute segment = {"k_segment", std::int64_t{4}};
  const core::Attribute to_f32 = {"output_datatype", one};
  switch (op) {
    case Op::einsum:
      make.add({{"equation", std::string("bij,bjk->bik")}, segment},
               list(make.data({2, 3, 9}), make.data({2, 9, 4})));
      return make.add({{"equation", std::string("...ii,i,...j")}, segment},
                      list(make.data({2, 3, 3}), make.data({3}), make.data({2, 2})));
    case Op::det: return make.add({}, list(make.data({3, 4, 4})));
    case Op::dft:
      make.add({{"inverse", zero}, segment, {"onesided", one}},
               list(make.data({2, 9, 1}), ints({12}), ints({1})));
      return make.add({{"inverse", one}, segment, {"onesided", zero}},
                      list(make.data({2, 7, 3, 2})));
    case Op::stft:
      return make.add({segment, {"onesided", one}},
                      list(make.data({2, 20, 1}), ints({3}), make.data({8}), ints({8})));
    case Op::mel_weight_matrix:
      return make.add({to_f32},
                      list(ints({4}), ints({16}), ints({8000}), make.zeros({}), make.zeros({})));
    case Op::negative_log_likelihood_loss:
      return make.add(
          {{"has_ignore_index", one}, {"ignore_index", -one}, {"reduction", std::string("none")}},
          list(make.data({5, 3}), ints({2, 0, -1, 1, 1}), make.data({3})));
    case Op::tfidf_vectorizer:
      return make.add({{"max_gram_length", std::int64_t{2}},
                       {"max_skip_count", one},
                       {"min_gram_length", one},
                       {"mode", std::string("TFIDF")},
                       {"ngram_counts", Ints{0, 3}},
                       {"ngram_indexes", Ints{1, 0, 2, 4}},
                       {"pool_int64s", Ints{1, 2, -3, 2, 1}},
                       {"weights", std::vector<float>{1, 0.5F, 2, 3}}},
                      list(make.data({2, 30})));
    default:
      make.add({to_f32, {"periodic", one}}, list(make.count(9)));
      return make.add({to_f32, {"periodic", zero}}, list(make.count(8)));
  }
}

/// Sequences of the data's type, of tensors of different shapes.
void add_sequences(Op op, Dtype dtype, Maker& make) {
  const auto sequence = [&make, dtype](std::initializer_list<Shape> shapes) {
    std::vector<Tensor> tensors;
    core::Packed value;
    for (const Shape& shape : shapes) tensors.push_back(make.data(shape));
    for (const Tensor& tensor : tensors) value.tensors.push_back(reference::packed_tensor(tensor));
    return *reference::write_packed(core::sequence_of(dtype), value);
  };
  const auto number = [](Dtype of) { return static_cast<std::int64_t>(of); };
  switch (op) {
    case Op::sequence_construct: return make.add({}, list(make.data({2, 3}), make.data({})));
    case Op::sequence_empty: return make.add({{"dtype", number(dtype)}}, {});
    case Op::sequence_at: return make.add({}, list(sequence({{2}, {3, 2}}), ints({-1})));
    case Op::sequence_insert:
      return make.add({}, list(sequence({{2}, {0, 4}}), make.data({2, 2}), ints({1})));
    case Op::sequence_erase: return make.add({}, list(sequence({{2}, {3}}), ints({0})));
    case Op::sequence_length: return make.add({}, list(sequence({{}, {3}})));
    case Op::split_to_sequence:
      return make.add({{"axis", one}, {"keepdims", zero}}, list(make.data({2, 5}), ints({4, 1})));
    case Op::concat_from_sequence:
      return make.add({{"axis", zero}, {"new_axis", zero}}, list(sequence({{2, 3}, {1, 3}})));
    case Op::optional:
      make.add({{"dtype", number(core::optional_of(dtype))}}, list(make.data({3})));
      return make.add({{"dtype", number(core::optional_of(core::sequence_of(dtype)))}},
                      list(sequence({{2}, {}})));
    case Op::optional_get_element: return make.add({}, list(sequence({{2}, {3}})));
    case Op::optional_has_element: return make.add({}, list(make.data({2})));
    default: ISOTRACE_CHECK(false, core::op_info(op).name);
  }
}

/// Conv and its kin, Pool, ... stand in blocks of core/ops.def.
void add_samples(Op op, Dtype dtype, Maker& make) {
  const auto number = static_cast<int>(op);
  const auto between = [&](Op first, Op last) {
    return number >= static_cast<int>(first) && number <= static_cast<int>(last);
  };
  if (op == Op::cast) return add_casts(make);
  if (op == Op::pow) return add_powers(make);
  if (op == Op::clip) return make.add({}, list(make.data({40}), std::nullopt, make.data({})));
  if (op == Op::where) {
    return make.add({}, list(make.condition({3, 4}), make.data({3, 4}), make.data({4})));
  }
  if (op == Op::mod || op == Op::bit_shift || op == Op::is_inf || op == Op::gelu ||
      op == Op::shrink) {
    return add_modes(op, make);
  }
  if (op == Op::hardmax || between(Op::softmax, Op::layer_normalization) ||
      between(Op::instance_normalization, Op::lrn)) {
    return add_normalisations(op, make);
  }
  if (between(Op::rnn, Op::lstm)) return add_recurrent(op, make);
  if (op == Op::deform_conv || between(Op::max_unpool, Op::col2im)) return add_windows(op, make);
  if (between(Op::resize, Op::non_max_suppression)) return add_vision(op, make);
  if (between(Op::matmul, Op::conv_transpose)) return add_contractions(op, make);
  if (between(Op::max_pool, Op::global_lp_pool)) return add_pools(op, make);
  if (between(Op::reduce_sum, Op::top_k)) return add_reductions(op, make);
  if (between(Op::reshape, Op::constant_of_shape)) return add_moves(op, make);
  if (between(Op::tile, Op::dropout)) return add_arrangements(op, make);
  if (between(Op::sequence_construct, Op::optional_has_element)) {
    return add_sequences(op, dtype, make);
  }
  if (between(Op::quantize_linear, Op::qlinear_conv)) return add_quantised(op, make);
  if (between(Op::einsum, Op::tfidf_vectorizer)) return add_signals(op, make);
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
  add_samples(op, dtype, make);
  return make.take();
}

}  // namespace isotrace::backends
