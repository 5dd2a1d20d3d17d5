// A GPU backend over the kernels compiled for the host, and operands for it: what tests of its
// plans share.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include <isotrace/backends/gpu/gpu_backend.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <tests/backends/host_device.hpp>
#include <tests/backends/values.hpp>

namespace isotrace::backends::gpu {

/// A backend on the host and the device under it.
struct OnHost {
  OnHost(unsigned multiprocessors, HostOrder order,
         ByteUnits byte_units = ByteUnits::tensor_cores) {
    auto made = std::make_unique<HostDevice>(multiprocessors, order, byte_units);
    device = made.get();
    backend = make_gpu_backend("cuda", std::move(made)).value();
  }
  HostDevice* device;
  std::unique_ptr<Backend> backend;
};

/// Ordinary and special numbers, also tiny ones.
inline core::Tensor draw(core::Shape shape, std::uint64_t seed) {
  core::Tensor tensor(core::Dtype::f32, std::move(shape));
  const auto kind = seed % 5 == 0 ? tests::Values::tiny : tests::Values::special;
  const auto values = tests::random_values(tensor.elements(), seed, kind);
  std::ranges::copy(values, tensor.data<float>().begin());
  return tensor;
}

inline core::Tensor cast_to(const core::Tensor& x, core::Dtype dtype) {
  if (dtype == x.dtype()) return x;
  const core::Node cast{core::Op::cast,
                        {0},
                        {1},
                        {{"saturate", std::int64_t{1}}, {"to", static_cast<std::int64_t>(dtype)}},
                        "cast"};
  const std::optional<core::TensorView> operands[] = {x};
  return reference::evaluate(cast, operands)->front();
}

/// Any bits that are elements of the type.
inline core::Tensor draw_bits(core::Dtype dtype, core::Shape shape, std::uint64_t seed) {
  core::Tensor tensor(dtype, std::move(shape));
  core::PhiloxStream stream(seed);
  for (std::uint8_t& byte : tensor.mutable_bytes())
    byte = static_cast<std::uint8_t>(stream.next_u32());
  return tensor;
}

/// MatMul, or a Gemm that transposes both factors and adds a bias.
inline core::Node product_node(core::Op op, std::int64_t segment) {
  core::Node node{op, {0, 1}, {2}, {}, "product"};
  if (op == core::Op::gemm) {
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

/// All results of a node; operands may be left out.
inline void expect_reference_bits(Backend& backend, const core::Node& node,
                                  const std::vector<std::optional<core::Tensor>>& operands,
                                  const std::string& what) {
  std::vector<std::optional<core::TensorView>> views;
  for (const auto& operand : operands) {
    views.push_back(operand ? std::optional(operand->view()) : std::nullopt);
  }
  const auto expected = reference::evaluate(node, views);
  ASSERT_TRUE(expected) << what;
  const auto actual = backend.run(node, views);
  ASSERT_TRUE(actual) << what << ": " << actual.error().detail;
  ASSERT_EQ(actual->size(), expected->size()) << what;
  for (std::size_t i = 0; i < expected->size(); ++i) {
    ASSERT_EQ((*actual)[i].shape(), (*expected)[i].shape()) << what;
    EXPECT_TRUE(core::identical((*actual)[i], (*expected)[i])) << what << ", result " << i;
  }
}

}  // namespace isotrace::backends::gpu
