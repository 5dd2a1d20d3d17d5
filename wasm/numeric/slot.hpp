// Values in slots: u32 and float in the low half, u64 and double in all of it.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

namespace isotrace::wasm {

/// i32 and f32 are the low bits, the high ones zero; floats are their bits; a reference is 0 for
/// null, or 1 + the function's address, 1 + the host's number.
using Slot = std::uint64_t;

inline constexpr Slot null_reference = 0;

/// The unsigned integer of a number's size.
template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

/// T: u32, u64, float or double.
template <class T>
constexpr Slot to_slot(T value) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  return std::bit_cast<BitsOf<T>>(value);
}

template <class T>
constexpr T from_slot(Slot slot) {
  return std::bit_cast<T>(static_cast<BitsOf<T>>(slot));
}

}  // namespace isotrace::wasm
