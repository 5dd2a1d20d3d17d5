// Makes single-node calls of reference::evaluate and compares results bit for bit.
#pragma once

#include <bit>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include <isotrace/core/float_environment.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/reference/evaluate.hpp>

namespace isotrace::reference {

using core::Attribute;
using core::Op;
using core::RefusalCode;
using core::Shape;
using core::Tensor;
using Outcome = core::Result<std::vector<Tensor>>;
using Ints = std::vector<std::int64_t>;
using Bits32 = std::vector<std::uint32_t>;

inline constexpr float infinity = std::numeric_limits<float>::infinity();
inline constexpr float lowest_subnormal = 0x1p-149F;
inline float quiet_nan() { return std::bit_cast<float>(0x7FC00000U); }

/// A node with the ONNX defaults of every attribute, replaced by the ones given.
core::Node make_node(Op op, std::vector<Attribute> attributes = {}, std::size_t outputs = 1);

/// Evaluates under a core::FloatEnvironment; an empty optional is an operand left out.
Outcome call(const core::Node& node, std::vector<std::optional<Tensor>> operands);
Outcome call(Op op, std::vector<std::optional<Tensor>> operands,
             std::vector<Attribute> attributes = {}, std::size_t outputs = 1);

Tensor f32(Shape shape, std::vector<float> values);
/// A vector of f32.
Tensor f32(std::vector<float> values);
Tensor f64(std::vector<double> values);
Tensor f32_bits(Shape shape, Bits32 bits);
Tensor f16_bits(std::vector<std::uint16_t> bits);
Tensor bf16_bits(std::vector<std::uint16_t> bits);
Tensor i64(Shape shape, Ints values);
/// A vector of i64.
Tensor i64(Ints values);
Tensor i32(std::vector<std::int32_t> values);
Tensor booleans(std::vector<int> values);
template <class T>
Tensor vector_of(std::vector<T> values) {
  return Tensor::of<T>(Shape{static_cast<std::int64_t>(values.size())}, std::span<const T>(values));
}

/// A vector of 8-bit floats from their bits.
template <core::Dtype format>
Tensor f8(std::vector<std::uint8_t> bits) {
  std::vector<core::Float8<format>> values;
  for (std::uint8_t b : bits) values.push_back({b});
  return vector_of<core::Float8<format>>(values);
}

/// Normal numbers of both signs with exponents from -8 to 8, with a few zeros.
Tensor random_f32(Shape shape, core::PhiloxStream& random);
std::vector<float> random_values(std::size_t count, core::PhiloxStream& random);

/// Success with exactly these results.
void expect_result(const Outcome& outcome, const Tensor& expected);
void expect_results(const Outcome& outcome, const std::vector<Tensor>& expected);
/// A refusal with this code whose place starts with the operation's ONNX name.
void expect_refused(const Outcome& outcome, RefusalCode code, const std::string& operation);

}  // namespace isotrace::reference
