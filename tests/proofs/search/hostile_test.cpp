// Models and properties that anybody may send: whatever is done to their bytes, the prover ends
// with a typed refusal or an answer, and what it proves no run that is tried breaks.
#include <cmath>

#include <gtest/gtest.h>

#include <isotrace/backends/backend.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/search/concrete.hpp>
#include <isotrace/proofs/search/prove.hpp>
#include <tests/support/data.hpp>
#include <tests/support/mutate.hpp>

namespace isotrace::proofs {
namespace {

using core::PhiloxStream;

core::Bytes fixture(const std::string& name) {
  return tests::read_file(std::string(ISOTRACE_FIXTURES) + "/controller/" + name);
}

std::vector<float> corner_or_inside(const Case& unsafe, PhiloxStream& random) {
  std::vector<float> x;
  for (const InputRange& range : unsafe.box) {
    const double low = core::round_up(range.lower);
    const double high = core::round_down(range.upper);
    const double share = random.next_below(3) == 0 ? double{random.next_f32()}
                                                   : static_cast<double>(random.next_below(2));
    x.push_back(static_cast<float>(low + (high - low) * share));
  }
  return x;
}

/// Runs of the reference at points of the boxes break nothing that is proved.
void expect_unbroken(const core::Program& program, const Property& property, PhiloxStream& random) {
  const core::FloatEnvironment environment;
  const auto backend = backends::make_backend("reference", {});
  for (const Case& unsafe : property.cases) {
    for (int i = 0; i < 20; ++i) {
      const auto x = corner_or_inside(unsafe, random);
      const auto y = search::run_on_floats(program, x, **backend);
      if (!y || y->size() != property.outputs) continue;
      EXPECT_FALSE(find_violated_case(property, x, *y).has_value());
    }
  }
}

struct Tally {
  std::size_t refused = 0, proved = 0, violated = 0, undecided = 0;
};

void ask(const core::Bytes& model, const std::string& text, PhiloxStream& random, Tally& tally) {
  const auto program = executor::import_onnx(model);
  if (!program) {
    ++tally.refused;
    return;
  }
  ProveOptions options;
  options.nodes_max = 400;
  options.plain_boxes = 10;
  int asked = 0;
  options.out_of_time = [&asked] { return ++asked > 200; };
  const auto outcome = prove(*program, text, options);
  if (!outcome) {
    ++tally.refused;
    EXPECT_FALSE(core::describe(outcome.error()).empty());
    return;
  }
  if (outcome->kind == ProveOutcome::Kind::undecided) {
    ++tally.undecided;
    EXPECT_FALSE(outcome->detail.empty());
    return;
  }
  const bool proved = outcome->kind == ProveOutcome::Kind::proved;
  ++(proved ? tally.proved : tally.violated);
  const auto report = check_proof(outcome->proof);
  ASSERT_TRUE(report) << core::describe(report.error());
  EXPECT_EQ(report->verdict.accepted(), proved);
  if (proved) expect_unbroken(*program, *parse_vnnlib(text), random);
}

TEST(HostileQuestions, mutants_of_models_and_properties_get_typed_answers) {
  const core::Bytes model = fixture("controller.onnx");
  PhiloxStream random(81);
  Tally tally;
  for (const char* name : {"brakes_when_close.vnnlib", "brakes_always.vnnlib"}) {
    const core::Bytes property = fixture(name);
    for (std::size_t i = 0; i < tests::mutant_count() / 20; ++i) {
      const bool of_model = random.next_below(2) == 0;
      const core::Bytes text = of_model ? property : tests::mutate(property, random);
      ask(of_model ? tests::mutate(model, random) : model, std::string(core::as_text(text)), random,
          tally);
      ASSERT_FALSE(testing::Test::HasFailure()) << name << ", mutant " << i;
    }
  }
  EXPECT_GT(tally.refused, 100U);
  EXPECT_GT(tally.proved, 100U);
  EXPECT_GT(tally.violated, 100U);
}

}  // namespace
}  // namespace isotrace::proofs
