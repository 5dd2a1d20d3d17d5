// [recurrent.rnn] [recurrent.gru] [recurrent.lstm]
#include <tests/reference/support.hpp>

#include <isotrace/core/convert.hpp>
#include <isotrace/reference/math/binary64.hpp>

namespace isotrace::reference {
namespace {

using Floats = std::vector<float>;

/// Attributes of a layer whose functions are the identity (Affine 1, 0) unless others are named.
struct Layer {
  Op op = Op::rnn;
  std::size_t functions = 1;
  std::string direction = "forward";
  std::string activations = {};
  Floats alpha = {};
  Floats beta = {};
  float clip = infinity;
  std::int64_t variant = 0;  ///< linear_before_reset, input_forget

  [[nodiscard]] std::vector<Attribute> attributes() const {
    const std::size_t count = functions * (direction == "bidirectional" ? 2 : 1);
    std::string names = activations;
    for (std::size_t i = 0; activations.empty() && i < count; ++i) {
      names += i == 0 ? "Affine" : " Affine";
    }
    std::vector<Attribute> list = {
        {"activation_alpha", alpha.empty() ? Floats(count, 1.0F) : alpha},
        {"activation_beta", beta.empty() ? Floats(count, 0.0F) : beta},
        {"activations", names},
        {"clip", clip},
        {"direction", direction},
        {"k_segment", std::int64_t{256}}};
    if (op == Op::gru) list.push_back({"linear_before_reset", variant});
    if (op == Op::lstm) list.push_back({"input_forget", variant});
    return list;
  }
  [[nodiscard]] Outcome run(std::vector<std::optional<Tensor>> operands) const {
    return call(op, std::move(operands), attributes(), op == Op::lstm ? 3 : 2);
  }
};

const Layer gru = {.op = Op::gru, .functions = 2};
const Layer lstm = {.op = Op::lstm, .functions = 3};

Tensor f16(Shape shape, const Floats& values) {
  std::vector<core::Half> halves;
  for (const float value : values) halves.push_back(core::to_half(value));
  return Tensor::of<core::Half>(std::move(shape), std::span<const core::Half>(halves));
}

TEST(Recurrent, rnn_adds_both_products_and_both_biases) {
  const Tensor one = f32({1, 1, 1}, {1});
  expect_results(Layer{}.run({one, f32({1, 1, 1}, {2}), f32({1, 1, 1}, {3}),
                              f32({1, 2}, {0.5F, 0.25F}), std::nullopt, one}),
                 {f32({1, 1, 1, 1}, {5.75F}), f32({1, 1, 1}, {5.75F})});
  // Without bias and state: 2 * 1, then 2 * 1 + 3 * 2.
  expect_results(Layer{}.run({f32({2, 1, 1}, {1, 1}), f32({1, 1, 1}, {2}), f32({1, 1, 1}, {3})}),
                 {f32({2, 1, 1, 1}, {2, 8}), f32({1, 1, 1}, {8})});
}

/// Each function's argument and result are those of f64: none of these numbers is one of f32.
TEST(Recurrent, layers_of_f64_are_computed_in_f64) {
  const auto wide = [](Shape shape, std::vector<double> values) {
    return Tensor::of<double>(std::move(shape), std::span<const double>(values));
  };
  const Tensor x = wide({1, 1, 1}, {0.1});
  const Tensor w = wide({1, 1, 1}, {0.7});
  Layer rnn{.activations = "Tanh"};
  rnn.functions = 1;
  const double h = tanh64(0.1 * 0.7);
  expect_results(rnn.run({x, w, w}), {wide({1, 1, 1, 1}, {h}), wide({1, 1, 1}, {h})});
  Layer gates = lstm;
  gates.activations = "Sigmoid Tanh Tanh";
  const Tensor w4 = wide({1, 4, 1}, {0.3, 0.5, 0.7, 0.9});
  const auto sigmoid = [](double v) { return 1 / (1 + exp64(-v)); };
  const double before = 0.2;
  const double c = std::fma(sigmoid(0.1 * 0.7), before, sigmoid(0.1 * 0.3) * tanh64(0.1 * 0.9));
  const double y = sigmoid(0.1 * 0.5) * tanh64(c);
  const Tensor state = wide({1, 1, 1}, {before});
  expect_results(gates.run({x, w4, w4, std::nullopt, std::nullopt, std::nullopt, state}),
                 {wide({1, 1, 1, 1}, {y}), wide({1, 1, 1}, {y}), wide({1, 1, 1}, {c})});
}

TEST(Recurrent, gru_resets_the_state_before_or_after_its_product) {
  const Tensor x = f32({1, 1, 1}, {1});
  const Tensor w = f32({1, 3, 1}, {0.5F, 0.25F, 2});
  const Tensor r = f32({1, 3, 1}, {0, 0, 4});
  const Tensor b = f32({1, 6}, {0, 0, 0, 0, 0, 8});
  const Tensor h = f32({1, 1, 1}, {16});
  // z = 0.5, r = 0.25. Before: q = 2 + (0.25 * 16 * 4 + 8) = 26; after: q = 2 + 0.25 * (16 * 4 + 8)
  // = 20. h = 0.5 * 16 + 0.5 * q.
  expect_results(gru.run({x, w, r, b, std::nullopt, h}),
                 {f32({1, 1, 1, 1}, {21}), f32({1, 1, 1}, {21})});
  Layer linear = gru;
  linear.variant = 1;
  expect_results(linear.run({x, w, r, b, std::nullopt, h}),
                 {f32({1, 1, 1, 1}, {18}), f32({1, 1, 1}, {18})});
}

TEST(Recurrent, lstm_gates_peepholes_and_coupled_forgetting) {
  const Tensor x = f32({1, 1, 1}, {1});
  const Tensor w = f32({1, 4, 1}, {2, 3, 5, 7});  // i, o, f, c
  const Tensor r = f32({1, 4, 1}, {0, 0, 0, 0});
  const Tensor c = f32({1, 1, 1}, {10});
  const Tensor h = f32({1, 1, 1}, {0});
  // c = 5 * 10 + 2 * 7 = 64, h = 3 * 64.
  expect_results(lstm.run({x, w, r, std::nullopt, std::nullopt, h, c}),
                 {f32({1, 1, 1, 1}, {192}), f32({1, 1, 1}, {192}), f32({1, 1, 1}, {64})});
  Layer coupled = lstm;
  coupled.variant = 1;  // f = 1 - 2: c = -10 + 14 = 4
  expect_results(coupled.run({x, w, r, std::nullopt, std::nullopt, h, c}),
                 {f32({1, 1, 1, 1}, {12}), f32({1, 1, 1}, {12}), f32({1, 1, 1}, {4})});
  // i = 2 + 1 * 10, f = 5 + 2 * 10, c = 25 * 10 + 12 * 7 = 334; o sees the new c: 3 - 334.
  const Tensor p = f32({1, 3}, {1, -1, 2});
  expect_results(lstm.run({x, w, r, std::nullopt, std::nullopt, h, c, p}),
                 {f32({1, 1, 1, 1}, {-331.0F * 334.0F}), f32({1, 1, 1}, {-331.0F * 334.0F}),
                  f32({1, 1, 1}, {334})});
}

TEST(Recurrent, products_are_those_of_matmul) {
  core::PhiloxStream random(70);
  const Tensor x = random_f32({1, 3, 600}, random);
  const Tensor w = random_f32({1, 4, 600}, random);
  const auto outcome = Layer{}.run({x, w, f32({1, 4, 4}, Floats(16, 0))});
  Tensor rows = x;
  rows.reshape({3, 600});
  Tensor columns = w;
  columns.reshape({4, 600});
  const auto transposed = call(Op::transpose, {columns}, {{"perm", Ints{1, 0}}});
  ASSERT_TRUE(transposed);
  const auto product = call(Op::matmul, {rows, transposed->front()});
  ASSERT_TRUE(product);
  Tensor y = product->front();
  y.reshape({1, 1, 3, 4});
  Tensor last = y;
  last.reshape({1, 3, 4});
  expect_results(outcome, {y, last});
}

TEST(Recurrent, reverse_runs_on_the_sequence_turned_round_and_both_stand_side_by_side) {
  const Tensor x = f32({3, 1, 1}, {1, 2, 4});
  const Tensor turned = f32({3, 1, 1}, {4, 2, 1});
  const Tensor w = f32({1, 1, 1}, {1});
  const Tensor r = f32({1, 1, 1}, {10});
  expect_results(Layer{}.run({x, w, r}), {f32({3, 1, 1, 1}, {1, 12, 124}), f32({1, 1, 1}, {124})});
  expect_results(Layer{.direction = "reverse"}.run({turned, w, r}),
                 {f32({3, 1, 1, 1}, {124, 12, 1}), f32({1, 1, 1}, {124})});
  expect_results(Layer{.direction = "bidirectional"}.run(
                     {x, f32({2, 1, 1}, {1, 1}), f32({2, 1, 1}, {10, 100})}),
                 {f32({3, 2, 1, 1}, {1, 40201, 12, 402, 124, 4}), f32({2, 1, 1}, {124, 40201})});
}

TEST(Recurrent, short_sequences_end_early_and_leave_zeros) {
  const Tensor x = f32({2, 3, 1}, {1, 2, 3, 4, 5, 6});  // two steps of three sequences
  const Tensor w = f32({1, 1, 1}, {1});
  const Tensor r = f32({1, 1, 1}, {10});
  const Tensor h = f32({1, 3, 1}, {7, 7, 7});
  const std::vector<std::optional<Tensor>> operands = {x, w, r, std::nullopt, i32({2, 1, 0}), h};
  expect_results(Layer{}.run(operands),
                 {f32({2, 1, 3, 1}, {71, 72, 0, 714, 0, 0}), f32({1, 3, 1}, {714, 72, 7})});
  expect_results(Layer{.direction = "reverse"}.run(operands),
                 {f32({2, 1, 3, 1}, {741, 72, 0, 74, 0, 0}), f32({1, 3, 1}, {741, 72, 7})});
}

TEST(Recurrent, cutting_a_sequence_changes_no_bit) {
  core::PhiloxStream random(71);
  Layer layer = lstm;
  layer.activations = "Sigmoid Tanh Tanh";
  const auto data = [&](Shape shape) {
    const Tensor tensor = random_f32(shape, random);
    return f16(std::move(shape), {tensor.data<float>().begin(), tensor.data<float>().end()});
  };
  const Tensor w = data({1, 12, 2});
  const Tensor r = data({1, 12, 3});
  const Tensor x = data({4, 1, 2});
  const auto whole = layer.run({x, w, r});
  ASSERT_TRUE(whole);
  const auto half = [&](std::size_t first) {
    return Tensor::of<core::Half>({2, 1, 2}, x.data<core::Half>().subspan(first, 4));
  };
  const auto begin = layer.run({half(0), w, r});
  ASSERT_TRUE(begin);
  const auto end = layer.run({half(4), w, r, std::nullopt, std::nullopt, (*begin)[1], (*begin)[2]});
  ASSERT_TRUE(end);
  EXPECT_TRUE(core::identical((*end)[1], (*whole)[1]));
  EXPECT_TRUE(core::identical((*end)[2], (*whole)[2]));
}

TEST(Recurrent, activations_are_those_of_the_operations) {
  const Floats values = {-3, -0.5F, -0.0F, 0, 0.75F, 90, quiet_nan(), infinity};
  const Tensor x = f32({1, 8, 1}, values);
  const auto apply = [&](const std::string& name) {
    const Layer layer = {.activations = name, .alpha = {0.3F}, .beta = {0.6F}};
    return layer.run({x, f32({1, 1, 1}, {1}), f32({1, 1, 1}, {0})});
  };
  const std::vector<std::pair<std::string, Op>> names = {{"Relu", Op::relu},
                                                         {"Tanh", Op::tanh},
                                                         {"Sigmoid", Op::sigmoid},
                                                         {"LeakyRelu", Op::leaky_relu},
                                                         {"HardSigmoid", Op::hard_sigmoid},
                                                         {"Elu", Op::elu},
                                                         {"Softsign", Op::softsign},
                                                         {"Softplus", Op::softplus}};
  for (const auto& [name, op] : names) {
    std::vector<Attribute> attributes;
    if (core::attribute_kind(op, "alpha")) attributes.push_back({"alpha", 0.3F});
    if (core::attribute_kind(op, "beta")) attributes.push_back({"beta", 0.6F});
    // The layer adds h * 0 = +0 to its argument.
    const auto zeroed = call(Op::add, {f32(values), f32({0})});
    ASSERT_TRUE(zeroed);
    const auto expected = call(op, {zeroed->front()}, attributes);
    ASSERT_TRUE(expected);
    Tensor last = expected->front();
    last.reshape({1, 8, 1});
    const auto outcome = apply(name);
    ASSERT_TRUE(outcome) << name;
    EXPECT_TRUE(core::identical((*outcome)[1], last)) << name;
  }
  expect_results(apply("ThresholdedRelu"),
                 {f32({1, 1, 8, 1}, {0, 0, 0, 0, 0.75F, 90, quiet_nan(), infinity}),
                  f32({1, 8, 1}, {0, 0, 0, 0, 0.75F, 90, quiet_nan(), infinity})});
  const auto scaled = apply("ScaledTanh");
  const auto inner = call(Op::tanh, {f32({0.6F * 0.75F})});
  ASSERT_TRUE(scaled && inner);
  EXPECT_EQ((*scaled)[1].data<float>()[4], 0.3F * inner->front().data<float>()[0]);
  const auto affine = apply("Affine");
  ASSERT_TRUE(affine);
  EXPECT_EQ((*affine)[1].data<float>()[4], 0.3F * 0.75F + 0.6F);
}

TEST(Recurrent, clip_bounds_the_arguments_of_the_functions) {
  const Layer layer = {.alpha = {4}, .clip = 2};
  expect_results(
      layer.run({f32({1, 3, 1}, {-9, 1, quiet_nan()}), f32({1, 1, 1}, {1}), f32({1, 1, 1}, {0})}),
      {f32({1, 1, 3, 1}, {-8, 4, quiet_nan()}), f32({1, 3, 1}, {-8, 4, quiet_nan()})});
}

TEST(Recurrent, nothing_to_do) {
  const auto zeros = [](Shape shape) { return Tensor(core::Dtype::f32, std::move(shape)); };
  // No steps: the state stays. No batch, no hidden elements: empty results, however many steps.
  expect_results(Layer{}.run({zeros({0, 1, 2}), zeros({1, 1, 2}), zeros({1, 1, 1}), std::nullopt,
                              std::nullopt, f32({1, 1, 1}, {3})}),
                 {zeros({0, 1, 1, 1}), f32({1, 1, 1}, {3})});
  expect_results(Layer{}.run({zeros({2, 0, 2}), zeros({1, 1, 2}), zeros({1, 1, 1})}),
                 {zeros({2, 1, 0, 1}), zeros({1, 0, 1})});
  expect_results(Layer{}.run({zeros({1 << 30, 1, 0}), zeros({1, 0, 0}), zeros({1, 0, 0})}),
                 {zeros({1 << 30, 1, 1, 0}), zeros({1, 1, 0})});
}

TEST(Recurrent, refusals) {
  const Tensor x = f32({1, 1, 1}, {1});
  const Tensor two = f32({2, 1, 1}, {1, 1});
  for (const Layer& layer : {Layer{.clip = 0}, Layer{.clip = quiet_nan()},
                             Layer{.direction = "sideways"}, Layer{.activations = "Affine Affine"},
                             Layer{.activations = "Sine"}, Layer{.alpha = {1, 2}}}) {
    expect_refused(layer.run({x, x, x}), RefusalCode::operation_attribute_invalid, "RNN");
  }
  expect_refused(Layer{}.run({x, two, x}), RefusalCode::shape_mismatch, "RNN");
  expect_refused(Layer{}.run({x, x, x, f32({1, 1}, {1})}), RefusalCode::shape_mismatch, "RNN");
  expect_refused(lstm.run({x, x, x}), RefusalCode::shape_mismatch, "LSTM");
  for (const int length : {2, -1}) {
    expect_refused(Layer{}.run({x, x, x, std::nullopt, i32({length})}),
                   RefusalCode::operand_value_invalid, "RNN");
  }
  const Tensor wide(core::Dtype::f64, {1, 1, 1});
  const Tensor whole(core::Dtype::i32, {1, 1, 1});
  expect_refused(Layer{}.run({whole, whole, whole}), RefusalCode::operation_dtype_unsupported,
                 "RNN");
  expect_refused(Layer{}.run({x, wide, x}), RefusalCode::operation_dtype_unsupported, "RNN");
}

}  // namespace
}  // namespace isotrace::reference
