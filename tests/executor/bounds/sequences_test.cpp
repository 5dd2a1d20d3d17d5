// RNN, GRU, LSTM, Fourier transforms, windows, p-norms and scattering: exact values by MPFR and
// other evaluations lie in the bands; wrong ones do not.
#include <cmath>
#include <complex>

#include "tests/executor/bounds/real.hpp"
#include "tests/executor/bounds/support.hpp"

namespace isotrace::tests {
namespace {

using Ints = std::vector<std::int64_t>;
using Reals = std::vector<Real>;

Real pi() {
  return apply([](mpfr_t y, const mpfr_t, mpfr_rnd_t r) { return mpfr_const_pi(y, r); }, Real());
}
Real sigmoid(const Real& x) { return Real(1) / (Real(1) + exp(Real() - x)); }

void expect_in_band(const Band& band, const Real& exact, const std::string& what) {
  if (!std::isfinite(band.error)) return;
  EXPECT_TRUE(abs(exact - Real(band.middle)) <= Real(band.error))
      << what << ": exact " << exact.to_double() << ", band " << band.middle << " +- "
      << band.error;
}

// ---- recurrent layers

constexpr std::size_t inputs = 4;
constexpr std::size_t hidden = 3;
constexpr std::size_t steps = 6;

struct LayerOperands {
  Floats x, w, r, b, h, c, p;
};
LayerOperands make_layer(std::size_t gates, Draw kind, core::PhiloxStream& random) {
  return {draw(kind, steps * inputs, random),          draw(kind, gates * hidden * inputs, random),
          draw(kind, gates * hidden * hidden, random), draw(kind, 2 * gates * hidden, random),
          draw(Draw::plain, hidden, random),           draw(Draw::plain, hidden, random),
          draw(Draw::plain, 3 * hidden, random)};
}
Operands operands_of(const LayerOperands& layer, std::int64_t gates, bool cell) {
  const auto n = static_cast<std::int64_t>(hidden);
  Operands operands = {tensor_of({steps, 1, inputs}, layer.x),
                       tensor_of({1, gates * n, inputs}, layer.w),
                       tensor_of({1, gates * n, n}, layer.r),
                       tensor_of({1, 2 * gates * n}, layer.b),
                       Tensor::of<std::int32_t>({1}, {static_cast<std::int32_t>(steps)}),
                       tensor_of({1, 1, n}, layer.h)};
  if (!cell) return operands;
  operands.push_back(tensor_of({1, 1, n}, layer.c));
  operands.push_back(tensor_of({1, 3 * n}, layer.p));
  return operands;
}
Node layer_node(Op op, const std::string& activations, std::size_t count,
                std::vector<core::Attribute> more) {
  more.insert(more.end(), {{"activations", activations},
                           {"activation_alpha", std::vector<float>(count, 0)},
                           {"activation_beta", std::vector<float>(count, 0)},
                           {"clip", std::numeric_limits<float>::infinity()},
                           {"direction", std::string("forward")},
                           {"k_segment", std::int64_t{256}}});
  return make_node(op, std::move(more), op == Op::lstm ? 3 : 2);
}

/// The sum of one unit of a gate, before its activation.
Real gate_sum(const LayerOperands& layer, std::size_t gates, std::size_t unit, std::size_t t,
              const Reals& h) {
  Real sum = Real(layer.b[unit]) + Real(layer.b[gates * hidden + unit]);
  for (std::size_t i = 0; i < inputs; ++i) {
    sum = sum + Real(layer.w[unit * inputs + i]) * Real(layer.x[t * inputs + i]);
  }
  for (std::size_t i = 0; i < hidden; ++i) sum = sum + Real(layer.r[unit * hidden + i]) * h[i];
  return sum;
}

Reals to_reals(const Floats& values) { return {values.begin(), values.end()}; }

void expect_states(const Bounded& bounded, std::size_t t, const Reals& h, const std::string& what) {
  for (std::size_t j = 0; j < hidden; ++j) {
    expect_in_band(bounded.bounds[0].bands[t * hidden + j], h[j], what);
    if (t + 1 == steps) expect_in_band(bounded.bounds[1].bands[j], h[j], what + " at the end");
  }
}

void expect_canonical_within(const Bounded& bounded, const std::string& what) {
  for (std::size_t i = 0; i < bounded.bounds.size(); ++i) {
    expect_within(executor::judge(bounded.canonical[i], bounded.canonical[i], &bounded.bounds[i]),
                  what);
    const auto values = bounded.canonical[i].data<float>();
    for (std::size_t k = 0; k < values.size(); ++k) {
      const Band band = bounded.bounds[i].bands[k];
      EXPECT_LE(std::fabs(values[k] - band.middle), band.error) << what << " " << k;
    }
  }
}

TEST(BoundsOfRecurrences, OfRnnHoldTheExactValue) {
  mpfr_set_emax(mpfr_get_emax_max());
  core::PhiloxStream random(31, 0);
  for (const Draw kind : all_draws) {
    const LayerOperands layer = make_layer(1, kind, random);
    const Bounded bounded =
        bound_of(layer_node(Op::rnn, "Tanh", 1, {}), operands_of(layer, 1, false));
    expect_canonical_within(bounded, "RNN");
    Reals h = to_reals(layer.h);
    for (std::size_t t = 0; t < steps; ++t) {
      Reals next;
      for (std::size_t j = 0; j < hidden; ++j) {
        next.push_back(tanh(gate_sum(layer, 1, j, t, h)));
      }
      h = next;
      expect_states(bounded, t, h, "RNN");
    }
  }
}

TEST(BoundsOfRecurrences, OfGruHoldTheExactValueAndTheOtherBlend) {
  mpfr_set_emax(mpfr_get_emax_max());
  core::PhiloxStream random(32, 0);
  for (const Draw kind : all_draws) {
    const LayerOperands layer = make_layer(3, kind, random);
    const Node node =
        layer_node(Op::gru, "Sigmoid Tanh", 2, {{"linear_before_reset", std::int64_t{0}}});
    const Bounded bounded = bound_of(node, operands_of(layer, 3, false));
    expect_canonical_within(bounded, "GRU");
    Reals h = to_reals(layer.h);
    for (std::size_t t = 0; t < steps; ++t) {
      Reals z, scaled, next;
      for (std::size_t j = 0; j < hidden; ++j) {
        z.push_back(sigmoid(gate_sum(layer, 3, j, t, h)));
        scaled.push_back(sigmoid(gate_sum(layer, 3, hidden + j, t, h)) * h[j]);
      }
      for (std::size_t j = 0; j < hidden; ++j) {
        const Real g = tanh(gate_sum(layer, 3, 2 * hidden + j, t, scaled));
        next.push_back(g + z[j] * (h[j] - g));
      }
      h = next;
      expect_states(bounded, t, h, "GRU");
    }
  }
}

TEST(BoundsOfRecurrences, OfLstmHoldTheExactValue) {
  mpfr_set_emax(mpfr_get_emax_max());
  core::PhiloxStream random(33, 0);
  for (const Draw kind : all_draws) {
    const LayerOperands layer = make_layer(4, kind, random);
    const Node node =
        layer_node(Op::lstm, "Sigmoid Tanh Tanh", 3, {{"input_forget", std::int64_t{0}}});
    const Bounded bounded = bound_of(node, operands_of(layer, 4, true));
    expect_canonical_within(bounded, "LSTM");
    Reals h = to_reals(layer.h);
    Reals c = to_reals(layer.c);
    for (std::size_t t = 0; t < steps; ++t) {
      Reals next;
      for (std::size_t j = 0; j < hidden; ++j) {
        const auto gate = [&](std::size_t number) {
          return gate_sum(layer, 4, number * hidden + j, t, h);
        };
        const auto peep = [&](std::size_t number) {
          return Real(layer.p[number * hidden + j]) * c[j];
        };
        const Real i = sigmoid(gate(0) + peep(0));
        const Real f = sigmoid(gate(2) + peep(2));
        c[j] = f * c[j] + i * tanh(gate(3));
        next.push_back(sigmoid(gate(1) + peep(1)) * tanh(c[j]));
      }
      h = next;
      expect_states(bounded, t, h, "LSTM");
    }
  }
}

TEST(BoundsOfRecurrences, AnotherActivationOrALostBiasIsOutside) {
  core::PhiloxStream random(34, 0);
  const LayerOperands layer = make_layer(4, Draw::plain, random);
  const auto node = [](const std::string& activations) {
    return layer_node(Op::lstm, activations, 3, {{"input_forget", std::int64_t{0}}});
  };
  const Bounded bounded = bound_of(node("Sigmoid Tanh Tanh"), operands_of(layer, 4, true));
  const Bounded other = bound_of(node("Sigmoid Softsign Tanh"), operands_of(layer, 4, true));
  EXPECT_EQ(bounded.judge(other.canonical[0]).agreement, Agreement::outside);
  LayerOperands without = layer;
  without.b[0] = 0;
  const Bounded lost = bound_of(node("Sigmoid Tanh Tanh"), operands_of(without, 4, true));
  EXPECT_EQ(bounded.judge(lost.canonical[0]).agreement, Agreement::outside);
}

// ---- Fourier transforms

using Complex = std::complex<float>;

/// As Cooley and Tukey have it, with twiddles of binary32.
std::vector<Complex> fft(const std::vector<Complex>& x) {
  const std::size_t n = x.size();
  if (n == 1) return x;
  std::vector<Complex> even, odd;
  for (std::size_t i = 0; i < n; i += 2) {
    even.push_back(x[i]);
    odd.push_back(x[i + 1]);
  }
  even = fft(even);
  odd = fft(odd);
  std::vector<Complex> y(n);
  for (std::size_t k = 0; k < n / 2; ++k) {
    const float angle = -2 * 3.14159265F * static_cast<float>(k) / static_cast<float>(n);
    const Complex t = Complex(std::cos(angle), std::sin(angle)) * odd[k];
    y[k] = even[k] + t;
    y[k + n / 2] = even[k] - t;
  }
  return y;
}

Node dft_node(bool inverse) {
  return make_node(Op::dft, {{"inverse", std::int64_t{inverse ? 1 : 0}},
                             {"onesided", std::int64_t{0}},
                             {"k_segment", std::int64_t{256}}});
}

TEST(BoundsOfFourierTransforms, HoldTheExactValueAndTheFastOne) {
  core::PhiloxStream random(35, 0);
  for (const Draw kind : {Draw::plain, Draw::cancelling, Draw::wide}) {
    for (const std::size_t n : {1U, 2U, 7U, 16U, 32U}) {
      for (const bool inverse : {false, true}) {
        const Floats x = draw(kind, 2 * n, random);
        const Bounded bounded =
            bound_of(dft_node(inverse), {tensor_of({1, static_cast<std::int64_t>(n), 2}, x)});
        for (std::size_t k = 0; k < n; ++k) {
          Real re, im;
          for (std::size_t j = 0; j < n; ++j) {
            const Real angle =
                Real(inverse ? 2 : -2) * pi() * Real(double(j * k)) / Real(double(n));
            const Real c = apply(mpfr_cos, angle);
            const Real s = apply(mpfr_sin, angle);
            re = re + Real(x[2 * j]) * c - Real(x[2 * j + 1]) * s;
            im = im + Real(x[2 * j]) * s + Real(x[2 * j + 1]) * c;
          }
          const Real scale(inverse ? double(n) : 1.0);
          expect_in_band(bounded.bounds[0].bands[2 * k], re / scale, "DFT");
          expect_in_band(bounded.bounds[0].bands[2 * k + 1], im / scale, "DFT");
        }
        if (inverse || (n & (n - 1)) != 0) continue;
        std::vector<Complex> values;
        for (std::size_t j = 0; j < n; ++j) values.emplace_back(x[2 * j], x[2 * j + 1]);
        Floats fast;
        for (const Complex& y : fft(values)) fast.insert(fast.end(), {y.real(), y.imag()});
        expect_within(bounded.judge(fast), "fast transform");
        if (n < 16 || kind != Draw::plain) continue;
        values[3] = 0;  // a term is lost
        Floats wrong;
        for (const Complex& y : fft(values)) wrong.insert(wrong.end(), {y.real(), y.imag()});
        EXPECT_EQ(bounded.judge(wrong).agreement, Agreement::outside);
      }
    }
  }
}

TEST(BoundsOfFourierTransforms, HoldTheFramesOfAWindowedSignal) {
  core::PhiloxStream random(36, 0);
  const Floats signal = draw(Draw::plain, 24, random);
  const Floats window = draw(Draw::plain, 8, random);
  const Node node =
      make_node(Op::stft, {{"onesided", std::int64_t{1}}, {"k_segment", std::int64_t{256}}});
  const Bounded bounded = bound_of(
      node,
      {tensor_of({1, 24, 1}, signal), Tensor::of<std::int64_t>({}, {4}), tensor_of({8}, window)});
  for (std::size_t frame = 0; frame < 5; ++frame) {
    for (std::size_t k = 0; k < 5; ++k) {
      Real re, im;
      for (std::size_t j = 0; j < 8; ++j) {
        const Real angle = Real(-2) * pi() * Real(double(j * k)) / Real(8);
        const Real value = Real(signal[4 * frame + j]) * Real(window[j]);
        re = re + value * apply(mpfr_cos, angle);
        im = im + value * apply(mpfr_sin, angle);
      }
      expect_in_band(bounded.bounds[0].bands[(frame * 5 + k) * 2], re, "STFT");
      expect_in_band(bounded.bounds[0].bands[(frame * 5 + k) * 2 + 1], im, "STFT");
    }
  }
}

TEST(BoundsOfWindows, HoldTheExactValue) {
  for (const std::int64_t size : {2, 7, 64}) {
    const Node node = make_node(
        Op::hann_window, {{"periodic", std::int64_t{1}}, {"output_datatype", std::int64_t{1}}});
    const Bounded bounded = bound_of(node, {Tensor::of<std::int64_t>({}, {size})});
    for (std::int64_t k = 0; k < size; ++k) {
      const Real c = apply(mpfr_cos, Real(2) * pi() * Real(double(k)) / Real(double(size)));
      expect_in_band(bounded.bounds[0].bands[static_cast<std::size_t>(k)],
                     Real(0.5) - Real(0.5) * c, "HannWindow");
    }
  }
}

// ---- losses, p-norms and scattering

TEST(BoundsOfLosses, HoldTheExactValue) {
  core::PhiloxStream random(39, 0);
  for (const std::string reduction : {"none", "sum", "mean"}) {
    for (const Draw kind : all_draws) {
      const Floats x = draw(kind, 50 * 4, random);
      const Floats weights = {0.3F, 1.7F, 0.0F, 2.5F};
      Ints targets;
      for (int i = 0; i < 50; ++i) targets.push_back(i * i % 5 - 1);  // -1 is ignored
      const Node node =
          make_node(Op::negative_log_likelihood_loss, {{"reduction", reduction},
                                                       {"has_ignore_index", std::int64_t{1}},
                                                       {"ignore_index", std::int64_t{-1}}});
      const Bounded bounded =
          bound_of(node, {tensor_of({50, 4}, x),
                          Tensor::of<std::int64_t>({50}, std::span<const std::int64_t>(targets)),
                          tensor_of({4}, weights)});
      Real sum, weight;
      for (std::size_t i = 0; i < 50; ++i) {
        const auto target = static_cast<std::size_t>(targets[i]);
        const bool ignored = targets[i] < 0;
        const Real w = ignored ? Real() : Real(weights[target]);
        const Real loss = ignored ? Real() : (Real() - Real(x[4 * i + target])) * w;
        if (reduction == "none") expect_in_band(bounded.bounds[0].bands[i], loss, "loss");
        sum = sum + loss;
        weight = weight + w;
      }
      if (reduction == "none") continue;
      const Band band = bounded.bounds[0].bands[0];
      EXPECT_TRUE(std::isfinite(band.error));
      expect_in_band(band, reduction == "sum" ? sum : sum / weight, reduction + " of losses");
      EXPECT_EQ(bounded.judge(Floats{static_cast<float>(band.middle + 8 * band.error)}).agreement,
                Agreement::outside);
    }
  }
}

TEST(BoundsOfPNorms, HoldTheExactValue) {
  mpfr_set_emax(mpfr_get_emax_max());
  core::PhiloxStream random(37, 0);
  for (const std::int64_t p : {1, 2, 3, 7}) {
    std::size_t known = 0;
    for (const Draw kind : all_draws) {
      for (const std::size_t n : {1U, 9U, 400U}) {
        const Floats x = draw(kind, n, random);
        const Bounded bounded = bound_of(make_node(Op::global_lp_pool, {{"p", p}}),
                                         {tensor_of({1, 1, static_cast<std::int64_t>(n)}, x)});
        Real sum;
        for (const float value : x) sum = sum + pow(abs(Real(value)), Real(double(p)));
        expect_in_band(bounded.bounds[0].bands[0], pow(sum, Real(1) / Real(double(p))),
                       "GlobalLpPool " + std::to_string(p));
        known += std::isfinite(bounded.bounds[0].bands[0].error) ? 1 : 0;
      }
    }
    EXPECT_GT(known, 5U) << p;
  }
}

TEST(BoundsOfScattering, HoldSumsAndProductsInEveryOrder) {
  core::PhiloxStream random(38, 0);
  for (const std::string reduction : {"add", "mul"}) {
    for (const Draw kind : all_draws) {
      const Floats data = draw(kind, 4, random);
      const Floats updates = draw(kind, 30, random);
      Ints indices;
      for (int i = 0; i < 30; ++i) indices.push_back(i * i % 3);  // nothing goes to element 3
      const Node node =
          make_node(Op::scatter_elements, {{"axis", std::int64_t{0}}, {"reduction", reduction}});
      const Bounded bounded =
          bound_of(node, {tensor_of({4}, data),
                          Tensor::of<std::int64_t>({30}, std::span<const std::int64_t>(indices)),
                          tensor_of({30}, updates)});
      Reals exact = to_reals(data);
      Floats backwards = data;
      for (std::size_t i = 0; i < 30; ++i) {
        const auto at = static_cast<std::size_t>(indices[i]);
        const auto back = static_cast<std::size_t>(indices[29 - i]);
        const bool add = reduction == "add";
        exact[at] = add ? exact[at] + Real(updates[i]) : exact[at] * Real(updates[i]);
        backwards[back] =
            add ? backwards[back] + updates[29 - i] : backwards[back] * updates[29 - i];
      }
      for (std::size_t i = 0; i < 4; ++i) {
        expect_in_band(bounded.bounds[0].bands[i], exact[i], "ScatterElements " + reduction);
      }
      EXPECT_NE(bounded.judge(backwards).agreement, Agreement::outside) << reduction;
    }
  }
}

}  // namespace
}  // namespace isotrace::tests
