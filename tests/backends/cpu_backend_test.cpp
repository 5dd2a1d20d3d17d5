// The cpu backend against the reference, node by node: any shape, attribute, instruction set and
// number of threads gives the same bits or the same refusal.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <xmmintrin.h>

#include <tests/backends/cpu_backends.hpp>

namespace isotrace::backends {
namespace {

Sample matmul(const Shape& a, const Shape& b, std::int64_t segment = 256) {
  return make_call(Op::matmul, {{"k_segment", segment}}, {a, b}, 3);
}

std::vector<Attribute> gemm_attributes(float alpha, float beta, bool a, bool b,
                                       std::int64_t segment = 256) {
  return {{"alpha", alpha},
          {"beta", beta},
          {"k_segment", segment},
          {"transA", std::int64_t{a}},
          {"transB", std::int64_t{b}}};
}

std::vector<Attribute> conv_attributes(std::int64_t group, Ints pads, Ints strides, Ints dilations,
                                       std::int64_t segment = 256,
                                       const std::string& auto_pad = "NOTSET") {
  return {{"auto_pad", auto_pad},    {"dilations", std::move(dilations)},
          {"group", group},          {"k_segment", segment},
          {"pads", std::move(pads)}, {"strides", std::move(strides)}};
}

TEST_F(CpuBackends, matmul_of_every_kind_of_batch) {
  expect_same(matmul({5}, {5}));
  expect_same(matmul({5}, {5, 7}));
  expect_same(matmul({3, 5}, {5}));
  expect_same(matmul({2, 3, 5}, {5}));
  expect_same(matmul({5}, {4, 5, 2}));
  expect_same(matmul({2, 3, 4}, {4, 6}));
  expect_same(matmul({2, 3, 4}, {1, 4, 6}));
  expect_same(matmul({3, 4}, {2, 4, 6}));
  expect_same(matmul({1, 3, 4}, {7, 4, 6}));
  expect_same(matmul({2, 1, 3, 4}, {5, 4, 6}));
  expect_same(matmul({2, 1, 3, 4}, {1, 5, 4, 1}));
  expect_same(matmul({1, 1, 3, 4}, {4, 6}));
  expect_same(matmul({3, 4}, {1, 1, 4, 6}));
}

TEST_F(CpuBackends, matmul_of_empty_operands) {
  expect_same(matmul({0, 4}, {4, 6}));
  expect_same(matmul({3, 4}, {4, 0}));
  expect_same(matmul({3, 0}, {0, 6}));
  expect_same(matmul({0, 3, 4}, {4, 6}));
  expect_same(matmul({2, 3, 0}, {2, 0, 1}));
}

TEST_F(CpuBackends, more_products_than_are_planned_at_a_time) {
  expect_same(matmul({5000, 1, 2}, {5000, 2, 1}));
}

TEST_F(CpuBackends, matmul_over_several_blocks) {
  expect_same(matmul({300, 500}, {500, 130}));
  expect_same(matmul({30, 900}, {900, 70}, 400));
  expect_same(matmul({2, 900}, {900, 2100}, 7));
}

TEST_F(CpuBackends, gemm_of_every_shape_of_addend) {
  const std::vector<std::optional<Shape>> addends = {std::nullopt, Shape{},     Shape{1},
                                                     Shape{7},     Shape{1, 7}, Shape{30, 1},
                                                     Shape{30, 7}, Shape{1, 1}};
  for (const auto& addend : addends) {
    for (const float beta : {1.0F, 0.0F, -0.3F}) {
      expect_same(make_call(Op::gemm, gemm_attributes(1.0F, beta, false, true),
                            {Shape{30, 11}, Shape{7, 11}, addend}, 5));
      expect_same(make_call(Op::gemm, gemm_attributes(2.5F, beta, true, false),
                            {Shape{11, 30}, Shape{11, 7}, addend}, 6));
    }
  }
}

TEST_F(CpuBackends, gemm_to_one_column_or_one_row) {
  for (const bool transposed : {false, true}) {
    const Shape b = transposed ? Shape{1, 300} : Shape{300, 1};
    for (const auto& addend : {Shape{1}, Shape{50, 1}, Shape{1, 1}}) {
      expect_same(make_call(Op::gemm, gemm_attributes(1.5F, 0.5F, false, transposed),
                            {Shape{50, 300}, b, addend}, 7));
      expect_same(make_call(Op::gemm, gemm_attributes(1.5F, 0.5F, true, transposed),
                            {Shape{300, 50}, b, addend}, 8));
    }
    expect_same(make_call(Op::gemm, gemm_attributes(1.0F, 1.0F, false, transposed),
                          {Shape{1, 300}, transposed ? Shape{60, 300} : Shape{300, 60}, Shape{60}},
                          9));
  }
}

TEST_F(CpuBackends, gemm_with_depth_zero_still_scales_and_adds) {
  expect_same(make_call(Op::gemm, gemm_attributes(-1.0F, 0.5F, false, false),
                        {Shape{3, 0}, Shape{0, 4}, Shape{4}}, 5));
  expect_same(make_call(Op::gemm, gemm_attributes(-1.0F, 0.5F, false, false),
                        {Shape{3, 0}, Shape{0, 4}}, 5));
}

TEST_F(CpuBackends, gemm_with_special_factors) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float factor : {infinity, -0.0F, std::numeric_limits<float>::quiet_NaN(), 0x1p-140F}) {
    for (const auto values : {tests::Values::ordinary, tests::Values::tiny}) {
      expect_same(make_call(Op::gemm, gemm_attributes(factor, 1.0F, false, false),
                            {Shape{9, 5}, Shape{5, 20}, Shape{20}}, 5, values));
      expect_same(make_call(Op::gemm, gemm_attributes(1.0F, factor, false, false),
                            {Shape{9, 5}, Shape{5, 20}, Shape{20}}, 5, values));
    }
  }
}

TEST_F(CpuBackends, conv_of_one_two_three_and_four_axes) {
  expect_same(make_call(Op::conv, conv_attributes(1, {1, 2}, {2}, {2}),
                        {Shape{2, 3, 20}, Shape{5, 3, 3}, Shape{5}}, 1));
  expect_same(make_call(Op::conv, conv_attributes(2, {1, 0, 2, 3}, {1, 2}, {2, 1}),
                        {Shape{2, 4, 9, 13}, Shape{6, 2, 3, 2}, Shape{6}}, 2));
  expect_same(make_call(Op::conv, conv_attributes(1, {1, 0, 1, 0, 1, 1}, {1, 1, 2}, {1, 2, 1}),
                        {Shape{1, 2, 4, 7, 6}, Shape{3, 2, 2, 3, 2}}, 3));
  expect_same(make_call(Op::conv,
                        conv_attributes(1, {0, 1, 0, 0, 0, 0, 1, 0}, {1, 1, 1, 1}, {1, 1, 1, 1}),
                        {Shape{1, 2, 2, 3, 4, 5}, Shape{2, 2, 1, 2, 2, 3}}, 4));
}

TEST_F(CpuBackends, conv_pointwise_depthwise_and_of_one_position) {
  expect_same(make_call(Op::conv, conv_attributes(1, {0, 0, 0, 0}, {1, 1}, {1, 1}),
                        {Shape{2, 40, 6, 7}, Shape{20, 40, 1, 1}, Shape{20}}, 1));
  expect_same(make_call(Op::conv, conv_attributes(1, {0, 0, 0, 0}, {2, 1}, {1, 1}),
                        {Shape{2, 40, 6, 7}, Shape{20, 40, 1, 1}, Shape{20}}, 1));
  expect_same(make_call(Op::conv, conv_attributes(1, {0, 1, 0, 0}, {1, 1}, {1, 1}),
                        {Shape{1, 3, 6, 7}, Shape{20, 3, 1, 1}, Shape{20}}, 1));
  expect_same(make_call(Op::conv, conv_attributes(8, {1, 1, 1, 1}, {1, 1}, {1, 1}),
                        {Shape{2, 8, 9, 9}, Shape{8, 1, 3, 3}, Shape{8}}, 2));
  expect_same(make_call(Op::conv, conv_attributes(1, {0, 0, 0, 0}, {1, 1}, {1, 1}),
                        {Shape{3, 5, 4, 4}, Shape{40, 5, 4, 4}, Shape{40}}, 3));
  expect_same(make_call(Op::conv, conv_attributes(1, {0, 0, 0, 0}, {1, 1}, {1, 1}),
                        {Shape{1, 50, 1, 1}, Shape{40, 50, 1, 1}, Shape{40}}, 3));
}

TEST_F(CpuBackends, depthwise_windows_at_every_edge) {
  const std::array<Ints, 4> paddings = {Ints{0, 0, 0, 0}, Ints{1, 1, 1, 1}, Ints{2, 0, 1, 3},
                                        Ints{0, 5, 4, 0}};
  for (const std::int64_t width : {3, 7, 8, 9, 16, 18, 31, 34, 50}) {
    for (const Ints& pads : paddings) {
      for (const std::int64_t stride : {1, 2, 3}) {
        const std::int64_t height = 3 + (width + pads[0]) % 17;
        expect_same(make_call(Op::conv, conv_attributes(3, pads, {stride, stride}, {1, 1}),
                              {Shape{1, 3, height, width}, Shape{6, 1, 3, 3}, Shape{6}}, 7,
                              tests::Values::special));
      }
    }
  }
}

TEST_F(CpuBackends, elementary_functions_of_every_size) {
  for (const Op op : {Op::exp, Op::tanh, Op::sin, Op::erf, Op::sigmoid, Op::softplus, Op::sqrt}) {
    for (const Shape& shape : {Shape{}, Shape{0}, Shape{3, 5}, Shape{2, 50'000}}) {
      expect_same(make_call(op, {}, {shape}, 11));
    }
  }
  EXPECT_EQ(refusal_of(make_call(Op::erf, {}, {Shape{2}, Shape{2}}, 1)),
            RefusalCode::program_ill_formed);
}

TEST_F(CpuBackends, conv_with_few_positions_and_many_channels) {
  for (const std::int64_t group : {1, 2}) {
    for (const std::int64_t kernel : {1, 3}) {
      const std::int64_t pad = kernel / 2;
      const Shape weights{64 * group, 20 / group, kernel, kernel};
      const auto attributes = conv_attributes(group, {pad, pad, pad, pad}, {1, 1}, {1, 1});
      expect_same(
          make_call(Op::conv, attributes, {Shape{2, 20, 7, 7}, weights, Shape{weights[0]}}, 1));
      expect_same(make_call(Op::conv, attributes, {Shape{1, 20, 7, 9}, weights}, 2));
    }
  }
}

TEST_F(CpuBackends, conv_with_few_positions_deeper_than_a_block) {
  expect_same(make_call(Op::conv, conv_attributes(1, {1, 1, 1, 1}, {1, 1}, {1, 1}),
                        {Shape{1, 130, 7, 7}, Shape{64, 130, 3, 3}, Shape{64}}, 1));
  expect_same(make_call(Op::conv, conv_attributes(1, {1, 1, 1, 1}, {1, 1}, {1, 1}, 5000),
                        {Shape{1, 130, 7, 7}, Shape{64, 130, 3, 3}, Shape{64}}, 2));
}

TEST_F(CpuBackends, conv_with_windows_wholly_in_the_padding) {
  expect_same(make_call(Op::conv, conv_attributes(1, {5, 5, 5, 5}, {1, 3}, {1, 1}),
                        {Shape{1, 2, 4, 4}, Shape{7, 2, 2, 2}, Shape{7}}, 1));
}

TEST_F(CpuBackends, conv_with_automatic_padding) {
  for (const char* mode : {"SAME_UPPER", "SAME_LOWER", "VALID"}) {
    expect_same(make_call(Op::conv, conv_attributes(1, {0, 0, 0, 0}, {2, 1}, {1, 1}, 256, mode),
                          {Shape{1, 3, 9, 8}, Shape{4, 3, 4, 2}, Shape{4}}, 1));
  }
}

TEST_F(CpuBackends, conv_of_real_layer_sizes) {
  expect_same(make_call(Op::conv, conv_attributes(1, {3, 3, 3, 3}, {2, 2}, {1, 1}),
                        {Shape{1, 3, 45, 51}, Shape{32, 3, 7, 7}, Shape{32}}, 1));
  expect_same(make_call(Op::conv, conv_attributes(1, {1, 1, 1, 1}, {1, 1}, {1, 1}),
                        {Shape{1, 64, 14, 14}, Shape{64, 64, 3, 3}, Shape{64}}, 2));
}

TEST_F(CpuBackends, elementwise_operations_over_several_pieces) {
  const Shape large{3, 50021};
  for (const Op op : {Op::add, Op::sub, Op::mul, Op::div, Op::max, Op::equal}) {
    expect_same(make_call(op, {}, {large, large}, 1));
    expect_same(make_call(op, {}, {large, Shape{3, 1}}, 1));
  }
  for (const Op op : {Op::relu, Op::neg, Op::exp, Op::sqrt}) {
    expect_same(make_call(op, {}, {large}, 1));
  }
  expect_same(make_call(
      Op::cast, {{"saturate", std::int64_t{1}}, {"to", static_cast<std::int64_t>(Dtype::i8)}},
      {large}, 1));
}

TEST_F(CpuBackends, a_refusal_in_a_late_piece_is_that_of_the_whole_call) {
  Sample sample = make_call(Op::div, {}, {}, 0);
  for (int i = 0; i < 2; ++i) {
    Tensor ones(Dtype::i32, {200000});
    std::fill(ones.data<std::int32_t>().begin(), ones.data<std::int32_t>().end(), 1);
    sample.operands.emplace_back(std::move(ones));
    sample.node.inputs.push_back(0);
  }
  expect_same(sample);
  sample.operands[1]->data<std::int32_t>()[199999] = 0;
  expect_same(sample);
}

TEST_F(CpuBackends, ftz_and_daz_set_by_the_caller_do_not_matter_and_are_restored) {
  const unsigned saved = _mm_getcsr();
  const unsigned hostile = (saved & ~0x3FU) | 0x8040U | 0x6000U;  // FTZ, DAZ, truncation
  for (const Sample& sample : {make_call(Op::matmul, {{"k_segment", std::int64_t{256}}},
                                         {Shape{20, 300}, Shape{300, 40}}, 1, tests::Values::tiny),
                               make_call(Op::relu, {}, {Shape{100}}, 2, tests::Values::special)}) {
    const auto views = sample.views();
    const auto expected = [&] {
      const core::FloatEnvironment environment;
      return *reference::evaluate(sample.node, views);
    }();
    for (const auto& backend : backends_) {
      _mm_setcsr(hostile);
      const auto actual = backend->run(sample.node, views);
      const unsigned after = _mm_getcsr() & ~0x3FU;
      _mm_setcsr(saved);
      EXPECT_EQ(after, hostile & ~0x3FU);
      ASSERT_TRUE(actual);
      EXPECT_TRUE(identical(actual->front(), expected.front()));
    }
  }
}

TEST_F(CpuBackends, refusals_are_those_of_the_reference) {
  EXPECT_EQ(refusal_of(matmul({3, 4}, {5, 6})), RefusalCode::shape_mismatch);
  EXPECT_EQ(refusal_of(matmul({}, {5, 6})), RefusalCode::shape_mismatch);
  EXPECT_EQ(refusal_of(matmul({2, 3, 4}, {3, 4, 6})), RefusalCode::shape_mismatch);
  EXPECT_EQ(refusal_of(matmul({3, 4}, {4, 6}, 0)), RefusalCode::operation_attribute_invalid);
  EXPECT_EQ(refusal_of(matmul({3, 4}, {4, 6}, -256)), RefusalCode::operation_attribute_invalid);
  EXPECT_EQ(refusal_of(make_call(Op::gemm, gemm_attributes(1, 1, false, false),
                                 {Shape{3, 4}, Shape{4, 6}, Shape{5}}, 1)),
            RefusalCode::shape_mismatch);
  EXPECT_EQ(refusal_of(make_call(Op::gemm, gemm_attributes(1, 1, false, false),
                                 {Shape{3, 4, 1}, Shape{4, 6}}, 1)),
            RefusalCode::shape_mismatch);
  EXPECT_EQ(refusal_of(make_call(Op::conv, conv_attributes(1, {0, 0}, {1}, {1}),
                                 {Shape{1, 2, 5}, Shape{3, 2, 2}, Shape{4}}, 1)),
            RefusalCode::shape_mismatch);
  EXPECT_EQ(refusal_of(make_call(Op::conv, conv_attributes(2, {0, 0}, {1}, {1}),
                                 {Shape{1, 3, 5}, Shape{4, 1, 2}}, 1)),
            RefusalCode::shape_mismatch);
  EXPECT_EQ(refusal_of(make_call(Op::conv, conv_attributes(1, {0, 0}, {0}, {1}),
                                 {Shape{1, 2, 5}, Shape{3, 2, 2}}, 1)),
            RefusalCode::operation_attribute_invalid);
}

TEST_F(CpuBackends, a_node_that_is_not_as_ops_def_says_is_refused) {
  Sample without = matmul({3, 4}, {4, 6});
  without.node.attributes.clear();
  EXPECT_EQ(refusal_of(without), RefusalCode::program_ill_formed);
  Sample wrong_kind = matmul({3, 4}, {4, 6});
  wrong_kind.node.attributes[0].value = 256.0F;
  EXPECT_EQ(refusal_of(wrong_kind), RefusalCode::program_ill_formed);
  Sample one_operand = matmul({3, 4}, {4, 6});
  one_operand.operands.pop_back();
  EXPECT_EQ(refusal_of(one_operand), RefusalCode::program_ill_formed);
  Sample left_out = matmul({3, 4}, {4, 6});
  left_out.operands[1] = std::nullopt;
  EXPECT_EQ(refusal_of(left_out), RefusalCode::program_ill_formed);
}

TEST_F(CpuBackends, a_type_outside_the_matrix_is_refused_as_operation_dtype_unsupported) {
  Sample sample = matmul({3, 4}, {4, 6});
  sample.operands[1] = Tensor(Dtype::boolean, {4, 6});
  EXPECT_EQ(refusal_of(sample), RefusalCode::operation_dtype_unsupported);
  EXPECT_EQ(backends_.front()->supports(sample.node, sample.dtypes()).error().code,
            RefusalCode::operation_dtype_unsupported);
}

RC_GTEST_FIXTURE_PROP(CpuBackends, any_matmul_has_the_bits_of_the_reference, ()) {
  const auto size = [] { return *rc::gen::inRange<std::int64_t>(0, 40); };
  const std::int64_t depth = *rc::gen::inRange<std::int64_t>(0, 600);
  const std::int64_t batch = *rc::gen::inRange<std::int64_t>(1, 4);
  const Shape a = *rc::gen::arbitrary<bool>() ? Shape{batch, size(), depth} : Shape{size(), depth};
  const Shape b = *rc::gen::arbitrary<bool>() ? Shape{batch, depth, size()} : Shape{depth, size()};
  expect_same(matmul(a, b, *rc::gen::element<std::int64_t>(1, 7, 256, 300, 1000)));
  RC_ASSERT(!HasFailure());
}

RC_GTEST_FIXTURE_PROP(CpuBackends, any_conv_has_the_bits_of_the_reference, ()) {
  const auto small = [](int from, int to) { return *rc::gen::inRange<std::int64_t>(from, to); };
  const std::int64_t group = small(1, 4);
  const std::int64_t channels = small(1, 5);
  const Shape x{small(1, 3), group * channels, small(1, 14), small(1, 20)};
  const Shape w{group * small(1, 14), channels, small(1, 5), small(1, 5)};
  std::vector<std::optional<Shape>> operands = {x, w};
  if (*rc::gen::arbitrary<bool>()) operands.emplace_back(Shape{w[0]});
  expect_same(make_call(Op::conv,
                        conv_attributes(group, {small(0, 3), small(0, 3), small(0, 3), small(0, 3)},
                                        {small(1, 4), small(1, 4)}, {small(1, 3), small(1, 3)},
                                        *rc::gen::element<std::int64_t>(1, 7, 256, 300)),
                        operands, *rc::gen::arbitrary<std::uint32_t>()));
  RC_ASSERT(!HasFailure());
}

}  // namespace
}  // namespace isotrace::backends
