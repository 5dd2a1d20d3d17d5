// Transforms, windows, the mel scale and n-grams, on the kernels compiled for the host, against the
// reference.
#include <isotrace/core/dtype.hpp>
#include <tests/backends/gpu_on_host.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using core::Op;
using core::Tensor;
using Ints = std::vector<std::int64_t>;

constexpr Dtype floats[] = {Dtype::f32,      Dtype::f64,        Dtype::f16,    Dtype::bf16,
                            Dtype::f8e4m3fn, Dtype::f8e4m3fnuz, Dtype::f8e5m2, Dtype::f8e5m2fnuz};

Tensor integer(std::int64_t value) { return Tensor::of<std::int64_t>({}, {value}); }

void expect_same_refusal(Backend& backend, const core::Node& node, core::Operands operands) {
  const auto expected = reference::evaluate(node, operands);
  ASSERT_FALSE(expected);
  const auto actual = backend.run(node, operands);
  ASSERT_FALSE(actual);
  EXPECT_EQ(actual.error().code, expected.error().code);
}

core::Node dft(bool inverse, bool onesided, std::int64_t segment) {
  return {Op::dft,
          {0, 1, 2},
          {3},
          {{"inverse", std::int64_t{inverse}},
           {"k_segment", segment},
           {"onesided", std::int64_t{onesided}}},
          "dft"};
}

struct Case {
  core::Shape shape;
  std::int64_t axis;
};

TEST(GpuSignal, transforms_of_every_kind_have_the_bits_of_the_reference) {
  OnHost host(8, HostOrder::forwards);
  std::uint64_t seed = 0;
  for (const Case& at :
       {Case{{3, 7, 2}, 1}, Case{{7, 3, 1}, 0}, Case{{2, 1, 2, 2}, 1}, Case{{2, 5, 3, 1}, -3},
        Case{{12, 2}, 0}, Case{{1, 1}, 0}, Case{{0, 4, 2}, 1}, Case{{4, 0, 1}, 0}}) {
    for (const std::int64_t length : {1, 2, 5, 8, 31, 0}) {
      for (const bool inverse : {false, true}) {
        for (const bool onesided : {false, true}) {
          const bool complex = at.shape.back() == 2;
          if (onesided && complex != inverse) continue;
          const core::Node node = dft(inverse, onesided, std::array{256, 3, 1}[++seed % 3]);
          const auto given = length == 0 ? std::nullopt : std::optional(integer(length));
          const std::optional<Tensor> operands[] = {cast_to(draw(at.shape, seed), Dtype::f32),
                                                    given, integer(at.axis)};
          const std::optional<core::TensorView> views[] = {
              operands[0]->view(), given ? std::optional(given->view()) : std::nullopt,
              operands[2]->view()};
          if (!reference::evaluate(node, views)) {  // a length of 0
            expect_same_refusal(*host.backend, node, views);
            continue;
          }
          for (const Dtype dtype : {Dtype::f32, Dtype::f64, Dtype::f16}) {
            expect_reference_bits(*host.backend, node,
                                  {cast_to(*operands[0], dtype), given, operands[2]},
                                  core::shape_text(at.shape) + " " + std::to_string(length));
          }
        }
      }
    }
  }
}

TEST(GpuSignal, transforms_take_every_float_and_any_bits) {
  OnHost host(8, HostOrder::backwards);
  for (const Dtype dtype : floats) {
    expect_reference_bits(*host.backend, dft(false, false, 256),
                          {draw_bits(dtype, {2, 33, 2}, 1), std::nullopt, std::nullopt},
                          std::string(core::dtype_name(dtype)));
    expect_reference_bits(*host.backend, dft(true, true, 5),
                          {draw_bits(dtype, {4, 9, 2}, 2), integer(16), integer(1)},
                          std::string(core::dtype_name(dtype)));
  }
}

/// The matrix of turns is made in more than one part.
TEST(GpuSignal, long_transforms_have_the_bits_of_the_reference) {
  OnHost host(8, HostOrder::forwards);
  const core::Shape shape = {1, 3001, 1};
  expect_reference_bits(*host.backend, dft(false, false, 256),
                        {draw(shape, 7), std::nullopt, integer(1)}, "long");
  EXPECT_EQ(host.device->launches().at("make_factors_f32"), 2);
}

TEST(GpuSignal, frames_have_the_bits_of_the_reference) {
  OnHost host(8, HostOrder::forwards);
  std::uint64_t seed = 40;
  for (const std::int64_t parts : {1, 2}) {
    for (const std::int64_t step : {1, 3, 50}) {
      for (const std::int64_t batch : {0, 1, 3}) {
        for (const bool windowed : {false, true}) {
          const bool onesided = parts == 1 && step == 3;
          const core::Node node{
              Op::stft,
              {0, 1, windowed ? core::ValueId{2} : core::no_value, 3},
              {4},
              {{"k_segment", std::int64_t{4}}, {"onesided", std::int64_t{onesided}}},
              "stft"};
          for (const Dtype dtype : {Dtype::f32, Dtype::f64, Dtype::bf16}) {
            const Tensor signal = cast_to(draw({batch, 50, parts}, ++seed), dtype);
            const auto window =
                windowed ? std::optional(cast_to(draw({9}, ++seed), dtype)) : std::nullopt;
            expect_reference_bits(*host.backend, node, {signal, integer(step), window, integer(9)},
                                  std::to_string(step));
          }
        }
      }
    }
  }
}

TEST(GpuSignal, windows_have_the_bits_of_the_reference_in_every_type) {
  OnHost host(8, HostOrder::backwards);
  for (const Op op : {Op::hann_window, Op::hamming_window, Op::blackman_window}) {
    for (std::uint8_t number = 1; const auto to = core::dtype_from_number(number); ++number) {
      for (const std::int64_t size : {0, 1, 2, 3, 8, 400}) {
        for (const std::int64_t periodic : {0, 1}) {
          const core::Node node{
              op,
              {0},
              {1},
              {{"output_datatype", static_cast<std::int64_t>(number)}, {"periodic", periodic}},
              "window"};
          const Tensor count = integer(size);
          const std::optional<core::TensorView> views[] = {count.view()};
          if (!reference::evaluate(node, views)) {
            expect_same_refusal(*host.backend, node, views);
            continue;
          }
          expect_reference_bits(*host.backend, node, {count},
                                std::string(core::dtype_name(*to)) + " " + std::to_string(size));
        }
      }
    }
  }
}

TEST(GpuSignal, triangles_have_the_bits_of_the_reference) {
  OnHost host(8, HostOrder::forwards);
  for (const Dtype edges : {Dtype::f32, Dtype::f64, Dtype::f16}) {
    for (const Dtype to : {Dtype::f32, Dtype::f64, Dtype::f16, Dtype::f8e4m3fn, Dtype::i32}) {
      for (const std::int64_t columns : {0, 1, 4, 40}) {
        for (const float low : {0.0F, 20.0F, 3000.0F}) {
          const core::Node node{Op::mel_weight_matrix,
                                {0, 1, 2, 3, 4},
                                {5},
                                {{"output_datatype", static_cast<std::int64_t>(to)}},
                                "mel"};
          const Tensor high = cast_to(Tensor::of<float>({}, {3900.0F}), edges);
          expect_reference_bits(*host.backend, node,
                                {integer(columns), integer(257), integer(8000),
                                 cast_to(Tensor::of<float>({}, {low}), edges), high},
                                std::to_string(columns));
        }
      }
    }
  }
}

TEST(GpuSignal, bad_edges_are_refused_as_by_the_reference) {
  OnHost host(8, HostOrder::forwards);
  const core::Node node{
      Op::mel_weight_matrix, {0, 1, 2, 3, 4}, {5}, {{"output_datatype", std::int64_t{1}}}, "mel"};
  for (const float high : {-400.0F, 10.0F, 1e29F, 1e31F, 90000.0F}) {
    const Tensor operands[] = {integer(3), integer(16), integer(8000),
                               Tensor::of<float>({}, {20.0F}), Tensor::of<float>({}, {high})};
    const std::optional<core::TensorView> views[] = {operands[0], operands[1], operands[2],
                                                     operands[3], operands[4]};
    expect_same_refusal(*host.backend, node, views);
  }
}

core::Node ngrams(const std::string& mode, std::int64_t shortest, std::int64_t longest,
                  std::int64_t skips, std::vector<float> weights) {
  return {Op::tfidf_vectorizer,
          {0},
          {1},
          {{"max_gram_length", longest},
           {"max_skip_count", skips},
           {"min_gram_length", shortest},
           {"mode", mode},
           {"ngram_counts", Ints{0, 3, 7}},
           {"ngram_indexes", Ints{1, 0, 9, 4, 2, 6, 3}},
           {"pool_int64s", Ints{1, 2, -3, 2, 1, 1, 1, 1, 2, 1, 2, 2, 1}},
           {"weights", std::move(weights)}},
          "ngrams"};
}

TEST(GpuSignal, ngrams_are_counted_as_by_the_reference) {
  OnHost host(8, HostOrder::forwards);
  const std::vector<float> weights = {0.5F,  -2,    std::numeric_limits<float>::infinity(),
                                      3,     -0.0F, std::numeric_limits<float>::quiet_NaN(),
                                      1e-40F};
  std::uint64_t seed = 0;
  for (const char* mode : {"TF", "IDF", "TFIDF"}) {
    for (const auto& [shortest, longest] : {std::pair{1, 1}, {1, 3}, {2, 3}, {3, 9}}) {
      for (const std::int64_t skips : {0, 1, 5}) {
        for (const core::Shape& shape : {core::Shape{40}, core::Shape{3, 7}, core::Shape{2, 1},
                                         core::Shape{0, 5}, core::Shape{2, 0}, core::Shape{0}}) {
          for (const bool weighted : {false, true}) {
            Tensor tokens = draw_bits(Dtype::i64, shape, ++seed);
            for (std::int64_t& token : tokens.data<std::int64_t>()) token = (token & 3) - 1;
            const core::Node node =
                ngrams(mode, shortest, longest, skips, weighted ? weights : std::vector<float>{});
            expect_reference_bits(*host.backend, node, {tokens}, mode);
            expect_reference_bits(*host.backend, node, {cast_to(tokens, Dtype::i32)}, mode);
          }
        }
      }
    }
  }
}

TEST(GpuSignal, an_ngram_listed_twice_is_refused) {
  OnHost host(8, HostOrder::forwards);
  core::Node node = ngrams("TF", 1, 2, 0, {});
  std::get<Ints>(node.attributes[6].value)[2] = 1;
  const Tensor tokens = draw_bits(Dtype::i64, {4}, 1);
  const std::optional<core::TensorView> views[] = {tokens.view()};
  expect_same_refusal(*host.backend, node, views);
}

}  // namespace
}  // namespace isotrace::backends::gpu
