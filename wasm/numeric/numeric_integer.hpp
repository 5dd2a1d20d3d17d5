// Integer operations (specification, "Numerics"): U is u32 or u64, signed operations read it as
// two's complement.
#pragma once

#include <bit>
#include <limits>
#include <type_traits>

#include <isotrace/wasm/numeric/trap.hpp>

namespace isotrace::wasm {

/// The value of a partial operation, or why there is none.
template <class T>
struct Computed {
  T value{};
  Trap trap = Trap::none;
};

template <class U>
constexpr auto as_signed(U value) {
  return static_cast<std::make_signed_t<U>>(value);
}

template <class U>
inline constexpr unsigned bits_of = std::numeric_limits<U>::digits;

template <class U>
constexpr bool overflows(U a, U b) {
  return as_signed(a) == std::numeric_limits<std::make_signed_t<U>>::min() && as_signed(b) == -1;
}

template <class U>
constexpr Computed<U> div_s(U a, U b) {
  if (b == 0) return {0, Trap::integer_divide_by_zero};
  if (overflows(a, b)) return {0, Trap::integer_overflow};
  return {static_cast<U>(as_signed(a) / as_signed(b))};
}

template <class U>
constexpr Computed<U> div_u(U a, U b) {
  if (b == 0) return {0, Trap::integer_divide_by_zero};
  return {a / b};
}

template <class U>
constexpr Computed<U> rem_s(U a, U b) {
  if (b == 0) return {0, Trap::integer_divide_by_zero};
  if (overflows(a, b)) return {0};
  return {static_cast<U>(as_signed(a) % as_signed(b))};
}

template <class U>
constexpr Computed<U> rem_u(U a, U b) {
  if (b == 0) return {0, Trap::integer_divide_by_zero};
  return {a % b};
}

template <class U>
constexpr U shl(U a, U b) {
  return a << (b % bits_of<U>);
}

template <class U>
constexpr U shr_s(U a, U b) {
  return static_cast<U>(as_signed(a) >> (b % bits_of<U>));
}

template <class U>
constexpr U shr_u(U a, U b) {
  return a >> (b % bits_of<U>);
}

template <class U>
constexpr U rotl(U a, U b) {
  return std::rotl(a, static_cast<int>(b % bits_of<U>));
}

template <class U>
constexpr U rotr(U a, U b) {
  return std::rotr(a, static_cast<int>(b % bits_of<U>));
}

/// The low bits, sign extended. Narrow is i8, i16 or i32.
template <class Narrow, class U>
constexpr U extend_s(U a) {
  return static_cast<U>(static_cast<std::make_signed_t<U>>(static_cast<Narrow>(a)));
}

}  // namespace isotrace::wasm
