// Conversion kernels written once over a vector type; see gemm_kernels_template.hpp for the rules.
// V gives lanes of f32 and i32, and loads and stores of the first n <= width elements of each type.
#pragma once

#include <isotrace/backends/cpu/conversion_kernels.hpp>

namespace isotrace::backends::cpu {

template <class V>
struct ConversionKernelSet {
  using Floats = typename V::Floats;
  using Integers = typename V::Integers;
  static constexpr Index width = V::width;

  /// f(at, n) for whole vectors and the rest: in the calls for whole vectors n is a constant.
  template <class F>
  [[gnu::always_inline]] static inline void for_each_vector(Index count, F f) {
    Index at = 0;
    for (; at + width <= count; at += width) f(at, width);
    if (at < count) f(at, count - at);
  }

  static Integers nearest_in(Floats value, Floats low, Floats high) {
    // The bounds are integers: clamping first gives what rounding first would.
    return V::nearest(V::min(V::max(V::zero_if_nan(value), low), high));
  }

  static Floats as_float(std::int32_t value) { return V::to_floats(V::broadcast_integer(value)); }

  static void requantise(const RequantiseArguments& r) {
    const Floats low = as_float(r.range.low - r.zero_point);
    const Floats high = as_float(r.range.high - r.zero_point);
    const Integers zero = V::broadcast_integer(r.zero_point);
    const Integers addend = V::broadcast_integer(r.addend);
    const Floats factor = V::broadcast(r.factors[0]);
    for_each_vector(r.count, [&](Index at, Index n) {
      const Integers sums = V::add(V::load(r.sums + at, n), addend);
      const Floats by = r.factor_stride == 0 ? factor : V::load(r.factors + at, n);
      const Integers level = nearest_in(V::multiply(V::to_floats(sums), by), low, high);
      V::store_bytes(r.out + at, V::add(level, zero), n);
    });
  }

  static void quantise(const QuantiseArguments& q) {
    const Floats range_low = as_float(q.range.low);
    const Floats range_high = as_float(q.range.high);
    const Floats one_scale = V::broadcast(q.scales[0]);
    const Integers one_zero = V::broadcast_integer(q.zero_points[0]);
    for_each_vector(q.count, [&](Index at, Index n) {
      const bool one = q.scale_stride == 0;
      const Floats scale = one ? one_scale : V::load(q.scales + at, n);
      const Integers zero = one ? one_zero : V::load(q.zero_points + at, n);
      const Floats shift = V::to_floats(zero);
      const Integers level =
          nearest_in(V::divide(V::load(q.x + at, n), scale), V::subtract(range_low, shift),
                     V::subtract(range_high, shift));
      V::store_bytes(q.out + at, V::add(level, zero), n);
    });
  }

  template <bool Signed>
  static void dequantise_bytes(const DequantiseArguments& d) {
    const Floats one_scale = V::broadcast(d.scales[0]);
    const Integers one_zero = V::broadcast_integer(d.zero_points[0]);
    for_each_vector(d.count, [&](Index at, Index n) {
      const bool one = d.scale_stride == 0;
      const Floats scale = one ? one_scale : V::load(d.scales + at, n);
      const Integers zero = one ? one_zero : V::load(d.zero_points + at, n);
      const Integers x = Signed ? V::load_i8(d.x + at, n) : V::load_u8(d.x + at, n);
      const Floats value = V::multiply(V::to_floats(V::subtract(x, zero)), scale);
      V::store(d.out + at, V::canonical(value), n);
    });
  }

  static void dequantise(const DequantiseArguments& d) {
    d.is_signed ? dequantise_bytes<true>(d) : dequantise_bytes<false>(d);
  }

  static FloatRange find_range(const float* x, Index count) {
    Floats low = V::broadcast(0.0F);
    Floats high = low;
    typename V::Mask nan = V::nan_lanes(low);
    for_each_vector(count, [&](Index at, Index n) {
      const Floats value = V::load(x + at, n);  // lanes beyond n are 0
      low = V::min(value, low);
      high = V::max(value, high);
      nan = V::either(nan, V::nan_lanes(value));
    });
    if (V::any(nan)) return {__builtin_nanf(""), __builtin_nanf("")};
    float lows[width];
    float highs[width];
    V::store(lows, low, width);
    V::store(highs, high, width);
    FloatRange range{0, 0};
    for (Index i = 0; i < width; ++i) {
      if (lows[i] < range.low) range.low = lows[i];
      if (highs[i] > range.high) range.high = highs[i];
    }
    return range;
  }

  template <CastType Type>
  [[gnu::always_inline]] static inline Floats load_as(const void* from, Index at, Index n) {
    const auto* bytes = static_cast<const std::uint8_t*>(from) + at;
    const auto* halves = static_cast<const std::uint16_t*>(from) + at;
    switch (Type) {
      case CastType::f32: return V::load(static_cast<const float*>(from) + at, n);
      case CastType::f16: return V::load_f16(halves, n);
      case CastType::bf16: return V::load_bf16(halves, n);
      case CastType::i8: return V::to_floats(V::load_i8(bytes, n));
      case CastType::i16: return V::to_floats(V::load_i16(halves, n));
      case CastType::u16: return V::to_floats(V::load_u16(halves, n));
      case CastType::i32:
        return V::to_floats(V::load(static_cast<const std::int32_t*>(from) + at, n));
      default: return V::to_floats(V::load_u8(bytes, n));
    }
  }

  /// Truncated, saturating, NaN gives 0.
  static Integers whole(Floats value, float low, float high) {
    const Floats number = V::zero_if_nan(value);
    return V::truncate(V::min(V::max(number, V::broadcast(low)), V::broadcast(high)));
  }

  template <CastType Type>
  [[gnu::always_inline]] static inline void store_as(void* to, Index at, Floats value, Index n) {
    auto* bytes = static_cast<std::uint8_t*>(to) + at;
    auto* halves = static_cast<std::uint16_t*>(to) + at;
    switch (Type) {
      case CastType::f32: return V::store(static_cast<float*>(to) + at, V::canonical(value), n);
      case CastType::f16: return V::store_f16(halves, V::canonical(value), n);
      case CastType::bf16: return V::store_bf16(halves, V::canonical(value), n);
      case CastType::i8: return V::store_bytes(bytes, whole(value, -128.0F, 127.0F), n);
      case CastType::u8: return V::store_bytes(bytes, whole(value, 0.0F, 255.0F), n);
      case CastType::i16: return V::store_halves(halves, whole(value, -32768.0F, 32767.0F), n);
      case CastType::u16: return V::store_halves(halves, whole(value, 0.0F, 65535.0F), n);
      case CastType::i32:
        return V::store(static_cast<std::int32_t*>(to) + at, V::saturate(V::zero_if_nan(value)), n);
      default: return V::store_bytes(bytes, V::is_nonzero(value), n);
    }
  }

  template <CastType From, CastType To>
  static void cast(const void* from, void* to, Index count) {
    for_each_vector(
        count, [&](Index at, Index n) { store_as<To>(to, at, load_as<From>(from, at, n), n); });
  }

  static constexpr bool is_float(CastType type) {
    return type == CastType::f32 || type == CastType::f16 || type == CastType::bf16;
  }

  /// Where the value as f32 is exact, or its rounding to f32 the only one.
  template <CastType From, CastType To>
  static constexpr CastFunction find_cast() {
    if constexpr (is_float(From) || (From == CastType::i32 && To == CastType::f32) ||
                  (From != CastType::i32 && is_float(To))) {
      return &cast<From, To>;
    } else {
      return nullptr;
    }
  }

  template <CastType From>
  static constexpr void add_casts(ConversionKernels& kernels) {
    CastFunction* row = kernels.casts[static_cast<int>(From)];
    row[static_cast<int>(CastType::f32)] = find_cast<From, CastType::f32>();
    row[static_cast<int>(CastType::f16)] = find_cast<From, CastType::f16>();
    row[static_cast<int>(CastType::bf16)] = find_cast<From, CastType::bf16>();
    row[static_cast<int>(CastType::i8)] = find_cast<From, CastType::i8>();
    row[static_cast<int>(CastType::u8)] = find_cast<From, CastType::u8>();
    row[static_cast<int>(CastType::i16)] = find_cast<From, CastType::i16>();
    row[static_cast<int>(CastType::u16)] = find_cast<From, CastType::u16>();
    row[static_cast<int>(CastType::i32)] = find_cast<From, CastType::i32>();
    row[static_cast<int>(CastType::boolean)] = find_cast<From, CastType::boolean>();
  }

  static constexpr ConversionKernels make() {
    ConversionKernels kernels{&requantise, &quantise, &dequantise, &find_range, {}};
    add_casts<CastType::f32>(kernels);
    add_casts<CastType::f16>(kernels);
    add_casts<CastType::bf16>(kernels);
    add_casts<CastType::i8>(kernels);
    add_casts<CastType::u8>(kernels);
    add_casts<CastType::i16>(kernels);
    add_casts<CastType::u16>(kernels);
    add_casts<CastType::i32>(kernels);
    add_casts<CastType::boolean>(kernels);
    return kernels;
  }
};

}  // namespace isotrace::backends::cpu
