// Level E: on a single input, and on the few floats of a small box, claims are decided to the last
// bit, however far sums in another order would be off.
#include <cmath>

#include <gtest/gtest.h>

#include <isotrace/core/float_environment.hpp>
#include <isotrace/proofs/search/concrete.hpp>
#include <isotrace/proofs/search/prove.hpp>

#include "networks.hpp"

namespace isotrace::proofs {
namespace {

using core::PhiloxStream;
using Kind = ProveOutcome::Kind;

std::vector<float> scaled(PhiloxStream& random, std::size_t count) {
  std::vector<float> values = tests::uniforms(random, count);
  const float scale = std::ldexp(1.0F, static_cast<int>(random.next_below(24)) - 4);
  for (float& value : values) value *= scale;
  return values;
}

/// Sums of several segments: 700 hidden neurons, products of a length that nothing else uses.
core::Program dense(PhiloxStream& random, std::int64_t k_segment) {
  tests::Chain chain({1, 3});
  const std::int64_t widths[] = {3, 700, 20, 2};
  for (std::size_t i = 0; i + 1 < std::size(widths); ++i) {
    const auto count = static_cast<std::size_t>(widths[i] * widths[i + 1]);
    const int weights = chain.floats({widths[i], widths[i + 1]}, scaled(random, count));
    const int bias =
        chain.floats({widths[i + 1]}, scaled(random, static_cast<std::size_t>(widths[i + 1])));
    chain.then(core::Op::matmul, {-1, weights}, {{"k_segment", k_segment}})
        .then(core::Op::add, {-1, bias});
    if (i + 2 < std::size(widths)) chain.relu();
  }
  return chain.build();
}

/// 45 taps in segments of 7, some of them beside the image; then windows of 4.
core::Program windows(PhiloxStream& random) {
  tests::Chain chain({1, 5, 3, 3});
  const int weights = chain.floats({2, 5, 3, 3}, scaled(random, 90));
  const int bias = chain.floats({2}, scaled(random, 2));
  using Integers = std::vector<std::int64_t>;
  chain
      .then(core::Op::conv, {-1, weights, bias},
            {{"auto_pad", std::string("NOTSET")},
             {"dilations", Integers{1, 1}},
             {"group", std::int64_t{1}},
             {"k_segment", std::int64_t{7}},
             {"pads", Integers{1, 1, 1, 1}},
             {"strides", Integers{1, 1}}})
      .relu()
      .then(core::Op::average_pool, {-1},
            {{"auto_pad", std::string("NOTSET")},
             {"ceil_mode", std::int64_t{0}},
             {"count_include_pad", std::int64_t{0}},
             {"dilations", Integers{1, 1}},
             {"kernel_shape", Integers{2, 2}},
             {"pads", Integers{0, 0, 0, 0}},
             {"strides", Integers{1, 1}}});
  return chain.build();
}

std::vector<float> run(const core::Program& program, const std::vector<float>& x) {
  const core::FloatEnvironment environment;
  const auto backend = backends::make_backend("reference", {});
  const auto outputs = search::run_on_floats(program, x, **backend);
  EXPECT_TRUE(outputs) << core::describe(outputs.error());
  return outputs ? *outputs : std::vector<float>{};
}

struct Box {
  std::vector<float> low, high;
};

Kind decide(const core::Program& program, const Box& box, std::size_t outputs,
            const std::string& unsafe, Level level) {
  ProveOptions options;
  options.level = level;
  options.solver = false;
  const auto outcome =
      prove(program, tests::box_text(box.low, box.high, outputs) + unsafe, options);
  EXPECT_TRUE(outcome) << core::describe(outcome.error());
  return outcome ? outcome->kind : Kind::undecided;
}

std::string row(const char* relation, std::size_t output, float value) {
  return std::string("(assert (") + relation + " Y_" + std::to_string(output) + " " +
         tests::exact(value) + "))\n";
}

void expect_decided_at(const core::Program& program, const std::vector<float>& x,
                       std::size_t& open_in_any_order) {
  const std::vector<float> y = run(program, x);
  const auto outcome = [&](const char* relation, Level level) {
    return decide(program, {x, x}, y.size(), row(relation, y.size() - 1, y.back()), level);
  };
  EXPECT_EQ(outcome(">", Level::exact_order), Kind::proved) << y.back();
  EXPECT_EQ(outcome("<", Level::exact_order), Kind::proved) << y.back();
  EXPECT_EQ(outcome(">=", Level::exact_order), Kind::violated) << y.back();
  EXPECT_EQ(outcome("<=", Level::exact_order), Kind::violated) << y.back();
  open_in_any_order += outcome(">", Level::any_order) == Kind::undecided ? 1 : 0;
}

TEST(ExactOrder, single_inputs_are_decided_to_the_last_bit) {
  PhiloxStream random(90);
  std::size_t open_in_any_order = 0;
  for (const std::int64_t k_segment : {1, 9, 256, 699, 700, 5000}) {
    expect_decided_at(dense(random, k_segment), scaled(random, 3), open_in_any_order);
  }
  for (int i = 0; i < 6; ++i) {
    expect_decided_at(windows(random), scaled(random, 45), open_in_any_order);
  }
  EXPECT_GT(open_in_any_order, 9U);
}

TEST(ExactOrder, boxes_of_few_floats_are_decided_to_the_last_bit) {
  PhiloxStream random(91);
  for (int i = 0; i < 6; ++i) {
    const core::Program program = dense(random, 256);
    Box box{scaled(random, 3), {}};
    box.high = box.low;
    std::vector<std::vector<float>> points = {box.low};
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const std::vector<std::vector<float>> before = points;
      for (int step = 0; step < 3; ++step) {
        box.high[axis] = std::nextafter(box.high[axis], HUGE_VALF);
        for (std::vector<float> point : before) {
          point[axis] = box.high[axis];
          points.push_back(std::move(point));
        }
      }
    }
    float greatest = -HUGE_VALF;
    for (const auto& point : points) greatest = std::max(greatest, run(program, point)[0]);
    const auto outcome = [&](const char* relation) {
      return decide(program, box, 2, row(relation, 0, greatest), Level::exact_order);
    };
    EXPECT_EQ(outcome(">"), Kind::proved) << greatest;
    EXPECT_EQ(outcome(">="), Kind::violated) << greatest;
  }
}

}  // namespace
}  // namespace isotrace::proofs
