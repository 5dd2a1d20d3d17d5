// The cpu backend against the reference on one call: what all tests of its operations share.
#pragma once

#include <gtest/gtest.h>

#include <isotrace/backends/backend.hpp>
#include <isotrace/backends/samples.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <tests/backends/values.hpp>

namespace isotrace::backends {

using core::Attribute;
using core::Dtype;
using core::Op;
using core::RefusalCode;
using core::Shape;
using core::Tensor;
using Ints = std::vector<std::int64_t>;

/// One backend per instruction set and number of threads, made once: threads are not free.
inline std::vector<std::unique_ptr<Backend>> make_cpu_backends() {
  std::vector<std::unique_ptr<Backend>> all;
  for (const char* isa : {"avx2", "avx512"}) {
    for (unsigned threads = 1; threads <= 4; ++threads) {
      auto backend = make_backend("cpu", {.threads = threads, .isa = isa});
      if (backend) all.push_back(*std::move(backend));
    }
  }
  return all;
}

class CpuBackends : public ::testing::Test {
 protected:
  CpuBackends() : backends_(make_cpu_backends()) {}

  void SetUp() override {
    if (backends_.empty()) GTEST_SKIP() << "no AVX2";
  }

  void expect_same(const Sample& sample) {
    const auto views = sample.views();
    const auto expected = [&] {
      const core::FloatEnvironment environment;
      return reference::evaluate(sample.node, views);
    }();
    for (const auto& backend : backends_) {
      const auto actual = backend->run(sample.node, views);
      const std::string name = backend->info().device;
      ASSERT_EQ(actual.has_value(), expected.has_value()) << name;
      if (!expected) {
        EXPECT_EQ(core::describe(actual.error()), core::describe(expected.error())) << name;
        continue;
      }
      ASSERT_EQ(actual->size(), expected->size());
      for (std::size_t i = 0; i < expected->size(); ++i) {
        EXPECT_EQ((*actual)[i].shape(), (*expected)[i].shape()) << name;
        ASSERT_TRUE(identical((*actual)[i], (*expected)[i])) << name;
      }
    }
  }

  /// The refusal that all give.
  RefusalCode refusal_of(const Sample& sample) {
    expect_same(sample);
    const auto views = sample.views();
    const auto outcome = backends_.front()->run(sample.node, views);
    EXPECT_FALSE(outcome.has_value());
    return outcome ? RefusalCode::file_not_found : outcome.error().code;
  }

  std::vector<std::unique_ptr<Backend>> backends_;
};

inline Tensor random_tensor(const Shape& shape, std::uint64_t seed, tests::Values values) {
  Tensor tensor(Dtype::f32, shape);
  const auto data = tests::random_values(tensor.elements(), seed, values);
  std::copy(data.begin(), data.end(), tensor.data<float>().begin());
  return tensor;
}

/// A call on random operands; an empty optional is left out.
inline Sample make_call(Op op, std::vector<Attribute> attributes,
                        const std::vector<std::optional<Shape>>& shapes, std::uint64_t seed,
                        tests::Values values = tests::Values::special) {
  Sample sample{
      {.op = op, .inputs = {}, .outputs = {99}, .attributes = std::move(attributes), .name = {}},
      {}};
  for (const auto& shape : shapes) {
    sample.node.inputs.push_back(shape ? 0 : core::no_value);
    if (shape) {
      sample.operands.emplace_back(random_tensor(*shape, seed++, values));
    } else {
      sample.operands.emplace_back(std::nullopt);
    }
  }
  return sample;
}

}  // namespace isotrace::backends
