#include <isotrace/backends/samples/values.hpp>

#include <bit>

#include <isotrace/core/convert.hpp>
#include <isotrace/reference/cast.hpp>
#include <isotrace/reference/scalar.hpp>

namespace isotrace::backends::samples {
namespace {

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
  } else if constexpr (reference::is_tiny<T>) {
    return reference::cast_to_tiny<T>(random.next_below(16));
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

}  // namespace

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
    case Dtype::i2: return sample_tensor_of<core::Int2>(random, std::move(shape));
    case Dtype::u2: return sample_tensor_of<core::UInt2>(random, std::move(shape));
    case Dtype::f4e2m1: return sample_float8s<Dtype::f4e2m1>(random, std::move(shape));
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
}  // namespace isotrace::backends::samples
