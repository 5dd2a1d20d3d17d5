// [contract.matmul] [contract.gemm]: the accumulation written down a second time, one output at a
// time.
#include <tests/reference/support.hpp>

namespace isotrace::reference {
namespace {

/// The definition for one output element: a and b are its K operands.
float contract(const std::vector<float>& a, const std::vector<float>& b, std::size_t segment) {
  float c = 0;
  for (std::size_t first = 0; first < a.size(); first += segment) {
    float t = 0;
    for (std::size_t k = first; k < std::min(a.size(), first + segment); ++k) {
      t = std::fma(a[k], b[k], t);
    }
    c = first == 0 ? t : c + t;
  }
  return c;
}

Outcome matmul(const Tensor& a, const Tensor& b, std::int64_t segment = 256) {
  return call(Op::matmul, {a, b}, {{"k_segment", segment}});
}

TEST(MatMul, follows_the_segments_for_every_k) {
  core::PhiloxStream random(3);
  for (std::int64_t k : {0, 1, 2, 31, 255, 256, 257, 511, 512, 513, 700, 1024, 1025}) {
    for (std::int64_t segment : {1, 7, 256, 100000}) {
      const auto a = random_values(static_cast<std::size_t>(k), random);
      const auto b = random_values(static_cast<std::size_t>(k), random);
      const float expected = contract(a, b, static_cast<std::size_t>(segment));
      expect_result(matmul(f32({1, k}, a), f32({k, 1}, b), segment), f32({1, 1}, {expected}));
    }
  }
}

TEST(MatMul, k_of_zero_is_plus_zero) {
  expect_result(matmul(f32({2, 0}, {}), f32({0, 2}, {})), f32_bits({2, 2}, {0, 0, 0, 0}));
}

TEST(MatMul, underflow_leaves_minus_zero) {
  // fma(-2^-100, 2^-60, +0) rounds to -0, which padding with (+0)(+0) would turn into +0.
  expect_result(matmul(f32({1, 1}, {-0x1p-100F}), f32({1, 1}, {0x1p-60F})),
                f32_bits({1, 1}, {0x80000000}));
  expect_result(matmul(f32({1, 2}, {-0x1p-100F, 0}), f32({2, 1}, {0x1p-60F, 0})),
                f32_bits({1, 1}, {0}));
}

TEST(MatMul, segment_boundary_is_an_addition_not_an_fma) {
  // x * x = 1 + 2^-11 + 2^-24 is a tie: rounded on its own it loses the last term, added to -1 in
  // an fma it does not.
  const float x = 1 + 0x1p-12F;
  const float one_segment = std::fma(x, x, -1.0F);
  const float two_segments = -1.0F + x * x;
  ASSERT_NE(one_segment, two_segments);
  expect_result(matmul(f32({1, 2}, {-1, x}), f32({2, 1}, {1, x}), 2), f32({1, 1}, {one_segment}));
  expect_result(matmul(f32({1, 2}, {-1, x}), f32({2, 1}, {1, x}), 1), f32({1, 1}, {two_segments}));
}

TEST(MatMul, rows_do_not_depend_on_how_many_there_are) {
  core::PhiloxStream random(4);
  const Tensor b = random_f32({300, 5}, random);
  const Tensor a = random_f32({6, 300}, random);
  const auto all = matmul(a, b);
  ASSERT_TRUE(all);
  for (std::size_t row = 0; row < 6; ++row) {
    const auto values = a.data<float>().subspan(row * 300, 300);
    const auto expected = (*all)[0].data<float>().subspan(row * 5, 5);
    expect_result(matmul(f32({1, 300}, {values.begin(), values.end()}), b),
                  f32({1, 5}, {expected.begin(), expected.end()}));
  }
}

TEST(MatMul, vectors_lose_their_axis_and_batches_broadcast) {
  expect_result(matmul(f32({1, 2}), f32({3, 4})), f32(Shape{}, {11}));
  expect_result(matmul(f32({1, 2}), f32({2, 2}, {1, 2, 3, 4})), f32({7, 10}));
  expect_result(matmul(f32({2, 2}, {1, 2, 3, 4}), f32({1, 10})), f32({21, 43}));
  expect_result(matmul(f32({2, 1, 1, 2}, {1, 2, 3, 4}), f32({3, 2, 1}, {1, 1, 0, 1, 1, 0})),
                f32({2, 3, 1, 1}, {3, 2, 1, 7, 4, 3}));
}

TEST(MatMul, half_accumulates_in_f32_and_rounds_once) {
  // 2048 + 1 + 1: in f16 each sum would round back to 2048; once at the end it is 2050.
  const Tensor a = f16_bits({0x6800, 0x3C00, 0x3C00});
  const Tensor b = f16_bits({0x3C00, 0x3C00, 0x3C00});
  expect_result(matmul(a, b), [] {
    Tensor t(core::Dtype::f16, Shape{});
    t.data<core::Half>()[0] = {0x6801};
    return t;
  }());
}

TEST(MatMul, integers_wrap) {
  expect_result(matmul(i32({1 << 30, 1 << 30}), i32({2, 2})), Tensor::of<std::int32_t>({}, {0}));
  expect_result(matmul(vector_of<std::uint32_t>({0xFFFFFFFF}), vector_of<std::uint32_t>({2})),
                Tensor::of<std::uint32_t>({}, {0xFFFFFFFE}));
  expect_result(matmul(i64({std::numeric_limits<std::int64_t>::max()}), i64({2})),
                i64(Shape{}, {-2}));
}

TEST(MatMul, nan_is_stored_canonical) {
  expect_result(matmul(f32_bits({1, 1}, {0xFFC12345}), f32({1, 1}, {1})),
                f32_bits({1, 1}, {0x7FC00000}));
  expect_result(matmul(f32({1, 1}, {infinity}), f32({1, 1}, {0})), f32_bits({1, 1}, {0x7FC00000}));
}

TEST(MatMul, refuses_shapes_types_and_segments) {
  expect_refused(matmul(f32({1, 2}), f32({1, 2, 3})), RefusalCode::shape_mismatch, "MatMul");
  expect_refused(matmul(f32(Shape{}, {1}), f32({1})), RefusalCode::shape_mismatch, "MatMul");
  expect_refused(matmul(f32({2, 1, 1}, {1, 2}), f32({3, 1, 1}, {1, 2, 3})),
                 RefusalCode::shape_mismatch, "MatMul");
  expect_refused(matmul(f32({1}), f64({1})), RefusalCode::operation_dtype_unsupported, "MatMul");
  expect_refused(matmul(vector_of<std::int8_t>({1}), vector_of<std::int8_t>({1})),
                 RefusalCode::operation_dtype_unsupported, "MatMul");
  expect_refused(matmul(f32({1}), f32({1}), 0), RefusalCode::operation_attribute_invalid, "MatMul");
}

TEST(MatMul, refuses_a_result_over_the_limit) {
  const Tensor a(core::Dtype::f32, Shape{std::int64_t{1} << 20, 0});
  const Tensor b(core::Dtype::f32, Shape{0, std::int64_t{1} << 20});
  expect_refused(matmul(a, b), RefusalCode::limit_exceeded, "MatMul");
}

TEST(Gemm, is_alpha_times_the_sum_plus_beta_times_c) {
  core::PhiloxStream random(5);
  const auto a = random_values(300, random);
  const auto b = random_values(300, random);
  const float sum = contract(a, b, 256);
  const auto outcome = call(Op::gemm, {f32({1, 300}, a), f32({300, 1}, b), f32({0.7F})},
                            {{"alpha", 0.3F}, {"beta", 1.1F}});
  const float scaled = 0.3F * sum;
  const float bias = 1.1F * 0.7F;
  expect_result(outcome, f32({1, 1}, {scaled + bias}));
}

TEST(Gemm, transposed_operands_give_the_same_bits) {
  core::PhiloxStream random(6);
  const Tensor a = random_f32({4, 300}, random);
  const Tensor b = random_f32({300, 3}, random);
  const Tensor c = random_f32({4, 1}, random);
  const auto plain = call(Op::gemm, {a, b, c});
  ASSERT_TRUE(plain);
  const Tensor at = (*call(Op::transpose, {a}))[0];
  const Tensor bt = (*call(Op::transpose, {b}))[0];
  const Attribute ta{"transA", std::int64_t{1}};
  const Attribute tb{"transB", std::int64_t{1}};
  expect_result(call(Op::gemm, {at, b, c}, {ta}), (*plain)[0]);
  expect_result(call(Op::gemm, {a, bt, c}, {tb}), (*plain)[0]);
  expect_result(call(Op::gemm, {at, bt, c}, {ta, tb}), (*plain)[0]);
}

TEST(Gemm, without_c_adds_nothing) {
  // With C = +0 the -0 would become +0.
  const Tensor a = f32({1, 1}, {-0x1p-100F});
  const Tensor b = f32({1, 1}, {0x1p-60F});
  expect_result(call(Op::gemm, {a, b}), f32_bits({1, 1}, {0x80000000}));
  expect_result(call(Op::gemm, {a, b, f32({0})}), f32_bits({1, 1}, {0}));
}

TEST(Gemm, integer_factors_must_be_integers) {
  const Tensor a = Tensor::of<std::int32_t>({1, 1}, {3});
  expect_result(call(Op::gemm, {a, a, i32({5})}, {{"alpha", 2.0F}, {"beta", -1.0F}}),
                Tensor::of<std::int32_t>({1, 1}, {13}));
  expect_refused(call(Op::gemm, {a, a}, {{"alpha", 0.5F}}),
                 RefusalCode::operation_attribute_invalid, "Gemm");
  expect_refused(call(Op::gemm, {a, a}, {{"alpha", quiet_nan()}}),
                 RefusalCode::operation_attribute_invalid, "Gemm");
}

TEST(Gemm, refuses_shapes_that_do_not_fit) {
  const Tensor m = f32({2, 3}, {1, 2, 3, 4, 5, 6});
  expect_refused(call(Op::gemm, {m, m}), RefusalCode::shape_mismatch, "Gemm");
  expect_refused(call(Op::gemm, {m, f32({1, 2, 3})}), RefusalCode::shape_mismatch, "Gemm");
  expect_refused(call(Op::gemm, {m, m, f32({1, 2, 3})}, {{"transB", std::int64_t{1}}}),
                 RefusalCode::shape_mismatch, "Gemm");
}

}  // namespace
}  // namespace isotrace::reference
