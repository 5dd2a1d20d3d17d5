// MatMulInteger as exact products of bytes. What is not a plain call - other shapes of zero points,
// sums that could leave i32, anything that is refused - is handed to the reference.
#include <algorithm>
#include <optional>

#include <isotrace/backends/cpu/integer_gemm.hpp>
#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::cpu {
namespace {

using core::Dtype;
using core::TensorView;

bool is_byte(Dtype dtype) { return dtype == Dtype::i8 || dtype == Dtype::u8; }

/// The zero points of one operand as i32: none, one, or one per row of a or column of b.
std::optional<std::vector<std::int32_t>> find_zero_points(core::Operands operands,
                                                          std::size_t operand, Index vectors) {
  const TensorView& x = *operands[operand];
  if (operands.size() <= operand + 2 || !operands[operand + 2]) return {{0}};
  const TensorView& zeros = *operands[operand + 2];
  const bool list = zeros.rank() == 1 && zeros.dim(0) == vectors && x.rank() == 2;
  if (zeros.dtype() != x.dtype() || (zeros.elements() != 1 && !list)) return std::nullopt;
  std::vector<std::int32_t> values;
  for (const std::uint8_t byte : zeros.bytes()) {
    values.push_back(x.dtype() == Dtype::i8 ? static_cast<std::int8_t>(byte) : byte);
  }
  return values;
}

/// The greatest magnitude of an element less its zero point.
std::int64_t magnitude_max(Dtype dtype, const std::vector<std::int32_t>& zeros) {
  const std::int64_t low = dtype == Dtype::i8 ? -128 : 0;
  std::int64_t magnitude = 1;
  for (const std::int64_t zero : zeros) {
    magnitude = std::max({magnitude, low + 255 - zero, zero - low});
  }
  return magnitude;
}

core::Shape leading_axes(const TensorView& tensor) {
  return {tensor.shape().begin(), tensor.shape().end() - 2};
}

/// The products of all batches, one after the other: each is split over the pool.
core::Result<core::Done> run_batches(IntegerGemm gemm, const reference::MatmulShape& shape,
                                     const TensorView& a, const TensorView& b,
                                     const IntegerKernels& kernels, const Engine& engine) {
  const auto strides = [&](const core::Shape& batch, Index size) {
    reference::Strides all = reference::broadcast_strides(batch, shape.batch);
    for (std::int64_t& stride : all) stride *= size;
    return all;
  };
  reference::Odometer position(shape.batch);
  const core::Shape a_batch = shape.batch.empty() ? core::Shape{} : leading_axes(a);
  position.add_stream(strides(a_batch, gemm.rows * gemm.depth));
  position.add_stream(strides(leading_axes(b), gemm.depth * gemm.columns));
  const auto batches = reference::product(shape.batch, 0, shape.batch.size());
  for (std::size_t i = 0; i < batches; ++i, position.next()) {
    gemm.a.data = a.bytes().data() + position.offset(0);
    gemm.b.data = b.bytes().data() + position.offset(1);
    ISOTRACE_TRY_DONE(run_integer_gemm(gemm, kernels, engine));
    gemm.c += gemm.rows * gemm.columns;
  }
  return core::Done{};
}

}  // namespace

Outcome run_matmul_integer(const core::Node& node, core::Operands operands,
                           const IntegerKernels& kernels, const Engine& engine) {
  const bool plain = operands.size() >= 2 && operands.size() <= 4 && node.outputs.size() == 1 &&
                     node.attributes.empty() && operands[0] && operands[1] &&
                     is_byte(operands[0]->dtype()) && is_byte(operands[1]->dtype()) &&
                     operands[0]->rank() >= 2 && operands[1]->rank() >= 2;
  if (!plain) return reference::evaluate(node, operands);
  const TensorView& a = *operands[0];
  const TensorView& b = *operands[1];
  auto shape = reference::matmul_shape(a.shape(), b.shape());
  if (!shape) return reference::evaluate(node, operands);
  const auto a_zeros = find_zero_points(operands, 0, shape->m);
  const auto b_zeros = find_zero_points(operands, 1, shape->n);
  if (!a_zeros || !b_zeros) return reference::evaluate(node, operands);
  const std::int64_t product_max =
      magnitude_max(a.dtype(), *a_zeros) * magnitude_max(b.dtype(), *b_zeros);
  if (shape->k > INT32_MAX / product_max) return reference::evaluate(node, operands);
  auto result = core::Tensor::make(Dtype::i32, shape->output);
  if (!result) return reference::evaluate(node, operands);
  // One matrix on the right for all on the left: the left ones are one tall matrix.
  const bool tall = b.rank() == 2 && a_zeros->size() == 1;
  if (tall) {
    shape->m *= static_cast<Index>(reference::product(shape->batch, 0, shape->batch.size()));
    shape->batch = {};
  }
  const IntegerGemm gemm{
      .rows = shape->m,
      .columns = shape->n,
      .depth = shape->k,
      .a = {nullptr, a.dtype() == Dtype::i8, shape->k, 1, a_zeros->data(), a_zeros->size() > 1},
      .b = {nullptr, b.dtype() == Dtype::i8, 1, shape->n, b_zeros->data(), b_zeros->size() > 1},
      .c = result->data<std::int32_t>().data(),
      .c_stride = shape->n};
  if (result->elements() != 0) {
    ISOTRACE_TRY_DONE(run_batches(gemm, *shape, a, b, kernels, engine));
  }
  return one_tensor(*std::move(result));
}

}  // namespace isotrace::backends::cpu
