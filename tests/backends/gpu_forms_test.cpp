// Operations that come in many forms, on the kernels compiled for the host, against the reference:
// every form, odd shapes, special numbers.
#include <array>

#include <isotrace/core/dtype.hpp>
#include <tests/backends/gpu_on_host.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using core::Op;
using core::Tensor;

constexpr Dtype arithmetic[] = {Dtype::f32,    Dtype::f64,        Dtype::f16,     Dtype::bf16,
                                Dtype::i8,     Dtype::u8,         Dtype::i16,     Dtype::u16,
                                Dtype::i32,    Dtype::u32,        Dtype::i64,     Dtype::u64,
                                Dtype::f8e5m2, Dtype::f8e5m2fnuz, Dtype::f8e4m3fn};

Tensor ints(const std::vector<std::int64_t>& values) {
  return Tensor::of<std::int64_t>({std::ssize(values)}, std::span<const std::int64_t>(values));
}

/// Few different exponents, so that many pairs divide.
Tensor draw_near(Dtype dtype, core::Shape shape, std::uint64_t seed) {
  return cast_to(draw(std::move(shape), seed), dtype);
}

TEST(GpuForms, remainders_of_any_floats_are_exact) {
  OnHost host(8, HostOrder::forwards);
  const core::Node node{Op::mod, {0, 1}, {2}, {{"fmod", std::int64_t{1}}}, "mod"};
  for (const Dtype dtype : {Dtype::f32, Dtype::f64, Dtype::f16, Dtype::bf16, Dtype::f8e4m3fn}) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      const std::string what = std::string(core::dtype_name(dtype)) + std::to_string(seed);
      expect_reference_bits(*host.backend, node,
                            {draw_bits(dtype, {501}, seed), draw_bits(dtype, {7, 501}, seed + 9)},
                            what);
      expect_reference_bits(*host.backend, node,
                            {draw_near(dtype, {5, 301}, seed), draw_near(dtype, {301}, seed + 9)},
                            what + " near");
    }
  }
  expect_reference_bits(*host.backend, node, {draw({0, 3}, 1), draw({3}, 2)}, "nothing");
}

TEST(GpuForms, remainders_of_floats_with_the_sign_of_the_divisor_are_refused_as_by_the_reference) {
  OnHost host(8, HostOrder::forwards);
  const core::Node node{Op::mod, {0, 1}, {2}, {{"fmod", std::int64_t{0}}}, "mod"};
  const Tensor x = draw({3}, 1);
  const std::optional<core::TensorView> operands[] = {x, x};
  const auto refused = host.backend->run(node, operands);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::RefusalCode::operation_attribute_invalid);
}

TEST(GpuForms, shrink_takes_integers) {
  OnHost host(8, HostOrder::forwards);
  for (const float lambd : {1.5F, -3.0F, 300.0F}) {
    for (const float bias : {0.0F, 2.9F, -1e30F}) {
      const core::Node node{Op::shrink, {0}, {1}, {{"bias", bias}, {"lambd", lambd}}, "shrink"};
      for (const Dtype dtype : arithmetic) {
        expect_reference_bits(*host.backend, node, {draw_bits(dtype, {3, 111}, 5)},
                              std::string(core::dtype_name(dtype)) + " " + std::to_string(lambd));
      }
    }
  }
}

struct Resize {
  std::string mode = "linear";
  std::string coordinates = "half_pixel";
  std::string nearest = "round_prefer_floor";
  bool antialias = false;
  bool exclude_outside = false;

  [[nodiscard]] core::Node node() const {
    return {Op::resize,
            {0, 1, 2, 3},
            {4},
            {{"antialias", std::int64_t{antialias}},
             {"axes", std::vector<std::int64_t>{}},
             {"coordinate_transformation_mode", coordinates},
             {"cubic_coeff_a", -0.5F},
             {"exclude_outside", std::int64_t{exclude_outside}},
             {"extrapolation_value", 3.7F},
             {"keep_aspect_ratio_policy", std::string("stretch")},
             {"mode", mode},
             {"nearest_mode", nearest}},
            "resize"};
  }
  [[nodiscard]] std::string text() const {
    return mode + " " + coordinates + " " + nearest + (antialias ? " antialias" : "") +
           (exclude_outside ? " exclude" : "");
  }
};

/// Of [1, 2, 5, 7], beyond it on both sides.
Tensor region() { return Tensor::of<float>({8}, {0, 0, -0.25F, 0.1F, 1, 1, 0.75F, 1.3F}); }

TEST(GpuForms, images_are_resized_in_every_mode) {
  OnHost host(8, HostOrder::forwards);
  std::uint64_t seed = 0;
  for (const char* coordinates :
       {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
        "tf_half_pixel_for_nn", "tf_crop_and_resize"}) {
    for (const Tensor& sizes : {ints({1, 2, 11, 3}), ints({2, 2, 5, 7}), ints({1, 2, 1, 20})}) {
      for (const char* nearest : {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}) {
        const Resize form{"nearest", coordinates, nearest};
        expect_reference_bits(*host.backend, form.node(),
                              {draw({1, 2, 5, 7}, ++seed), region(), std::nullopt, sizes},
                              form.text());
      }
      for (const char* mode : {"linear", "cubic"}) {
        for (const bool antialias : {false, true}) {
          for (const bool exclude : {false, true}) {
            const Resize form{mode, coordinates, "floor", antialias, exclude};
            expect_reference_bits(*host.backend, form.node(),
                                  {draw({1, 2, 5, 7}, ++seed), region(), std::nullopt, sizes},
                                  form.text());
          }
        }
      }
    }
  }
}

TEST(GpuForms, images_of_every_type_are_resized) {
  OnHost host(8, HostOrder::forwards);
  const Tensor scales = Tensor::of<float>({3}, {1, 2.3F, 0.6F});
  for (const Dtype dtype : arithmetic) {
    for (const char* mode : {"nearest", "linear", "cubic"}) {
      for (const char* coordinates : {"half_pixel", "tf_crop_and_resize"}) {
        const Resize form{mode, coordinates};
        const Tensor part = Tensor::of<float>({6}, {0, 0.2F, -1, 1, 0.9F, 0.4F});
        expect_reference_bits(*host.backend, form.node(),
                              {draw_bits(dtype, {2, 9, 6}, 11), part, scales, std::nullopt},
                              std::string(core::dtype_name(dtype)) + " " + form.text());
      }
    }
  }
  const Resize form{"linear", "half_pixel"};
  expect_reference_bits(*host.backend, form.node(),
                        {draw({0, 3}, 1), std::nullopt, std::nullopt, ints({0, 5})}, "nothing");
  expect_reference_bits(*host.backend, form.node(),
                        {draw({3, 3}, 1), std::nullopt, std::nullopt, ints({3, 0})}, "to nothing");
}

core::Node einsum(const std::string& equation, std::int64_t segment) {
  const auto count = static_cast<core::ValueId>(1 + std::ranges::count(equation, ','));
  core::Node node{Op::einsum, {}, {count}, {}, "einsum"};
  for (core::ValueId i = 0; i < count; ++i) node.inputs.push_back(i);
  node.attributes = {{"equation", equation}, {"k_segment", segment}};
  return node;
}

struct Equation {
  std::string text;
  std::vector<core::Shape> shapes;
};

const Equation equations[] = {
    {"ij,jk->ik", {{5, 300}, {300, 7}}},
    {"ij,jk->ki", {{5, 17}, {17, 7}}},
    {"bhqd,bhkd->bhqk", {{2, 3, 5, 8}, {2, 3, 6, 8}}},
    {"bqhd,bkhd->bhqk", {{2, 5, 3, 8}, {2, 6, 3, 8}}},
    {"i,i->", {{40}, {40}}},
    {"i,j->ij", {{4}, {5}}},
    {"i->", {{700}}},
    {"ij->ji", {{3, 5}}},
    {"ii->i", {{4, 4}}},
    {"ii->", {{4, 4}}},
    {"ij->i", {{3, 50}}},
    {"...ij,...jk->...ik", {{2, 1, 3, 4}, {5, 4, 2}}},
    {"...ii,i,...j", {{2, 3, 3}, {3}, {2, 2}}},
    {"ij,jk,kl->il", {{3, 4}, {4, 5}, {5, 6}}},
    {"a,b,c,d->dcba", {{2}, {3}, {2}, {3}}},
    {"ij,kj->", {{3, 4}, {2, 4}}},
    {"ij,ij,ij->j", {{9, 4}, {9, 4}, {9, 1}}},
    {"ij,jk->ik", {{0, 3}, {3, 2}}},
    {"ij,jk->ik", {{2, 0}, {0, 3}}},
    {"ij,jk->ik", {{1, 1}, {1, 1}}},
    {",->", {{}, {}}},
    {"ab,ab->", {{1, 1}, {1, 1}}},
    {"ab,bc->ac", {{3, 1}, {1, 4}}},
    {"abcdefghij,klmnopqrst->at", {{3, 1, 1, 1, 1, 1, 1, 1, 1, 2}, {2, 1, 1, 1, 1, 1, 1, 1, 1, 4}}},
};

TEST(GpuForms, equations_of_every_kind_have_the_bits_of_the_reference) {
  OnHost host(8, HostOrder::forwards);
  std::uint64_t seed = 100;
  for (const Equation& equation : equations) {
    for (const std::int64_t segment : {256, 3}) {
      std::vector<std::optional<Tensor>> operands;
      for (const core::Shape& shape : equation.shapes) operands.emplace_back(draw(shape, ++seed));
      expect_reference_bits(*host.backend, einsum(equation.text, segment), operands, equation.text);
    }
    for (const Dtype dtype : arithmetic) {
      std::vector<std::optional<Tensor>> operands;
      for (const core::Shape& shape : equation.shapes) {
        operands.emplace_back(draw_bits(dtype, shape, ++seed));
      }
      expect_reference_bits(*host.backend, einsum(equation.text, 4), operands,
                            equation.text + " " + std::string(core::dtype_name(dtype)));
    }
  }
}

TEST(GpuForms, elements_go_back_to_where_maxima_stood) {
  OnHost host(8, HostOrder::forwards);
  const core::Node node{Op::max_unpool,
                        {0, 1},
                        {2},
                        {{"kernel_shape", std::vector<std::int64_t>{2, 2}},
                         {"pads", std::vector<std::int64_t>{0, 0, 0, 0}},
                         {"strides", std::vector<std::int64_t>{2, 2}}},
                        "unpool"};
  const Tensor indices = Tensor::of<std::int64_t>({1, 1, 2, 3}, {0, 3, 23, 3, 7, 20});
  for (const Dtype dtype : arithmetic) {
    expect_reference_bits(*host.backend, node, {draw_bits(dtype, {1, 1, 2, 3}, 4), indices},
                          std::string(core::dtype_name(dtype)));
  }
}

struct Layer {
  Op op;
  std::int64_t gates;
  std::size_t functions;
};
constexpr Layer layers[] = {{Op::rnn, 1, 1}, {Op::gru, 3, 2}, {Op::lstm, 4, 3}};

/// A layer whose functions are these, one after the other, for every gate.
core::Node recurrent(const Layer& layer, const std::string& direction, std::size_t first_function,
                     std::int64_t variant) {
  constexpr const char* names[] = {"Relu",     "Tanh",        "Sigmoid",         "Affine",
                                   "Elu",      "LeakyRelu",   "ThresholdedRelu", "ScaledTanh",
                                   "Softsign", "HardSigmoid", "Softplus"};
  const std::size_t count = layer.functions * (direction == "bidirectional" ? 2 : 1);
  std::string functions;
  for (std::size_t i = 0; i < count; ++i) {
    functions += (i == 0 ? "" : " ") + std::string(names[(first_function + i) % std::size(names)]);
  }
  core::Node node{layer.op, {0, 1, 2, 3, 4, 5}, {8, 9}, {}, "layer"};
  node.attributes = {{"activation_alpha", std::vector<float>(count, 0.75F)},
                     {"activation_beta", std::vector<float>(count, 0.5F)},
                     {"activations", functions},
                     {"clip", variant == 0 ? 3.4028234e38F : 0.8F},
                     {"direction", direction}};
  if (layer.op == Op::lstm) {
    node.inputs = {0, 1, 2, 3, 4, 5, 6, 7};
    node.outputs.push_back(10);
    node.attributes.push_back({"input_forget", variant});
  }
  node.attributes.push_back({"k_segment", std::int64_t{variant == 0 ? 256 : 3}});
  if (layer.op == Op::gru) node.attributes.push_back({"linear_before_reset", variant});
  return node;
}

TEST(GpuForms, recurrent_layers_of_every_kind_have_the_bits_of_the_reference) {
  OnHost host(8, HostOrder::forwards);
  std::uint64_t seed = 500;
  for (const Layer& layer : layers) {
    for (const char* direction : {"forward", "reverse", "bidirectional"}) {
      const std::int64_t d = direction == std::string("bidirectional") ? 2 : 1;
      for (std::size_t function = 0; function < 11; ++function) {
        for (const std::int64_t variant : {0, 1}) {
          const bool all = variant == 1;
          const std::int64_t rows = layer.gates * 3;
          const auto some = [&](core::Shape shape) {
            return all ? std::optional(draw(std::move(shape), ++seed)) : std::nullopt;
          };
          std::vector<std::optional<Tensor>> operands = {
              draw({4, 3, 5}, ++seed), draw({d, rows, 5}, ++seed), draw({d, rows, 3}, ++seed),
              some({d, 2 * rows})};
          operands.emplace_back(all ? std::optional(Tensor::of<std::int32_t>({3}, {4, 0, 2}))
                                    : std::nullopt);
          operands.push_back(some({d, 3, 3}));
          if (layer.op == Op::lstm) {
            operands.push_back(some({d, 3, 3}));
            operands.push_back(some({d, 9}));
          }
          const core::Node node = recurrent(layer, direction, function, variant);
          expect_reference_bits(
              *host.backend, node, operands,
              std::string(core::op_info(layer.op).name) + " " + node.text("activations"));
        }
      }
    }
  }
}

TEST(GpuForms, recurrent_layers_take_short_types_and_no_steps) {
  OnHost host(8, HostOrder::forwards);
  for (const Layer& layer : layers) {
    const core::Node node = recurrent(layer, "bidirectional", 1, 1);
    for (const Dtype dtype : {Dtype::f16, Dtype::bf16, Dtype::f8e4m3fn}) {
      for (const std::int64_t steps : {3, 0}) {
        const std::int64_t rows = layer.gates * 2;
        std::vector<std::optional<Tensor>> operands = {draw_near(dtype, {steps, 2, 4}, 1),
                                                       draw_near(dtype, {2, rows, 4}, 2),
                                                       draw_near(dtype, {2, rows, 2}, 3),
                                                       draw_near(dtype, {2, 2 * rows}, 4),
                                                       std::nullopt,
                                                       draw_near(dtype, {2, 2, 2}, 5)};
        if (layer.op == Op::lstm) {
          operands.emplace_back(draw_near(dtype, {2, 2, 2}, 6));
          operands.emplace_back(draw_near(dtype, {2, 6}, 7));
        }
        expect_reference_bits(*host.backend, node, operands,
                              std::string(core::op_info(layer.op).name));
      }
    }
  }
}

}  // namespace
}  // namespace isotrace::backends::gpu
