// [signal.dft] [signal.stft] [signal.hann_window] [signal.hamming_window] [signal.blackman_window]
// [signal.mel_weight_matrix]
#include <tests/reference/support.hpp>

#include <cmath>
#include <complex>
#include <numbers>

namespace isotrace::reference {
namespace {

using core::Dtype;

Tensor scalar(std::int64_t value) { return i64(Shape{}, {value}); }

Outcome dft(const Tensor& x, std::optional<std::int64_t> length, std::int64_t axis,
            std::vector<Attribute> attributes = {}) {
  return call(Op::dft, {x, length ? std::optional(scalar(*length)) : std::nullopt, scalar(axis)},
              std::move(attributes));
}

const Attribute inverse = {"inverse", std::int64_t{1}};
const Attribute onesided = {"onesided", std::int64_t{1}};

/// The transform by std::complex in binary64.
std::vector<std::complex<double>> exact_dft(const std::vector<std::complex<double>>& x) {
  std::vector<std::complex<double>> result;
  const auto n = static_cast<double>(x.size());
  for (std::size_t k = 0; k < x.size(); ++k) {
    std::complex<double> sum = 0;
    for (std::size_t j = 0; j < x.size(); ++j) {
      const double angle = -2 * std::numbers::pi * static_cast<double>(j * k % x.size()) / n;
      sum += x[j] * std::polar(1.0, angle);
    }
    result.push_back(sum);
  }
  return result;
}

TEST(Dft, of_four_positions_is_exact) {
  const Tensor x = f32({1, 4, 1}, {1, 2, 3, 4});
  expect_result(dft(x, std::nullopt, 1), f32({1, 4, 2}, {10, 0, -2, 2, -2, 0, -2, -2}));
  expect_result(dft(x, std::nullopt, -2, {onesided}), f32({1, 3, 2}, {10, 0, -2, 2, -2, 0}));
  const Tensor y = f32({1, 4, 2}, {10, 0, -2, 2, -2, 0, -2, -2});
  expect_result(dft(y, std::nullopt, 1, {inverse}), f32({1, 4, 2}, {1, 0, 2, 0, 3, 0, 4, 0}));
}

TEST(Dft, cuts_and_pads_to_its_length) {
  const Tensor x = f32({3, 1}, {1, 2, 9});
  expect_result(dft(x, 2, 0), f32({2, 2}, {3, 0, -1, 0}));
  expect_result(dft(f32({2, 1}, {1, 2}), 4, 0), f32({4, 2}, {3, 0, 1, -2, -1, 0, 1, 2}));
}

TEST(Dft, makes_a_real_signal_of_half_a_spectrum) {
  const Tensor half = f32({1, 3, 2}, {10, 0, -2, 2, -2, 0});
  const Tensor signal = f32({1, 4, 1}, {1, 2, 3, 4});
  expect_result(dft(half, std::nullopt, 1, {onesided, inverse}), signal);
  expect_result(dft(half, 4, 1, {onesided, inverse}), signal);
  const Tensor longer = f32({1, 5, 2}, {10, 0, -2, 2, -2, 0, 7, 7, 7, 7});
  expect_result(dft(longer, 4, 1, {onesided, inverse}), signal);
  const Tensor shorter = f32({2, 2}, {8, 0, 4, 4});
  expect_result(dft(shorter, 4, 0, {onesided, inverse}), f32({4, 1}, {4, 0, 0, 4}));
  const Tensor constant = f32({2, 2}, {3, 0, 0, 0});
  expect_result(dft(constant, 3, 0, {onesided, inverse}), f32({3, 1}, {1, 1, 1}));
}

TEST(Dft, approximates_the_transform_of_any_length) {
  core::PhiloxStream random(41);
  for (const std::int64_t n : {1, 2, 3, 7, 12, 100, 257}) {
    std::vector<double> values;
    std::vector<std::complex<double>> points;
    for (std::int64_t j = 0; j < n; ++j) {
      points.emplace_back(random.next_f32() - 0.5, random.next_f32() - 0.5);
      values.insert(values.end(), {points.back().real(), points.back().imag()});
    }
    const Tensor x = Tensor::of<double>({n, 2}, std::span<const double>(values));
    const auto y = dft(x, std::nullopt, 0);
    ASSERT_TRUE(y.has_value());
    const auto expected = exact_dft(points);
    for (std::size_t k = 0; k < expected.size(); ++k) {
      EXPECT_NEAR(y->front().data<double>()[2 * k], expected[k].real(), 1e-12);
      EXPECT_NEAR(y->front().data<double>()[2 * k + 1], expected[k].imag(), 1e-12);
    }
  }
}

TEST(Dft, is_a_contraction_with_the_transforms_of_unit_vectors) {
  core::PhiloxStream random(42);
  constexpr std::int64_t n = 300;  // more than a segment
  Tensor identity(Dtype::f32, {n, n, 1});
  for (std::size_t j = 0; j < n; ++j) identity.data<float>()[j * n + j] = 1;
  Tensor factors = dft(identity, std::nullopt, 1)->front();
  factors.reshape({n, 2 * n});
  Tensor x = random_f32({4, n}, random);
  Tensor expected = call(Op::matmul, {x, factors})->front();
  expected.reshape({4, n, 2});
  x.reshape({4, n, 1});
  expect_result(dft(x, std::nullopt, 1), expected);
}

TEST(Dft, along_an_inner_axis_sees_the_same_rows) {
  core::PhiloxStream random(43);
  const Tensor x = random_f32({2, 5, 3, 2}, random);
  const Tensor moved = call(Op::transpose, {x}, {{"perm", Ints{0, 2, 1, 3}}})->front();
  const Tensor expected = dft(moved, 6, 2)->front();
  expect_result(dft(x, 6, 1),
                call(Op::transpose, {expected}, {{"perm", Ints{0, 2, 1, 3}}})->front());
}

TEST(Dft, refuses_what_is_no_signal) {
  const auto refused = [](const Outcome& outcome, RefusalCode code) {
    expect_refused(outcome, code, "DFT");
  };
  const Tensor real = f32({4, 1}, {1, 2, 3, 4});
  const Tensor complex = f32({2, 2}, {1, 2, 3, 4});
  refused(dft(f32({1, 3}, {1, 2, 3}), std::nullopt, 0), RefusalCode::shape_mismatch);
  refused(dft(f32({1}), std::nullopt, 0), RefusalCode::shape_mismatch);
  refused(dft(real, std::nullopt, 1), RefusalCode::operand_value_invalid);
  refused(dft(real, std::nullopt, -3), RefusalCode::operand_value_invalid);
  refused(dft(real, 0, 0), RefusalCode::operand_value_invalid);
  refused(dft(real, std::int64_t{1} << 60, 0), RefusalCode::operand_value_invalid);
  refused(dft(complex, std::nullopt, 0, {onesided}), RefusalCode::operation_attribute_invalid);
  refused(dft(real, std::nullopt, 0, {onesided, inverse}),
          RefusalCode::operation_attribute_invalid);
  refused(dft(f32({1, 2}, {1, 2}), std::nullopt, 0, {onesided, inverse}),
          RefusalCode::operand_value_invalid);
  refused(dft(i64({1, 1}, {1}), std::nullopt, 0), RefusalCode::operation_dtype_unsupported);
}

Outcome stft(const Tensor& signal, std::int64_t step, std::optional<Tensor> window,
             std::optional<std::int64_t> length, bool half) {
  return call(Op::stft,
              {signal, scalar(step), std::move(window),
               length ? std::optional(scalar(*length)) : std::nullopt},
              {{"onesided", std::int64_t{half}}});
}

TEST(Stft, transforms_each_frame_times_the_window) {
  core::PhiloxStream random(44);
  const Tensor signal = random_f32({1, 10, 1}, random);
  const Tensor window = random_f32({4}, random);
  std::vector<float> frames;
  for (std::size_t frame = 0; frame < 3; ++frame) {
    for (std::size_t k = 0; k < 4; ++k) {
      frames.push_back(signal.data<float>()[3 * frame + k] * window.data<float>()[k]);
    }
  }
  Tensor expected = dft(f32({3, 4, 1}, frames), std::nullopt, 1, {onesided})->front();
  expected.reshape({1, 3, 3, 2});
  expect_result(stft(signal, 3, window, std::nullopt, true), expected);
  expect_result(stft(signal, 3, window, 4, true), expected);
}

TEST(Stft, without_window_of_complex_signals) {
  const Tensor signal = f32({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  Tensor expected = dft(signal, std::nullopt, 1)->front();
  expected.reshape({2, 1, 2, 2});
  expect_result(stft(signal, 1, std::nullopt, 2, false), expected);
}

TEST(Stft, refuses_frames_that_do_not_fit) {
  const Tensor signal = f32({1, 4, 1}, {1, 2, 3, 4});
  const auto refused = [](const Outcome& outcome, RefusalCode code) {
    expect_refused(outcome, code, "STFT");
  };
  refused(stft(signal, 1, std::nullopt, std::nullopt, true), RefusalCode::shape_mismatch);
  refused(stft(signal, 1, f32({1, 1}), 3, true), RefusalCode::shape_mismatch);
  refused(stft(signal, 0, std::nullopt, 2, true), RefusalCode::operand_value_invalid);
  refused(stft(signal, 1, std::nullopt, 5, true), RefusalCode::operand_value_invalid);
  refused(stft(f32({1, 2, 2}, {1, 2, 3, 4}), 1, std::nullopt, 2, true),
          RefusalCode::operation_attribute_invalid);
  refused(stft(f32({4, 1}, {1, 2, 3, 4}), 1, std::nullopt, 2, true), RefusalCode::shape_mismatch);
  refused(stft(signal, 1, f64({1, 1}), 2, true), RefusalCode::operation_dtype_unsupported);
}

Outcome window(Op op, std::int64_t size, bool periodic = true, Dtype to = Dtype::f32) {
  return call(
      op, {scalar(size)},
      {{"periodic", std::int64_t{periodic}}, {"output_datatype", static_cast<std::int64_t>(to)}});
}

TEST(Windows, at_quarter_turns_are_known) {
  expect_result(window(Op::hann_window, 4), f32({0, 0.5F, 1, 0.5F}));
  expect_result(window(Op::hann_window, 5, false), f32({0, 0.5F, 1, 0.5F, 0}));
  const double edge = 25.0 / 46.0 - 21.0 / 46.0;
  expect_result(window(Op::hamming_window, 4, true, Dtype::f64),
                f64({edge, 25.0 / 46.0, 25.0 / 46.0 + 21.0 / 46.0, 25.0 / 46.0}));
  expect_result(window(Op::blackman_window, 4, true, Dtype::f64),
                f64({0.42 - 0.5 + 0.08, 0.42 - 0.08, 0.42 + 0.5 + 0.08, 0.42 - 0.08}));
}

TEST(Windows, are_cast_to_integers) {
  expect_result(window(Op::hann_window, 6, true, Dtype::i32), i32({0, 0, 0, 1, 0, 0}));
}

TEST(Windows, approximate_their_formulas) {
  const auto got = window(Op::hann_window, 31, false, Dtype::f64);
  for (std::size_t k = 0; k < 31; ++k) {
    const double sine = std::sin(std::numbers::pi * static_cast<double>(k) / 30);
    EXPECT_NEAR(got->front().data<double>()[k], sine * sine, 1e-15);
  }
}

TEST(Windows, of_any_size_and_type) {
  for (const Op op : {Op::hann_window, Op::hamming_window, Op::blackman_window}) {
    const std::string name(core::op_info(op).name);
    expect_result(window(op, 0), f32(std::vector<float>{}));
    expect_result(window(op, 0, false), f32(std::vector<float>{}));
    expect_result(window(op, 1, false), f32({1}));
    expect_refused(window(op, -1), RefusalCode::operand_value_invalid, name);
    expect_refused(window(op, std::int64_t{1} << 60), RefusalCode::limit_exceeded, name);
    expect_refused(window(op, 4, true, Dtype::boolean), RefusalCode::operation_dtype_unsupported,
                   name);
    expect_refused(call(op, {scalar(4)}, {{"output_datatype", std::int64_t{99}}}),
                   RefusalCode::operation_attribute_invalid, name);
    expect_refused(call(op, {i64({1, 2})}), RefusalCode::shape_mismatch, name);
  }
}

Outcome mel(std::int64_t bins, std::int64_t length, std::int64_t rate, float low, float high) {
  return call(Op::mel_weight_matrix,
              {scalar(bins), scalar(length), scalar(rate), f32({}, {low}), f32({}, {high})});
}

TEST(MelWeightMatrix, has_triangles_between_the_bins) {
  // Edges 700 (4^(i/4) - 1) hertz: 0, 289.9, exactly 700, 1279.9; bins 0, 0, 2, 3.
  expect_result(mel(2, 15, 5600, 0, 2100),
                f32({8, 2}, {1, 0, 0.5F, 0.5F, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  expect_result(mel(0, 4, 8000, 0, 4000), f32({3, 0}, {}));
  expect_result(mel(1, 4, 8000, 0, 0), f32({3, 1}, {1, 0, 0}));
}

TEST(MelWeightMatrix, refuses_edges_outside_the_spectrum) {
  const auto refused = [](const Outcome& outcome, RefusalCode code) {
    expect_refused(outcome, code, "MelWeightMatrix");
  };
  refused(mel(-1, 16, 8000, 0, 4000), RefusalCode::operand_value_invalid);
  refused(mel(2, 0, 8000, 0, 4000), RefusalCode::operand_value_invalid);
  refused(mel(2, 16, 0, 0, 4000), RefusalCode::operand_value_invalid);
  refused(mel(2, 16, 8000, 4000, 0), RefusalCode::operand_value_invalid);
  refused(mel(2, 16, 8000, 0, 40000), RefusalCode::operand_value_invalid);
  refused(mel(2, 16, 8000, -600, 4000), RefusalCode::operand_value_invalid);
  refused(mel(2, 16, 8000, -100, 4000), RefusalCode::operand_value_invalid);
  refused(mel(2, 16, 8000, 0, infinity), RefusalCode::operand_value_invalid);
  refused(mel(2, 16, 8000, quiet_nan(), 100), RefusalCode::operand_value_invalid);
  refused(mel(std::int64_t{1} << 60, 16, 8000, 0, 4000), RefusalCode::limit_exceeded);
}

}  // namespace
}  // namespace isotrace::reference
