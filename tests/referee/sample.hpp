// Traces of one tensor program, honest and not, and parties that stand by them.
#pragma once

#include <gtest/gtest.h>

#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/memory_trace.hpp>
#include <isotrace/referee/judge.hpp>
#include <isotrace/referee/trace_party.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::referee::tests {

using isotrace::tests::floats;
using isotrace::tests::ModelBuilder;

inline std::unique_ptr<backends::Backend> reference() {
  return *backends::make_backend("reference", {});
}

/// Nine steps: x f32 [2,3] with a weight, a constant, a branch that is joined again, and an output
/// that is a constant.
inline executor::EmbeddedRun sample_run() {
  ModelBuilder model;
  model.input("x", {2, 3}).initializer("w", floats({3, 4}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 7, 6}));
  model.initializer("b", floats({4}, {0.5F, -1, 2, -8})).output("y").output("w");
  model.node("MatMul", {"x", "w"}, {"product"});
  model.node("Add", {"product", "b"}, {"sum"});
  model.node("Relu", {"sum"}, {"positive"});
  model.node("Neg", {"sum"}, {"negative"});
  model.node("Mul", {"positive", "negative"}, {"both"});
  model.node("Softmax", {"both"}, {"soft"}).attribute("axis", 1);
  model.node("Add", {"soft", "b"}, {"shifted"});
  model.node("Relu", {"shifted"}, {"cut"});
  model.node("Sub", {"cut", "sum"}, {"y"});
  auto program = executor::import_onnx(model.bytes());
  EXPECT_TRUE(program.has_value()) << core::describe(program.error());
  return {*std::move(program), {{"x", floats({2, 3}, {1, -2, 3, -4, 5, 6})}}};
}

inline trace::Trace record(const executor::EmbeddedRun& run, backends::Backend& backend,
                           executor::Keep keep = executor::Keep::none) {
  auto trace = executor::record_in_memory(run.program, run.inputs, backend,
                                          {.path = {}, .keep = keep, .tool = {}});
  EXPECT_TRUE(trace.has_value()) << core::describe(trace.error());
  return *std::move(trace);
}

inline trace::Trace honest_trace(const executor::EmbeddedRun& run) {
  return record(run, *reference());
}

/// The trace with a root over what now stands in it.
inline trace::Trace sealed(trace::Trace trace) {
  trace.tree = trace::SubtreeRoots(trace_leaves(trace));
  trace.root = trace.tree.root();
  return trace;
}

inline std::unique_ptr<Party> party(trace::Trace trace, executor::EmbeddedRun run) {
  return make_tensor_party(std::move(trace), std::move(run), reference());
}

inline Ruling judge(Party& a, Party& b) { return referee::judge(a, b, *reference()); }

inline core::Digest flipped(core::Digest digest) {
  digest.bytes[7] ^= 0x10;
  return digest;
}

}  // namespace isotrace::referee::tests
