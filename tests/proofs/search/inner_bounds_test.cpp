// Bounds of inner ReLUs with slopes of their own: no worse than the others, true, and what the
// checker finds when a proof names them.
#include <algorithm>

#include <gtest/gtest.h>

#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/search/lower_program.hpp>
#include <isotrace/proofs/search/problem.hpp>
#include <isotrace/proofs/search/prove.hpp>

#include "networks.hpp"

namespace isotrace::proofs {
namespace {

using search::Bounds;
using search::Relaxation;

search::Box box_around(const std::vector<float>& x, double radius) {
  search::Box box;
  box.lower.assign(search::padded(x.size()), 0);
  box.upper = box.lower;
  for (std::size_t i = 0; i < x.size(); ++i) {
    box.lower[i] = static_cast<double>(x[i]) - radius;
    box.upper[i] = static_cast<double>(x[i]) + radius;
  }
  return box;
}

TEST(InnerBounds, are_inside_the_plain_ones_and_hold_what_the_network_computes) {
  core::PhiloxStream random(51);
  std::size_t named = 0;
  for (int net = 0; net < 12; ++net) {
    const core::Program program = tests::random_dense(random, {30, 20, 20, 20, 3});
    const auto network = search::lower_program(program, Level::any_order);
    ASSERT_TRUE(network);
    const auto x = tests::uniforms(random, 30);
    const search::Box box = box_around(x, 0.1);
    Relaxation relaxation(*network, search::best_kernels());
    Bounds plain = search::unknown_bounds(*network);
    relaxation.tighten(plain, box);
    Bounds better = search::unknown_bounds(*network);
    search::InnerRows rows;
    named += relaxation.tighten_named(better, box, rows).size();
    for (std::size_t k = 0; k < plain.lower.size(); ++k) {
      for (std::size_t i = 0; i < plain.lower[k].size(); ++i) {
        EXPECT_GE(better.lower[k][i], plain.lower[k][i] - 1e-9);
        EXPECT_LE(better.upper[k][i], plain.upper[k][i] + 1e-9);
      }
    }
    for (int s = 0; s < 40; ++s) {
      std::vector<double> at(30);
      for (std::size_t i = 0; i < 30; ++i) {
        at[i] = random.next_below(2) == 0 ? box.lower[i] : box.upper[i];
      }
      std::vector<double> value = at;
      for (std::size_t k = 0; k < network->layers.size(); ++k) {
        search::Network first = *network;
        first.layers.resize(k + 1);
        first.layers[k].activated = false;
        value = search::evaluate(first, at);
        for (std::size_t i = 0; network->layers[k].activated && i < value.size(); ++i) {
          ASSERT_GE(value[i], better.lower[k][i]);
          ASSERT_LE(value[i], better.upper[k][i]);
        }
      }
    }
  }
  EXPECT_GT(named, 100U);
}

/// What the network computes before each ReLU of layer k.
std::vector<double> before_relu(const search::Network& network, std::size_t k,
                                const std::vector<double>& at) {
  search::Network first = network;
  first.layers.resize(k + 1);
  first.layers[k].activated = false;
  return search::evaluate(first, at);
}

TEST(InnerBounds, below_a_sign_hold_what_the_network_computes_there) {
  core::PhiloxStream random(53);
  std::size_t named = 0;
  std::size_t held = 0;
  for (int net = 0; net < 12; ++net) {
    const core::Program program = tests::random_dense(random, {30, 20, 20, 20, 3});
    const auto network = search::lower_program(program, Level::any_order);
    ASSERT_TRUE(network);
    const search::Box box = box_around(tests::uniforms(random, 30), 0.1);
    Relaxation relaxation(*network, search::best_kernels());
    Bounds root = search::unknown_bounds(*network);
    search::InnerRows rows;
    (void)relaxation.tighten_named(root, box, rows);
    for (std::size_t i = 0; i < 20; ++i) {
      if (!search::is_unstable(*network, root, 0, i)) continue;
      const bool on = i % 2 == 0;
      Bounds below = root;
      (on ? below.lower : below.upper)[0][i] = 0;
      named += relaxation.tighten_below(below, box, 1, rows).size();
      for (int s = 0; s < 40; ++s) {
        std::vector<double> at(30);
        for (std::size_t j = 0; j < 30; ++j) {
          at[j] = random.next_below(2) == 0 ? box.lower[j] : box.upper[j];
        }
        if ((before_relu(*network, 0, at)[i] >= 0) != on) continue;
        ++held;
        for (std::size_t k = 0; k < 3; ++k) {
          const std::vector<double> value = before_relu(*network, k, at);
          for (std::size_t j = 0; j < value.size(); ++j) {
            ASSERT_GE(value[j], below.lower[k][j]);
            ASSERT_LE(value[j], below.upper[k][j]);
          }
        }
      }
    }
  }
  EXPECT_GT(named, 100U);
  EXPECT_GT(held, 100U);
}

ProveOutcome prove_near(const core::Program& program, double limit, unsigned jobs,
                        std::uint64_t plain_boxes) {
  ProveOptions options;
  options.nodes_max = 4000;
  options.jobs = jobs;
  options.plain_boxes = plain_boxes;
  const std::string text = tests::box_property(40, 2, "-0.3", "0.3",
                                               "(assert (>= Y_0 " + std::to_string(limit) + "))\n");
  auto outcome = prove(program, text, options);
  EXPECT_TRUE(outcome);
  return outcome ? *std::move(outcome) : ProveOutcome{};
}

std::size_t count_named(const Proof& proof) {
  const auto& nodes = proof.cases.at(0).nodes;
  return static_cast<std::size_t>(std::count_if(nodes.begin(), nodes.end(), [](const auto& node) {
    return node.kind == ProofNode::Kind::bound;
  }));
}

/// Of a property of several cases that share a box, all but the first leave slopes to it.
TEST(InnerBounds, are_found_again_below_signs_and_slopes_stand_in_proofs_once) {
  core::PhiloxStream random(54);
  const core::Program program = tests::random_dense(random, {40, 24, 24, 24, 2});
  const auto text_of = [](double limit) {
    const std::string bound = std::to_string(limit);
    return tests::box_property(40, 2, "-0.3", "0.3",
                               "(assert (or (>= Y_0 " + bound + ") (<= Y_0 -" + bound + ")))\n");
  };
  const auto prove_with = [&](double limit, unsigned jobs, core::Bytes* state) {
    ProveOptions options;
    options.nodes_max = 6000;
    options.jobs = jobs;
    if (state != nullptr && !state->empty()) options.resume_from = *state;
    options.wants_state = [&] { return state != nullptr && state->empty(); };
    options.save_state = [&](core::ByteView bytes) {
      // Behind the root of the first case.
      if (state->empty()) state->assign(bytes.begin(), bytes.end());
      return core::Result<core::Done>(core::Done{});
    };
    auto outcome = prove(program, text_of(limit), options);
    EXPECT_TRUE(outcome);
    return outcome ? *std::move(outcome) : ProveOutcome{};
  };
  ProveOutcome last;
  double proved = 0;
  for (double limit = 4096; limit > 0 && last.nodes < 60; limit *= 0.97) {
    ProveOutcome next = prove_with(limit, 1, nullptr);
    if (next.kind != ProveOutcome::Kind::proved) break;
    last = std::move(next);
    proved = limit;
  }
  ASSERT_EQ(last.kind, ProveOutcome::Kind::proved);
  ASSERT_EQ(last.proof.cases.size(), 2U);
  std::size_t with_slopes[2] = {};
  std::size_t without[2] = {};
  for (std::size_t c = 0; c < 2; ++c) {
    for (const ProofNode& node : last.proof.cases[c].nodes) {
      if (node.kind != ProofNode::Kind::bound) continue;
      ++(node.slopes.empty() ? without : with_slopes)[c];
    }
  }
  EXPECT_GT(with_slopes[0] + with_slopes[1], 0U);
  EXPECT_TRUE(with_slopes[0] == 0 || with_slopes[1] == 0);
  EXPECT_GT(without[0] + without[1], 0U) << "of " << last.nodes << " boxes";
  const core::Bytes bytes = write_proof(last.proof);
  EXPECT_EQ(write_proof(prove_with(proved, 3, nullptr).proof), bytes);
  core::Bytes state;
  EXPECT_EQ(write_proof(prove_with(proved, 2, &state).proof), bytes);
  ASSERT_FALSE(state.empty());
  EXPECT_EQ(write_proof(prove_with(proved, 1, &state).proof), bytes) << "resumed";
}

/// Limits fall until one needs more than the plain bounds of the root.
TEST(InnerBounds, are_named_in_proofs_of_fewer_boxes) {
  core::PhiloxStream random(52);
  const core::Program program = tests::random_dense(random, {40, 24, 24, 24, 2});
  ProveOutcome named;
  ProveOutcome plain;
  for (double limit = 4096; limit > 0; limit *= 0.95) {
    ProveOutcome next = prove_near(program, limit, 1, 2048);
    if (next.kind != ProveOutcome::Kind::proved) break;
    named = std::move(next);
    plain = prove_near(program, limit, 1, ProveOptions::no_clips);
    if (count_named(named.proof) > 0) {
      EXPECT_EQ(prove_near(program, limit, 3, 2048).proof.cases, named.proof.cases);
      break;
    }
  }
  ASSERT_EQ(named.kind, ProveOutcome::Kind::proved);
  EXPECT_GT(count_named(named.proof), 0U);
  EXPECT_EQ(plain.kind == ProveOutcome::Kind::proved ? count_named(plain.proof) : 0, 0U);
  EXPECT_LT(named.nodes, plain.nodes);
  const auto read = parse_proof(write_proof(named.proof));
  ASSERT_TRUE(read);
  const auto report = check_proof(*read);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->verdict.accepted()) << report->verdict.reason;
}

}  // namespace
}  // namespace isotrace::proofs
