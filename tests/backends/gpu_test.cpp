// The kernels of backends/gpu, compiled for the host, and the plans that launch them, against the
// reference. What a device makes of the same source is for `isotrace backends --selftest` to say.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include <isotrace/backends/capability.hpp>
#include <isotrace/backends/gpu/gpu_backend.hpp>
#include <isotrace/backends/gpu/kernels/math_arguments.hpp>
#include <isotrace/backends/gpu/work.hpp>
#include <isotrace/backends/self_test.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <tests/backends/host_device.hpp>
#include <tests/backends/values.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using core::Op;
using core::Tensor;

/// A backend on the host and the device under it.
struct OnHost {
  OnHost(unsigned multiprocessors, HostOrder order) {
    auto made = std::make_unique<HostDevice>(multiprocessors, order);
    device = made.get();
    backend = make_gpu_backend("cuda", std::move(made)).value();
  }
  HostDevice* device;
  std::unique_ptr<Backend> backend;
};

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

/// Ordinary and special numbers, also tiny ones.
Tensor draw(core::Shape shape, std::uint64_t seed) {
  Tensor tensor(Dtype::f32, std::move(shape));
  const auto kind = seed % 5 == 0 ? tests::Values::tiny : tests::Values::special;
  const auto values = tests::random_values(tensor.elements(), seed, kind);
  std::ranges::copy(values, tensor.data<float>().begin());
  return tensor;
}

core::Node product_node(Op op, std::int64_t segment) {
  core::Node node{op, {0, 1}, {2}, {}, "product"};
  if (op == Op::gemm) {
    node.attributes = {{"alpha", 0.75F},
                       {"beta", 1.5F},
                       {"k_segment", segment},
                       {"transA", std::int64_t{1}},
                       {"transB", std::int64_t{1}}};
    node.inputs = {0, 1, 2};
    node.outputs = {3};
  } else {
    node.attributes = {{"k_segment", segment}};
  }
  return node;
}

void expect_reference_bits(Backend& backend, const core::Node& node,
                           const std::vector<Tensor>& operands, const std::string& what) {
  std::vector<std::optional<core::TensorView>> views(operands.begin(), operands.end());
  const auto expected = reference::evaluate(node, views);
  ASSERT_TRUE(expected) << what;
  const auto actual = backend.run(node, views);
  ASSERT_TRUE(actual) << what << ": " << actual.error().detail;
  ASSERT_EQ((*actual)[0].shape(), (*expected)[0].shape()) << what;
  EXPECT_TRUE(std::ranges::equal((*actual)[0].bytes(), (*expected)[0].bytes())) << what;
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
    EXPECT_TRUE(launches.contains("product_flat"));
    EXPECT_TRUE(launches.contains("product_small") || launches.contains("product_large"));
    EXPECT_EQ(launches.contains("combine_segments"), multiprocessors > 1);
  }
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
  const Array count = *work.upload(Tensor(Dtype::u32, {1}));
  const Array list = *work.make(Dtype::u64, {most});
  EXPECT_TRUE(work.launch_each(
      "map_exp", MathArguments{x.elements(), on_device.data<float>(), out.data<float>(),
                               count.data<std::uint32_t>(), list.data<std::uint64_t>(), most}));
  const Tensor counted = *work.download(count);
  const Tensor listed = *work.download(list);
  std::vector<float> doubtful;
  for (std::uint32_t i = 0; i < std::min(counted.data<std::uint32_t>()[0], most); ++i) {
    doubtful.push_back(x.data<float>()[listed.data<std::uint64_t>()[i]]);
  }
  return doubtful;
}

TEST(GpuBackend, settles_more_doubts_than_a_list_holds) {
  const std::vector<float> doubtful = find_doubtful();
  ASSERT_FALSE(doubtful.empty());
  Tensor x(Dtype::f32, {100000});
  for (std::size_t i = 0; i < x.elements(); ++i) x.data<float>()[i] = doubtful[i % doubtful.size()];
  OnHost host(8, HostOrder::forwards);
  expect_reference_bits(*host.backend, {Op::exp, {0}, {1}, {}, "function"}, {std::move(x)}, "exp");
}

TEST(GpuBackend, refuses_what_it_has_no_kernel_for) {
  OnHost host(8, HostOrder::forwards);
  const Dtype doubles[] = {Dtype::f64, Dtype::f64};
  const core::Node add{Op::add, {0, 1}, {2}, {}, "add"};
  const auto refused = host.backend->supports(add, doubles);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::RefusalCode::operation_dtype_unsupported);
  const Tensor x = Tensor::of<double>({1}, {1.0});
  const std::optional<core::TensorView> operands[] = {x, x};
  EXPECT_FALSE(host.backend->run(add, operands));
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
