// The kernels of backends/gpu, compiled for the host, and the plans that launch them, against the
// reference. What a device makes of the same source is for `isotrace backends --selftest` to say.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include <isotrace/backends/capability.hpp>
#include <isotrace/backends/gpu/gpu_backend.hpp>
#include <isotrace/backends/gpu/kernels/math_arguments.hpp>
#include <isotrace/backends/gpu/work.hpp>
#include <isotrace/backends/samples.hpp>
#include <isotrace/backends/self_test.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <tests/backends/gpu_on_host.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using core::Op;
using core::Tensor;

class Orders : public testing::TestWithParam<HostOrder> {};
INSTANTIATE_TEST_SUITE_P(Gpu, Orders, testing::Values(HostOrder::forwards, HostOrder::backwards));

TEST_P(Orders, kernels_have_the_bits_of_the_reference_on_every_sample) {
  for (const unsigned multiprocessors : {1U, 100U}) {
    OnHost host(multiprocessors, GetParam());
    const auto report = self_test(*host.backend);
    ASSERT_TRUE(report);
    for (const SelfTestRow& row : report->rows) {
      EXPECT_EQ(row.failed, 0U) << core::op_info(row.op).name << " " << core::dtype_name(row.dtype)
                                << ": " << row.first_failure;
    }
    const auto matrix = *capability_matrix("cuda");
    const auto served = std::ranges::count_if(
        matrix, [](const Capability& entry) { return entry.support != Support::refused; });
    EXPECT_EQ(std::ssize(report->rows), served);
    EXPECT_EQ(host.device->held(), 0U);
  }
}

TEST_P(Orders, products_of_every_tail_and_segment_have_the_bits_of_the_reference) {
  const std::int64_t rows[] = {1, 3, 16, 17, 33, 130};
  const std::int64_t columns[] = {1, 31, 32, 128, 129};
  const std::int64_t depths[] = {0, 1, 15, 16, 17, 300, 512};
  std::uint64_t seed = 0;
  for (const unsigned multiprocessors : {1U, 64U}) {
    OnHost host(multiprocessors, GetParam());
    for (const std::int64_t m : rows) {
      for (const std::int64_t n : columns) {
        for (const std::int64_t k : depths) {
          ++seed;
          const std::int64_t segment = std::array<std::int64_t, 4>{256, 16, 7, 1024}[seed % 4];
          const std::string what = std::to_string(m) + "x" + std::to_string(n) + "x" +
                                   std::to_string(k) + " by " + std::to_string(segment);
          if (seed % 2 == 0) {
            expect_reference_bits(*host.backend, product_node(Op::matmul, segment),
                                  {draw({m, k}, seed), draw({k, n}, seed + 1000)}, what);
          } else {
            expect_reference_bits(
                *host.backend, product_node(Op::gemm, segment),
                {draw({k, m}, seed), draw({n, k}, seed + 1000), draw({n}, seed + 2000)}, what);
          }
        }
      }
    }
    const auto& launches = host.device->launches();
    for (const char* kernel : {"product_row", "product_rows", "product_flat", "product_medium"}) {
      EXPECT_TRUE(launches.contains(kernel)) << kernel;
    }
    EXPECT_EQ(launches.contains("combine_segments"), multiprocessors > 1);
  }
}

TEST(GpuBackend, has_the_bits_of_the_reference_on_samples_of_other_seeds) {
  OnHost host(16, HostOrder::forwards);
  const auto matrix = *capability_matrix("cuda");
  for (const Capability& entry : matrix) {
    if (entry.support != Support::device) continue;
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      for (const Sample& sample : make_samples(entry.op, entry.dtype, seed)) {
        const auto expected = reference::evaluate(sample.node, sample.views());
        const auto actual = host.backend->run(sample.node, sample.views());
        const std::string what = std::string(core::op_info(entry.op).name) + " " +
                                 std::string(core::dtype_name(entry.dtype));
        ASSERT_EQ(actual.has_value(), expected.has_value()) << what;
        if (!expected) continue;
        for (std::size_t i = 0; i < expected->size(); ++i) {
          EXPECT_TRUE(core::identical((*actual)[i], (*expected)[i])) << what;
        }
      }
    }
  }
}

TEST(GpuBackend, refuses_what_the_reference_has_in_six_operations_of_f64_alone) {
  const std::set<Op> left = {Op::rnn, Op::gru, Op::lstm, Op::lrn, Op::lp_pool, Op::global_lp_pool};
  const auto reference = *capability_matrix("reference");
  const auto gpu = *capability_matrix("cuda");
  ASSERT_EQ(gpu.size(), reference.size());
  for (std::size_t i = 0; i < gpu.size(); ++i) {
    const bool refused = reference[i].support == Support::refused ||
                         (gpu[i].dtype == Dtype::f64 && left.contains(gpu[i].op));
    EXPECT_EQ(gpu[i].support == Support::refused, refused)
        << core::op_info(gpu[i].op).name << " " << core::dtype_name(gpu[i].dtype);
  }
}

core::Node cast_node(Dtype to, bool saturate) {
  return {Op::cast,
          {0},
          {1},
          {{"saturate", std::int64_t{saturate}}, {"to", static_cast<std::int64_t>(to)}},
          "cast"};
}

TEST(GpuBackend, has_products_of_more_tiles_and_matrices_than_hardware_has_along_an_axis) {
  OnHost host(4, HostOrder::forwards);
  const std::int64_t rows = 0x10000 * 32 + 1;
  Tensor tall(Dtype::f64, {rows, 1});
  const auto values = tall.data<double>();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i) / 3;
  expect_reference_bits(*host.backend, product_node(Op::matmul, 256),
                        {tall, Tensor::of<double>({1, 1}, {0.7})}, "rows");
  expect_reference_bits(*host.backend, product_node(Op::matmul, 256),
                        {draw({0x10001, 1, 2}, 1), draw({0x10001, 2, 1}, 2)}, "matrices");
}

TEST(GpuBackend, casts_any_bits_between_all_types) {
  OnHost host(8, HostOrder::forwards);
  for (const Dtype from : {Dtype::f32, Dtype::f64, Dtype::f16, Dtype::bf16, Dtype::f8e4m3fn,
                           Dtype::f8e4m3fnuz, Dtype::f8e5m2, Dtype::f8e5m2fnuz, Dtype::i8,
                           Dtype::u16, Dtype::i32, Dtype::i64, Dtype::u64}) {
    for (std::uint8_t number = 1; const auto to = core::dtype_from_number(number); ++number) {
      const std::string what =
          std::string(core::dtype_name(from)) + " to " + std::string(core::dtype_name(*to));
      expect_reference_bits(*host.backend, cast_node(*to, number % 2 == 0),
                            {draw_bits(from, {3000}, number)}, what);
    }
  }
}

TEST(GpuBackend, casts_every_f16_and_every_f32_near_a_tie_of_narrow_floats) {
  OnHost host(8, HostOrder::forwards);
  Tensor halves(Dtype::f16, {1 << 16});
  for (std::size_t i = 0; i < halves.elements(); ++i) {
    halves.data<core::Half>()[i].bits = static_cast<std::uint16_t>(i);
  }
  // Each 16-bit float and the numbers around it, and around the middle to the next.
  Tensor near(Dtype::f32, {6 << 16});
  for (std::uint32_t i = 0; i < near.elements(); ++i) {
    const std::uint32_t offsets[] = {0, 1, 0xFFFF, 0x7FFF, 0x8000, 0x8001};
    const std::uint32_t bits = (i / 6 << 16) + offsets[i % 6];
    near.data<float>()[i] = from_bits(bits);
  }
  for (const Dtype to : {Dtype::f32, Dtype::f16, Dtype::bf16, Dtype::f8e4m3fn, Dtype::f8e4m3fnuz,
                         Dtype::f8e5m2, Dtype::f8e5m2fnuz, Dtype::f4e2m1, Dtype::i8}) {
    const std::string what(core::dtype_name(to));
    expect_reference_bits(*host.backend, cast_node(to, false), {halves}, what);
    expect_reference_bits(*host.backend, cast_node(to, false), {near}, what);
  }
}

/// Numbers of a type, small enough to be told apart by everything that could go wrong.
Tensor draw_typed(Dtype dtype, core::Shape shape, std::uint64_t seed) {
  Tensor tensor(dtype, std::move(shape));
  const Tensor bits = draw_bits(Dtype::i64, {static_cast<std::int64_t>(tensor.elements())}, seed);
  for (std::size_t i = 0; i < tensor.elements(); ++i) {
    if (dtype == Dtype::f64) {
      tensor.data<double>()[i] = static_cast<double>(bits.data<std::int64_t>()[i]) * 0x1p-60;
    } else {
      tensor.data<std::int64_t>()[i] = bits.data<std::int64_t>()[i];
    }
  }
  return tensor;
}

TEST_P(Orders, products_of_f64_and_integers_have_the_bits_of_the_reference) {
  for (const unsigned multiprocessors : {1U, 64U}) {
    OnHost host(multiprocessors, GetParam());
    for (const Dtype dtype : {Dtype::f64, Dtype::i64}) {
      for (const std::int64_t k : {0, 1, 17, 600}) {
        const std::string what = std::string(core::dtype_name(dtype)) + " " + std::to_string(k);
        expect_reference_bits(*host.backend, product_node(Op::matmul, 256),
                              {draw_typed(dtype, {33, k}, 1), draw_typed(dtype, {k, 5}, 2)}, what);
        expect_reference_bits(*host.backend, product_node(Op::matmul, 256),
                              {draw_typed(dtype, {66, k}, 3), draw_typed(dtype, {k, 68}, 4)}, what);
        expect_reference_bits(*host.backend, product_node(Op::matmul, 256),
                              {draw_typed(dtype, {3, k}, 5), draw_typed(dtype, {k, 20}, 6)}, what);
      }
    }
  }
}

TEST_P(Orders, transposed_convolutions_have_the_bits_of_the_reference) {
  OnHost host(16, GetParam());
  std::uint64_t seed = 1;
  for (const std::int64_t stride : {1, 2, 3}) {
    for (const std::int64_t dilation : {1, 2}) {
      const std::vector<std::int64_t> strides = {stride, 1};
      const std::vector<std::int64_t> dilations = {dilation, 2};
      core::Node node{Op::conv_transpose, {0, 1, 2}, {3}, {}, "transposed"};
      node.attributes = {{"auto_pad", std::string("NOTSET")},
                         {"dilations", dilations},
                         {"group", std::int64_t{2}},
                         {"k_segment", std::int64_t{7}},
                         {"output_padding", std::vector<std::int64_t>{0, 0}},
                         {"output_shape", std::vector<std::int64_t>{}},
                         {"pads", std::vector<std::int64_t>{1, 0, 0, 1}},
                         {"strides", strides}};
      expect_reference_bits(*host.backend, node,
                            {draw({2, 4, 5, 3}, seed), draw({4, 3, 3, 2}, seed + 1), draw({6}, 9)},
                            "stride " + std::to_string(stride));
      seed += 2;
    }
  }
}

TEST(GpuBackend, applies_repeated_updates_one_after_the_other) {
  OnHost host(8, HostOrder::backwards);
  const Tensor indices = Tensor::of<std::int64_t>({6}, {2, 0, 2, -1, 2, 0});
  for (const char* reduction : {"none", "add", "mul", "max", "min"}) {
    const core::Node node{Op::scatter_elements,
                          {0, 1, 2},
                          {3},
                          {{"axis", std::int64_t{0}}, {"reduction", std::string(reduction)}},
                          "scatter"};
    for (std::uint64_t seed = 1; seed < 6; ++seed) {
      expect_reference_bits(*host.backend, node, {draw({5}, seed), indices, draw({6}, seed + 9)},
                            reduction);
    }
  }
}

TEST(GpuBackend, orders_equal_elements_and_nan_by_position) {
  OnHost host(8, HostOrder::backwards);
  const float nan = from_bits(std::uint32_t{0x7FC01234});
  const Tensor x = Tensor::of<float>({2, 5}, {1, nan, -0.0F, 0.0F, nan, 3, 3, 2, 3, -1});
  for (const std::int64_t largest : {0, 1}) {
    const core::Node node{
        Op::top_k, {0, 1}, {2, 3}, {{"axis", std::int64_t{1}}, {"largest", largest}}, "top"};
    for (const std::int64_t k : {0, 1, 3, 5}) {
      const Tensor count = Tensor::of<std::int64_t>({1}, {k});
      const std::optional<core::TensorView> operands[] = {x, count};
      const auto expected = reference::evaluate(node, operands);
      const auto actual = host.backend->run(node, operands);
      ASSERT_TRUE(expected && actual);
      for (const std::size_t i : {0U, 1U}) {
        EXPECT_TRUE(core::identical((*actual)[i], (*expected)[i])) << k;
      }
    }
  }
}

TEST(GpuBackend, takes_powers_of_special_numbers_and_settles_those_in_doubt) {
  OnHost host(8, HostOrder::forwards);
  const float inf = from_bits(std::uint32_t{0x7F800000});
  const float nan = from_bits(std::uint32_t{0x7FC00000});
  const Tensor x = Tensor::of<float>(
      {12, 1}, {0, -0.0F, 1, -1, inf, -inf, nan, 2, -2, 0.5F, 1e-42F, 1.0000001F});
  const Tensor y = Tensor::of<float>({11}, {0, -0.0F, 1, -1, 2, -3, 0.5F, inf, -inf, nan, 1e9F});
  const Tensor whole = Tensor::of<std::int64_t>(
      {5}, {std::int64_t{1} << 60, (std::int64_t{1} << 60) + 1, -3, 0, INT64_MIN});
  const core::Node node{Op::pow, {0, 1}, {2}, {}, "power"};
  expect_reference_bits(*host.backend, node, {x, y}, "of reals");
  expect_reference_bits(*host.backend, node, {x, whole}, "of integers");
  // Squares of 13 bits are half way between two numbers: nothing but integers settles them.
  Tensor squares(Dtype::f32, {2000});
  for (std::size_t i = 0; i < squares.elements(); ++i) {
    squares.data<float>()[i] = static_cast<float>(4097 + 2 * i);
  }
  const Tensor cube = Tensor::of<float>({}, {3});
  expect_reference_bits(*host.backend, node, {squares, cube}, "cubes");
}

TEST(GpuBackend, refuses_integers_divided_by_zero_in_the_words_of_the_reference) {
  OnHost host(8, HostOrder::forwards);
  const Tensor a = Tensor::of<std::int32_t>({2}, {1, 2});
  const Tensor b = Tensor::of<std::int32_t>({2}, {1, 0});
  const core::Node node{Op::div, {0, 1}, {2}, {}, "div"};
  const std::optional<core::TensorView> operands[] = {a, b};
  const auto expected = reference::evaluate(node, operands);
  const auto actual = host.backend->run(node, operands);
  ASSERT_FALSE(expected);
  ASSERT_FALSE(actual);
  EXPECT_EQ(actual.error().code, expected.error().code);
  EXPECT_EQ(actual.error().detail, expected.error().detail);
}

TEST_P(Orders, batches_of_products_broadcast) {
  OnHost host(8, GetParam());
  expect_reference_bits(*host.backend, product_node(Op::matmul, 256),
                        {draw({2, 1, 5, 300}, 1), draw({3, 300, 9}, 2)}, "2x1 with 3");
  expect_reference_bits(*host.backend, product_node(Op::matmul, 256),
                        {draw({300}, 1), draw({3, 300, 9}, 2)}, "a vector");
}

TEST_P(Orders, long_rows_are_summed_in_chunks_of_chunks) {
  OnHost host(8, GetParam());
  core::Node node{Op::reduce_sum,
                  {0},
                  {1},
                  {{"keepdims", std::int64_t{0}}, {"noop_with_empty_axes", std::int64_t{0}}},
                  "sum"};
  for (const std::int64_t length : {0, 31, 32, 33, 4095, 4096, 4097, 100000}) {
    expect_reference_bits(*host.backend, node, {draw({length}, 5)}, std::to_string(length));
  }
}

TEST_P(Orders, functions_settle_what_the_kernel_leaves_in_doubt) {
  OnHost host(8, GetParam());
  for (const Op op : {Op::exp, Op::log, Op::tanh, Op::sin}) {
    // Of a million arguments a handful is in doubt.
    Tensor x(Dtype::f32, {1 << 20});
    core::PhiloxStream stream(7);
    for (float& value : x.data<float>()) value = static_cast<float>(stream.next_u32()) * 0x1p-30F;
    expect_reference_bits(*host.backend, {op, {0}, {1}, {}, "function"}, {std::move(x)},
                          std::string(core::op_info(op).name));
  }
}

/// Arguments of exp that the kernel leaves in doubt, by asking it.
std::vector<float> find_doubtful() {
  constexpr std::uint32_t most = 64;
  HostDevice device(8, HostOrder::forwards);
  Work work(device);
  Tensor x(Dtype::f32, {1 << 20});
  core::PhiloxStream stream(7);
  for (float& value : x.data<float>()) value = static_cast<float>(stream.next_u32()) * 0x1p-30F;
  const Array on_device = *work.upload(x);
  const Array out = *work.make(Dtype::f32, x.shape());
  const Array count = *work.upload(Tensor(Dtype::u64, {1}));
  const Array list = *work.make(Dtype::u64, {most});
  EXPECT_TRUE(work.launch_each(
      "map_exp", MathArguments{x.elements(),
                               on_device.data<float>(),
                               out.data<float>(),
                               {count.data<std::uint64_t>(), list.data<std::uint64_t>(), most}}));
  const Tensor counted = *work.download(count);
  const Tensor listed = *work.download(list);
  std::vector<float> doubtful;
  for (std::uint32_t i = 0; i < std::min<std::uint64_t>(counted.data<std::uint64_t>()[0], most);
       ++i) {
    doubtful.push_back(x.data<float>()[listed.data<std::uint64_t>()[i]]);
  }
  return doubtful;
}

TEST(GpuBackend, leaves_no_element_of_f32_to_the_host) { EXPECT_TRUE(find_doubtful().empty()); }

TEST(GpuBackend, settles_more_doubts_than_a_list_holds) {
  Tensor x(Dtype::f64, {70000});  // whose results are subnormal, which the host settles
  for (std::size_t i = 0; i < x.elements(); ++i) {
    x.data<double>()[i] = -710 - static_cast<double>(i % 3000) * 0.01;
  }
  OnHost host(8, HostOrder::forwards);
  expect_reference_bits(*host.backend, {Op::exp, {0}, {1}, {}, "function"}, {std::move(x)}, "exp");
}

TEST_P(Orders, products_of_bytes_are_exact_on_tensor_cores_and_by_dot_products) {
  const std::int64_t sizes[][3] = {{17, 1, 1}, {64, 64, 64}, {65, 63, 130}, {40, 200, 5}};
  std::uint64_t seed = 1;
  for (const ByteUnits units :
       {ByteUnits::tensor_cores, ByteUnits::dot_products, ByteUnits::none}) {
    OnHost host(8, GetParam(), units);
    for (const Dtype a_type : {Dtype::i8, Dtype::u8}) {
      for (const Dtype b_type : {Dtype::i8, Dtype::u8}) {
        for (const auto& [m, n, k] : sizes) {
          ++seed;
          const core::Node node{Op::matmul_integer, {0, 1, 2, 3}, {4}, {}, "bytes"};
          const std::int64_t a_zeros = seed % 2 == 0 ? 1 : m;
          const std::int64_t b_zeros = seed % 3 == 0 ? 1 : n;
          expect_reference_bits(
              *host.backend, node,
              {draw_bits(a_type, {2, 1, m, k}, seed), draw_bits(b_type, {3, k, n}, seed + 50),
               draw_bits(a_type, {a_zeros}, seed + 100), draw_bits(b_type, {b_zeros}, seed + 150)},
              std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k));
        }
      }
    }
    const ByteUnits there = host.device->byte_units();  // AMD's code has none
    const auto& launches = host.device->launches();
    EXPECT_EQ(launches.contains("byte_product_tensor"), there == ByteUnits::tensor_cores);
    EXPECT_EQ(launches.contains("byte_product_dot"), there == ByteUnits::dot_products);
    EXPECT_EQ(launches.contains("correct_sums"), there != ByteUnits::none);
  }
}

/// Groups, outputs of all of them, sizes of the image and of the taps.
struct ByteConvolution {
  std::int64_t groups;
  std::int64_t outputs;
  core::Shape image;
  core::Shape taps;
};

core::Node convolution_node(Op op, const ByteConvolution& c, std::uint64_t seed) {
  const std::size_t axes = c.image.size();
  std::vector<std::int64_t> pads;
  for (std::size_t i = 0; i < 2 * axes; ++i) pads.push_back(static_cast<int>((seed + i) % 3));
  core::Node node{op, {0, 1, 2, 3}, {4}, {}, "convolution"};
  node.attributes = {
      {"auto_pad", std::string("NOTSET")},
      {"dilations", std::vector<std::int64_t>(axes, seed % 2 == 0 ? 1 : 2)},
      {"group", c.groups},
      {"pads", pads},
      {"strides", std::vector<std::int64_t>(axes, seed % 4 == 3 ? 2 : 1)},
  };
  return node;
}

TEST_P(Orders, convolutions_of_bytes_are_exact_on_tensor_cores_and_by_dot_products) {
  const ByteConvolution cases[] = {{1, 17, {5, 6}, {3, 3}},
                                   {2, 40, {9, 4}, {2, 3}},
                                   {1, 70, {31}, {4}},
                                   {1, 20, {3, 4, 5}, {2, 1, 2}}};
  std::uint64_t seed = 1;
  for (const ByteUnits units :
       {ByteUnits::tensor_cores, ByteUnits::dot_products, ByteUnits::none}) {
    OnHost host(8, GetParam(), units);
    for (const Dtype x_type : {Dtype::i8, Dtype::u8}) {
      for (const Dtype w_type : {Dtype::i8, Dtype::u8}) {
        for (const ByteConvolution& c : cases) {
          ++seed;
          core::Shape x = {2, 3 * c.groups};
          core::Shape w = {c.outputs, 3};
          x.insert(x.end(), c.image.begin(), c.image.end());
          w.insert(w.end(), c.taps.begin(), c.taps.end());
          const core::Shape zeros = seed % 2 == 0 ? core::Shape{} : core::Shape{c.outputs};
          const Tensor no_zeros(w_type, {});
          const std::string what = "case " + std::to_string(seed);
          expect_reference_bits(*host.backend, convolution_node(Op::conv_integer, c, seed),
                                {draw_bits(x_type, x, seed), draw_bits(w_type, w, seed + 50),
                                 draw_bits(x_type, {}, seed + 100),
                                 seed % 3 == 0 ? no_zeros : draw_bits(w_type, zeros, seed + 150)},
                                what);
          core::Node quantised = convolution_node(Op::qlinear_conv, c, seed);
          quantised.inputs = {0, 1, 2, 3, 4, 5, 6, 7, 8};
          quantised.outputs = {9};
          Tensor bias(Dtype::i32, {c.outputs});
          for (std::int64_t i = 0; i < c.outputs; ++i) {
            bias.data<std::int32_t>()[static_cast<std::size_t>(i)] =
                static_cast<std::int32_t>(i * 977 - 9000);
          }
          const auto scale = [](float value) { return Tensor::of<float>({}, {value}); };
          expect_reference_bits(
              *host.backend, quantised,
              {draw_bits(x_type, x, seed), scale(0.5F), draw_bits(x_type, {}, seed + 100),
               draw_bits(w_type, w, seed + 50), scale(0.25F), draw_bits(w_type, zeros, seed + 150),
               scale(100.0F), draw_bits(Dtype::u8, {}, seed + 7), std::move(bias)},
              what + ", requantised");
        }
      }
    }
    const ByteUnits there = host.device->byte_units();  // AMD's code has none
    const auto& launches = host.device->launches();
    EXPECT_EQ(launches.contains("byte_convolution_tensor"), there == ByteUnits::tensor_cores);
    EXPECT_EQ(launches.contains("byte_convolution_dot"), there == ByteUnits::dot_products);
    EXPECT_EQ(launches.contains("correct_convolution"), there != ByteUnits::none);
    EXPECT_EQ(launches.contains("sum_columns"), there != ByteUnits::none);
  }
}

TEST_P(Orders, digests_of_every_length_are_those_of_the_host) {
  HostDevice device(8, GetParam());
  Work work(device);
  std::vector<std::int64_t> lengths = {0, 1, 3, 4, 1013, 1014, 1015, 2038, 2039, 3000, 5000, 70001};
  for (std::int64_t length = 40; length < 80; ++length) lengths.push_back(length);
  for (const std::int64_t length : lengths) {
    const Tensor tensor = draw_bits(Dtype::u8, {length}, 3);
    const auto digest = work.digest(*work.upload(tensor));
    ASSERT_TRUE(digest);
    EXPECT_EQ(*digest, core::tensor_digest(tensor)) << length;
  }
  const Tensor cube = draw({5, 7, 40}, 4);
  EXPECT_EQ(*work.digest(*work.upload(cube)), core::tensor_digest(cube));
}

/// y = relu(x w + b), then exp, summed over rows.
struct Layers {
  std::vector<core::Node> nodes = {
      product_node(Op::matmul, 256),
      {Op::add, {0, 1}, {2}, {}, "add"},
      {Op::relu, {0}, {1}, {}, "relu"},
      {Op::exp, {0}, {1}, {}, "exp"},
      {Op::reduce_sum,
       {0, 1},
       {2},
       {{"keepdims", std::int64_t{0}}, {"noop_with_empty_axes", std::int64_t{0}}},
       "sum"}};
  Tensor x = draw({9, 300}, 1);
  std::vector<Tensor> constants = {draw({300, 70}, 2), draw({70}, 3),
                                   Tensor::of<std::int64_t>({1}, {1})};

  [[nodiscard]] const Tensor* second_operand(std::size_t node) const {
    if (node < 2) return &constants[node];
    return node == 4 ? &constants[2] : nullptr;
  }

  /// Results of the first `count` nodes on the device; fewer where it refuses.
  [[nodiscard]] RemoteResults run(Backend& backend, std::size_t count) const {
    RemoteResults results;
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<std::optional<core::TensorView>> operands = {x.view()};
      RemoteResults remote(1);
      if (i > 0) {
        remote[0] = results.back();
        const std::size_t bytes = core::byte_count(remote[0]->dtype(), remote[0]->shape()).value();
        const std::uint8_t* const elsewhere = nullptr;
        operands[0] = core::TensorView(remote[0]->dtype(), remote[0]->shape(), {elsewhere, bytes});
        EXPECT_TRUE(backend.takes_remote(nodes[i], 0));
      }
      if (const Tensor* second = second_operand(i)) operands.emplace_back(second->view());
      auto made = backend.run_remote(nodes[i], operands, remote);
      if (!made) break;
      results.push_back(made->front());
    }
    return results;
  }

  [[nodiscard]] std::vector<Tensor> expected() const {
    std::vector<Tensor> results;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      std::vector<std::optional<core::TensorView>> operands = {i == 0 ? x.view()
                                                                      : results.back().view()};
      if (const Tensor* second = second_operand(i)) operands.emplace_back(second->view());
      results.push_back(std::move(reference::evaluate(nodes[i], operands)->front()));
    }
    return results;
  }
};

TEST(GpuBackend, leaves_results_on_the_device_and_hashes_them_there) {
  OnHost host(16, HostOrder::forwards);
  const Layers layers;
  const std::vector<Tensor> expected = layers.expected();
  {
    const RemoteResults results = layers.run(*host.backend, layers.nodes.size());
    ASSERT_EQ(results.size(), layers.nodes.size());
    // Numbers of elements in doubt and what they need.
    EXPECT_LT(host.device->fetched(), 1024U);
    for (std::size_t i = 0; i < results.size(); ++i) {
      EXPECT_EQ(*results[i]->digest(results[i]->shape()), core::tensor_digest(expected[i])) << i;
    }
    const core::Shape line = {9 * 70};
    const core::TensorView in_line(Dtype::f32, line, expected[2].bytes());
    EXPECT_EQ(*results[2]->digest(line), core::tensor_digest(in_line));
    EXPECT_LT(host.device->fetched(), 2048U);
    EXPECT_TRUE(core::identical(*results.back()->fetch(), expected.back()));
    EXPECT_NE(host.device->held(), 0U);
  }
  EXPECT_EQ(host.device->held(), 0U);
}

TEST(GpuBackend, sends_results_to_the_host_where_steps_need_their_memory) {
  OnHost host(16, HostOrder::forwards);
  const Layers layers;
  const std::vector<Tensor> expected = layers.expected();
  // Enough for exp, most of it for the list of elements in doubt, but not for what was kept before.
  host.device->limit_memory(530'000);
  const RemoteResults results = layers.run(*host.backend, layers.nodes.size());
  ASSERT_EQ(results.size(), layers.nodes.size());
  const core::Node relu{Op::relu, {0}, {1}, {}, "relu"};
  expect_reference_bits(*host.backend, relu, {draw({129, 512}, 9)}, "needs almost all memory");
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(*results[i]->digest(results[i]->shape()), core::tensor_digest(expected[i])) << i;
    EXPECT_TRUE(core::identical(*results[i]->fetch(), expected[i])) << i;
  }
  const Tensor larger = draw({130, 512}, 9);
  const std::optional<core::TensorView> operands[] = {larger};
  const auto refused = host.backend->run(relu, operands);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::RefusalCode::limit_exceeded);
}

/// Relu of Relu of ..., all of which somebody keeps.
RemoteResults run_kept(Backend& backend, const Tensor& x, std::size_t steps) {
  const core::Node relu{Op::relu, {0}, {1}, {}, "relu"};
  RemoteResults results;
  for (std::size_t i = 0; i < steps; ++i) {
    const std::optional<core::TensorView> operands[] = {x};
    const std::shared_ptr<RemoteTensor> remote[] = {i == 0 ? nullptr : results.back()};
    auto made = backend.run_remote(relu, operands, remote);
    if (!made) break;
    results.push_back(made->front());
  }
  return results;
}

TEST(GpuBackend, sends_what_was_used_longest_ago_and_no_more_than_memory_needs) {
  OnHost host(16, HostOrder::forwards);
  const Tensor x = draw({32, 32}, 7);
  constexpr std::size_t bytes = 4096;
  host.device->limit_memory(8 * bytes);
  const RemoteResults results = run_kept(*host.backend, x, 12);
  ASSERT_EQ(results.size(), 12U);
  EXPECT_EQ(host.device->fetched(), 4 * bytes);
  const core::Node relu{Op::relu, {0}, {1}, {}, "relu"};
  const Tensor expected = run_kept(*host.backend, x, 1)[0]->fetch().value();
  for (const auto& [kept, sent] : {std::pair{11, std::size_t{0}}, std::pair{0, bytes}}) {
    const std::size_t before = host.device->sent();
    const std::optional<core::TensorView> operands[] = {x};
    const std::shared_ptr<RemoteTensor> remote[] = {results[static_cast<std::size_t>(kept)]};
    const auto again = host.backend->run_remote(relu, operands, remote);
    ASSERT_TRUE(again);
    EXPECT_EQ(host.device->sent() - before, sent) << kept;
    EXPECT_TRUE(core::identical(*again->front()->fetch(), expected));
  }
  for (const auto& result : results) EXPECT_TRUE(core::identical(*result->fetch(), expected));
}

TEST(GpuBackend, hashes_on_the_host_where_the_device_has_no_memory_for_it) {
  OnHost host(16, HostOrder::forwards);
  const Tensor x = draw({32, 32}, 7);
  host.device->limit_memory(std::size_t{2} * 4096);
  const RemoteResults results = run_kept(*host.backend, x, 2);
  ASSERT_EQ(results.size(), 2U);
  const core::Digest expected = core::tensor_digest(results[1]->fetch().value());
  for (const auto& result : results) EXPECT_EQ(*result->digest(result->shape()), expected);
}

TEST(GpuBackend, forgets_constants_for_which_there_is_no_memory) {
  OnHost host(16, HostOrder::forwards);
  const std::vector<Tensor> constants = {draw({32, 32}, 1), draw({32, 32}, 2), draw({32, 32}, 3)};
  const core::Node add{Op::add, {0, 1}, {2}, {}, "add"};
  const Tensor x = draw({32, 32}, 7);
  host.device->limit_memory(std::size_t{4} * 4096);  // x, a constant, a result, and one more
  const ConstantsHold hold(*host.backend, constants);
  for (int round = 0; round < 2; ++round) {
    for (const Tensor& constant : constants) {
      expect_reference_bits(*host.backend, add, {x, constant}, "a copy");
      const std::optional<core::TensorView> operands[] = {x, constant};
      const auto made = host.backend->run(add, operands);
      ASSERT_TRUE(made);
      EXPECT_TRUE(core::identical(made->front(), reference::evaluate(add, operands)->front()));
    }
  }
}

TEST(GpuBackend, sends_constants_once_as_long_as_somebody_holds_them) {
  OnHost host(16, HostOrder::forwards);
  const Layers layers;
  const std::optional<core::TensorView> operands[] = {layers.x, layers.constants[0]};
  std::size_t sent_before = 0;
  {
    const ConstantsHold hold(*host.backend, layers.constants);
    ASSERT_EQ(layers.run(*host.backend, 5).size(), 5U);
    sent_before = host.device->sent();
    EXPECT_NE(host.device->held(), 0U);
    const auto again = host.backend->run(layers.nodes[0], operands);
    ASSERT_TRUE(again);
    EXPECT_LT(host.device->sent() - sent_before, layers.x.bytes().size() + 4096);
  }
  EXPECT_EQ(host.device->held(), 0U);
  sent_before = host.device->sent();
  ASSERT_TRUE(host.backend->run(layers.nodes[0], operands));
  EXPECT_GE(host.device->sent() - sent_before,
            layers.x.bytes().size() + layers.constants[0].bytes().size());
}

TEST(GpuBackend, keeps_no_result_of_what_it_would_refuse) {
  OnHost host(16, HostOrder::forwards);
  Layers layers;
  layers.constants[1] = draw({71}, 3);
  EXPECT_EQ(layers.run(*host.backend, 5).size(), 1U);
  EXPECT_EQ(host.device->held(), 0U);
}

TEST(GpuBackend, refuses_types_that_the_reference_does_not_have) {
  OnHost host(8, HostOrder::forwards);
  const Dtype booleans[] = {Dtype::boolean};
  const core::Node sigmoid{Op::sigmoid, {0}, {1}, {}, "sigmoid"};
  EXPECT_EQ(host.backend->supports(sigmoid, booleans).error().code,
            core::RefusalCode::operation_dtype_unsupported);
}

TEST(GpuBackend, refuses_ill_formed_calls_in_the_words_of_the_reference) {
  OnHost host(8, HostOrder::forwards);
  const core::Node node = product_node(Op::matmul, 256);
  const Tensor a = draw({2, 3}, 1);
  const std::optional<core::TensorView> operands[] = {a, a};
  const auto expected = reference::evaluate(node, operands);
  const auto actual = host.backend->run(node, operands);
  ASSERT_FALSE(expected);
  ASSERT_FALSE(actual);
  EXPECT_EQ(actual.error().code, expected.error().code);
  EXPECT_EQ(actual.error().where, expected.error().where);
  EXPECT_EQ(actual.error().detail, expected.error().detail);
}

}  // namespace
}  // namespace isotrace::backends::gpu
