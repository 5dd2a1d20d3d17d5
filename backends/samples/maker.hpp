// What the families of operations make their samples with.
#pragma once

#include <isotrace/backends/samples.hpp>
#include <isotrace/backends/samples/values.hpp>

namespace isotrace::backends::samples {

using Operands = std::vector<std::optional<Tensor>>;

inline constexpr std::int64_t one = 1;
inline constexpr std::int64_t zero = 0;

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
  /// Integers as the data type, or as f32 if that has no arithmetic of floats.
  [[nodiscard]] Tensor cast(const Tensor& integers) const {
    return convert(integers, core::is_float(dtype_) && has_arithmetic() ? dtype_ : Dtype::f32);
  }
  /// Not booleans and types of less than 8 bits.
  [[nodiscard]] bool has_arithmetic() const {
    return dtype_ != Dtype::boolean && dtype_ < Dtype::i4;
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

}  // namespace isotrace::backends::samples
