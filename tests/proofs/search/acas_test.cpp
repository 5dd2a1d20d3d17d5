// ACAS Xu (VNN-COMP) and the float traps as ONNX files, where the data is present.
#include <gtest/gtest.h>

#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/checker/property.hpp>
#include <isotrace/proofs/search/prove.hpp>
#include <tests/support/data.hpp>

#include "networks.hpp"

namespace isotrace::proofs {
namespace {

using Kind = ProveOutcome::Kind;

struct Instance {
  core::Program program;
  std::string text;
};

Instance read_instance(const std::string& model, const std::string& property) {
  auto program = executor::import_onnx(tests::read_file(model));
  EXPECT_TRUE(program.has_value()) << (program ? "" : core::describe(program.error()));
  return {program ? *std::move(program) : core::Program{},
          std::string(core::as_text(tests::read_file(property)))};
}

ProveOutcome decide(const Instance& instance) {
  ProveOptions options;
  options.jobs = 2;
  const auto outcome = prove(instance.program, instance.text, options);
  EXPECT_TRUE(outcome.has_value()) << (outcome ? "" : core::describe(outcome.error()));
  return outcome ? *outcome : ProveOutcome{};
}

void expect_proved(const Instance& instance) {
  const ProveOutcome outcome = decide(instance);
  ASSERT_EQ(outcome.kind, Kind::proved) << outcome.detail;
  const auto parsed = parse_proof(write_proof(outcome.proof));
  ASSERT_TRUE(parsed.has_value());
  const auto report = check_proof(*parsed);
  ASSERT_TRUE(report.has_value()) << core::describe(report.error());
  EXPECT_TRUE(report->verdict.accepted()) << report->verdict.reason;
}

void expect_violated(const Instance& instance) {
  const ProveOutcome outcome = decide(instance);
  ASSERT_EQ(outcome.kind, Kind::violated) << outcome.detail;
  const Counterexample& found = outcome.proof.counterexample;
  const Property property = *parse_vnnlib(instance.text);
  EXPECT_EQ(tests::run_reference(instance.program, found.inputs), found.outputs);
  EXPECT_EQ(find_violated_case(property, found.inputs, found.outputs), found.violated_case);
}

const char* const network = "vnncomp/acasxu/onnx/ACASXU_run2a_";

TEST(AcasXu, property_3_of_network_1_1_is_proved) {
  ISOTRACE_NEEDS_DATA(model, std::string(network) + "1_1_batch_2000.onnx");
  ISOTRACE_NEEDS_DATA(property, "vnncomp/acasxu/vnnlib/prop_3.vnnlib");
  expect_proved(read_instance(model, property));
}

TEST(AcasXu, property_6_of_network_1_1_is_proved_in_both_cases) {
  ISOTRACE_NEEDS_DATA(model, std::string(network) + "1_1_batch_2000.onnx");
  ISOTRACE_NEEDS_DATA(property, "vnncomp/acasxu/vnnlib/prop_6.vnnlib");
  expect_proved(read_instance(model, property));
}

TEST(AcasXu, property_2_of_network_1_2_is_violated) {
  ISOTRACE_NEEDS_DATA(model, std::string(network) + "1_2_batch_2000.onnx");
  ISOTRACE_NEEDS_DATA(property, "vnncomp/acasxu/vnnlib/prop_2.vnnlib");
  expect_violated(read_instance(model, property));
}

TEST(AcasXu, property_7_of_network_1_9_is_violated) {
  ISOTRACE_NEEDS_DATA(model, std::string(network) + "1_9_batch_2000.onnx");
  ISOTRACE_NEEDS_DATA(property, "vnncomp/acasxu/vnnlib/prop_7.vnnlib");
  expect_violated(read_instance(model, property));
}

TEST(FloatTrapFiles, trap24_is_violated_and_trap20_never_called_violated) {
  ISOTRACE_NEEDS_DATA(property, "float-traps/trap.vnnlib");
  ISOTRACE_NEEDS_DATA(holds, "float-traps/trap20.onnx");
  ISOTRACE_NEEDS_DATA(broken, "float-traps/trap24.onnx");
  expect_violated(read_instance(broken, property));
  EXPECT_NE(decide(read_instance(holds, property)).kind, Kind::violated);
}

}  // namespace
}  // namespace isotrace::proofs
