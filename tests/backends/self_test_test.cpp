#include <isotrace/backends/self_test.hpp>

#include <gtest/gtest.h>

#include <bit>

#include <isotrace/backends/capability.hpp>

namespace isotrace::backends {
namespace {

using core::Dtype;
using core::Op;

/// The reference with one mistake in the results of one operation.
class WrongBackend final : public Backend {
 public:
  using Spoil = void (*)(core::Result<std::vector<core::Tensor>>& outcome);
  WrongBackend(Op op, Spoil spoil)
      : right_(*make_backend("reference", {})), op_(op), spoil_(spoil) {}

  [[nodiscard]] BackendInfo info() const override { return right_->info(); }
  [[nodiscard]] core::Result<core::Done> supports(const core::Node& node,
                                                  std::span<const Dtype> dtypes) const override {
    return right_->supports(node, dtypes);
  }
  core::Result<std::vector<core::Tensor>> run(const core::Node& node,
                                              core::Operands operands) override {
    auto outcome = right_->run(node, operands);
    if (node.op == op_) spoil_(outcome);
    return outcome;
  }

 private:
  std::unique_ptr<Backend> right_;
  Op op_;
  Spoil spoil_;
};

/// Rows with failures: exactly those of the spoilt operation.
void expect_caught(Op op, WrongBackend::Spoil spoil) {
  WrongBackend backend(op, spoil);
  const auto report = self_test(backend);
  ASSERT_TRUE(report) << core::describe(report.error());
  EXPECT_FALSE(report->all_passed());
  for (const SelfTestRow& row : report->rows) {
    if (row.failed != 0) {
      EXPECT_EQ(row.op, op);
      EXPECT_FALSE(row.first_failure.empty());
    }
  }
  EXPECT_GT(report->failed(), 0U);
}

TEST(SelfTest, every_backend_passes_and_covers_every_supported_pair) {
  for (const std::string& name : backend_names()) {
    for (const char* isa : {"avx2", "avx512"}) {
      auto backend = make_backend(name, {.threads = 2, .isa = name == "cpu" ? isa : ""});
      if (!backend && backend.error().code == core::RefusalCode::device_absent) continue;
      ASSERT_TRUE(backend);
      const auto report = self_test(**backend);
      ASSERT_TRUE(report) << core::describe(report.error());
      EXPECT_TRUE(report->all_passed()) << name;
      for (const SelfTestRow& row : report->rows) {
        EXPECT_EQ(row.failed, 0U) << core::op_info(row.op).name << " "
                                  << core::dtype_name(row.dtype) << " " << row.first_failure;
      }
      const auto matrix = *capability_matrix(name);
      std::size_t supported = 0;
      for (const Capability& entry : matrix) {
        if (entry.support != Support::refused) ++supported;
      }
      EXPECT_EQ(report->rows.size(), supported);
    }
  }
}

TEST(SelfTest, catches_one_flipped_bit) {
  expect_caught(Op::matmul, [](auto& outcome) {
    if (outcome && outcome->front().elements() != 0) outcome->front().mutable_bytes().front() ^= 1;
  });
}

TEST(SelfTest, catches_a_nan_that_is_not_canonical) {
  expect_caught(Op::tanh, [](auto& outcome) {
    if (!outcome || outcome->front().dtype() != Dtype::f32) return;
    for (float& x : outcome->front().template data<float>()) {
      if (x != x) x = std::bit_cast<float>(0xFFC00000U);
    }
  });
}

TEST(SelfTest, catches_a_lost_sign_of_zero) {
  expect_caught(Op::neg, [](auto& outcome) {
    if (!outcome || outcome->front().dtype() != Dtype::f32) return;
    for (float& x : outcome->front().template data<float>()) x = x + 0.0F;
  });
}

TEST(SelfTest, catches_flushed_subnormals) {
  expect_caught(Op::identity, [](auto& outcome) {
    if (!outcome || outcome->front().dtype() != Dtype::f32) return;
    for (float& x : outcome->front().template data<float>()) {
      if (x < 0x1p-126F && x > -0x1p-126F)
        x = std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & 0x80000000U);
    }
  });
}

TEST(SelfTest, catches_another_shape) {
  expect_caught(Op::flatten, [](auto& outcome) {
    if (outcome) outcome->front().reshape({static_cast<std::int64_t>(outcome->front().elements())});
  });
}

TEST(SelfTest, catches_another_number_of_results) {
  expect_caught(Op::split, [](auto& outcome) {
    if (outcome) outcome->pop_back();
  });
}

TEST(SelfTest, catches_a_refusal_where_there_is_a_result) {
  expect_caught(Op::exp, [](auto& outcome) {
    outcome = core::refuse(core::RefusalCode::backend_operation_unsupported, "Exp");
  });
}

TEST(SelfTest, a_report_of_nothing_has_not_passed) { EXPECT_FALSE(SelfTestReport{}.all_passed()); }

}  // namespace
}  // namespace isotrace::backends
