// A program to test with: every kind of attribute, an optional operand left out, an unused result.
#pragma once

#include <isotrace/core/program.hpp>

namespace isotrace::core::samples {

/// image f32 [-1,3,8,8] -> Conv(weights) -> MaxPool (indices unused) -> LeakyRelu -> Clip(max only)
/// -> outputs "clipped" and "pooled".
inline Program sample_program() {
  Tensor weights(Dtype::f32, {4, 3, 3, 3});
  float value = -1;
  for (float& weight : weights.data<float>()) weight = value += 0.125F;
  Program program;
  program.inputs = {{"image", Dtype::f32, {-1, 3, 8, 8}}};
  program.constants = {weights, Tensor::of<float>({}, {6})};
  using Ints = std::vector<std::int64_t>;
  const auto integer = [](std::int64_t v) { return AttributeValue(v); };
  program.nodes.push_back({Op::conv,
                           {0, 1},
                           {3},
                           {{"auto_pad", std::string("NOTSET")},
                            {"dilations", Ints{1, 1}},
                            {"group", integer(1)},
                            {"k_segment", integer(256)},
                            {"pads", Ints{1, 1, 1, 1}},
                            {"strides", Ints{1, 1}}},
                           "convolve"});
  program.nodes.push_back({Op::max_pool,
                           {3},
                           {4, no_value},
                           {{"auto_pad", std::string("NOTSET")},
                            {"ceil_mode", integer(0)},
                            {"dilations", Ints{1, 1}},
                            {"kernel_shape", Ints{2, 2}},
                            {"pads", Ints{0, 0, 0, 0}},
                            {"storage_order", integer(0)},
                            {"strides", Ints{2, 2}}},
                           "pool"});
  program.nodes.push_back({Op::leaky_relu, {4}, {5}, {{"alpha", 0.01F}}, "leak"});
  program.nodes.push_back({Op::clip, {5, no_value, 2}, {6}, {}, "clip"});
  program.outputs = {{"clipped", 6}, {"pooled", 4}};
  program.value_names = {"image", "weights", "six", "conv_out"};
  return program;
}

/// condition bool, x f32 [-1] -> If whose branches hold x and Identity of If(x): two levels of
/// programs.
inline Program nested_program() {
  const auto leaf = [](Op op) {
    Program program;
    program.inputs = {{"0", Dtype::f32, any_rank}};
    program.nodes.push_back({op, {0}, {1}, {}, "leaf"});
    program.outputs = {{"0", 1}};
    return *SubProgram::make(std::move(program));
  };
  Program middle;
  middle.inputs = {{"0", Dtype::f32, any_rank}};
  middle.constants = {Tensor::of<Bool8>({}, {Bool8{1}})};
  middle.nodes.push_back({Op::branch,
                          {1, 0},
                          {2},
                          {{"else_branch", leaf(Op::neg)}, {"then_branch", leaf(Op::abs)}},
                          ""});
  middle.outputs = {{"0", 2}};
  Program program;
  program.inputs = {{"condition", Dtype::boolean, {}}, {"x", Dtype::f32, {-1}}};
  program.nodes.push_back(
      {Op::branch,
       {0, 1},
       {2},
       {{"else_branch", *SubProgram::make(std::move(middle))}, {"then_branch", leaf(Op::relu)}},
       "choose"});
  program.outputs = {{"y", 2}};
  return program;
}

}  // namespace isotrace::core::samples
