// The array kernels of the cpu backend against the reference: elementwise operations, reductions,
// normalisation, pooling and movement, over shapes with tails, broadcasting and special values.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <tests/backends/cpu_backends.hpp>

namespace isotrace::backends {
namespace {

constexpr std::uint64_t seeds = 3;

std::optional<Tensor> int_list(const Ints& values) {
  return Tensor::of<std::int64_t>({static_cast<std::int64_t>(values.size())},
                                  std::span<const std::int64_t>(values));
}

Sample with_list(Sample sample, const Ints& values) {
  sample.node.inputs.push_back(0);
  sample.operands.push_back(int_list(values));
  return sample;
}

/// Sizes around the vectors of both instruction sets.
constexpr std::int64_t lengths[] = {0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 64, 100, 255};

TEST_F(CpuBackends, elementwise_operations_of_all_lengths) {
  constexpr Op binary[] = {Op::add, Op::sub, Op::mul, Op::div, Op::max, Op::min, Op::sum};
  constexpr Op unary[] = {Op::neg,  Op::abs,  Op::reciprocal, Op::sqrt,    Op::floor,
                          Op::ceil, Op::relu, Op::softsign,   Op::identity};
  for (const std::int64_t length : lengths) {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      for (const Op op : binary) {
        expect_same(make_call(op, {}, {Shape{length}, Shape{length}}, seed));
        expect_same(make_call(op, {}, {Shape{length}, Shape{1}}, seed));
        expect_same(make_call(op, {}, {Shape{}, Shape{length}}, seed));
      }
      for (const Op op : unary) expect_same(make_call(op, {}, {Shape{length}}, seed));
      expect_same(make_call(Op::leaky_relu, {{"alpha", 0.1F}}, {Shape{length}}, seed));
      expect_same(
          make_call(Op::hard_sigmoid, {{"alpha", 0.2F}, {"beta", 0.5F}}, {Shape{length}}, seed));
    }
  }
}

TEST_F(CpuBackends, maximum_and_minimum_of_zeros_and_nan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float values[] = {
      0.0F, -0.0F, nan, -nan, 1.0F, -1.0F, std::numeric_limits<float>::infinity()};
  std::vector<float> a;
  std::vector<float> b;
  for (const float x : values) {
    for (const float y : values) {
      a.push_back(x);
      b.push_back(y);
    }
  }
  const Shape shape{static_cast<std::int64_t>(a.size())};
  for (const Op op : {Op::max, Op::min, Op::clip}) {
    Sample sample = make_call(op, {}, {shape, shape}, 1);
    sample.operands[0] = Tensor::of<float>(shape, std::span<const float>(a));
    sample.operands[1] = Tensor::of<float>(shape, std::span<const float>(b));
    if (op != Op::clip) expect_same(sample);
    for (const float bound : values) {
      sample.operands[1] = Tensor::of<float>({}, {bound});
      expect_same(sample);
    }
  }
}

TEST_F(CpuBackends, broadcasting_of_every_kind) {
  const std::vector<std::pair<Shape, Shape>> shapes = {{{2, 3, 5}, {5}},
                                                       {{2, 3, 5}, {3, 1}},
                                                       {{2, 1, 5}, {1, 7, 1}},
                                                       {{4, 1}, {1, 33}},
                                                       {{1, 40, 9, 9}, {40, 1, 1}},
                                                       {{2, 3, 4, 5}, {2, 1, 1, 5}},
                                                       {{3, 1, 2}, {1, 4, 1, 2}},
                                                       {{0, 3}, {1, 3}},
                                                       {{1, 1, 1}, {1}},
                                                       {{300, 700}, {700}},
                                                       {{300, 1}, {300, 700}},
                                                       {{2, 90000}, {2, 1}}};
  for (const auto& [a, b] : shapes) {
    for (const Op op : {Op::add, Op::sub, Op::div, Op::max}) {
      expect_same(make_call(op, {}, {a, b}, 5));
      expect_same(make_call(op, {}, {b, a}, 6));
    }
    expect_same(make_call(Op::min, {}, {a, b, Shape{1}, a}, 7));
  }
  EXPECT_EQ(refusal_of(make_call(Op::add, {}, {Shape{2, 3}, Shape{2}}, 1)),
            RefusalCode::shape_mismatch);
}

TEST_F(CpuBackends, clip_with_bounds_that_are_there_or_not) {
  for (const auto& low :
       {std::optional<Shape>(), std::optional(Shape{}), std::optional(Shape{1})}) {
    for (const auto& high : {std::optional<Shape>(), std::optional(Shape{})}) {
      for (std::uint64_t seed = 0; seed < 2 * seeds; ++seed) {
        expect_same(make_call(Op::clip, {}, {Shape{77}, low, high}, seed));
      }
    }
  }
  EXPECT_EQ(refusal_of(make_call(Op::clip, {}, {Shape{7}, Shape{2}}, 1)),
            RefusalCode::shape_mismatch);
}

TEST_F(CpuBackends, where_with_conditions_of_every_shape) {
  const std::vector<std::array<Shape, 3>> shapes = {{{{77}, {77}, {77}}},
                                                    {{{1, 1, 9, 9}, {2, 3, 9, 9}, {}}},
                                                    {{{}, {5, 7}, {7}}},
                                                    {{{5, 1}, {1, 70}, {5, 70}}},
                                                    {{{3, 40000}, {3, 1}, {40000}}}};
  for (const auto& [condition, a, b] : shapes) {
    Sample sample = make_call(Op::where, {}, {condition, a, b}, 3);
    Tensor mask(Dtype::boolean, condition);
    core::PhiloxStream random(9);
    for (auto& element : mask.data<core::Bool8>()) {
      element.value = static_cast<std::uint8_t>(random.next_below(2));
    }
    sample.operands[0] = std::move(mask);
    expect_same(sample);
  }
}

TEST_F(CpuBackends, reductions_over_axes_that_lie_side_by_side_or_not) {
  const std::vector<std::pair<Shape, Ints>> cases = {{{3, 100}, {1}},        {{3, 100}, {0}},
                                                     {{3, 100}, {}},         {{2, 3, 4, 5}, {1, 2}},
                                                     {{2, 3, 4, 5}, {0, 2}}, {{2, 3, 4, 5}, {-1}},
                                                     {{2, 5000}, {1}},       {{5000, 3}, {0}},
                                                     {{4097}, {0}},          {{1, 9000, 1}, {1}},
                                                     {{0, 3}, {0}},          {{3, 0}, {0}},
                                                     {{70, 700}, {0}},       {{}, {}}};
  for (const auto& [shape, axes] : cases) {
    for (const Op op : {Op::reduce_sum, Op::reduce_mean, Op::reduce_max, Op::reduce_min}) {
      for (const std::int64_t keep : {0, 1}) {
        for (const auto values : {tests::Values::ordinary, tests::Values::special}) {
          const Sample sample =
              make_call(op, {{"keepdims", keep}, {"noop_with_empty_axes", std::int64_t{0}}},
                        {shape}, 4, values);
          expect_same(sample);
          expect_same(with_list(sample, axes));
        }
      }
    }
  }
}

TEST_F(CpuBackends, reductions_refuse_as_the_reference_does) {
  const Sample sample = make_call(
      Op::reduce_sum, {{"keepdims", std::int64_t{1}}, {"noop_with_empty_axes", std::int64_t{1}}},
      {Shape{3, 4}}, 4);
  expect_same(sample);
  EXPECT_EQ(refusal_of(with_list(sample, {2})), RefusalCode::operation_attribute_invalid);
  EXPECT_EQ(refusal_of(with_list(sample, {0, 0})), RefusalCode::operation_attribute_invalid);
}

TEST_F(CpuBackends, batch_normalisation) {
  for (const auto& x :
       {Shape{2, 3, 5, 7}, Shape{1, 40, 33}, Shape{4, 3}, Shape{3}, Shape{0, 3, 2}}) {
    const Shape channels{x.size() == 1 ? 1 : x[1]};
    for (const auto values : {tests::Values::ordinary, tests::Values::special}) {
      expect_same(make_call(Op::batch_normalization, {{"epsilon", 1e-5F}},
                            {x, channels, channels, channels, channels}, 2, values));
    }
  }
  EXPECT_EQ(refusal_of(make_call(Op::batch_normalization, {{"epsilon", 1e-5F}},
                                 {Shape{2, 3, 4}, Shape{3}, Shape{3}, Shape{4}, Shape{3}}, 2)),
            RefusalCode::shape_mismatch);
}

TEST_F(CpuBackends, layer_normalisation) {
  for (const std::int64_t length : {1, 31, 32, 768, 5000}) {
    for (const auto values : {tests::Values::ordinary, tests::Values::special}) {
      const std::vector<Attribute> attributes = {{"axis", std::int64_t{-1}}, {"epsilon", 1e-5F}};
      expect_same(make_call(Op::layer_normalization, attributes,
                            {Shape{2, 3, length}, Shape{length}, Shape{length}}, 2, values));
      expect_same(make_call(Op::layer_normalization, attributes, {Shape{70, length}, Shape{length}},
                            2, values));
      expect_same(make_call(Op::layer_normalization, attributes,
                            {Shape{2, 3, length}, Shape{3, length}, Shape{1}}, 2, values));
    }
  }
  expect_same(make_call(Op::layer_normalization, {{"axis", std::int64_t{1}}, {"epsilon", 0.0F}},
                        {Shape{2, 3, 5}, Shape{3, 5}, Shape{3, 5}}, 2));
}

TEST_F(CpuBackends, softmax_along_every_axis) {
  for (const Op op : {Op::softmax, Op::log_softmax}) {
    for (const std::int64_t flatten : {0, 1}) {
      for (const std::int64_t axis : {-1, 0, 1}) {
        for (const auto values : {tests::Values::ordinary, tests::Values::special}) {
          expect_same(
              make_call(op, {{"axis", axis}, {"flatten", flatten}}, {Shape{3, 4, 45}}, 8, values));
          expect_same(make_call(op, {{"axis", axis}, {"flatten", flatten}}, {Shape{40, 0}}, 8));
        }
      }
    }
    expect_same(make_call(op, {{"axis", std::int64_t{1}}, {"flatten", std::int64_t{0}}},
                          {Shape{3, 5000}}, 8, tests::Values::ordinary));
  }
}

std::vector<Attribute> pool_attributes(Op op, Ints kernel, Ints pads, Ints strides, Ints dilations,
                                       std::int64_t ceil, std::int64_t last) {
  std::vector<Attribute> attributes = {{"auto_pad", std::string("NOTSET")}, {"ceil_mode", ceil}};
  if (op == Op::average_pool) attributes.push_back({"count_include_pad", last});
  attributes.push_back({"dilations", std::move(dilations)});
  attributes.push_back({"kernel_shape", std::move(kernel)});
  attributes.push_back({"pads", std::move(pads)});
  if (op == Op::max_pool) attributes.push_back({"storage_order", last});
  attributes.push_back({"strides", std::move(strides)});
  return attributes;
}

TEST_F(CpuBackends, pooling_of_one_two_and_three_axes) {
  for (const Op op : {Op::max_pool, Op::average_pool}) {
    for (const std::int64_t last : {0, 1}) {
      expect_same(make_call(op, pool_attributes(op, {3, 3}, {1, 1, 1, 1}, {2, 2}, {1, 1}, 0, last),
                            {Shape{1, 3, 56, 56}}, 1));
      expect_same(
          make_call(op, pool_attributes(op, {3}, {1, 1}, {2}, {1}, 0, last), {Shape{1, 3, 40}}, 1));
      expect_same(make_call(
          op, pool_attributes(op, {2, 2, 2}, {0, 0, 0, 0, 0, 0}, {1, 1, 1}, {1, 1, 1}, 0, last),
          {Shape{1, 2, 5, 6, 7}}, 1));
    }
  }
  expect_same(make_call(Op::max_pool,
                        pool_attributes(Op::max_pool, {1, 1}, {0, 0, 0, 0}, {1, 1}, {1, 1}, 0, 2),
                        {Shape{1, 2, 5, 6}}, 1));
  for (const Op op : {Op::global_max_pool, Op::global_average_pool}) {
    for (const auto& shape : {Shape{2, 3, 7, 7}, Shape{1, 5, 5000}, Shape{2, 3}, Shape{2, 0, 3}}) {
      expect_same(make_call(op, {}, {shape}, 1));
    }
  }
}

RC_GTEST_FIXTURE_PROP(CpuBackends, any_pool_has_the_bits_of_the_reference, ()) {
  const auto small = [](int from, int to) { return *rc::gen::inRange<std::int64_t>(from, to); };
  const Op op = *rc::gen::element(Op::max_pool, Op::average_pool);
  const Ints pads = {small(0, 3), small(0, 3), small(0, 3), small(0, 3)};
  expect_same(
      make_call(op,
                pool_attributes(op, {small(1, 5), small(1, 5)}, pads, {small(1, 5), small(1, 5)},
                                {small(1, 3), small(1, 3)}, small(0, 2), small(0, 2)),
                {Shape{small(1, 3), small(1, 4), small(1, 20), small(1, 80)}},
                *rc::gen::arbitrary<std::uint32_t>()));
  RC_ASSERT(!HasFailure());
}

TEST_F(CpuBackends, movement_of_elements) {
  const std::vector<std::pair<Shape, Ints>> transpositions = {{{3, 4}, {1, 0}},
                                                              {{33, 70}, {1, 0}},
                                                              {{2, 17, 3, 40}, {0, 2, 1, 3}},
                                                              {{2, 17, 3, 40}, {0, 2, 3, 1}},
                                                              {{2, 3, 4, 5}, {3, 2, 1, 0}},
                                                              {{5}, {0}},
                                                              {{}, {}},
                                                              {{0, 4}, {1, 0}},
                                                              {{200, 300}, {1, 0}},
                                                              {{1, 7, 1, 9}, {3, 0, 1, 2}},
                                                              {{2, 3, 4}, {1, 2, 0}},
                                                              {{40, 50, 60}, {0, 2, 1}}};
  for (const auto& [shape, perm] : transpositions) {
    Sample sample = make_call(Op::transpose, {{"perm", perm}}, {shape}, 1);
    expect_same(sample);
    for (const Dtype dtype : {Dtype::u8, Dtype::f16, Dtype::i64}) {
      Tensor other(dtype, shape);
      std::uint8_t next = 0;
      for (auto& byte : other.mutable_bytes()) byte = next++;
      sample.operands[0] = std::move(other);
      expect_same(sample);
    }
  }
  for (const Ints& shape :
       {Ints{4, 3, 5}, Ints{1, 1}, Ints{2, 4, 3, 5}, Ints{4, 0, 5}, Ints{2, 2}}) {
    expect_same(with_list(make_call(Op::expand, {}, {Shape{4, 1, 5}}, 1), shape));
    expect_same(with_list(make_call(Op::expand, {}, {Shape{1, 1}}, 1), shape));
  }
}

TEST_F(CpuBackends, split_with_sizes_given_or_equal) {
  for (const std::int64_t axis : {0, 1, -1, 3}) {
    Sample sample = make_call(Op::split, {{"axis", axis}}, {Shape{4, 6, 9}}, 1);
    sample.node.outputs = {99, 100, 101};
    expect_same(sample);
    for (const Ints& sizes : {Ints{1, 2, 3}, Ints{4, 0, 5}, Ints{1, 1, 2}, Ints{9}}) {
      expect_same(with_list(sample, sizes));
    }
  }
}

}  // namespace
}  // namespace isotrace::backends
