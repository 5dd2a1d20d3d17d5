// How stored results are judged: tolerance by format, stand-in types, counts and shapes.
#include <bit>
#include <limits>

#include <gtest/gtest.h>

#include <isotrace/executor/conform.hpp>

#include "tests/executor/model_builder.hpp"
#include "tests/support/simulated_files.hpp"

namespace isotrace::tests {
namespace {

using executor::ConformanceOutcome;
using executor::NamedTensor;
using Kind = ConformanceOutcome::Kind;

std::optional<std::string> mismatch(const core::Tensor& expected, const core::Tensor& found) {
  const std::vector<NamedTensor> want = {{"y", expected}};
  const std::vector<NamedTensor> have = {{"y", found}};
  return executor::find_mismatch(want, have);
}

template <class T>
core::Tensor bits16(std::initializer_list<std::uint16_t> bits) {
  std::vector<T> values;
  for (const std::uint16_t b : bits) values.push_back(T{b});
  return core::Tensor::of<T>({static_cast<std::int64_t>(values.size())},
                             std::span<const T>(values));
}

TEST(Conformance, NeighboursInSixteenBitsAgreeAndNothingFarther) {
  using core::BFloat16;
  using core::Half;
  // One step of bfloat16 is 2^-8 of the value or more, over the suite's 1e-3.
  EXPECT_FALSE(mismatch(bits16<BFloat16>({0x3EF5}), bits16<BFloat16>({0x3EF6})));
  EXPECT_TRUE(mismatch(bits16<BFloat16>({0x3EF5}), bits16<BFloat16>({0x3EF7})));
  EXPECT_FALSE(mismatch(bits16<Half>({0x0001}), bits16<Half>({0x0002})));
  EXPECT_TRUE(mismatch(bits16<Half>({0x0001}), bits16<Half>({0x0009})));
  // The largest value and infinity are neighbours in bits only.
  EXPECT_TRUE(mismatch(bits16<BFloat16>({0x7F7F}), bits16<BFloat16>({0x7F80})));
  EXPECT_TRUE(mismatch(bits16<BFloat16>({0x7FC0}), bits16<BFloat16>({0x3F80})));
  EXPECT_FALSE(mismatch(bits16<BFloat16>({0x7FC0}), bits16<BFloat16>({0xFFC1})));
}

TEST(Conformance, WiderFloatsKeepTheTolerance) {
  EXPECT_FALSE(mismatch(floats({1}, {1}), floats({1}, {1.0009F})));
  EXPECT_TRUE(mismatch(floats({1}, {1}), floats({1}, {1.0011F})));
  EXPECT_FALSE(mismatch(floats({1}, {0}), floats({1}, {9e-8F})));
  EXPECT_TRUE(mismatch(floats({1}, {0}), floats({1}, {2e-7F})));
}

TEST(Conformance, WhatCancelsIsJudgedByTheLargestElement) {
  EXPECT_FALSE(mismatch(floats({2}, {8, 0}), floats({2}, {8, 9e-7F})));
  EXPECT_TRUE(mismatch(floats({2}, {8, 0}), floats({2}, {8, 2e-6F})));
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(mismatch(floats({2}, {infinity, 0}), floats({2}, {infinity, 1})));
}

TEST(Conformance, MismatchesAreSaidInWords) {
  EXPECT_EQ(mismatch(integers({1, 2}), integers({1, 3})), "output y: element 1 is 3, expected 2");
  EXPECT_EQ(mismatch(integers({1, 2}), floats({2}, {1, 2})), "output y: f32[2], expected i64[2]");
  EXPECT_EQ(mismatch(floats({1, 2}, {1, 2}), floats({2}, {1, 2})),
            "output y: f32[2], expected f32[1,2]");
  const std::vector<NamedTensor> one = {{"y", integers({1})}};
  EXPECT_EQ(executor::find_mismatch({}, one), "1 outputs, expected 0");
}

TEST(Conformance, StoredUnderTheTypeThatStandsIn) {
  const core::Tensor stored = core::Tensor::of<std::uint16_t>({1}, {0x3F80});
  EXPECT_FALSE(mismatch(stored, bits16<core::BFloat16>({0x3F81})));
  EXPECT_TRUE(mismatch(stored, bits16<core::BFloat16>({0x3F82})));
  EXPECT_TRUE(mismatch(stored, bits16<core::Half>({0x3F80})));  // NumPy has binary16
}

/// A test folder "t" in memory: y = Identity(x).
class ConformanceFolder : public testing::Test {
 protected:
  ConformanceFolder() {
    ModelBuilder model(16);
    model.input("x", {1}, onnx::TensorProto::BFLOAT16).output("y");
    model.node("Identity", {"x"}, {"y"});
    files_.put("t/model.onnx", model.bytes());
    put("input_0.pb", "x", core::Tensor::of<std::uint16_t>({1}, {0x4000}));
    put("output_0.pb", "y", core::Tensor::of<std::uint16_t>({1}, {0x4000}));
  }
  void put(const std::string& name, const std::string& tensor_name, const core::Tensor& tensor) {
    const std::string text = tensor_proto(tensor_name, tensor).SerializeAsString();
    files_.put("t/test_data_set_0/" + name, {text.begin(), text.end()});
  }
  ConformanceOutcome judge(const executor::ExecuteLimits& limits = {}) {
    const auto backend = *backends::make_backend("reference", {});
    return executor::check_conformance(files_, "t", *backend, limits);
  }
  SimulatedFiles files_;
};

TEST_F(ConformanceFolder, PassesWithBfloat16StoredAsBits) {
  EXPECT_EQ(judge().kind, Kind::passed) << judge().mismatch;
}

TEST_F(ConformanceFolder, FailsOnAnotherResultOrCount) {
  put("output_0.pb", "y", core::Tensor::of<std::uint16_t>({1}, {0x4100}));
  EXPECT_EQ(judge().kind, Kind::failed);
  put("output_0.pb", "z", core::Tensor::of<std::uint16_t>({1}, {0x4000}));
  EXPECT_EQ(judge().kind, Kind::passed) << "outputs go by position";
  put("output_1.pb", "", core::Tensor::of<std::uint16_t>({1}, {0x4000}));
  EXPECT_EQ(judge().mismatch, "1 outputs, expected 2");
}

TEST_F(ConformanceFolder, RefusesWhatCannotBeJudged) {
  put("input_1.pb", "", integers({1}));
  EXPECT_EQ(judge().refusal->code, core::RefusalCode::input_unknown);
  files_.put("t/test_data_set_0/input_0.pb", {0x0A, 0x7F});
  EXPECT_EQ(judge().refusal->code, core::RefusalCode::tensor_file_malformed);
  files_.put("t/model.onnx", {});
  EXPECT_EQ(judge().refusal->code, core::RefusalCode::onnx_malformed);
}

TEST_F(ConformanceFolder, KeepsToTheLimitsGiven) {
  EXPECT_EQ(judge({.bytes_max = 1, .work_max = 1}).refusal->code,
            core::RefusalCode::limit_exceeded);
}

}  // namespace
}  // namespace isotrace::tests
