// States of a search: what goes on from one ends like a search that was never interrupted.
#include <gtest/gtest.h>

#include <isotrace/proofs/search/lower_program.hpp>
#include <isotrace/proofs/search/prove.hpp>
#include <isotrace/proofs/search/search_state.hpp>
#include <tests/support/mutate.hpp>

#include "networks.hpp"

namespace isotrace::proofs {
namespace {

using core::RefusalCode;
using Kind = ProveOutcome::Kind;

/// A question of two cases, one of which takes some splitting.
struct Question {
  core::Program program;
  std::string text;
};
Question make_question() {
  core::PhiloxStream random(41);
  core::Program program = tests::random_dense(random, {3, 24, 24, 2});
  double limit = 0;
  for (;; limit -= 0.05) {
    const std::string bound = std::to_string(limit);
    std::string text = tests::box_property(3, 2, "-1", "1",
                                           "(assert (or (<= Y_0 -50.0) (<= Y_0 " + bound + ")))\n");
    const auto outcome = prove(program, text, {});
    EXPECT_TRUE(outcome.has_value());
    if (!outcome || outcome->kind != Kind::violated) return {program, text};
  }
}

ProveOutcome prove_ok(const Question& question, const ProveOptions& options) {
  auto outcome = prove(question.program, question.text, options);
  EXPECT_TRUE(outcome.has_value()) << (outcome ? "" : core::describe(outcome.error()));
  return outcome ? *std::move(outcome) : ProveOutcome{};
}

/// The states after each round of a search.
std::vector<core::Bytes> states_of(const Question& question, ProveOptions options = {}) {
  std::vector<core::Bytes> states;
  options.wants_state = [] { return true; };
  options.save_state = [&](core::ByteView state) {
    states.emplace_back(state.begin(), state.end());
    return core::Result<core::Done>(core::Done{});
  };
  EXPECT_EQ(prove_ok(question, options).kind, Kind::proved);
  return states;
}

TEST(Resume, from_any_round_the_same_proof_comes_out) {
  const Question question = make_question();
  const ProveOutcome whole = prove_ok(question, {});
  ASSERT_EQ(whole.kind, Kind::proved) << whole.detail;
  const core::Bytes proof = write_proof(whole.proof);
  const auto states = states_of(question);
  ASSERT_GT(states.size(), 4U) << "the question should take several rounds";
  for (std::size_t i = 0; i < states.size(); i += 1 + states.size() / 6) {
    ProveOptions options;
    options.jobs = 1 + static_cast<unsigned>(i % 3);
    options.resume_from = states[i];
    const ProveOutcome resumed = prove_ok(question, options);
    ASSERT_EQ(resumed.kind, Kind::proved) << resumed.detail;
    EXPECT_EQ(write_proof(resumed.proof), proof) << "from state " << i;
    EXPECT_EQ(resumed.nodes, whole.nodes);
  }
}

RefusalCode refusal_of(const Question& question, const ProveOptions& options) {
  const auto outcome = prove(question.program, question.text, options);
  EXPECT_FALSE(outcome.has_value());
  return outcome ? RefusalCode{} : outcome.error().code;
}

TEST(Resume, splits_by_sign_go_on_from_the_slopes_that_were_reached) {
  const Question question = make_question();
  ProveOptions by_signs;
  by_signs.narrow_inputs = 0;
  const ProveOutcome whole = prove_ok(question, by_signs);
  ASSERT_EQ(whole.kind, Kind::proved) << whole.detail;
  const auto states = states_of(question, by_signs);
  ASSERT_GT(states.size(), 2U) << "the question should take several rounds";
  for (std::size_t i = 0; i < states.size(); i += 1 + states.size() / 4) {
    by_signs.resume_from = states[i];
    EXPECT_EQ(write_proof(prove_ok(question, by_signs).proof), write_proof(whole.proof));
  }
  by_signs.narrow_inputs = 24;
  EXPECT_EQ(refusal_of(question, by_signs), RefusalCode::search_state_mismatch);
}

TEST(Resume, a_search_that_ran_out_of_time_leaves_a_state_to_go_on_from) {
  const Question question = make_question();
  const core::Bytes proof = write_proof(prove_ok(question, {}).proof);
  core::Bytes state;
  std::size_t stretches = 0;
  ProveOutcome outcome;
  do {
    bool one_round_done = false;
    ProveOptions options;
    options.resume_from = state;
    options.out_of_time = [&] { return one_round_done; };
    options.wants_state = [&] {
      one_round_done = true;
      return false;
    };
    options.save_state = [&](core::ByteView bytes) {
      state.assign(bytes.begin(), bytes.end());
      return core::Result<core::Done>(core::Done{});
    };
    outcome = prove_ok(question, options);
  } while (outcome.kind == Kind::undecided && ++stretches < 1000);
  ASSERT_EQ(outcome.kind, Kind::proved) << outcome.detail;
  EXPECT_GT(stretches, 2U);
  EXPECT_EQ(write_proof(outcome.proof), proof);
}

TEST(Resume, the_memory_limit_ends_a_search_and_more_memory_goes_on) {
  const Question question = make_question();
  core::Bytes state;
  ProveOptions options;
  options.memory_max = 4'000;
  options.save_state = [&](core::ByteView bytes) {
    state.assign(bytes.begin(), bytes.end());
    return core::Result<core::Done>(core::Done{});
  };
  const ProveOutcome outcome = prove_ok(question, options);
  ASSERT_EQ(outcome.kind, Kind::undecided);
  EXPECT_EQ(outcome.reason, UndecidedReason::memory) << outcome.detail;
  ASSERT_FALSE(state.empty());
  ProveOptions more;
  more.resume_from = state;
  EXPECT_EQ(write_proof(prove_ok(question, more).proof), write_proof(prove_ok(question, {}).proof));
}

TEST(Resume, another_model_property_or_level_is_a_mismatch) {
  const Question question = make_question();
  ProveOptions options;
  options.resume_from = states_of(question).front();
  ProveOptions level = options;
  level.level = Level::exact_order;
  EXPECT_EQ(refusal_of(question, level), RefusalCode::search_state_mismatch);
  ProveOptions seed = options;
  seed.seed = 1;
  EXPECT_EQ(refusal_of(question, seed), RefusalCode::search_state_mismatch);
  Question other = question;
  other.text += "; a remark\n";
  EXPECT_EQ(refusal_of(other, options), RefusalCode::search_state_mismatch);
  other = question;
  other.program.constants[0].data<float>()[0] += 1;
  EXPECT_EQ(refusal_of(other, options), RefusalCode::search_state_mismatch);
}

TEST(Resume, damaged_states_are_malformed) {
  const Question question = make_question();
  const core::Bytes state = states_of(question).front();
  core::PhiloxStream random(5);
  for (int i = 0; i < 200; ++i) {
    ProveOptions options;
    options.resume_from = tests::mutate(state, random);
    if (options.resume_from == state || options.resume_from.empty()) continue;
    const RefusalCode code = refusal_of(question, options);
    EXPECT_TRUE(code == RefusalCode::search_state_malformed ||
                code == RefusalCode::search_state_mismatch);
  }
}

/// With the digest repaired, the archive itself is what an attacker writes.
TEST(Resume, forged_states_are_refused_or_prove_nothing_false) {
  const Question question = make_question();
  const auto network = search::lower_program(question.program, Level::any_order);
  ASSERT_TRUE(network);
  const core::Digest digest = core::sha256(core::as_bytes("question"));
  search::CaseState empty;
  empty.tree.emplace_back();
  empty.open.push_back({{std::vector<double>(8, -1), std::vector<double>(8, 1)},
                        std::make_shared<search::Bounds>(search::unknown_bounds(*network)),
                        {{0, 0, 0, 1, 0.5}},
                        {},
                        0,
                        3});
  const core::Bytes good = search::write_search_state(digest, {}, empty);
  ASSERT_TRUE(search::read_search_state(good, digest, *network));
  constexpr std::size_t archive = 8 + 18 + 64;
  core::PhiloxStream random(6);
  std::size_t read = 0;
  for (int i = 0; i < 500; ++i) {
    core::Bytes forged = tests::mutate(core::Bytes(good.begin() + archive, good.end()), random);
    core::Bytes whole(good.begin(), good.begin() + archive - 32);
    const core::Digest repaired = core::sha256(forged);
    whole.insert(whole.end(), repaired.bytes.begin(), repaired.bytes.end());
    whole.insert(whole.end(), forged.begin(), forged.end());
    const auto state = search::read_search_state(whole, digest, *network);
    if (!state) {
      EXPECT_EQ(state.error().code, RefusalCode::search_state_malformed);
      continue;
    }
    ++read;
    for (const search::OpenBox& open : state->current.open) {
      EXPECT_LT(open.tree_node, state->current.tree.size());
      EXPECT_EQ(open.box.lower.size(), 8U);
    }
  }
  EXPECT_GT(read, 0U) << "numbers inside boxes may change";
}

TEST(Resume, who_cannot_save_is_told_so) {
  const Question question = make_question();
  ProveOptions options;
  options.wants_state = [] { return true; };
  options.save_state = [](core::ByteView) -> core::Result<core::Done> {
    return core::refuse(RefusalCode::file_write_failed, "state", "full");
  };
  EXPECT_EQ(refusal_of(question, options), RefusalCode::file_write_failed);
}

}  // namespace
}  // namespace isotrace::proofs
