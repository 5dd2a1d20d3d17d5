#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <isotrace/trace/compare.hpp>

#include "tests/trace/sample.hpp"

namespace isotrace::trace::samples {
namespace {

core::Tensor any_tensor() {
  const auto dtype = *core::dtype_from_number(*rc::gen::inRange<std::uint8_t>(1, 23));
  core::Shape shape;
  for (int axis = *rc::gen::inRange(0, 4); axis > 0; --axis) {
    shape.push_back(*rc::gen::inRange<std::int64_t>(0, 4));
  }
  core::Tensor tensor(dtype, shape);
  for (auto& byte : tensor.mutable_bytes()) {
    const bool tiny = dtype == core::Dtype::boolean || dtype >= core::Dtype::i4;
    byte = *rc::gen::inRange<std::uint8_t>(0, tiny ? 2 : 255);
  }
  return tensor;
}

std::string any_name() { return *rc::gen::container<std::string>(rc::gen::arbitrary<char>()); }

std::vector<NamedRecord> any_named() {
  std::vector<NamedRecord> named;
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
    named.push_back({any_name(), record_of(any_tensor())});
  }
  return named;
}

StepRecord any_step(std::uint64_t index) {
  StepRecord step;
  step.index = index;
  step.op = core::all_ops()[*rc::gen::inRange<std::size_t>(0, core::all_ops().size())].op;
  step.attributes.bytes[3] = *rc::gen::arbitrary<std::uint8_t>();
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    step.inputs.emplace_back();
    if (*rc::gen::arbitrary<bool>()) step.inputs.back() = record_of(any_tensor());
  }
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) step.outputs.push_back(record_of(any_tensor()));
  step.name = any_name();
  return step;
}

Recording any_recording() {
  Recording recording;
  recording.identity = {any_name(), core::sha256(core::as_bytes(any_name())), any_named(),
                        *rc::gen::arbitrary<std::uint64_t>()};
  recording.provenance = {any_name(), any_name(), any_name()};
  const auto steps = *rc::gen::inRange<std::uint64_t>(0, 12);
  for (std::uint64_t i = 0; i < steps; ++i) recording.steps.push_back(any_step(i));
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) recording.contents.push_back(any_tensor());
  recording.outputs = any_named();
  return recording;
}

RC_GTEST_PROP(RandomTrace, is_read_back_as_written, ()) {
  const Recording recording = any_recording();
  const auto trace = parse_trace(write_recording(recording));
  RC_ASSERT(trace.has_value());
  RC_ASSERT(identity_digest(trace->identity) == identity_digest(recording.identity));
  RC_ASSERT(trace->provenance.device == recording.provenance.device);
  RC_ASSERT(outputs_digest(trace->outputs) == outputs_digest(recording.outputs));
  RC_ASSERT(trace->steps.size() == recording.steps.size());
  for (std::size_t i = 0; i < recording.steps.size(); ++i) {
    RC_ASSERT(step_digest(trace->steps[i]) == step_digest(recording.steps[i]));
    RC_ASSERT(trace->steps[i].name == recording.steps[i].name);
  }
  for (const core::Tensor& tensor : recording.contents) {
    const core::Tensor* stored = trace->find_content(core::tensor_digest(tensor));
    RC_ASSERT(stored != nullptr);
    RC_ASSERT(core::identical(*stored, tensor));
  }
}

RC_GTEST_PROP(RandomTrace, two_have_a_divergence_exactly_when_their_roots_differ, ()) {
  const Trace a = make_trace(any_recording());
  const Trace b = make_trace(any_recording());
  RC_ASSERT(find_divergence(a, b).has_value() == (a.root != b.root));
}

}  // namespace
}  // namespace isotrace::trace::samples
