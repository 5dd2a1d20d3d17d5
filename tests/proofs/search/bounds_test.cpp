#include <gtest/gtest.h>

#include <isotrace/proofs/search/bounds.hpp>
#include <isotrace/proofs/search/lower_program.hpp>

#include "networks.hpp"

namespace isotrace::proofs::search {
namespace {

Box box_around(const Network& network, double low, double high) {
  Box box;
  box.lower.assign(padded(network.inputs), 0);
  box.upper = box.lower;
  for (std::size_t i = 0; i < network.inputs; ++i) {
    box.lower[i] = low;
    box.upper[i] = high;
  }
  return box;
}

TEST(SearchBounds, every_sampled_run_lies_within_the_bounds) {
  core::PhiloxStream random(21);
  for (int round = 0; round < 30; ++round) {
    const core::Program program = tests::random_dense(random, {3, 9, 7, 2});
    const Network network = *lower_program(program, Level::any_order);
    Relaxation relaxation(network, best_kernels());
    Bounds bounds = unknown_bounds(network);
    const Box outer = box_around(network, -1, 1);
    relaxation.tighten(bounds, outer);
    const Box inner = box_around(network, -0.25, 0.5);
    relaxation.tighten(bounds, inner);  // inherits from the outer box
    const RowForm row = {{1, -0.5, 0, 0, 0, 0, 0, 0}, {}};
    const double least = relaxation.bound_row(row, relaxation.default_slopes(), nullptr).least;
    for (int sample = 0; sample < 200; ++sample) {
      std::vector<float> x(3);
      for (float& value : x) value = -0.25F + 0.75F * random.next_f32();
      std::vector<double> h(x.begin(), x.end());
      for (std::size_t k = 0; k < network.layers.size(); ++k) {
        const Layer& layer = network.layers[k];
        std::vector<double> z(layer.out);
        for (std::size_t o = 0; o < layer.out; ++o) {
          z[o] = layer.bias[o];
          for (std::size_t i = 0; i < layer.in; ++i) z[o] += layer.row(o)[i] * h[i];
          if (!layer.activated) continue;
          EXPECT_LE(bounds.lower[k][o], z[o]);
          EXPECT_GE(bounds.upper[k][o], z[o]);
          z[o] = std::max(0.0, z[o]);
        }
        h = z;
      }
      const auto y = tests::run_reference(program, x);
      EXPECT_LE(least, double{y[0]} - 0.5 * double{y[1]});
    }
  }
}

TEST(SearchBounds, any_slope_gives_a_bound) {
  core::PhiloxStream random(22);
  const core::Program program = tests::random_dense(random, {2, 8, 8, 1});
  const Network network = *lower_program(program, Level::any_order);
  Relaxation relaxation(network, best_kernels());
  Bounds bounds = unknown_bounds(network);
  relaxation.tighten(bounds, box_around(network, -1, 1));
  std::vector<double> row(8, 0);
  row[0] = 1;
  for (int round = 0; round < 50; ++round) {
    Slopes slopes = relaxation.default_slopes();
    for (std::size_t k = 0; k < 2; ++k) {
      for (std::size_t i = 0; i < 8; ++i) {
        if (bounds.lower[k][i] < 0 && bounds.upper[k][i] > 0) {
          slopes[k][i] = double{random.next_f32()};
        }
      }
    }
    const double least = relaxation.bound_row({row, {}}, slopes, nullptr).least;
    for (int sample = 0; sample < 100; ++sample) {
      EXPECT_LE(least, double{tests::run_reference(program, tests::uniforms(random, 2))[0]});
    }
  }
}

TEST(SearchBounds, sign_splits_hold_where_their_signs_do) {
  core::PhiloxStream random(23);
  std::size_t judged = 0;
  for (int round = 0; round < 20; ++round) {
    const core::Program program = tests::random_dense(random, {3, 6, 1});
    const Network network = *lower_program(program, Level::any_order);
    Relaxation relaxation(network, best_kernels());
    Bounds bounds = unknown_bounds(network);
    const Box box = box_around(network, -1, 1);
    relaxation.tighten(bounds, box);
    for (std::uint32_t i = 0; i < 6; ++i) {
      for (const double sign : {1.0, -1.0}) {
        Bounds split = bounds;
        double& lower = split.lower[0][i];
        double& upper = split.upper[0][i];
        if (!(lower < 0 && upper > 0)) continue;
        (sign > 0 ? lower : upper) = 0;
        relaxation.tighten(split, box);
        const double weight = 3 * double{random.next_f32()};
        const RowForm row = {{1, 0, 0, 0, 0, 0, 0, 0}, {}};
        const double least =
            relaxation
                .bound_row(row, relaxation.default_slopes(), nullptr, {{i, 0, i, sign, weight}})
                .least;
        for (int sample = 0; sample < 30; ++sample) {
          const auto x = tests::uniforms(random, 3);
          double z = network.layers[0].bias[i];
          for (std::size_t j = 0; j < 3; ++j) z += network.layers[0].row(i)[j] * double{x[j]};
          if (sign * z < 0) continue;
          ++judged;
          const double y = double{tests::run_reference(program, x)[0]};
          ASSERT_LE(least, y - weight * sign * z + 1e-5);
        }
      }
    }
  }
  EXPECT_GT(judged, 500U);
}

TEST(SearchBounds, float_error_widens_them_and_real_arithmetic_does_not) {
  tests::Chain chain({1, 1});
  const int big = chain.floats({1}, {0x1p24F});
  chain.then(core::Op::add, {-1, big}).relu();
  const core::Program program = chain.build();
  const RowForm row = {{1, 0, 0, 0, 0, 0, 0, 0}, {}};
  double least[2];
  for (const Level level : {Level::real, Level::any_order}) {
    const Network network = *lower_program(program, level);
    Relaxation relaxation(network, best_kernels());
    Bounds bounds = unknown_bounds(network);
    relaxation.tighten(bounds, box_around(network, 0, 1));
    least[level == Level::real ? 0 : 1] =
        relaxation.bound_row(row, relaxation.default_slopes(), nullptr).least;
  }
  EXPECT_EQ(least[0], 0x1p24);
  EXPECT_LE(least[1], 0x1p24 - 1);
  EXPECT_GE(least[1], 0x1p24 - 1.001);
}

}  // namespace
}  // namespace isotrace::proofs::search
