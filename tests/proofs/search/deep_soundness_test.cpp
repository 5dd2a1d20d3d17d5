// Deep networks made to round badly - layers that cancel, subnormal and huge ones in turn, copies
// of neurons a unit in the last place apart - over boxes of a point, of a few floats and wide ones:
// no run of the reference leaves the checker's bounds at levels E and A, no other order of
// summation those at A, and nothing proves what a run breaks. ISOTRACE_MUTANTS sets how many are
// tried.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include <isotrace/backends/backend.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/proofs/checker/lower_program.hpp>
#include <isotrace/proofs/checker/node_bounds.hpp>
#include <isotrace/proofs/checker/rounding.hpp>
#include <isotrace/proofs/search/concrete.hpp>
#include <isotrace/proofs/search/prove.hpp>
#include <tests/support/mutate.hpp>

#include "networks.hpp"

namespace isotrace::proofs {
namespace {

using core::Op;
using core::PhiloxStream;

struct DeepLayer {
  std::size_t in = 0, out = 0;
  std::vector<float> weights;  ///< [in][out]
  std::vector<float> bias;
  Op then = Op::identity;
};

/// What a layer is made of: plain numbers, subnormal ones, huge ones, or few different ones.
std::vector<float> numbers(PhiloxStream& random, std::size_t count, unsigned style, int exponent) {
  std::vector<float> made = tests::uniforms(random, count);
  for (float& value : made) {
    if (style == 1) value = std::ldexp(value, -130 - static_cast<int>(random.next_below(22)));
    if (style == 2) value = static_cast<float>(random.next_below(3)) - 1;
    if (style == 3) value = std::ldexp(value, static_cast<int>(random.next_below(40)) - 20);
    value = std::ldexp(value, exponent);
  }
  return made;
}

/// Every second row is the negation of the one before, but for a unit in the last place, and every
/// second neuron a copy of the one before: sums of such layers cancel.
void make_cancel(DeepLayer& layer, PhiloxStream& random) {
  for (std::size_t i = 1; i < layer.in; i += 2) {
    for (std::size_t o = 0; o < layer.out; ++o) {
      const float other = -layer.weights[(i - 1) * layer.out + o];
      const bool apart = random.next_below(3) == 0;
      layer.weights[i * layer.out + o] = apart ? std::nextafter(other, HUGE_VALF) : other;
    }
  }
  for (std::size_t o = 1; o < layer.out; o += 2) {
    for (std::size_t i = 0; i < layer.in; ++i) {
      layer.weights[i * layer.out + o] = layer.weights[i * layer.out + o - 1];
    }
    layer.bias[o] = std::nextafter(layer.bias[o - 1], 1.0F);
  }
}

struct DeepNet {
  std::vector<DeepLayer> layers;
  bool has_curves = false;

  explicit DeepNet(PhiloxStream& random) {
    std::size_t width = 1 + random.next_below(5);
    const std::size_t depth = 2 + random.next_below(12);
    const bool with_curves = random.next_below(4) == 0;
    int carried = 0;  // what the layer before scaled by
    for (std::size_t l = 0; l < depth; ++l) {
      DeepLayer layer;
      layer.in = width;
      layer.out = width = 1 + random.next_below(9);
      const int exponent =
          random.next_below(3) == 0 ? static_cast<int>(random.next_below(80)) - 40 : -carried;
      carried = random.next_below(3) == 0 ? 0 : carried + exponent;
      const auto style = static_cast<unsigned>(random.next_below(6));
      layer.weights = numbers(random, layer.in * layer.out, style, exponent);
      layer.bias = numbers(random, layer.out, static_cast<unsigned>(random.next_below(4)),
                           random.next_below(2) == 0 ? exponent : 0);
      if (random.next_below(2) == 0) make_cancel(layer, random);
      constexpr Op kinds[] = {Op::relu, Op::relu, Op::abs, Op::identity, Op::sigmoid, Op::tanh};
      layer.then = kinds[random.next_below(with_curves ? 6 : 4)];
      has_curves = has_curves || layer.then == Op::sigmoid || layer.then == Op::tanh;
      layers.push_back(std::move(layer));
    }
  }

  [[nodiscard]] core::Program program() const {
    tests::Chain chain({1, static_cast<std::int64_t>(layers[0].in)});
    for (const DeepLayer& layer : layers) {
      const auto in = static_cast<std::int64_t>(layer.in);
      const auto out = static_cast<std::int64_t>(layer.out);
      chain.then(Op::matmul, {-1, chain.floats({in, out}, layer.weights)},
                 {{"k_segment", std::int64_t{3}}});
      chain.then(Op::add, {-1, chain.floats({out}, layer.bias)});
      chain.then(layer.then, {-1});
    }
    return chain.build();
  }

  /// Sums in any order, with fma or without, from the bias or with it at the end. No curves.
  [[nodiscard]] std::vector<float> run_otherwise(std::vector<float> x, PhiloxStream& random) const {
    for (const DeepLayer& layer : layers) {
      std::vector<float> y(layer.out);
      for (std::size_t o = 0; o < layer.out; ++o) {
        std::vector<float> parts;
        const bool fused = random.next_below(2) == 0;
        const bool bias_first = random.next_below(2) == 0;
        const bool backwards = random.next_below(2) == 0;
        float sum = bias_first ? layer.bias[o] : 0.0F;
        for (std::size_t i = 0; i < layer.in; ++i) {
          const std::size_t k = backwards ? layer.in - 1 - i : i;
          const float weight = layer.weights[k * layer.out + o];
          if (fused) sum = std::fma(x[k], weight, sum);
          if (!fused) parts.push_back(x[k] * weight);
        }
        while (parts.size() > 1) {
          const std::size_t at = random.next_below(parts.size() - 1);
          parts[at] += parts[at + 1];
          parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at) + 1);
          std::swap(parts[at], parts[random.next_below(parts.size())]);
        }
        if (!parts.empty()) sum += parts[0];
        if (!bias_first) sum += layer.bias[o];
        y[o] = layer.then == Op::relu  ? std::max(sum, 0.0F)
               : layer.then == Op::abs ? std::fabs(sum)
                                       : sum;
      }
      x = std::move(y);
    }
    return x;
  }
};

struct Range {
  std::vector<float> low, high;

  Range(PhiloxStream& random, std::size_t inputs) {
    const auto kind = random.next_below(5);
    for (std::size_t i = 0; i < inputs; ++i) {
      const float from =
          std::ldexp(tests::uniform(random), static_cast<int>(random.next_below(9)) - 6);
      float to = from;
      if (kind == 1) to = std::nextafter(std::nextafter(from, HUGE_VALF), HUGE_VALF);
      if (kind == 2) to = from + std::ldexp(1.0F, -18);
      if (kind > 2) to = from + random.next_f32();
      low.push_back(kind == 3 ? std::min(from, 0.0F) * 0x1p-140F : from);
      high.push_back(kind == 3 ? std::fabs(to) * 0x1p-140F : std::max(from, to));
    }
  }
  [[nodiscard]] std::vector<float> point(PhiloxStream& random) const {
    std::vector<float> x(low.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto kind = random.next_below(3);
      const float inside = low[i] + (high[i] - low[i]) * random.next_f32();
      x[i] = kind == 0 ? low[i] : kind == 1 ? high[i] : std::clamp(inside, low[i], high[i]);
    }
    return x;
  }
};

std::optional<Bounds> bounds_of(const core::Program& program, const Range& range, Level level) {
  const DownwardRounding downward;
  const auto network = lower_program(program);
  EXPECT_TRUE(network) << (network ? "" : core::describe(network.error()));
  if (!network) return std::nullopt;
  Bounds box(range.low.size());
  std::copy(range.low.begin(), range.low.end(), box.lower.begin());
  std::copy(range.high.begin(), range.high.end(), box.upper.begin());
  auto node = NodeBounder(*network, level).bound(std::move(box), nullptr);
  if (!node) return std::nullopt;
  return node->layers.back().values;
}

void expect_inside(const std::vector<float>& y, const Bounds& bounds, const char* level) {
  for (std::size_t i = 0; i < y.size(); ++i) {
    ASSERT_TRUE(double{y[i]} >= bounds.lower[i] && double{y[i]} <= bounds.upper[i])
        << level << ": output " << i << " is " << y[i] << ", bounds " << bounds.lower[i] << " to "
        << bounds.upper[i];
  }
}

/// Climbs one output of the reference, up or down, and looks at every run on the way; returns the
/// point that it reached.
class Climber {
 public:
  Climber(const DeepNet& net, const core::Program& program, const Range& range,
          backends::Backend& reference)
      : net_(net), program_(program), range_(range), reference_(reference) {}

  std::vector<float> climb(std::size_t output, float sign, PhiloxStream& random) {
    std::vector<float> best = range_.point(random);
    float height = -HUGE_VALF;
    for (int step = 0; step < 25; ++step) {
      std::vector<float> x = step < 8 ? range_.point(random) : best;
      if (step >= 8) {
        const std::size_t i = random.next_below(x.size());
        x[i] = range_.point(random)[i];
      }
      const auto y = look_at(x, random);
      if (testing::Test::HasFatalFailure()) return best;
      if (!(sign * y[output] > height)) continue;
      height = sign * y[output];
      best = x;
    }
    return best;
  }
  std::vector<float> look_at(const std::vector<float>& x, PhiloxStream& random) {
    const auto run = search::run_on_floats(program_, x, reference_);
    EXPECT_TRUE(run);
    if (exact_order) expect_inside(*run, *exact_order, "exact order");
    if (any_order) expect_inside(*run, *any_order, "any order");
    if (any_order && !net_.has_curves) {
      expect_inside(net_.run_otherwise(x, random), *any_order, "another order");
    }
    return *run;
  }

  std::optional<Bounds> exact_order, any_order;

 private:
  const DeepNet& net_;
  const core::Program& program_;
  const Range& range_;
  backends::Backend& reference_;
};

/// Unsafe is what a run is known to give.
void expect_no_proof(const core::Program& program, const Range& range, const std::vector<float>& y,
                     std::size_t output, Level level) {
  const std::string text = tests::box_text(range.low, range.high, y.size()) + "(assert (>= Y_" +
                           std::to_string(output) + " " + tests::exact(y[output]) + "))\n";
  ProveOptions options;
  options.level = level;
  options.nodes_max = 150;
  const auto outcome = prove(program, text, options);
  ASSERT_TRUE(outcome) << core::describe(outcome.error());
  EXPECT_NE(outcome->kind, ProveOutcome::Kind::proved) << text;
}

TEST(DeepSoundness, runs_in_any_order_stay_inside_and_no_broken_claim_is_proved) {
  const core::FloatEnvironment environment;
  const auto reference = backends::make_backend("reference", {});
  ASSERT_TRUE(reference);
  PhiloxStream random(91);
  const std::size_t nets = std::max<std::size_t>(1, tests::mutant_count() / 100);
  std::size_t judged = 0;
  for (std::size_t n = 0; n < nets; ++n) {
    const DeepNet net(random);
    const core::Program program = net.program();
    const Range range(random, net.layers[0].in);
    Climber climber(net, program, range, **reference);
    climber.exact_order = bounds_of(program, range, Level::exact_order);
    climber.any_order = bounds_of(program, range, Level::any_order);
    judged += climber.any_order ? 1 : 0;
    for (const float sign : {1.0F, -1.0F}) {
      const std::size_t output = random.next_below(net.layers.back().out);
      const std::vector<float> x = climber.climb(output, sign, random);
      ASSERT_FALSE(testing::Test::HasFatalFailure()) << "net " << n;
      const auto y = climber.look_at(x, random);
      const bool finite =
          std::all_of(y.begin(), y.end(), [](float value) { return std::isfinite(value); });
      if (sign < 0 || !finite || n % 4 != 0) continue;
      expect_no_proof(program, range, y, output,
                      n % 8 == 0 ? Level::exact_order : Level::any_order);
    }
    ASSERT_FALSE(testing::Test::HasFailure()) << "net " << n;
  }
  EXPECT_GT(judged, nets / 2) << "the others may come near overflow";
}

}  // namespace
}  // namespace isotrace::proofs
