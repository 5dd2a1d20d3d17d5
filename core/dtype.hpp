// Element types. Numbers are ours and stable (they stand in digests); ONNX's are mapped at import.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace isotrace::core {

enum class Dtype : std::uint8_t {
  f32 = 1,
  f64 = 2,
  f16 = 3,
  bf16 = 4,
  i8 = 5,
  u8 = 6,
  i16 = 7,
  u16 = 8,
  i32 = 9,
  u32 = 10,
  i64 = 11,
  u64 = 12,
  boolean = 13,  ///< one byte, 0 or 1
  f8e4m3fn = 14,
  f8e4m3fnuz = 15,
  f8e5m2 = 16,
  f8e5m2fnuz = 17,
  i4 = 18,      ///< one byte, sign-extended
  u4 = 19,      ///< one byte, zero-extended
  i2 = 20,      ///< one byte, sign-extended
  u2 = 21,      ///< one byte, zero-extended
  f4e2m1 = 22,  ///< one byte, zero-extended; no arithmetic
  // Beyond: sequence_of and optional_of these.
};

/// Values that are no tensors: bytes, packed as core/packed.hpp says. Tensor types are below 64.
constexpr Dtype sequence_of(Dtype tensor) {
  return static_cast<Dtype>(static_cast<std::uint8_t>(tensor) + 64);
}
constexpr Dtype optional_of(Dtype tensor_or_sequence) {
  return static_cast<Dtype>(static_cast<std::uint8_t>(tensor_or_sequence) + 128);
}
constexpr bool is_structured(Dtype dtype) { return static_cast<std::uint8_t>(dtype) >= 64; }
constexpr bool is_optional(Dtype dtype) { return static_cast<std::uint8_t>(dtype) >= 128; }
/// A sequence, or an optional of one.
constexpr bool holds_sequence(Dtype dtype) { return (static_cast<std::uint8_t>(dtype) & 64) != 0; }
/// The type of the tensors inside.
constexpr Dtype element_of(Dtype dtype) {
  return static_cast<Dtype>(static_cast<std::uint8_t>(dtype) & 63);
}

std::size_t dtype_bytes(Dtype dtype);
std::string_view dtype_name(Dtype dtype);
std::optional<Dtype> find_dtype(std::string_view name);
std::optional<Dtype> dtype_from_number(std::uint8_t number);
bool is_float(Dtype dtype);
bool is_integer(Dtype dtype);

/// binary16 and bfloat16 kept as their bits; arithmetic widens to f32 (exact) and rounds once.
struct Half {
  std::uint16_t bits = 0;
  bool operator==(const Half&) const = default;
};
struct BFloat16 {
  std::uint16_t bits = 0;
  bool operator==(const BFloat16&) const = default;
};
/// The four 8-bit floats (ONNX operator set 19), kept and computed with in the same way, and the
/// float of 4 bits (23) in the lower half of a byte.
template <Dtype format>
struct Float8 {
  std::uint8_t bits = 0;
  bool operator==(const Float8&) const = default;
};
/// 4-bit integers, one per byte: -8 to 7 and 0 to 15.
struct Int4 {
  std::int8_t value = 0;
  bool operator==(const Int4&) const = default;
};
struct UInt4 {
  std::uint8_t value = 0;
  bool operator==(const UInt4&) const = default;
};
/// 2-bit integers, one per byte: -2 to 1 and 0 to 3.
struct Int2 {
  std::int8_t value = 0;
  bool operator==(const Int2&) const = default;
};
struct UInt2 {
  std::uint8_t value = 0;
  bool operator==(const UInt2&) const = default;
};
/// A boolean element, 0 or 1.
struct Bool8 {
  std::uint8_t value = 0;
  bool operator==(const Bool8&) const = default;
};

template <class T>
struct DtypeOf;
#define ISOTRACE_DTYPE_OF(type, name)           \
  template <>                                   \
  struct DtypeOf<type> {                        \
    static constexpr Dtype value = Dtype::name; \
  };
ISOTRACE_DTYPE_OF(float, f32)
ISOTRACE_DTYPE_OF(double, f64)
ISOTRACE_DTYPE_OF(Half, f16)
ISOTRACE_DTYPE_OF(BFloat16, bf16)
ISOTRACE_DTYPE_OF(std::int8_t, i8)
ISOTRACE_DTYPE_OF(std::uint8_t, u8)
ISOTRACE_DTYPE_OF(std::int16_t, i16)
ISOTRACE_DTYPE_OF(std::uint16_t, u16)
ISOTRACE_DTYPE_OF(std::int32_t, i32)
ISOTRACE_DTYPE_OF(std::uint32_t, u32)
ISOTRACE_DTYPE_OF(std::int64_t, i64)
ISOTRACE_DTYPE_OF(std::uint64_t, u64)
ISOTRACE_DTYPE_OF(Bool8, boolean)
ISOTRACE_DTYPE_OF(Int4, i4)
ISOTRACE_DTYPE_OF(UInt4, u4)
ISOTRACE_DTYPE_OF(Int2, i2)
ISOTRACE_DTYPE_OF(UInt2, u2)
#undef ISOTRACE_DTYPE_OF
template <Dtype format>
struct DtypeOf<Float8<format>> {
  static constexpr Dtype value = format;
};

template <class T>
inline constexpr Dtype dtype_of = DtypeOf<T>::value;

}  // namespace isotrace::core
