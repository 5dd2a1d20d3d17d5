// Elements of one type as elements of another (docs/spec/elementwise.md, "Cast"): the bits of
// reference/cast.hpp and core/convert.hpp, by arithmetic on integers, so that no library of a
// device has a say in them.
#pragma once

#include <isotrace/backends/gpu/kernels/kernel.hpp>
#include <isotrace/core/convert.hpp>

namespace isotrace::backends::gpu {

using core::Dtype;

/// An element of any type, exactly: a binary64 number, or an integer of up to 64 bits.
struct AnyElement {
  bool is_whole;
  bool is_unsigned;
  double real;
  std::uint64_t whole;  ///< two's complement
};

/// Bits without a sign, of a format with so many of fraction and this bias; finite.
ISOTRACE_KERNEL_CODE float widen_magnitude(std::uint32_t bits, int fraction, int bias) {
  const std::uint32_t mantissa = bits & ((1U << fraction) - 1U);
  const auto biased = static_cast<int>(bits >> fraction);
  if (bias == 127) return from_bits(bits << 16);  // bf16
  if (biased != 0) {
    return from_bits((static_cast<std::uint32_t>(biased - bias + 127) << 23) |
                     (mantissa << (23 - fraction)));
  }
  const auto unit = static_cast<std::uint32_t>(1 - bias - fraction + 127) << 23;
  return static_cast<float>(static_cast<std::int32_t>(mantissa)) * from_bits(unit);
}

ISOTRACE_KERNEL_CODE float widen_16(std::uint16_t bits, int fraction, int exponent) {
  const std::uint32_t infinity = ((1U << exponent) - 1U) << fraction;
  const std::uint32_t sign = 1U << (fraction + exponent);
  const std::uint32_t size = bits & (sign - 1U);
  if (size > infinity) return from_bits(core::canonical_nan_f32_bits);
  const float value = size == infinity ? from_bits(std::uint32_t{0x7F800000})
                                       : widen_magnitude(size, fraction, (1 << (exponent - 1)) - 1);
  return (bits & sign) != 0 ? -value : value;
}

ISOTRACE_KERNEL_CODE std::uint32_t float8_sign(core::Float8Format format) {
  return format.greatest > 0x07 ? 0x80 : 0x08;
}

ISOTRACE_KERNEL_CODE float widen_8(std::uint8_t bits, core::Float8Format format) {
  const std::uint32_t sign = float8_sign(format);
  const std::uint32_t size = bits & (sign - 1U);
  const bool infinite =
      size > format.greatest && size == format.above && format.above != format.nan;
  if (sign == 0x80 && (bits == format.nan || (size > format.greatest && !infinite))) {
    return from_bits(core::canonical_nan_f32_bits);
  }
  const float value = infinite ? from_bits(std::uint32_t{0x7F800000})
                               : widen_magnitude(size, format.fraction, format.bias);
  return (bits & sign) != 0 ? -value : value;
}

/// A finite magnitude, as the bits of binary64, with so many of fraction and exponents from
/// 1 - bias up, without an upper end; ties to even.
ISOTRACE_KERNEL_CODE std::uint32_t round_magnitude(std::uint64_t bits, int fraction, int bias) {
  const int exponent = static_cast<int>(bits >> 52) - 1023;
  if (exponent < -1022) return 0;  // far below half of any format's least number
  const std::uint64_t mantissa = (bits & 0xFFFFFFFFFFFFF) | 0x10000000000000;
  const int unit = (exponent > 1 - bias ? exponent : 1 - bias) - fraction;
  const int cut = unit - (exponent - 52);
  if (cut > 54) return 0;
  const std::uint64_t rest = mantissa & ((std::uint64_t{1} << cut) - 1);
  const std::uint64_t half = std::uint64_t{1} << (cut - 1);
  auto kept = static_cast<std::uint32_t>(mantissa >> cut);
  if (rest > half || (rest == half && (kept & 1U) != 0)) ++kept;
  const auto biased = static_cast<std::uint32_t>(unit + fraction + bias - 1);
  return (biased << fraction) + kept;
}

inline constexpr std::uint64_t magnitude_bits = 0x7FFFFFFFFFFFFFFF;
inline constexpr std::uint64_t infinity_bits = 0x7FF0000000000000;

ISOTRACE_KERNEL_CODE std::uint16_t round_to_16(double value, int fraction, int exponent,
                                               std::uint16_t nan) {
  const std::uint64_t bits = bits_of(value);
  const std::uint64_t size = bits & magnitude_bits;
  if (size > infinity_bits) return nan;
  const auto sign = static_cast<std::uint32_t>(bits >> 63) << (fraction + exponent);
  const std::uint32_t infinity = ((1U << exponent) - 1U) << fraction;
  if (size == infinity_bits) return static_cast<std::uint16_t>(sign | infinity);
  const std::uint32_t rounded = round_magnitude(size, fraction, (1 << (exponent - 1)) - 1);
  return static_cast<std::uint16_t>(sign | (rounded < infinity ? rounded : infinity));
}

ISOTRACE_KERNEL_CODE std::uint8_t round_to_8(double value, core::Float8Format format,
                                             bool saturate) {
  const std::uint64_t bits = bits_of(value);
  const std::uint64_t size = bits & magnitude_bits;
  if (size > infinity_bits) return format.nan;
  std::uint32_t rounded =
      size == infinity_bits ? 0x80U : round_magnitude(size, format.fraction, format.bias);
  if (rounded > format.greatest) {
    if (!saturate && format.above == format.nan) return format.nan;
    rounded = saturate ? format.greatest : format.above;
  }
  const bool zero_without_sign = rounded == 0 && format.nan == 0x80;
  const bool negative = bits >> 63 != 0 && !zero_without_sign;
  return static_cast<std::uint8_t>(rounded | (negative ? float8_sign(format) : 0U));
}

ISOTRACE_KERNEL_CODE AnyElement of_real(double value) { return {false, false, value, 0}; }
template <class Integer>
ISOTRACE_KERNEL_CODE AnyElement of_whole(Integer value) {
  return {true, Integer(-1) > Integer(0), 0, static_cast<std::uint64_t>(value)};
}

ISOTRACE_KERNEL_CODE AnyElement load_element(Dtype type, const void* from, std::uint64_t i) {
  switch (type) {
    case Dtype::f32: return of_real(static_cast<const float*>(from)[i]);
    case Dtype::f64: return of_real(static_cast<const double*>(from)[i]);
    case Dtype::f16: return of_real(widen_16(static_cast<const std::uint16_t*>(from)[i], 10, 5));
    case Dtype::bf16: return of_real(widen_16(static_cast<const std::uint16_t*>(from)[i], 7, 8));
    case Dtype::i16: return of_whole(static_cast<const std::int16_t*>(from)[i]);
    case Dtype::u16: return of_whole(static_cast<const std::uint16_t*>(from)[i]);
    case Dtype::i32: return of_whole(static_cast<const std::int32_t*>(from)[i]);
    case Dtype::u32: return of_whole(static_cast<const std::uint32_t*>(from)[i]);
    case Dtype::i64: return of_whole(static_cast<const std::int64_t*>(from)[i]);
    case Dtype::u64: return of_whole(static_cast<const std::uint64_t*>(from)[i]);
    case Dtype::i8:
    case Dtype::i4:
    case Dtype::i2: return of_whole(static_cast<const std::int8_t*>(from)[i]);
    case Dtype::f8e4m3fn:
    case Dtype::f8e4m3fnuz:
    case Dtype::f8e5m2:
    case Dtype::f8e5m2fnuz:
    case Dtype::f4e2m1:
      return of_real(widen_8(static_cast<const std::uint8_t*>(from)[i], core::float8_format(type)));
    default: return of_whole(static_cast<const std::uint8_t*>(from)[i]);
  }
}

/// As binary64 with at most one more rounding to come: what does not fit is rounded to odd.
ISOTRACE_KERNEL_CODE double sticky(const AnyElement& x) {
  if (!x.is_whole) return x.real;
  const bool negative = !x.is_unsigned && x.whole >> 63 != 0;
  std::uint64_t size = negative ? 0 - x.whole : x.whole;
  if (size >> 53 != 0) {
    const bool cut = (size & 0x7FF) != 0;
    size = (size & ~std::uint64_t{0x7FF}) | (cut ? 0x800 : 0);
  }
  const auto exact = static_cast<double>(size);
  return negative ? -exact : exact;
}

/// Truncates, saturates at a width of so many bits, NaN gives 0.
ISOTRACE_KERNEL_CODE std::uint64_t saturated(double value, int bits, bool is_unsigned) {
  if (value != value) return 0;
  const int digits = is_unsigned ? bits : bits - 1;
  const double above = from_bits(static_cast<std::uint64_t>(digits + 1023) << 52);
  const std::uint64_t greatest =
      digits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << digits) - 1;
  if (value >= above) return greatest;
  if (is_unsigned) return value <= -1.0 ? 0 : static_cast<std::uint64_t>(value);
  return value <= -above ? ~greatest : static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
}

ISOTRACE_KERNEL_CODE std::uint64_t as_integer(const AnyElement& x, int bits, bool is_unsigned) {
  return x.is_whole ? x.whole : saturated(x.real, bits, is_unsigned);
}

/// The last bits of an integer, or of the one nearest to a real number; 0 if there is none.
ISOTRACE_KERNEL_CODE std::uint8_t tiny_integer(const AnyElement& x, int bits, bool is_signed) {
  const double values = bits == 4 ? 16.0 : 4.0;
  std::uint32_t last = 0;
  if (x.is_whole) {
    last = static_cast<std::uint32_t>(x.whole) & ((1U << bits) - 1U);
  } else if ((bits_of(x.real) & magnitude_bits) < infinity_bits) {
    const double nearest = rint(x.real);
    last = static_cast<std::uint32_t>(nearest - values * floor(nearest / values));
  }
  const bool negative = is_signed && last >> (bits - 1) != 0;
  return static_cast<std::uint8_t>(negative ? last | (~0U << bits) : last);
}

ISOTRACE_KERNEL_CODE float as_f32(const AnyElement& x) {
  if (!x.is_whole) return canonical(static_cast<float>(x.real));
  return x.is_unsigned ? static_cast<float>(x.whole)
                       : static_cast<float>(static_cast<std::int64_t>(x.whole));
}
ISOTRACE_KERNEL_CODE double as_f64(const AnyElement& x) {
  if (!x.is_whole) return canonical(x.real);
  return x.is_unsigned ? static_cast<double>(x.whole)
                       : static_cast<double>(static_cast<std::int64_t>(x.whole));
}

/// Types of one byte.
ISOTRACE_KERNEL_CODE std::uint8_t as_byte(Dtype type, const AnyElement& x, bool saturate) {
  switch (type) {
    case Dtype::i8: return static_cast<std::uint8_t>(as_integer(x, 8, false));
    case Dtype::u8: return static_cast<std::uint8_t>(as_integer(x, 8, true));
    case Dtype::boolean: return (x.is_whole ? x.whole != 0 : x.real != 0) ? 1 : 0;
    case Dtype::i4: return tiny_integer(x, 4, true);
    case Dtype::u4: return tiny_integer(x, 4, false);
    case Dtype::i2: return tiny_integer(x, 2, true);
    case Dtype::u2: return tiny_integer(x, 2, false);
    default: return round_to_8(sticky(x), core::float8_format(type), saturate);
  }
}

ISOTRACE_KERNEL_CODE void store_element(Dtype type, void* to, std::uint64_t i, const AnyElement& x,
                                        bool saturate) {
  switch (type) {
    case Dtype::f32: static_cast<float*>(to)[i] = as_f32(x); return;
    case Dtype::f64: static_cast<double*>(to)[i] = as_f64(x); return;
    case Dtype::f16:
      static_cast<std::uint16_t*>(to)[i] = round_to_16(sticky(x), 10, 5, 0x7E00);
      return;
    case Dtype::bf16:
      static_cast<std::uint16_t*>(to)[i] = round_to_16(sticky(x), 7, 8, 0x7FC0);
      return;
    case Dtype::i16:
    case Dtype::u16:
      static_cast<std::uint16_t*>(to)[i] =
          static_cast<std::uint16_t>(as_integer(x, 16, type == Dtype::u16));
      return;
    case Dtype::i32:
    case Dtype::u32:
      static_cast<std::uint32_t*>(to)[i] =
          static_cast<std::uint32_t>(as_integer(x, 32, type == Dtype::u32));
      return;
    case Dtype::i64:
    case Dtype::u64:
      static_cast<std::uint64_t*>(to)[i] = as_integer(x, 64, type == Dtype::u64);
      return;
    default: static_cast<std::uint8_t*>(to)[i] = as_byte(type, x, saturate);
  }
}

/// out[i] = x[i] in another type.
struct Convert {
  struct Arguments {
    std::uint64_t count;
    Dtype from;
    Dtype to;
    bool saturate;  ///< 8-bit floats
    const void* x;
    void* out;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    store_element(a.to, a.out, i, load_element(a.from, a.x, i), a.saturate);
  }
};

}  // namespace isotrace::backends::gpu
