// Values of bit-vectors of up to 128 bits, and the one definition of what every operation of the
// term language computes: the pool folds constants with it, the evaluator evaluates with it, and
// the tests hold the gates of the blaster against it. Trust: part of the trusted base. Spec:
// SMT-LIB 2.6, theories Core and FixedSizeBitVectors.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace isotrace::bits {

/// An unsigned number; a value of width w is below 2^w. Booleans are 0 and 1.
__extension__ using Value = unsigned __int128;

inline constexpr unsigned width_max = 128;
/// Addresses of the one sort of array there is: 32-bit addresses to bytes.
inline constexpr unsigned address_width = 32;
inline constexpr unsigned byte_width = 8;

enum class Operation : std::uint8_t {
  constant,
  variable,
  // Booleans
  bool_not,
  bool_and,
  bool_or,
  bool_xor,
  // any sort but arrays, and for ite arrays too
  equal,
  ite,
  // bit-vectors of one width
  bvnot,
  bvneg,
  bvand,
  bvor,
  bvxor,
  bvadd,
  bvsub,
  bvmul,
  bvudiv,  ///< x / 0 = all ones
  bvurem,  ///< x % 0 = x
  bvsdiv,  ///< towards zero; x / 0 = 1 for negative x, otherwise all ones; min / -1 = min
  bvsrem,  ///< sign of the dividend; x % 0 = x
  bvshl,   ///< the amount is a number of the same width; from the width on nothing remains
  bvlshr,
  bvashr,
  bvult,
  bvule,
  bvslt,
  bvsle,
  // other widths
  concat,  ///< first operand in the high bits
  extract,
  zero_extend,
  sign_extend,
  // arrays
  select,
  store,
  array_constant,
};

/// The name in SMT-LIB ("bvadd", "and", "="); "constant" and "variable" for those two.
std::string_view name(Operation operation);

/// All ones of a width in 1..128.
Value mask(unsigned width);
/// Two's complement number of that width as one of 128 bits.
Value sign_extended(Value value, unsigned width);
/// "0x1f", as many digits as it needs.
std::string hex(Value value);

/// What an operation computes from values. Not for constants, variables and memories.
/// @param operands      as many as the operation has
/// @param width         of the operands (0: Boolean); of ite the second; of concat the second
/// @param low           extract: the lowest bit taken
/// @param result_width  of the result (0: Boolean)
Value compute(Operation operation, const std::array<Value, 3>& operands, unsigned width,
              unsigned low, unsigned result_width);

}  // namespace isotrace::bits
