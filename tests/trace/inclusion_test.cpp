#include <gtest/gtest.h>

#include <isotrace/trace/inclusion.hpp>

#include "tests/trace/sample.hpp"

namespace isotrace::trace::samples {
namespace {

TEST(StepProof, every_step_of_traces_of_many_lengths_is_accepted) {
  for (std::size_t count : {1U, 2U, 3U, 6U, 7U, 64U, 65U}) {
    const Trace trace = make_trace(chain_recording(count));
    for (std::size_t step = 0; step < count; ++step) {
      const auto proof = make_step_proof(trace, step);
      ASSERT_TRUE(proof.has_value());
      EXPECT_TRUE(check_step_proof(trace.steps[step], *proof, trace.root).accepted());
    }
  }
}

TEST(StepProofRejects, anything_that_is_not_that_step_of_that_trace) {
  const Trace trace = make_trace(chain_recording(9));
  const StepProof proof = *make_step_proof(trace, 4);
  const auto rejected = [&](const StepRecord& step, const StepProof& p, const core::Digest& root) {
    return check_step_proof(step, p, root).kind == core::Verdict::Kind::rejected;
  };
  EXPECT_TRUE(rejected(trace.steps[5], proof, trace.root));
  EXPECT_TRUE(rejected(trace.steps[4], proof, core::Digest{}));
  StepRecord changed = trace.steps[4];
  changed.outputs[0].digest.bytes[0] ^= 1;
  EXPECT_TRUE(rejected(changed, proof, trace.root));
  StepProof other = proof;
  other.path.pop_back();
  EXPECT_TRUE(rejected(trace.steps[4], other, trace.root));
  other = proof;
  other.path[1].bytes[3] ^= 1;
  EXPECT_TRUE(rejected(trace.steps[4], other, trace.root));
  for (const std::uint64_t leaves : {0, 1, 2, 6, 8, 17, 40}) {
    other = proof;
    other.leaves = leaves;
    EXPECT_TRUE(rejected(trace.steps[4], other, trace.root)) << leaves;
  }
}

TEST(StepProofRefuses, a_step_that_the_trace_does_not_have) {
  const auto proof = make_step_proof(make_trace(chain_recording(3)), 3);
  ASSERT_FALSE(proof.has_value());
  EXPECT_EQ(proof.error().code, core::RefusalCode::trace_step_unknown);
}

}  // namespace
}  // namespace isotrace::trace::samples
