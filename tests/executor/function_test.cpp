// Model-local functions: their nodes stand in place of the call.
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include "tests/executor/control_models.hpp"

namespace isotrace::tests {
namespace {

using core::RefusalCode;

/// A function under construction: nodes of its own, attributes by name.
class FunctionBuilder {
 public:
  FunctionBuilder(ModelBuilder& model, const std::string& name, const Names& inputs,
                  const Names& outputs, const Names& attributes = {})
      : function_(*model.proto().add_functions()) {
    function_.set_domain("local");
    function_.set_name(name);
    for (const std::string& input : inputs) function_.add_input(input);
    for (const std::string& output : outputs) function_.add_output(output);
    for (const std::string& attribute : attributes) function_.add_attribute(attribute);
  }
  NodeBuilder node(const std::string& op, const Names& inputs, const Names& outputs,
                   const std::string& domain = {}) {
    onnx::NodeProto& node = *function_.add_node();
    node.set_op_type(op);
    node.set_domain(domain);
    for (const std::string& name : inputs) node.add_input(name);
    for (const std::string& name : outputs) node.add_output(name);
    return NodeBuilder(node);
  }
  onnx::FunctionProto& proto() { return function_; }

 private:
  onnx::FunctionProto& function_;
};

NodeBuilder call(ModelBuilder& model, const std::string& name, const Names& inputs,
                 const Names& outputs) {
  NodeBuilder node = model.node(name, inputs, outputs);
  node.proto().set_domain("local");
  return node;
}

core::Digest digest(const ModelBuilder& model) {
  const auto program = executor::import_onnx(model.bytes());
  EXPECT_TRUE(program.has_value()) << core::describe(program.error());
  return core::program_digest(*program);
}

void expect_refused(const ModelBuilder& model, RefusalCode code) {
  const auto program = executor::import_onnx(model.bytes());
  ASSERT_FALSE(program.has_value());
  EXPECT_EQ(program.error().code, code) << core::describe(program.error());
}

/// leaky(x) = LeakyRelu(x) with the function's slope; twice(x) = leaky(leaky(x)). Every name is one
/// that the model has too.
ModelBuilder function_model() {
  ModelBuilder model(16);
  FunctionBuilder leaky(model, "leaky", {"x"}, {"y"}, {"slope"});
  leaky.node("LeakyRelu", {"x"}, {"y"}).reference("alpha", "slope", onnx::AttributeProto::FLOAT);
  FunctionBuilder twice(model, "twice", {"x"}, {"y"}, {"slope"});
  twice.node("leaky", {"x"}, {"h"}, "local")
      .reference("slope", "slope", onnx::AttributeProto::FLOAT);
  twice.node("leaky", {"h"}, {"y"}, "local").attribute("slope", 0.5F);
  model.input("x", {2}).output("y");
  call(model, "twice", {"x"}, {"h"}).attribute("slope", 0.25F);
  model.node("Neg", {"h"}, {"y"});
  return model;
}

/// leaky(x) with a slope that is 0.25 unless the call gives another.
ModelBuilder default_model(const std::string& field) {
  ModelBuilder model(16);
  FunctionBuilder leaky(model, "leaky", {"x"}, {"y"});
  leaky.node("LeakyRelu", {"x"}, {"y"}).reference("alpha", "slope", onnx::AttributeProto::FLOAT);
  onnx::FunctionProto& function = leaky.proto();
  function.GetReflection()->MutableUnknownFields(&function)->AddLengthDelimited(11, field);
  model.input("x", {2}).output("y");
  return model;
}

std::string slope_of(float value) {
  onnx::NodeProto node;
  NodeBuilder(node).attribute("slope", value);
  return node.attribute(0).SerializeAsString();
}

TEST(Functions, AttributesHaveDefaultValues) {
  const auto plain = [](float slope) {
    ModelBuilder model(16);
    model.input("x", {2}).output("y");
    model.node("LeakyRelu", {"x"}, {"y"}).attribute("alpha", slope);
    return digest(model);
  };
  ModelBuilder without = default_model(slope_of(0.25F));
  call(without, "leaky", {"x"}, {"y"});
  EXPECT_EQ(digest(without), plain(0.25F));
  ModelBuilder with = default_model(slope_of(0.25F));
  call(with, "leaky", {"x"}, {"y"}).attribute("slope", 0.5F);
  EXPECT_EQ(digest(with), plain(0.5F));
  ModelBuilder broken = default_model("no attribute");
  call(broken, "leaky", {"x"}, {"y"});
  expect_refused(broken, RefusalCode::onnx_malformed);
}

TEST(Functions, AreTheSameProgramAsTheirNodesInPlace) {
  ModelBuilder plain(16);
  plain.input("x", {2}).output("y");
  plain.node("LeakyRelu", {"x"}, {"a"}).attribute("alpha", 0.25F);
  plain.node("LeakyRelu", {"a"}, {"b"}).attribute("alpha", 0.5F);
  plain.node("Neg", {"b"}, {"y"});
  EXPECT_EQ(digest(function_model()), digest(plain));
}

TEST(Functions, AttributesThatACallLeavesOutHaveTheOperationsDefault) {
  ModelBuilder model = function_model();
  model.proto().mutable_graph()->mutable_node(0)->clear_attribute();
  ModelBuilder plain(16);
  plain.input("x", {2}).output("y");
  plain.node("LeakyRelu", {"x"}, {"a"});
  plain.node("LeakyRelu", {"a"}, {"b"}).attribute("alpha", 0.5F);
  plain.node("Neg", {"b"}, {"y"});
  EXPECT_EQ(digest(model), digest(plain));
}

TEST(Functions, AttributesReachGraphsInsideAndOperandsMayBeLeftOut) {
  ModelBuilder model(16);
  FunctionBuilder function(model, "choose", {"c", "x", "low"}, {"y"}, {"slope"});
  onnx::GraphProto leaky = one_node_graph("LeakyRelu", {"x"});
  NodeBuilder(*leaky.mutable_node(0)).reference("alpha", "slope", onnx::AttributeProto::FLOAT);
  function.node("If", {"c"}, {"y"})
      .attribute("then_branch", leaky)
      .attribute("else_branch", one_node_graph("Clip", {"x", "low"}));
  model.input("c", {}, onnx_bool).input("x", {2}).output("y");
  call(model, "choose", {"c", "x"}, {"y"}).attribute("slope", 0.25F);
  ModelBuilder plain(16);
  onnx::GraphProto given = one_node_graph("LeakyRelu", {"x"});
  NodeBuilder(*given.mutable_node(0)).attribute("alpha", 0.25F);
  plain.input("c", {}, onnx_bool).input("x", {2}).output("y");
  plain.node("If", {"c"}, {"y"})
      .attribute("then_branch", given)
      .attribute("else_branch", one_node_graph("Clip", {"x"}));
  EXPECT_EQ(digest(model), digest(plain));
}

TEST(Functions, HaveTheirOwnOperatorSet) {
  ModelBuilder model(16);
  FunctionBuilder function(model, "column", {"x"}, {"y"});
  auto& entry = *function.proto().add_opset_import();
  entry.set_domain("");
  entry.set_version(11);
  function.node("Unsqueeze", {"x"}, {"y"}).attribute("axes", Ints{1});
  model.input("x", {2}).output("y");
  call(model, "column", {"x"}, {"y"});
  ModelBuilder plain(16);
  plain.input("x", {2}).initializer("axes", integers({1})).output("y");
  plain.node("Unsqueeze", {"x", "axes"}, {"y"});
  EXPECT_EQ(digest(model), digest(plain));
}

TEST(Functions, DoNotSeeTheNamesAroundTheCall) {
  ModelBuilder model(16);
  FunctionBuilder function(model, "leak", {"x"}, {"y"});
  function.node("Add", {"x", "secret"}, {"y"});
  model.input("x", {2}).input("secret", {2}).output("y");
  call(model, "leak", {"x"}, {"y"});
  expect_refused(model, RefusalCode::program_ill_formed);
}

TEST(Functions, ThatCallThemselvesAreRefused) {
  ModelBuilder model(16);
  FunctionBuilder odd(model, "odd", {"x"}, {"y"});
  odd.node("even", {"x"}, {"y"}, "local");
  FunctionBuilder even(model, "even", {"x"}, {"y"});
  even.node("odd", {"x"}, {"y"}, "local");
  model.input("x", {2}).output("y");
  call(model, "odd", {"x"}, {"y"});
  expect_refused(model, RefusalCode::program_ill_formed);
}

TEST(Functions, ThatMultiplyWithoutEndAreRefused) {
  ModelBuilder model(16);
  constexpr int levels = 40;
  for (int level = 0; level < levels; ++level) {
    FunctionBuilder function(model, "f" + std::to_string(level), {"x"}, {"y"});
    const std::string next = level + 1 < levels ? "f" + std::to_string(level + 1) : "Neg";
    const std::string domain = level + 1 < levels ? "local" : "";
    function.node(next, {"x"}, {"h"}, domain);
    function.node(next, {"h"}, {"y"}, domain);
    // Nodes that nobody reads count too, and let the test end soon.
    for (int dead = 0; level + 1 == levels && dead < 4096; ++dead) {
      function.node("Neg", {"x"}, {"dead" + std::to_string(dead)});
    }
  }
  model.input("x", {2}).output("y");
  call(model, "f0", {"x"}, {"y"});
  expect_refused(model, RefusalCode::limit_exceeded);
}

TEST(Functions, RefuseUnknownAttributesAndSurplusOperands) {
  ModelBuilder attribute = function_model();
  NodeBuilder(*attribute.proto().mutable_graph()->mutable_node(0)).attribute("slip", 1.0F);
  expect_refused(attribute, RefusalCode::onnx_attribute_unsupported);
  ModelBuilder operand = function_model();
  operand.proto().mutable_graph()->mutable_node(0)->add_input("x");
  expect_refused(operand, RefusalCode::program_ill_formed);
  ModelBuilder twice = function_model();
  *twice.proto().add_functions() = twice.proto().functions(0);
  expect_refused(twice, RefusalCode::onnx_malformed);
}

}  // namespace
}  // namespace isotrace::tests
