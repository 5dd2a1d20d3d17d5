// MatMulInteger and QLinearMatMul as exact products of bytes. What is not a plain call - other
// shapes of zero points, sums that could leave i32, anything that is refused - is handed to the
// reference.
#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/backends/cpu/quantised_operands.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::cpu {
namespace {

using core::TensorView;

/// The two factors of a product and their zero points.
struct Factor {
  const TensorView& x;
  const TensorView* zero_points;
};

core::Shape leading_axes(const TensorView& tensor) {
  return {tensor.shape().begin(), tensor.shape().end() - 2};
}

/// A product of a stack of matrices, checked.
class BatchedProduct {
 public:
  static std::optional<BatchedProduct> make(const Factor& a, const Factor& b) {
    if (!is_byte(a.x.dtype()) || !is_byte(b.x.dtype())) return std::nullopt;
    if (a.x.rank() < 2 || b.x.rank() < 2) return std::nullopt;
    auto shape = reference::matmul_shape(a.x.shape(), b.x.shape());
    if (!shape || shape->k == 0) return std::nullopt;
    auto a_zeros = find_zero_points(a.x, a.zero_points, {a.x.rank() == 2, shape->m});
    auto b_zeros = find_zero_points(b.x, b.zero_points, {b.x.rank() == 2, shape->n});
    if (!a_zeros || !b_zeros) return std::nullopt;
    const std::int64_t product_max =
        magnitude_max(a.x.dtype(), *a_zeros) * magnitude_max(b.x.dtype(), *b_zeros);
    if (!fits_accumulator(product_max, shape->k, 0)) return std::nullopt;
    return BatchedProduct(a.x, b.x, *std::move(shape), *std::move(a_zeros), *std::move(b_zeros));
  }

  [[nodiscard]] const reference::MatmulShape& shape() const { return shape_; }

  /// Into sums, or through a requantisation of one matrix whose parameters serve all of them.
  core::Result<core::Done> run(std::int32_t* sums, const Requantisation* requantisation,
                               const IntegerKernels& kernels, const Engine& engine) const {
    IntegerGemm gemm{.rows = shape_.m,
                     .columns = shape_.n,
                     .depth = shape_.k,
                     .a = {nullptr, a_.dtype() == core::Dtype::i8, shape_.k, 1, a_zeros_.data(),
                           a_zeros_.size() > 1},
                     .b = {nullptr, b_.dtype() == core::Dtype::i8, 1, shape_.n, b_zeros_.data(),
                           b_zeros_.size() > 1},
                     .c = sums,
                     .c_stride = shape_.n};
    core::Shape batch = shape_.batch;
    // One matrix on the right for all on the left: the left ones are one tall matrix.
    const bool by_row = a_zeros_.size() > 1 ||
                        (requantisation != nullptr && (requantisation->factor_row_stride != 0 ||
                                                       requantisation->zero_point_stride != 0));
    if (b_.rank() == 2 && !by_row) {
      gemm.rows *= static_cast<Index>(reference::product(batch, 0, batch.size()));
      batch = {};
    }
    return run_batches(gemm, batch, requantisation, kernels, engine);
  }

 private:
  BatchedProduct(const TensorView& a, const TensorView& b, reference::MatmulShape shape,
                 std::vector<std::int32_t> a_zeros, std::vector<std::int32_t> b_zeros)
      : a_(a),
        b_(b),
        shape_(std::move(shape)),
        a_zeros_(std::move(a_zeros)),
        b_zeros_(std::move(b_zeros)) {}

  /// The products of all batches, one after the other: each is split over the pool.
  core::Result<core::Done> run_batches(IntegerGemm gemm, const core::Shape& batch,
                                       const Requantisation* requantisation,
                                       const IntegerKernels& kernels, const Engine& engine) const {
    const auto strides = [&](const core::Shape& own, Index size) {
      reference::Strides all = reference::broadcast_strides(own, batch);
      for (std::int64_t& stride : all) stride *= size;
      return all;
    };
    reference::Odometer position(batch);
    position.add_stream(
        strides(batch.empty() ? core::Shape{} : leading_axes(a_), gemm.rows * gemm.depth));
    position.add_stream(strides(leading_axes(b_), gemm.depth * gemm.columns));
    Requantisation here{};
    if (requantisation != nullptr) {
      here = *requantisation;
      gemm.requantisation = &here;
    }
    const auto batches = reference::product(batch, 0, batch.size());
    for (std::size_t i = 0; i < batches; ++i, position.next()) {
      gemm.a.data = a_.bytes().data() + position.offset(0);
      gemm.b.data = b_.bytes().data() + position.offset(1);
      ISOTRACE_TRY_DONE(run_integer_gemm(gemm, kernels, engine));
      if (gemm.c != nullptr) gemm.c += gemm.rows * gemm.columns;
      if (here.out != nullptr) here.out += gemm.rows * gemm.columns;
    }
    return core::Done{};
  }

  TensorView a_;
  TensorView b_;
  reference::MatmulShape shape_;
  std::vector<std::int32_t> a_zeros_;
  std::vector<std::int32_t> b_zeros_;
};

}  // namespace

Outcome run_matmul_integer(const core::Node& node, core::Operands operands,
                           const IntegerKernels& kernels, const Engine& engine) {
  if (!is_well_formed(node, operands)) return reference::evaluate(node, operands);
  const auto product = BatchedProduct::make({*operands[0], find_operand(operands, 2)},
                                            {*operands[1], find_operand(operands, 3)});
  if (!product) return reference::evaluate(node, operands);
  auto result = core::Tensor::make_for_overwrite(core::Dtype::i32, product->shape().output);
  if (!result) return reference::evaluate(node, operands);
  if (result->elements() != 0) {
    ISOTRACE_TRY_DONE(product->run(result->data<std::int32_t>().data(), nullptr, kernels, engine));
  }
  return one_tensor(*std::move(result));
}

Outcome run_qlinear_matmul(const core::Node& node, core::Operands operands,
                           const QuantisedKernels& kernels, const Engine& engine) {
  if (!is_well_formed(node, operands)) return reference::evaluate(node, operands);
  const TensorView& a = *operands[0];
  const TensorView& b = *operands[3];
  const TensorView& y_zero_point = *operands[7];
  const auto product = BatchedProduct::make({a, &*operands[2]}, {b, &*operands[5]});
  if (!product || !is_byte(y_zero_point.dtype())) return reference::evaluate(node, operands);
  const reference::MatmulShape& shape = product->shape();
  const Spread over_rows{shape.batch.empty() && a.rank() == 2, shape.m};
  const auto a_scales = find_scales(&*operands[1], over_rows);
  const auto b_scales = find_scales(&*operands[4], {b.rank() == 2, shape.n});
  const auto y_scales = find_scales(&*operands[6], over_rows);
  const auto y_zeros = find_zero_points(y_zero_point, &y_zero_point, over_rows);
  if (!a_scales || !b_scales || !y_scales || !y_zeros || y_zeros->size() != y_scales->size()) {
    return reference::evaluate(node, operands);
  }
  auto result = core::Tensor::make_for_overwrite(y_zero_point.dtype(), shape.output);
  if (!result) return reference::evaluate(node, operands);
  if (result->elements() == 0) return one_tensor(*std::move(result));
  const Factors factors = Factors::make(*a_scales, *b_scales, *y_scales);
  const Requantisation requantisation{.run = kernels.conversions.requantise,
                                      .factors = factors.values.data(),
                                      .factor_row_stride = factors.row_stride,
                                      .factor_column_stride = factors.column_stride,
                                      .addends = nullptr,
                                      .zero_points = y_zeros->data(),
                                      .zero_point_stride = y_zeros->size() > 1,
                                      .range = byte_range(y_zero_point.dtype()),
                                      .out = result->mutable_bytes().data(),
                                      .out_stride = shape.n};
  ISOTRACE_TRY_DONE(product->run(nullptr, &requantisation, kernels.integers, engine));
  return one_tensor(*std::move(result));
}

}  // namespace isotrace::backends::cpu
