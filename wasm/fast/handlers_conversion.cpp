// Conversions between numbers.
#include <isotrace/wasm/fast/numeric_rows.hpp>
#include <isotrace/wasm/numeric/numeric_float.hpp>
#include <isotrace/wasm/sized_integers.hpp>

namespace isotrace::wasm::fast {
namespace {

using namespace sized;

/// The number as the unsigned integer that a slot holds.
template <class I>
auto unsign(I value) {
  return static_cast<std::make_unsigned_t<I>>(value);
}

template <class I>
struct Truncate {
  template <class F>
  static auto apply(F x) {
    const Computed<I> whole = trunc_to<I>(x);
    return Computed<std::make_unsigned_t<I>>{unsign(whole.value), whole.trap};
  }
};

template <class I>
struct Saturate {
  template <class F>
  static auto apply(F x) {
    return unsign(trunc_sat_to<I>(x));
  }
};

/// An integer, read as I, to R: a float, or the unsigned integer of its size.
template <class I, class R>
struct Convert {
  static R apply(std::make_unsigned_t<I> a) { return static_cast<R>(static_cast<I>(a)); }
};

template <class R>
struct Round {
  template <class F>
  static R apply(F x) {
    return canonical(static_cast<R>(x));
  }
};

template <class R>
struct Reinterpret {
  template <class T>
  static R apply(T a) {
    return std::bit_cast<R>(a);
  }
};

template <class Narrow>
struct Extend {
  template <class U>
  static U apply(U a) {
    return extend_s<Narrow>(a);
  }
};

/// From i32.wrap_i64 on.
constexpr UnaryRow conversions[] = {
    unary_row<Convert<u64, u32>, u64>(),    unary_row<Truncate<i32>, float>(),
    unary_row<Truncate<u32>, float>(),      unary_row<Truncate<i32>, double>(),
    unary_row<Truncate<u32>, double>(),     unary_row<Convert<i32, u64>, u32>(),
    unary_row<Convert<u32, u64>, u32>(),    unary_row<Truncate<i64>, float>(),
    unary_row<Truncate<u64>, float>(),      unary_row<Truncate<i64>, double>(),
    unary_row<Truncate<u64>, double>(),     unary_row<Convert<i32, float>, u32>(),
    unary_row<Convert<u32, float>, u32>(),  unary_row<Convert<i64, float>, u64>(),
    unary_row<Convert<u64, float>, u64>(),  unary_row<Round<float>, double>(),
    unary_row<Convert<i32, double>, u32>(), unary_row<Convert<u32, double>, u32>(),
    unary_row<Convert<i64, double>, u64>(), unary_row<Convert<u64, double>, u64>(),
    unary_row<Round<double>, float>(),      unary_row<Reinterpret<u32>, float>(),
    unary_row<Reinterpret<u64>, double>(),  unary_row<Reinterpret<float>, u32>(),
    unary_row<Reinterpret<double>, u64>(),  unary_row<Extend<i8>, u32>(),
    unary_row<Extend<i16>, u32>(),          unary_row<Extend<i8>, u64>(),
    unary_row<Extend<i16>, u64>(),          unary_row<Extend<i32>, u64>(),
};

/// From i32.trunc_sat_f32_s on.
constexpr UnaryRow saturations[] = {
    unary_row<Saturate<i32>, float>(),  unary_row<Saturate<u32>, float>(),
    unary_row<Saturate<i32>, double>(), unary_row<Saturate<u32>, double>(),
    unary_row<Saturate<i64>, float>(),  unary_row<Saturate<u64>, float>(),
    unary_row<Saturate<i64>, double>(), unary_row<Saturate<u64>, double>()};

}  // namespace

NumericRows find_conversion(Opcode opcode) {
  NumericRows rows;
  rows.unary = row_at(conversions, opcode, Opcode::i32_wrap_i64);
  if (rows.unary == nullptr) rows.unary = row_at(saturations, opcode, Opcode::i32_trunc_sat_f32_s);
  return rows;
}

}  // namespace isotrace::wasm::fast
