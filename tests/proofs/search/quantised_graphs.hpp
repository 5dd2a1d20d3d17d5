// Random quantised programs: integer products of every form, quantised and dequantised values.
#pragma once

#include "networks.hpp"

namespace isotrace::tests {

enum class QuantisedKind {
  qlinear_matmul,  ///< u8 [1, 2] to i8 [1, 2] through two products, scales by column
  quantised,       ///< f32 [1, 2], quantised, a product, dequantised
  qdq,             ///< f32 products of dequantised values and weights
  matmul_integer,  ///< i8 [1, 2], sums cast to f32 and scaled
  qlinear_conv,    ///< u8 [1, 1, 1, 2], padded, with bias, then MaxPool and a product
  conv_integer,    ///< u8 [1, 1, 1, 2], zero points by channel, dequantised i32
  rounded,         ///< Round of f32 sums
};
inline constexpr std::size_t quantised_kinds = 7;

/// Two inputs, two outputs.
core::Program random_quantised(core::PhiloxStream& random, QuantisedKind kind);

}  // namespace isotrace::tests
