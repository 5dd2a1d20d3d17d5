// Damage of any kind is refused, by a code of traces, or changes nothing.
#include <gtest/gtest.h>

#include "tests/support/mutate.hpp"
#include "tests/trace/machine_sample.hpp"
#include "tests/trace/sample.hpp"

namespace isotrace::trace::samples {
namespace {

bool is_trace_code(core::RefusalCode code) {
  const int number = static_cast<int>(code);
  return number >= 1201 && number <= 1299;
}

void expect_refused(const core::Bytes& mutant) {
  const auto trace = parse_trace(mutant);
  // One encoding per trace and a digest over the file: no mutant can be accepted.
  ASSERT_FALSE(trace.has_value());
  EXPECT_TRUE(is_trace_code(trace.error().code)) << core::describe(trace.error());
  EXPECT_EQ(trace.error().where.rfind("message ", 0), 0U) << trace.error().where;
}

/// With the footer made to fit the damage, only what the root covers and what it names is
/// protected.
void expect_refused_or_same_computation(const core::Bytes& mutant, const Trace& original) {
  const auto trace = parse_trace(mutant);
  if (!trace || trace->root != original.root) return;
  EXPECT_EQ(trace_leaves(*trace), trace_leaves(original));
  EXPECT_EQ(trace->identity.machine, original.identity.machine);
  if (trace->identity.machine) {
    EXPECT_TRUE(trace->program.empty() || trace->program == original.program);
  } else if (!trace->program.empty()) {
    EXPECT_EQ(core::program_digest(*core::parse_program(trace->program)),
              original.identity.program);
  }
  for (const auto& [digest, tensor] : trace->contents) {
    EXPECT_EQ(core::tensor_digest(tensor), digest);
  }
}

/// Files of both kinds of programs.
class TraceMutation : public ::testing::TestWithParam<bool> {
 protected:
  const core::Bytes file_ = GetParam() ? write_machine_recording(machine_recording())
                                       : write_recording(sample_recording());
};

std::string kind_name(const ::testing::TestParamInfo<bool>& kind) {
  return kind.param ? "machine" : "tensors";
}

INSTANTIATE_TEST_SUITE_P(Traces, TraceMutation, ::testing::Bool(), kind_name);

TEST_P(TraceMutation, every_mutant_is_refused) {
  core::PhiloxStream random(1);
  for (std::size_t i = 0; i < tests::mutant_count(); ++i) {
    expect_refused(tests::mutate(file_, random));
  }
}

TEST_P(TraceMutation, mutants_with_a_fitting_footer_keep_what_the_root_covers) {
  const Trace original = *parse_trace(file_);
  const auto messages = messages_of(file_);
  const core::Bytes body = join({messages.begin(), messages.end() - 1});
  core::PhiloxStream random(2);
  for (std::size_t i = 0; i < tests::mutant_count(); ++i) {
    core::Bytes mutant = tests::mutate(body, random);
    auto footer = std::get<FooterMessage>(messages.back());
    footer.file_digest = core::sha256(mutant);
    const core::Bytes end = *encode_message(footer);
    mutant.insert(mutant.end(), end.begin(), end.end());
    expect_refused_or_same_computation(mutant, original);
  }
}

TEST_P(TraceMutation, recovery_never_crashes_and_gives_a_prefix_that_reads) {
  core::PhiloxStream random(3);
  for (std::size_t i = 0; i < tests::mutant_count(); ++i) {
    const core::Bytes mutant = tests::mutate(file_, random);
    const auto found = recover_trace(mutant);
    if (!found) continue;
    ASSERT_LE(found->valid_bytes, mutant.size());
    const auto again = recover_trace(core::ByteView(mutant).first(found->valid_bytes));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->valid_bytes, found->valid_bytes);
    EXPECT_EQ(again->trace.steps.size(), found->trace.steps.size());
  }
}

}  // namespace
}  // namespace isotrace::trace::samples
