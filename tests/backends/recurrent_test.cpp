// RNN, GRU and LSTM against the reference: every activation, direction and optional operand, sizes
// around those of tiles and vectors, sequences of lengths of their own, constants and tensors made
// on the way, and the calls that are refused.
#include <array>

#include <isotrace/core/philox.hpp>
#include <tests/backends/cpu_backends.hpp>

namespace isotrace::backends {
namespace {

struct Form {
  Op op = Op::lstm;
  std::int64_t steps = 3;
  std::int64_t batch = 2;
  std::int64_t input = 5;
  std::int64_t hidden = 7;
  std::string direction = "forward";
  std::string activations = {};  ///< empty: those of ONNX
  float clip = std::numeric_limits<float>::infinity();
  std::int64_t flag = 0;  ///< linear_before_reset or input_forget
  std::int64_t k_segment = 256;
  std::array<bool, 5> given = {true, true, true, true, true};  ///< B, lengths, h, c, P
  tests::Values values = tests::Values::special;
};

struct Kind {
  std::int64_t gates;
  std::size_t functions;
  const char* names;
};
Kind kind_of(Op op) {
  if (op == Op::rnn) return {1, 1, "Tanh"};
  return op == Op::gru ? Kind{3, 2, "Sigmoid Tanh"} : Kind{4, 3, "Sigmoid Tanh Tanh"};
}

std::vector<Attribute> attributes_of(const Form& form, std::int64_t directions) {
  const Kind kind = kind_of(form.op);
  std::string names = form.activations.empty() ? kind.names : form.activations;
  if (directions == 2) names += " " + names;
  const std::size_t count = kind.functions * static_cast<std::size_t>(directions);
  std::vector<Attribute> attributes = {{"activation_alpha", std::vector<float>(count, 0.75F)},
                                       {"activation_beta", std::vector<float>(count, 0.25F)},
                                       {"activations", names},
                                       {"clip", form.clip},
                                       {"direction", form.direction}};
  if (form.op == Op::lstm) attributes.push_back({"input_forget", form.flag});
  attributes.push_back({"k_segment", form.k_segment});
  if (form.op == Op::gru) attributes.push_back({"linear_before_reset", form.flag});
  return attributes;
}

Sample make_layer(const Form& form, std::uint64_t seed) {
  const std::int64_t directions = form.direction == "bidirectional" ? 2 : 1;
  const std::int64_t rows = kind_of(form.op).gates * form.hidden;
  const Shape state = {directions, form.batch, form.hidden};
  const auto when = [&](std::size_t at, const Shape& shape) {
    return form.given[at] ? std::optional(shape) : std::nullopt;
  };
  std::vector<std::optional<Shape>> shapes = {Shape{form.steps, form.batch, form.input},
                                              Shape{directions, rows, form.input},
                                              Shape{directions, rows, form.hidden},
                                              when(0, {directions, 2 * rows}),
                                              std::nullopt,
                                              when(2, state)};
  if (form.op == Op::lstm) {
    shapes.push_back(when(3, state));
    shapes.push_back(when(4, {directions, 3 * form.hidden}));
  }
  Sample sample = make_call(form.op, attributes_of(form, directions), shapes, seed, form.values);
  if (form.given[1]) {
    core::PhiloxStream random(seed);
    std::vector<std::int32_t> lengths(static_cast<std::size_t>(form.batch));
    for (std::int32_t& length : lengths) {
      length =
          static_cast<std::int32_t>(random.next_below(static_cast<std::uint32_t>(form.steps) + 1));
    }
    sample.operands[4] = Tensor::of<std::int32_t>({form.batch}, lengths);
    sample.node.inputs[4] = 0;
  }
  sample.node.outputs = {97, 98};
  if (form.op == Op::lstm) sample.node.outputs.push_back(99);
  return sample;
}

constexpr Op layers[] = {Op::rnn, Op::gru, Op::lstm};

class Recurrent : public CpuBackends {
 protected:
  void expect_same_layer(const Form& form) { expect_same(make_layer(form, seed_++)); }

  std::uint64_t seed_ = 1;
};

TEST_F(Recurrent, EveryDirectionAndOperand) {
  for (const Op op : layers) {
    for (const char* direction : {"forward", "reverse", "bidirectional"}) {
      for (unsigned given = 0; given < 32; ++given) {
        Form form{.op = op, .direction = direction, .flag = given & 1};
        for (std::size_t i = 0; i < 5; ++i) form.given[i] = (given >> i & 1) != 0;
        expect_same_layer(form);
        form.flag = 1 - form.flag;
        form.values = tests::Values::ordinary;
        expect_same_layer(form);
      }
    }
  }
}

TEST_F(Recurrent, EveryActivation) {
  for (const char* name : {"Relu", "Tanh", "Sigmoid", "Affine", "LeakyRelu", "ThresholdedRelu",
                           "ScaledTanh", "HardSigmoid", "Elu", "Softsign", "Softplus"}) {
    for (const Op op : layers) {
      std::string names = name;
      for (std::size_t i = 1; i < kind_of(op).functions; ++i) names += std::string(" ") + name;
      expect_same_layer({.op = op, .activations = names});
      Form clipped{.op = op, .activations = names, .clip = 0.5F};
      clipped.values = tests::Values::ordinary;
      expect_same_layer(clipped);
    }
  }
}

TEST_F(Recurrent, SizesAroundTilesAndSegments) {
  for (const Op op : layers) {
    for (const std::int64_t hidden : {1, 16, 33, 128}) {
      for (const std::int64_t batch : {1, 4, 9, 17}) {
        for (const std::int64_t steps : {1, 6}) {
          Form form{.op = op, .steps = steps, .batch = batch, .input = 40, .hidden = hidden};
          form.k_segment = hidden == 33 ? 8 : 256;
          expect_same_layer(form);
          form.values = tests::Values::tiny;
          form.given[1] = false;
          expect_same_layer(form);
        }
      }
    }
  }
}

/// More products of the input than are held at a time, and more states than one task takes.
TEST_F(Recurrent, ManyStepsAndSequences) {
  for (const char* direction : {"forward", "reverse"}) {
    expect_same_layer(
        {.steps = 9, .batch = 3000, .input = 2, .hidden = 24, .direction = direction});
    expect_same_layer({.op = Op::gru, .steps = 3000, .hidden = 160, .direction = direction});
  }
}

TEST_F(Recurrent, HeldConstantsArePackedOnce) {
  for (const Op op : layers) {
    const Sample sample = make_layer({.op = op, .steps = 5, .batch = 1, .hidden = 32}, seed_++);
    const auto weights = [&](std::size_t i) { return std::span(&*sample.operands[i], 1); };
    for (const auto& backend : backends_) {
      for (const std::size_t i : {1, 2}) backend->hold_constants(weights(i));
    }
    expect_same(sample);
    expect_same(sample);
    for (const auto& backend : backends_) {
      for (const std::size_t i : {1, 2}) backend->release_constants(weights(i));
    }
  }
}

TEST_F(Recurrent, RefusesAsTheReferenceDoes) {
  for (const Op op : layers) {
    const auto refused = [&](Form form) {
      form.op = op;
      return refusal_of(make_layer(form, 1));
    };
    EXPECT_EQ(refused({.direction = "sideways"}), RefusalCode::operation_attribute_invalid);
    EXPECT_EQ(refused({.activations = "Tanh Tan Tanh"}), RefusalCode::operation_attribute_invalid);
    EXPECT_EQ(refused({.clip = 0}), RefusalCode::operation_attribute_invalid);
    EXPECT_EQ(refused({.k_segment = 0}), RefusalCode::operation_attribute_invalid);
    Sample sample = make_layer({.op = op}, 1);
    sample.operands[4] = Tensor::of<std::int32_t>({2}, {1, 4});
    EXPECT_EQ(refusal_of(sample), RefusalCode::operand_value_invalid);
    sample.operands[4].reset();
    sample.operands[3]->reshape({2, sample.operands[3]->dim(1) / 2});
    EXPECT_EQ(refusal_of(sample), RefusalCode::shape_mismatch);
  }
  for (const Op op : layers) {
    for (const std::int64_t none : {0, 1, 2, 3}) {
      Form form{.op = op};
      (none == 0 ? form.steps : none == 1 ? form.batch : none == 2 ? form.input : form.hidden) = 0;
      expect_same_layer(form);
    }
  }
}

}  // namespace
}  // namespace isotrace::backends
