// Products of stacks of matrices, and of weights with the windows of images, as launches.
#pragma once

#include <isotrace/backends/gpu/work.hpp>
#include <isotrace/reference/shape.hpp>
#include <isotrace/reference/window.hpp>

namespace isotrace::backends::gpu {

/// Where the operands' matrices begin, for every matrix of the result.
struct Batches {
  std::vector<std::int64_t> a;
  std::vector<std::int64_t> b;
};

/// Those of MatMul.
Batches matrix_batches(const Array& a, const Array& b, const reference::MatmulShape& shape);

/// Into c, which is as large as its matrices. Segments, batches and c of `p` are set here. Refuses
/// limit_exceeded for more tiles than one launch has.
template <class Numbers, class Columns>
core::Result<core::Done> multiply(Work& work, ProductArguments<Numbers, Columns> p,
                                  const Batches& batches, const Array& c);

/// MatMul of arrays of Numbers::Element; c is of Numbers::Sum. Refuses shape_mismatch.
template <class Numbers>
Made multiply_matrices(Work& work, const Array& a, const Array& b, std::int64_t segment,
                       const typename Numbers::Finish& finish);

/// Conv, or with TransposedColumns ConvTranspose, of an image and weights [outputs, inputs of the
/// group, taps] of Numbers::Element. Refuses backend_operation_unsupported for more
/// than three axes, limit_exceeded for images that 32 bits do not count.
template <class Numbers, class Columns>
Made convolve(Work& work, const reference::ConvGeometry& geometry, const Array& x, const Array& w,
              std::int64_t segment, const typename Numbers::Finish& finish);

/// The addend of a convolution: one per output channel.
template <class Number>
Addend<Number> channel_addend(const Array* bias, const reference::ConvGeometry& geometry) {
  return {bias == nullptr ? nullptr : bias->data<Number>(), 1, 0, geometry.group_outputs};
}

}  // namespace isotrace::backends::gpu
