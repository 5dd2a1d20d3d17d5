// What If, Loop and Scan compute, imported from ONNX and executed on the reference.
#include <gtest/gtest.h>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/infer_shapes.hpp>

#include "tests/executor/control_models.hpp"

namespace isotrace::tests {
namespace {

using core::RefusalCode;
using core::Tensor;
using executor::NamedTensor;
using Inputs = std::vector<NamedTensor>;

core::Program program_of(const ModelBuilder& model) {
  auto program = executor::import_onnx(model.bytes());
  EXPECT_TRUE(program.has_value()) << core::describe(program.error());
  return *std::move(program);
}

core::Result<std::vector<NamedTensor>> run(const core::Program& program, const Inputs& inputs,
                                           const executor::ExecuteLimits& limits = {}) {
  const auto backend = backends::make_backend("reference", {});
  return executor::execute(program, inputs, **backend, {}, limits);
}

std::vector<NamedTensor> results(const ModelBuilder& model, const Inputs& inputs) {
  auto outputs = run(program_of(model), inputs);
  EXPECT_TRUE(outputs.has_value()) << core::describe(outputs.error());
  return *std::move(outputs);
}

RefusalCode refusal(const ModelBuilder& model, const Inputs& inputs) {
  const auto outputs = run(program_of(model), inputs);
  EXPECT_FALSE(outputs.has_value());
  return outputs.error().code;
}

RefusalCode import_refusal(const ModelBuilder& model) {
  const auto program = executor::import_onnx(model.bytes());
  EXPECT_FALSE(program.has_value());
  return program.error().code;
}

void expect(const NamedTensor& found, const Tensor& expected) {
  EXPECT_TRUE(core::identical(found.value, expected))
      << found.name << " " << core::shape_text(found.value.shape());
}

ModelBuilder branch_model() {
  ModelBuilder model(13);
  model.input("c", {1}, onnx_bool).input("x", {2}).output("y");
  model.node("If", {"c"}, {"y"})
      .attribute("then_branch", one_node_graph("Concat", {"x", "x"}))
      .attribute("else_branch", one_node_graph("Neg", {"x"}));
  auto& then_branch =
      *model.proto().mutable_graph()->mutable_node(0)->mutable_attribute(0)->mutable_g();
  NodeBuilder(*then_branch.mutable_node(0)).attribute("axis", 0);
  return model;
}

// [control.if]
TEST(If, ExecutesOneBranchAndItsResultHasThatBranchsShape) {
  const ModelBuilder model = branch_model();
  const auto boolean = [](bool v) {
    return Tensor::of<core::Bool8>({1}, {core::Bool8{static_cast<std::uint8_t>(v)}});
  };
  const Tensor x = floats({2}, {1, -2});
  expect(results(model, {{"c", boolean(true)}, {"x", x}})[0], floats({4}, {1, -2, 1, -2}));
  expect(results(model, {{"c", boolean(false)}, {"x", x}})[0], floats({2}, {-1, 2}));
  const auto shapes = executor::infer_shapes(program_of(model));
  ASSERT_TRUE(shapes.has_value());
  EXPECT_EQ(shapes->values.back().shape, core::Shape{-1});
}

TEST(If, TheBranchThatIsNotTakenMayBeImpossible) {
  ModelBuilder model(13);
  model.input("c", {}, onnx_bool).input("x", {2}).initializer("axis", integers({0})).output("y");
  model.node("If", {"c"}, {"y"})
      .attribute("then_branch", one_node_graph("Squeeze", {"x", "axis"}))
      .attribute("else_branch", one_node_graph("Identity", {"x"}));
  const Tensor x = floats({2}, {1, 2});
  expect(results(model, {{"c", truth(false)}, {"x", x}})[0], x);
  EXPECT_EQ(refusal(model, {{"c", truth(true)}, {"x", x}}), RefusalCode::shape_mismatch);
}

TEST(If, RefusesBranchesThatDoNotFit) {
  ModelBuilder types(13);
  types.input("c", {}, onnx_bool).input("x", {2}).output("y");
  types.node("If", {"c"}, {"y"})
      .attribute("then_branch", one_node_graph("Shape", {"x"}))
      .attribute("else_branch", one_node_graph("Neg", {"x"}));
  EXPECT_EQ(import_refusal(types), RefusalCode::operation_dtype_unsupported);
  ModelBuilder missing(13);
  missing.input("c", {}, onnx_bool).input("x", {2}).output("y");
  missing.node("If", {"c"}, {"y"}).attribute("else_branch", one_node_graph("Neg", {"x"}));
  EXPECT_EQ(import_refusal(missing), RefusalCode::onnx_malformed);
  ModelBuilder unknown(13);
  unknown.input("c", {}, onnx_bool).input("x", {2}).output("y");
  unknown.node("If", {"c"}, {"y"})
      .attribute("then_branch", one_node_graph("Neg", {"y"}))
      .attribute("else_branch", one_node_graph("Neg", {"x"}));
  EXPECT_EQ(import_refusal(unknown), RefusalCode::program_ill_formed);
  ModelBuilder condition = branch_model();
  condition.proto()
      .mutable_graph()
      ->mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(0)
      ->set_dim_value(2);
  EXPECT_EQ(
      refusal(condition, {{"c", Tensor(core::Dtype::boolean, {2})}, {"x", floats({2}, {1, 2})}}),
      RefusalCode::shape_mismatch);
}

/// sum and factor * i for i = 0, 1, ..., at most while sum < limit.
ModelBuilder loop_model(const Names& steering) {
  ModelBuilder body = loop_body({"sum"});
  body.output("again").output("next").output("scaled", {});
  body.node("Add", {"sum", "x"}, {"next"});
  body.node("Less", {"next", "limit"}, {"again"});
  body.node("Cast", {"i"}, {"real"}).attribute("to", 1);
  body.node("Mul", {"real", "x"}, {"scaled"});
  ModelBuilder model(13);
  model.input("n", {}, onnx_i64).input("c", {}, onnx_bool).input("x", {}).input("limit", {});
  model.output("total").output("list");
  model.node("Loop", {steering[0], steering[1], "x"}, {"total", "list"})
      .attribute("body", body.graph());
  return model;
}

Inputs loop_inputs(std::int64_t n, bool c, float limit) {
  return {{"n", count(n)}, {"c", truth(c)}, {"x", floats({}, {2})}, {"limit", floats({}, {limit})}};
}

// [control.loop]
TEST(Loop, EndsByCountOrConditionWhicheverComesFirst) {
  const ModelBuilder both = loop_model({"n", "c"});
  auto outputs = results(both, loop_inputs(3, true, 100));
  expect(outputs[0], floats({}, {8}));
  expect(outputs[1], floats({3}, {0, 2, 4}));
  outputs = results(both, loop_inputs(100, true, 7));
  expect(outputs[0], floats({}, {8}));
  expect(outputs[1], floats({3}, {0, 2, 4}));
  outputs = results(loop_model({"", "c"}), loop_inputs(0, true, 5));
  expect(outputs[0], floats({}, {6}));
}

TEST(Loop, WithoutConditionWhatTheBodySaysIsIgnored) {
  const auto outputs = results(loop_model({"n", ""}), loop_inputs(4, false, 0));
  expect(outputs[0], floats({}, {10}));
  expect(outputs[1], floats({4}, {0, 2, 4, 6}));
}

TEST(Loop, ThatNothingEndsIsRefusedBeforeItsFirstRound) {
  EXPECT_EQ(refusal(loop_model({"", ""}), loop_inputs(1, false, 0)), RefusalCode::limit_exceeded);
}

TEST(Loop, OfNoRoundGivesItsStatesAndEmptyScanOutputsOfTheDeclaredShape) {
  for (const auto& inputs :
       {loop_inputs(0, true, 9), loop_inputs(-1, true, 9), loop_inputs(5, false, 9)}) {
    const auto outputs = results(loop_model({"n", "c"}), inputs);
    expect(outputs[0], floats({}, {2}));
    expect(outputs[1], Tensor(core::Dtype::f32, {0}));
  }
  ModelBuilder body = loop_body({});
  body.output("go").output("wide", {-1, 3}).output("bare");
  body.node("Expand", {"x", "shape"}, {"wide"});
  body.node("Neg", {"x"}, {"bare"});
  ModelBuilder model(13);
  model.input("n", {}, onnx_i64).input("x", {3}).initializer("shape", integers({2, 3}));
  model.output("wides").output("bares");
  model.node("Loop", {"n", ""}, {"wides", "bares"}).attribute("body", body.graph());
  const auto outputs = results(model, {{"n", count(0)}, {"x", floats({3}, {1, 2, 3})}});
  expect(outputs[0], Tensor(core::Dtype::f32, {0, 0, 3}));
  expect(outputs[1], Tensor(core::Dtype::f32, {0}));
}

TEST(Loop, StatesMayChangeTheirShapeAndTheirRank) {
  ModelBuilder body = loop_body({"list", "deep"});
  body.output("go").output("longer").output("deeper");
  body.node("Concat", {"list", "x"}, {"longer"}).attribute("axis", 0);
  body.node("Unsqueeze", {"deep", "zero"}, {"deeper"});
  ModelBuilder model(13);
  model.input("n", {}, onnx_i64).input("x", {2}).initializer("zero", integers({0}));
  model.output("list").output("deep");
  model.node("Loop", {"n", "", "x", "x"}, {"list", "deep"}).attribute("body", body.graph());
  const auto outputs = results(model, {{"n", count(2)}, {"x", floats({2}, {1, 2})}});
  expect(outputs[0], floats({6}, {1, 2, 1, 2, 1, 2}));
  expect(outputs[1], floats({1, 1, 2}, {1, 2}));
  const auto shapes = executor::infer_shapes(program_of(model));
  ASSERT_TRUE(shapes.has_value());
  EXPECT_FALSE(shapes->values.back().shape.has_value());
}

TEST(Loop, ScanOutputsOfDifferentShapesAreRefused) {
  ModelBuilder body = loop_body({"list"});
  body.output("go").output("longer").output("longer_too");
  body.node("Concat", {"list", "x"}, {"longer"}).attribute("axis", 0);
  body.node("Identity", {"longer"}, {"longer_too"});
  ModelBuilder model(13);
  model.input("n", {}, onnx_i64).input("x", {2}).output("list").output("all");
  model.node("Loop", {"n", "", "x"}, {"list", "all"}).attribute("body", body.graph());
  EXPECT_EQ(refusal(model, {{"n", count(2)}, {"x", floats({2}, {1, 2})}}),
            RefusalCode::shape_mismatch);
}

TEST(Loop, WithoutEndRunsIntoTheLimitOfWork) {
  ModelBuilder model(13);
  ModelBuilder counted = loop_body({"s"});
  counted.output("go").output("s");
  model.input("x", {2}).output("y");
  model.node("Loop", {"", "", "x"}, {"y"}).attribute("body", counted.graph());
  executor::ExecuteLimits limits;
  limits.work_max = 100 * executor::program_work;
  const auto outputs = run(program_of(model), {{"x", floats({2}, {1, 2})}}, limits);
  ASSERT_FALSE(outputs.has_value());
  EXPECT_EQ(outputs.error().code, RefusalCode::limit_exceeded);
}

TEST(Loop, ScanOutputsCountAsMemory) {
  const core::Program program = program_of(loop_model({"n", ""}));
  executor::ExecuteLimits limits;
  limits.bytes_max = 4096;
  EXPECT_TRUE(run(program, loop_inputs(5, true, 0), limits).has_value());
  const auto outputs = run(program, loop_inputs(50, true, 0), limits);
  ASSERT_FALSE(outputs.has_value());
  EXPECT_EQ(outputs.error().code, RefusalCode::limit_exceeded);
}

/// `levels` graphs inside the model's, each the branch of an If in the one around it.
ModelBuilder nested_ifs(std::size_t levels) {
  onnx::GraphProto inside = one_node_graph("Neg", {"x"});
  for (std::size_t level = 1; level < levels; ++level) {
    ModelBuilder around;
    around.output("result");
    around.node("If", {"c"}, {"result"})
        .attribute("then_branch", inside)
        .attribute("else_branch", one_node_graph("Abs", {"x"}));
    inside = around.graph();
  }
  ModelBuilder model(13);
  model.input("x", {2}).input("c", {}, onnx_bool).output("y");
  model.node("If", {"c"}, {"y"})
      .attribute("then_branch", inside)
      .attribute("else_branch", one_node_graph("Abs", {"x"}));
  return model;
}

TEST(If, NestsAsDeepAsProgramsMay) {
  constexpr std::size_t most = core::limits::program_nesting_max;
  const auto outputs =
      results(nested_ifs(most - 1), {{"c", truth(true)}, {"x", floats({2}, {1, 2})}});
  expect(outputs[0], floats({2}, {-1, -2}));
  for (const std::size_t levels : {most, 2 * most, 40 * most}) {
    EXPECT_EQ(import_refusal(nested_ifs(levels)), RefusalCode::limit_exceeded) << levels;
  }
}

TEST(Loop, InsideIfInsideLoopSeesValuesOfEveryLevelAround) {
  const ModelBuilder model = nested_model();
  // total = [1, 10]; each round i adds i times x + total of that round's begin.
  std::vector<float> total = {1, 10};
  std::vector<float> all;
  for (int i = 0; i < 3; ++i) {
    const std::vector<float> begin = total;
    for (int k = 0; k < i; ++k) {
      for (std::size_t e = 0; e < 2; ++e) {
        total[e] = (total[e] + (e == 0 ? 1.0F : 10.0F)) + begin[e];
      }
    }
    all.insert(all.end(), total.begin(), total.end());
  }
  auto outputs = results(model, nested_inputs(3, true));
  expect(outputs[0], floats({2}, total));
  expect(outputs[1], floats({3, 2}, all));
  outputs = results(model, nested_inputs(2, false));
  expect(outputs[0], floats({2}, {-1, -10}));
  expect(outputs[1], floats({2, 2}, {0, 0, -1, -10}));
}

ModelBuilder scan_model(const Ints& input_axes, const Ints& input_directions,
                        const Ints& output_axes, const Ints& output_directions) {
  ModelBuilder body;
  body.shapeless_input("sum").shapeless_input("row").output("next").output("copy", {-1});
  body.node("Add", {"sum", "row"}, {"next"});
  body.node("Add", {"next", "bias"}, {"copy"});
  ModelBuilder model(9);
  model.input("s", {2}).input("x", {-1, -1}).initializer("bias", floats({1}, {100}));
  model.output("last").output("sums");
  model.node("Scan", {"s", "x"}, {"last", "sums"})
      .attribute("body", body.graph())
      .attribute("num_scan_inputs", 1)
      .attribute("scan_input_axes", input_axes)
      .attribute("scan_input_directions", input_directions)
      .attribute("scan_output_axes", output_axes)
      .attribute("scan_output_directions", output_directions);
  return model;
}

// [control.scan]
TEST(Scan, TakesInputsApartAndPutsOutputsTogetherAlongTheirAxes) {
  const Tensor start = floats({2}, {0, 0});
  const Tensor rows = floats({3, 2}, {1, 10, 2, 20, 3, 30});
  auto outputs = results(scan_model({0}, {0}, {0}, {0}), {{"s", start}, {"x", rows}});
  expect(outputs[0], floats({2}, {6, 60}));
  expect(outputs[1], floats({3, 2}, {101, 110, 103, 130, 106, 160}));
  outputs = results(scan_model({0}, {1}, {0}, {0}), {{"s", start}, {"x", rows}});
  expect(outputs[1], floats({3, 2}, {103, 130, 105, 150, 106, 160}));
  outputs = results(scan_model({0}, {0}, {0}, {1}), {{"s", start}, {"x", rows}});
  expect(outputs[1], floats({3, 2}, {106, 160, 103, 130, 101, 110}));
  outputs = results(scan_model({0}, {0}, {-1}, {0}), {{"s", start}, {"x", rows}});
  expect(outputs[1], floats({2, 3}, {101, 103, 106, 110, 130, 160}));
  const Tensor columns = floats({2, 3}, {1, 2, 3, 10, 20, 30});
  outputs = results(scan_model({-1}, {0}, {0}, {0}), {{"s", start}, {"x", columns}});
  expect(outputs[1], floats({3, 2}, {101, 110, 103, 130, 106, 160}));
}

TEST(Scan, OfNoSliceGivesItsStatesAndEmptyOutputs) {
  const auto outputs =
      results(scan_model({0}, {0}, {1}, {0}),
              {{"s", floats({2}, {7, 8})}, {"x", Tensor(core::Dtype::f32, {0, 2})}});
  expect(outputs[0], floats({2}, {7, 8}));
  expect(outputs[1], Tensor(core::Dtype::f32, {0, 0}));
}

TEST(Scan, RefusesSequencesInPlaceOfTensors) {
  ModelBuilder body;
  body.shapeless_input("part").output("part");
  ModelBuilder model(11);
  model.input("x", {2}).output("y");
  model.node("SequenceConstruct", {"x"}, {"s"});
  model.node("Scan", {"s"}, {"y"}).attribute("body", body.graph()).attribute("num_scan_inputs", 1);
  EXPECT_EQ(import_refusal(model), RefusalCode::operation_dtype_unsupported);
}

ModelBuilder batch_scan_model(const std::string& lengths) {
  ModelBuilder body;
  body.shapeless_input("sum").shapeless_input("row").output("next").output("copy");
  body.node("Add", {"sum", "row"}, {"next"});
  body.node("Add", {"next", "bias"}, {"copy"});
  ModelBuilder model(8);
  model.input("lengths", {2}, onnx_i64).input("s", {2, 1}).input("x", {2, 3, 1});
  model.initializer("bias", floats({1}, {100})).output("last").output("sums");
  model.node("Scan", {lengths, "s", "x"}, {"last", "sums"})
      .attribute("body", body.graph())
      .attribute("num_scan_inputs", 1)
      .attribute("directions", Ints{1});
  return model;
}

TEST(Scan, OfOperatorSet8GoesOverABatchOfSequencesOfTheirOwnLengths) {
  const Inputs inputs = {{"lengths", integers({3, 2})},
                         {"s", floats({2, 1}, {0, 1000})},
                         {"x", floats({2, 3, 1}, {1, 2, 3, 4, 5, 6})}};
  auto outputs = results(batch_scan_model(""), inputs);
  expect(outputs[0], floats({2, 1}, {6, 1015}));
  expect(outputs[1], floats({2, 3, 1}, {103, 105, 106, 1106, 1111, 1115}));
  outputs = results(batch_scan_model("lengths"), inputs);
  expect(outputs[0], floats({2, 1}, {6, 1009}));
  expect(outputs[1], floats({2, 3, 1}, {103, 105, 106, 1105, 1109, 0}));
}

TEST(SequenceMap, IsALoopThatMakesOneSequencePerOutput) {
  ModelBuilder body;
  body.input("element", {-1}).output("sum", {-1}).output("size", {1}, onnx_i64);
  body.node("Add", {"element", "x"}, {"sum"});
  body.node("Shape", {"element"}, {"size"});
  ModelBuilder model(17);
  model.input("x", {1}).initializer("b", floats({3}, {10, 20, 30}));
  model.output("first").output("sizes");
  model.node("SequenceConstruct", {"x", "b"}, {"s"});
  model.node("SequenceMap", {"s"}, {"sums", "counts"}).attribute("body", body.graph());
  model.initializer("one", integers({1})).initializer("last", count(-1));
  model.node("SequenceAt", {"sums", "last"}, {"first"});
  model.node("ConcatFromSequence", {"counts"}, {"sizes"}).attribute("axis", 0);
  const auto outputs = results(model, {{"x", floats({1}, {1})}});
  expect(outputs[0], floats({3}, {11, 21, 31}));
  expect(outputs[1], integers({1, 3}));
}

TEST(ControlFlow, IsTheSameProgramUnderOtherNamesAndInAnotherOrder) {
  const core::Program program = program_of(nested_model());
  ModelBuilder renamed = nested_model();
  auto& graph = *renamed.proto().mutable_graph();
  graph.mutable_node(0)->set_name("another");
  auto& body = *graph.mutable_node(0)->mutable_attribute(0)->mutable_g();
  body.mutable_input(0)->set_name("k");
  auto& inner = *body.mutable_node(0)->mutable_attribute(0)->mutable_g();
  inner.mutable_node(0)->set_input(0, "k");
  EXPECT_EQ(core::program_digest(program_of(renamed)), core::program_digest(program));
  const auto again = core::parse_program(core::write_program(program));
  ASSERT_TRUE(again.has_value()) << core::describe(again.error());
  EXPECT_EQ(core::write_program(*again), core::write_program(program));
}

TEST(ControlFlow, InputsWithoutAShapeTakeTensorsOfAnyRank) {
  ModelBuilder model(13);
  model.shapeless_input("x").output("y");
  model.node("Neg", {"x"}, {"y"});
  expect(results(model, {{"x", floats({}, {1})}})[0], floats({}, {-1}));
  expect(results(model, {{"x", floats({1, 2}, {1, 2})}})[0], floats({1, 2}, {-1, -2}));
}

}  // namespace
}  // namespace isotrace::tests
