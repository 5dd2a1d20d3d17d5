// The bug museum: faults of the kinds that users of inference engines have met, injected into a
// backend that is right otherwise. For each, the comparison names step, operation and element, and
// says that the reference confirms the other side (docs/museum.md).
#include <cmath>

#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <isotrace/executor/explain_step.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/memory_trace.hpp>

#include "tests/executor/faulty_backend.hpp"
#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using core::Node;
using core::Operands;
using core::Tensor;
using executor::NamedTensor;

/// What the comparison is expected to find.
struct Guilty {
  core::Op op;
  std::uint64_t step;
  std::uint64_t element;
};

/// What was found beside that.
struct Found {
  std::uint64_t differing = 0;
  executor::Distances distances;
};

Found examine(const ModelBuilder& model, const std::vector<NamedTensor>& inputs,
              const Guilty& guilty, BackendFault fault) {
  auto program = executor::import_onnx(model.bytes());
  EXPECT_TRUE(program.has_value()) << core::describe(program.error());
  const auto reference = *backends::make_backend("reference", {});
  FaultyBackend faulty(guilty.op, std::move(fault));
  const executor::EmbeddedRun run{*std::move(program), inputs};
  const auto a =
      executor::record_in_memory(run.program, run.inputs, *reference, {.path = {}, .tool = {}});
  EXPECT_TRUE(a.has_value()) << core::describe(a.error());
  const auto b =
      executor::record_in_memory(run.program, run.inputs, faulty,
                                 {.path = {}, .embed_program = false, .tool = {}, .expected = &*a});
  EXPECT_TRUE(b.has_value()) << core::describe(b.error());
  const auto divergence = trace::find_divergence(*a, *b);
  if (!divergence) {
    ADD_FAILURE() << "no divergence";
    return {};
  }
  EXPECT_EQ(divergence->kind, trace::Divergence::Kind::result);
  EXPECT_EQ(divergence->step, guilty.step);
  EXPECT_EQ(divergence->operation, core::op_info(guilty.op).name);
  const auto explained = executor::explain_step({*a, &run, reference.get()}, {*b, &run, &faulty},
                                                *divergence, *reference);
  EXPECT_EQ(explained.a_canonical, true);
  EXPECT_EQ(explained.b_canonical, false);
  EXPECT_EQ(explained.differences.size(), 1U);
  if (explained.differences.empty() || !explained.differences[0].first) {
    ADD_FAILURE() << "the values are not known";
    return {};
  }
  EXPECT_EQ(explained.differences[0].first->element, guilty.element);
  return {explained.differences[0].first->differing, *explained.differences[0].distances};
}

/// Step 0 is Neg (the input is negated before), so that the guilty step 1 is not the first one.
ModelBuilder behind_neg(const Ints& shape, std::int64_t opset = 20) {
  ModelBuilder model(opset);
  model.input("x", shape);
  model.node("Neg", {"x"}, {"n"});
  return model;
}

/// And not the last one.
void finish(ModelBuilder& model) {
  model.node("Neg", {"made"}, {"y"});
  model.output("y");
}

std::vector<NamedTensor> negated(const core::Shape& shape, std::vector<float> values) {
  for (float& value : values) value = -value;
  return {{"x", floats(shape, std::move(values))}};
}

/// The honest result with other attributes.
BackendFault with_text(const std::string& attribute, const std::string& value) {
  return [=](const Node& node, Operands operands, backends::Backend& honest) {
    return honest.run(with_attribute(node, attribute, value), operands);
  };
}

/// The honest result, changed.
BackendFault after(std::function<void(Tensor&)> change) {
  return [=](const Node& node, Operands operands,
             backends::Backend& honest) -> core::Result<std::vector<Tensor>> {
    ISOTRACE_TRY(auto results, honest.run(node, operands));
    change(results[0]);
    return results;
  };
}

/// The honest operation on changed operands.
BackendFault before(std::function<void(std::vector<Tensor>&)> change) {
  return [=](const Node& node, Operands operands, backends::Backend& honest) {
    std::vector<Tensor> copies;
    for (const auto& operand : operands) {
      copies.push_back(*Tensor::from_bytes(
          operand->dtype(), {operand->shape().begin(), operand->shape().end()}, operand->bytes()));
    }
    change(copies);
    const std::vector<std::optional<core::TensorView>> views(copies.begin(), copies.end());
    return honest.run(node, views);
  };
}

/// One result made of the operands, element by element.
BackendFault instead(std::function<Tensor(Operands)> compute) {
  return
      [=](const Node&, Operands operands, backends::Backend&) -> core::Result<std::vector<Tensor>> {
        return std::vector<Tensor>{compute(operands)};
      };
}

TEST(Museum, AnActivationIsAnother) {
  ModelBuilder model = behind_neg({3});
  model.node("Relu", {"n"}, {"r"});
  model.node("Mul", {"r", "r"}, {"made"});
  finish(model);
  const auto silu = instead([](Operands operands) {
    Tensor out(core::Dtype::f32, {3});
    for (std::size_t i = 0; i < 3; ++i) {
      const float x = operands[0]->data<float>()[i];
      out.data<float>()[i] = x / (1 + std::exp(-x));
    }
    return out;
  });
  examine(model, negated({3}, {0, 1, -1}), {core::Op::relu, 1, 1}, silu);
}

TEST(Museum, GeluIsItsTanhApproximation) {
  ModelBuilder model = behind_neg({4});
  model.node("Gelu", {"n"}, {"made"});
  finish(model);
  const auto found = examine(model, negated({4}, {0, 0, 0.5F, 2}), {core::Op::gelu, 1, 2},
                             with_text("approximate", "tanh"));
  EXPECT_EQ(found.differing, 2U);
}

TEST(Museum, ASlopeIsNotTheModels) {
  ModelBuilder model = behind_neg({3});
  model.node("LeakyRelu", {"n"}, {"made"}).attribute("alpha", 0.2F);
  finish(model);
  const BackendFault fault = [](const Node& node, Operands operands, backends::Backend& honest) {
    return honest.run(with_attribute(node, "alpha", 0.01F), operands);
  };
  examine(model, negated({3}, {1, 2, -1}), {core::Op::leaky_relu, 1, 2}, fault);
}

TEST(Museum, AnOddPaddingGoesToTheOtherEnd) {
  ModelBuilder model = behind_neg({1, 1, 3});
  model.initializer("w", floats({1, 1, 2}, {0, 1}));
  model.node("Conv", {"n", "w"}, {"made"}).attribute("auto_pad", "SAME_UPPER");
  finish(model);
  examine(model, negated({1, 1, 3}, {2, 2, 3}), {core::Op::conv, 1, 1},
          with_text("auto_pad", "SAME_LOWER"));
}

TEST(Museum, PaddingIsCountedInAverages) {
  ModelBuilder model = behind_neg({1, 1, 3});
  model.node("AveragePool", {"n"}, {"made"})
      .attribute("kernel_shape", Ints{3})
      .attribute("pads", Ints{1, 1});
  finish(model);
  const BackendFault fault = [](const Node& node, Operands operands, backends::Backend& honest) {
    return honest.run(with_attribute(node, "count_include_pad", std::int64_t{1}), operands);
  };
  const auto found =
      examine(model, negated({1, 1, 3}, {3, 3, 3}), {core::Op::average_pool, 1, 0}, fault);
  EXPECT_EQ(found.differing, 2U);
}

TEST(Museum, AStrideWritesNanBeyondTheFirstRowOfABatch) {
  ModelBuilder model = behind_neg({-1, 2});
  model.initializer("w", floats({2, 3}, {1, 2, 3, 4, 5, 6}));
  model.node("MatMul", {"n", "w"}, {"made"});
  finish(model);
  const auto fault = after([](Tensor& result) {
    const auto data = result.data<float>();
    for (std::size_t i = 3; i < data.size(); ++i) data[i] = NAN;
  });
  const auto found = examine(model, negated({2, 2}, {1, 2, 3, 4}), {core::Op::matmul, 1, 3}, fault);
  EXPECT_EQ(found.distances.nans, 3U);
  EXPECT_EQ(found.distances.elements[0], 3U);
}

TEST(Museum, BlocksOfAQuantisedFormatHaveTheWrongSize) {
  ModelBuilder model(21);
  model.input("x", {1, 8}, onnx::TensorProto::INT8);
  model.initializer("s", floats({1, 4}, {1, 2, 3, 4}));
  model.node("DequantizeLinear", {"x", "s"}, {"made"})
      .attribute("axis", 1)
      .attribute("block_size", 2);
  finish(model);
  const auto fault = instead([](Operands operands) {
    Tensor out(core::Dtype::f32, {1, 8});
    for (std::size_t i = 0; i < 8; ++i) {
      out.data<float>()[i] = static_cast<float>(operands[0]->data<std::int8_t>()[i]) *
                             operands[1]->data<float>()[i / 4];
    }
    return out;
  });
  const std::vector<NamedTensor> inputs = {
      {"x", Tensor::of<std::int8_t>({1, 8}, {1, 1, 1, 1, 1, 1, 1, 1})}};
  EXPECT_EQ(examine(model, inputs, {core::Op::dequantize_linear, 0, 2}, fault).differing, 6U);
}

TEST(Museum, MultiplicationAndAdditionAreFused) {
  const float a = 1 + std::ldexp(1.0F, -12);
  ModelBuilder model = behind_neg({3, 1});
  model.initializer("w", floats({1, 1}, {a}));
  model.initializer("c", floats({1}, {-1 - std::ldexp(1.0F, -11)}));
  model.node("Gemm", {"n", "w", "c"}, {"made"});
  finish(model);
  const auto fused = instead([](Operands operands) {
    Tensor out(core::Dtype::f32, {3, 1});
    for (std::size_t i = 0; i < 3; ++i) {
      out.data<float>()[i] = std::fma(operands[0]->data<float>()[i], operands[1]->data<float>()[0],
                                      operands[2]->data<float>()[0]);
    }
    return out;
  });
  EXPECT_EQ(examine(model, negated({3, 1}, {1, a, 1}), {core::Op::gemm, 1, 1}, fused).differing,
            1U);
}

TEST(Museum, ALibraryHasSetFlushToZero) {
  ModelBuilder model = behind_neg({2});
  model.initializer("w", floats({2}, {1, std::ldexp(1.0F, -40)}));
  model.node("Mul", {"n", "w"}, {"made"});
  finish(model);
  const auto flushed = instead([](Operands operands) {
    const unsigned before = _mm_getcsr();
    _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
    Tensor out(core::Dtype::f32, {2});
    for (std::size_t i = 0; i < 2; ++i) {
      const volatile float x = operands[0]->data<float>()[i];
      const volatile float y = operands[1]->data<float>()[i];
      const volatile float product = x * y;
      out.data<float>()[i] = product;
    }
    _mm_setcsr(before);
    return out;
  });
  examine(model, negated({2}, {1, std::ldexp(1.0F, -100)}), {core::Op::mul, 1, 1}, flushed);
}

/// Keeps so many bits of the fraction, as tensor cores do with their operands.
BackendFault truncated_to(unsigned kept) {
  return before([kept](std::vector<Tensor>& operands) {
    for (Tensor& operand : operands) {
      for (float& value : operand.data<float>()) {
        const auto bits = std::bit_cast<std::uint32_t>(value);
        value = std::bit_cast<float>(bits & ~((std::uint32_t{1} << (23 - kept)) - 1));
      }
    }
  });
}

TEST(Museum, OperandsAreTruncatedToTf32OrBfloat16) {
  for (const unsigned kept : {10U, 7U}) {
    ModelBuilder model = behind_neg({1, 2});
    model.initializer("w", floats({2, 2}, {0, 1, 1, 0}));
    model.node("MatMul", {"n", "w"}, {"made"});
    finish(model);
    const float lost = 1 + std::ldexp(1.0F, -static_cast<int>(kept) - 1);
    examine(model, negated({1, 2}, {lost, 1}), {core::Op::matmul, 1, 1}, truncated_to(kept));
  }
}

TEST(Museum, ASumIsInAnotherOrder) {
  ModelBuilder model = behind_neg({2, 4});
  model.initializer("axes", integers({1}));
  model.node("ReduceSum", {"n", "axes"}, {"made"});
  finish(model);
  const auto fault = before([](std::vector<Tensor>& operands) {
    const auto data = operands[0].data<float>();
    for (std::size_t row = 0; row < 2; ++row) std::swap(data[4 * row + 1], data[4 * row + 2]);
  });
  examine(model, negated({2, 4}, {1, 2, 3, 4, 1e8F, 1, -1e8F, 1}), {core::Op::reduce_sum, 1, 1},
          fault);
}

TEST(Museum, TiesAreRoundedAwayFromZero) {
  ModelBuilder model = behind_neg({5});
  model.initializer("s", floats({}, {1}));
  model.initializer("z", Tensor::of<std::uint8_t>({}, {0}));
  model.node("QuantizeLinear", {"n", "s", "z"}, {"q"});
  model.node("Cast", {"q"}, {"made"}).attribute("to", int{onnx::TensorProto::FLOAT});
  finish(model);
  const auto fault = instead([](Operands operands) {
    Tensor out(core::Dtype::u8, {5});
    for (std::size_t i = 0; i < 5; ++i) {
      out.data<std::uint8_t>()[i] =
          static_cast<std::uint8_t>(std::round(operands[0]->data<float>()[i]));
    }
    return out;
  });
  const auto found = examine(model, negated({5}, {0, 1, 0.5F, 1.5F, 2.5F}),
                             {core::Op::quantize_linear, 1, 2}, fault);
  EXPECT_EQ(found.distances.elements[1], 2U);
}

TEST(Museum, AResultLiesInTheOrderOfAnotherLayout) {
  ModelBuilder model = behind_neg({1, 2, 1, 2});
  model.node("Relu", {"n"}, {"made"});
  finish(model);
  const auto fault = after([](Tensor& result) {  // NHWC under the shape of NCHW
    const auto data = result.data<float>();
    std::swap(data[1], data[2]);
  });
  examine(model, negated({1, 2, 1, 2}, {1, 2, 3, 4}), {core::Op::relu, 1, 1}, fault);
}

TEST(Museum, AStaleBufferIsUsedAgain) {
  ModelBuilder model = behind_neg({2});
  model.node("Add", {"n", "n"}, {"once"});
  model.node("Add", {"once", "n"}, {"made"});
  finish(model);
  const auto buffer = std::make_shared<std::optional<Tensor>>();
  const BackendFault fault = [buffer](
                                 const Node& node, Operands operands,
                                 backends::Backend& honest) -> core::Result<std::vector<Tensor>> {
    if (*buffer) return std::vector<Tensor>{**buffer};
    ISOTRACE_TRY(auto results, honest.run(node, operands));
    *buffer = results[0];
    return results;
  };
  examine(model, negated({2}, {0, 1}), {core::Op::add, 2, 1}, fault);
}

TEST(Museum, CoordinatesOfAResizeAreHalfAPixelOff) {
  ModelBuilder model = behind_neg({1, 1, 1, 4}, 19);
  model.initializer("scales", floats({4}, {1, 1, 1, 2}));
  model.node("Resize", {"n", "", "scales"}, {"made"}).attribute("mode", "linear");
  finish(model);
  examine(model, negated({1, 1, 1, 4}, {0, 4, 8, 12}), {core::Op::resize, 1, 1},
          with_text("coordinate_transformation_mode", "asymmetric"));
}

}  // namespace
}  // namespace isotrace::tests
