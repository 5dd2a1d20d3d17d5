// Kernels that take rows whole (normalise_rows.hpp), elements by fours (space.hpp), and the last
// grade of the elementary functions (math.hpp).
#include <isotrace/backends/gpu/kernels/math.hpp>
#include <isotrace/backends/gpu/work.hpp>
#include <tests/backends/gpu_on_host.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Op;
using core::Shape;
using core::Tensor;

class Rows : public testing::TestWithParam<HostOrder> {};
INSTANTIATE_TEST_SUITE_P(Gpu, Rows, testing::Values(HostOrder::forwards, HostOrder::backwards));

/// Rows of numbers of one size, some with an infinity or NaN.
Tensor draw_rows(std::int64_t rows, std::int64_t length, std::uint64_t seed) {
  Tensor tensor(core::Dtype::f32, {rows, length});
  core::PhiloxStream stream(seed);
  for (float& x : tensor.data<float>()) {
    x = static_cast<float>(static_cast<std::int32_t>(stream.next_u32())) * 0x1p-28F;
  }
  const auto last = static_cast<std::size_t>(length - 1);
  const float special[] = {0, -0.0F, std::numeric_limits<float>::infinity(),
                           -std::numeric_limits<float>::infinity(),
                           std::numeric_limits<float>::quiet_NaN()};
  for (std::size_t r = 0; r + 1 < static_cast<std::size_t>(rows); ++r) {
    tensor.data<float>()[r * static_cast<std::size_t>(length) + last] = special[r % 5];
  }
  return tensor;
}

TEST_P(Rows, of_softmax_and_layer_normalization_have_the_bits_of_the_reference) {
  OnHost host(4, GetParam());
  for (const std::int64_t length : {1, 5, 31, 256, 1000, 1030, 4096, 4097}) {
    const Tensor x = draw_rows(7, length, static_cast<std::uint64_t>(length));
    const std::string what = "length " + std::to_string(length);
    const core::Node softmax{
        Op::softmax, {0}, {1}, {{"axis", std::int64_t{1}}, {"flatten", std::int64_t{0}}}, {}};
    expect_reference_bits(*host.backend, softmax, {x}, what);
    for (const bool has_bias : {false, true}) {
      core::Node norm{Op::layer_normalization, {0, 1}, {3, 4, 5}, {}, {}};
      norm.attributes = {{"axis", std::int64_t{-1}}, {"epsilon", 1e-5F}};
      std::vector<std::optional<Tensor>> operands = {x, draw({length}, 7)};
      if (has_bias) {
        norm.inputs.push_back(2);
        operands.emplace_back(draw({length}, 8));
      }
      expect_reference_bits(*host.backend, norm, operands, what);
    }
  }
  const auto& launches = host.device->launches();
  EXPECT_EQ(launches.at("softmax_rows"), 7);  // 4097 is more than one chunk
  EXPECT_EQ(launches.at("normalise_rows"), 14);
}

TEST_P(Rows, of_other_axes_have_the_bits_of_the_reference) {
  OnHost host(4, GetParam());
  const Tensor x = draw({3, 3, 3}, 6);  // as long along every axis
  for (const std::int64_t axis : {0, 1, 2}) {
    for (const std::int64_t flatten : {0, 1}) {
      const core::Node softmax{Op::softmax, {0}, {1}, {{"axis", axis}, {"flatten", flatten}}, {}};
      expect_reference_bits(*host.backend, softmax, {x}, "axis " + std::to_string(axis));
    }
    core::Node norm{Op::layer_normalization, {0, 1}, {2}, {}, {}};
    norm.attributes = {{"axis", axis}, {"epsilon", 1e-5F}};
    expect_reference_bits(*host.backend, norm, {x, draw({3}, 7)}, "a scale that broadcasts");
  }
}

TEST_P(Rows, of_four_elements_have_the_bits_of_the_reference_however_operands_broadcast) {
  OnHost host(4, GetParam());
  const std::pair<Shape, Shape> cases[] = {
      {{5, 8}, {5, 8}}, {{5, 8}, {8}},    {{5, 8}, {5, 1}},    {{5, 7}, {7}},       {{9}, {9}},
      {{}, {}},         {{1, 8}, {5, 1}}, {{2, 3, 4}, {3, 1}}, {{2, 1, 12}, {6, 1}}};
  for (const auto& [a, b] : cases) {
    for (const Op op : {Op::add, Op::div}) {
      expect_reference_bits(*host.backend, {op, {0, 1}, {2}, {}, {}}, {draw(a, 1), draw(b, 2)},
                            "case");
      expect_reference_bits(*host.backend, {op, {0, 1}, {2}, {}, {}}, {draw(b, 3), draw(a, 4)},
                            "case");
    }
  }
}

/// Whether both ends of the fine grade's error round differently.
template <class Function>
bool is_in_doubt(float argument) {
  using reference::Fine;
  const reference::ScalarLane x = static_cast<double>(argument);
  if (!Function::domain(x)) return false;
  const double fine = Function::template value<Fine>(x).value;
  return static_cast<float>(std::fma(fine, Fine::error_max, fine)) !=
         static_cast<float>(std::fma(fine, -Fine::error_max, fine));
}

template <class Function, class Pairs>
void expect_settled(Op op) {
  core::PhiloxStream stream(static_cast<std::uint64_t>(op));
  int found = 0;
  for (int i = 0; i < 6000000 && found < 8; ++i) {
    // Sizes from 2^-12 to 2^6, where functions have most of their values.
    const std::uint32_t bits = stream.next_u32();
    const float x = from_bits((bits & 0x807FFFFFU) | (115 + (bits >> 24) % 18) << 23);
    if (!is_in_doubt<Function>(x)) continue;
    ++found;
    float y = 0;
    EXPECT_TRUE((evaluate<Function, Pairs>(x, y))) << core::op_info(op).name << " of " << x;
    EXPECT_EQ(bits_of(y), bits_of(find_function(op)->settle(x))) << core::op_info(op).name << x;
  }
  EXPECT_GE(found, 3) << core::op_info(op).name;
}

TEST(GpuFunctions, are_settled_in_pairs_where_the_fine_grade_leaves_a_doubt) {
  namespace wide = reference::binary64;
  expect_settled<reference::Exp, wide::Exp>(Op::exp);
  expect_settled<reference::Log, wide::Log>(Op::log);
  expect_settled<reference::Tanh, wide::Tanh>(Op::tanh);
  expect_settled<reference::Erf, wide::Erf>(Op::erf);
  expect_settled<reference::Sin, wide::Sin>(Op::sin);
  expect_settled<reference::Atan, wide::Atan>(Op::atan);
  expect_settled<reference::Cosh, wide::Cosh>(Op::cosh);
}

}  // namespace
}  // namespace isotrace::backends::gpu
