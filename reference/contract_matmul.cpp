// MatMul and Gemm (docs/spec/contract.md). Compiled with FMA: where the hardware has none, std::fma
// is as exact but slow.
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/segmented_sum.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {
namespace {

/// An m x k or k x n matrix inside a tensor: element (row, column) is at start + row * row_stride +
/// column * column_stride.
struct MatrixView {
  std::size_t start;
  std::size_t row_stride;
  std::size_t column_stride;
};

/// Row `row` of a * b, before any rounding to the element type.
template <class Number>
void contract_row(SegmentedSums<Number>& sums, std::span<const Number> a, MatrixView in_a,
                  std::span<const Number> b, MatrixView in_b, std::size_t row, std::size_t k_count,
                  std::vector<Number>& b_row) {
  for (std::size_t k = 0; k < k_count; ++k) {
    for (std::size_t j = 0; j < b_row.size(); ++j) {
      b_row[j] = b[in_b.start + k * in_b.row_stride + j * in_b.column_stride];
    }
    sums.add_products(0, a[in_a.start + row * in_a.row_stride + k * in_a.column_stride], b_row);
    sums.next_k();
  }
}

/// The types of MatMul and Gemm: floats, and the integers of 32 and 64 bits.
template <class F>
Outcome visit_contraction(Dtype dtype, F f) {
  const bool narrow_integer = dtype == Dtype::i8 || dtype == Dtype::u8 || dtype == Dtype::i16 ||
                              dtype == Dtype::u16 || dtype == Dtype::boolean;
  if (narrow_integer) return refuse_dtype(dtype);
  return one(visit_numbers(dtype, f));
}

template <class T>
Result<Tensor> matmul(const TensorView& a, const TensorView& b, const MatmulShape& shape,
                      std::int64_t k_segment) {
  ISOTRACE_TRY(Tensor out, Tensor::make(a.dtype(), shape.output));
  if (out.elements() == 0) return out;
  const Widened<T> wide_a(a.data<T>());
  const Widened<T> wide_b(b.data<T>());
  const auto m = static_cast<std::size_t>(shape.m);
  const auto k = static_cast<std::size_t>(shape.k);
  const auto n = static_cast<std::size_t>(shape.n);
  // Batches are counted in matrices: the leading axes of each operand as a tensor of its own.
  Odometer at(shape.batch);
  at.add_stream(broadcast_strides(a.shape().first(a.rank() < 2 ? 0 : a.rank() - 2), shape.batch));
  at.add_stream(broadcast_strides(b.shape().first(b.rank() < 2 ? 0 : b.rank() - 2), shape.batch));
  std::vector<Wide<T>> b_row(n);
  T* target = out.data<T>().data();
  for (std::size_t batch = 0; batch < product(shape.batch, 0, shape.batch.size()); ++batch) {
    const MatrixView in_a = {static_cast<std::size_t>(at.offset(0)) * m * k, k, 1};
    const MatrixView in_b = {static_cast<std::size_t>(at.offset(1)) * k * n, n, 1};
    for (std::size_t row = 0; row < m; ++row, target += n) {
      SegmentedSums<Wide<T>> sums(n, k_segment);
      contract_row(sums, wide_a.values(), in_a, wide_b.values(), in_b, row, k, b_row);
      std::transform(sums.finish().begin(), sums.finish().end(), target, narrow<T>);
    }
    at.next();
  }
  return out;
}

/// alpha or beta as a number of the type that Gemm computes in; integers need an integer.
template <class Number>
Result<Number> gemm_factor(const core::Node& node, std::string_view name) {
  const float value = node.real(name);
  if constexpr (std::is_integral_v<Number>) {
    const auto whole = core::to_integer<std::int32_t>(value);
    if (static_cast<float>(whole) != value || whole > (1 << 24) || whole < -(1 << 24)) {
      return refuse_attribute(std::string(name) + " is not an integer below 2^24");
    }
    return static_cast<Number>(whole);
  } else {
    return static_cast<Number>(value);
  }
}

struct GemmOperands {
  TensorView a;
  TensorView b;
  const TensorView* c;
  bool transpose_a;
  bool transpose_b;
};

template <class T>
Result<Tensor> gemm(const core::Node& node, const GemmOperands& in, const GemmShape& shape) {
  ISOTRACE_TRY(const Wide<T> alpha, gemm_factor<Wide<T>>(node, "alpha"));
  ISOTRACE_TRY(const Wide<T> beta, gemm_factor<Wide<T>>(node, "beta"));
  ISOTRACE_TRY(Tensor out, Tensor::make(in.a.dtype(), Shape{shape.m, shape.n}));
  if (out.elements() == 0) return out;
  const Widened<T> a(in.a.data<T>());
  const Widened<T> b(in.b.data<T>());
  const Widened<T> c(in.c == nullptr ? std::span<const T>{} : in.c->data<T>());
  const auto m = static_cast<std::size_t>(shape.m);
  const auto k = static_cast<std::size_t>(shape.k);
  const auto n = static_cast<std::size_t>(shape.n);
  const MatrixView in_a = in.transpose_a ? MatrixView{0, 1, m} : MatrixView{0, k, 1};
  const MatrixView in_b = in.transpose_b ? MatrixView{0, 1, k} : MatrixView{0, n, 1};
  Odometer at(out.shape());
  if (in.c != nullptr) at.add_stream(broadcast_strides(in.c->shape(), out.shape()));
  std::vector<Wide<T>> b_row(n);
  T* target = out.data<T>().data();
  for (std::size_t row = 0; row < m; ++row) {
    SegmentedSums<Wide<T>> sums(n, node.integer("k_segment"));
    contract_row(sums, a.values(), in_a, b.values(), in_b, row, k, b_row);
    for (Wide<T> sum : sums.finish()) {
      Wide<T> y = multiply(alpha, sum);
      if (in.c != nullptr) {
        y = add(y, multiply(beta, c.values()[static_cast<std::size_t>(at.offset(0))]));
        at.next();
      }
      *target++ = narrow<T>(y);
    }
  }
  return out;
}

}  // namespace

// [contract.matmul]
Outcome evaluate_matmul(const Call& call) {
  const TensorView& a = call.operand(0);
  const TensorView& b = call.operand(1);
  const std::int64_t k_segment = call.node.integer("k_segment");
  if (k_segment < 1) return refuse_attribute("k_segment " + std::to_string(k_segment));
  ISOTRACE_TRY_DONE(check_same_dtype(a, b));
  ISOTRACE_TRY(const MatmulShape shape, matmul_shape(a.shape(), b.shape()));
  return visit_contraction(a.dtype(), [&](auto type) {
    return matmul<typename decltype(type)::type>(a, b, shape, k_segment);
  });
}

// [contract.gemm]
Outcome evaluate_gemm(const Call& call) {
  const core::Node& node = call.node;
  const GemmOperands in = {call.operand(0), call.operand(1), call.find_operand(2),
                           node.integer("transA") != 0, node.integer("transB") != 0};
  if (node.integer("k_segment") < 1) return refuse_attribute("k_segment");
  ISOTRACE_TRY_DONE(check_same_dtype(in.a, in.b));
  ISOTRACE_TRY(const GemmShape shape,
               gemm_shape(in.a.shape(), in.b.shape(), in.transpose_a, in.transpose_b));
  if (in.c != nullptr) {
    ISOTRACE_TRY_DONE(check_same_dtype(in.a, *in.c));
    ISOTRACE_TRY_DONE(check_broadcastable(in.c->shape(), Shape{shape.m, shape.n}));
  }
  return visit_contraction(in.a.dtype(), [&](auto type) {
    return gemm<typename decltype(type)::type>(node, in, shape);
  });
}

}  // namespace isotrace::reference
