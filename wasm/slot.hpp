// Values in slots: u32 and float in the low half, u64 and double in all of it.
#pragma once

#include <bit>
#include <type_traits>

#include <isotrace/wasm/types.hpp>

namespace isotrace::wasm {

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
