// Tensors of sample values: one in eight is a value on which implementations differ.
#pragma once

#include <vector>

#include <isotrace/core/philox.hpp>
#include <isotrace/core/program.hpp>

namespace isotrace::backends::samples {

using core::Dtype;
using core::Op;
using core::Shape;
using core::Tensor;
using Ints = std::vector<std::int64_t>;

Tensor sample_tensor(core::PhiloxStream& random, Dtype dtype, Shape shape);
/// A value, truncated if the type is an integer.
Tensor scalar(Dtype dtype, float value);
/// A list of i64.
Tensor ints(const Ints& values);
Tensor indices(Shape shape, const Ints& values);
/// i64 as a floating-point type.
Tensor convert(const Tensor& integers, Dtype dtype);

}  // namespace isotrace::backends::samples
