#include "tests/trace/sample.hpp"

#include <gtest/gtest.h>

#include <isotrace/trace/writer.hpp>

#include "tests/support/simulated_files.hpp"

namespace isotrace::trace::samples {
namespace {

using core::Tensor;

Tensor numbers(core::Shape shape, float first) {
  Tensor tensor(core::Dtype::f32, std::move(shape));
  for (float& value : tensor.data<float>()) value = first++;
  return tensor;
}

}  // namespace

core::Program sample_program() {
  core::Program program;
  program.inputs = {{"x", core::Dtype::f32, {2, 3}}};
  program.constants = {numbers({3, 2}, -2)};
  program.nodes.push_back(
      {core::Op::matmul, {0, 1}, {2}, {{"k_segment", std::int64_t{256}}}, "mm"});
  program.nodes.push_back({core::Op::relu, {2}, {3}, {}, "act"});
  program.outputs = {{"y", 3}};
  return program;
}

Recording sample_recording() {
  const core::Program program = sample_program();
  const Tensor x = numbers({2, 3}, 1);
  const auto product = Tensor::of<float>({2, 2}, {8, 14, 8, 23});
  Recording recording;
  recording.identity = {"isonum-1", core::program_digest(program), {{"x", record_of(x)}}, 7};
  recording.provenance = {"reference", "none", "isotrace 0.1.0"};
  recording.program = core::write_program(program);
  const auto attributes = [&](std::size_t i) { return core::attribute_digest(program.nodes[i]); };
  recording.steps.push_back({0,
                             core::Op::matmul,
                             attributes(0),
                             {record_of(x), record_of(program.constants[0])},
                             {record_of(product)},
                             "mm"});
  recording.steps.push_back(
      {1, core::Op::relu, attributes(1), {record_of(product)}, {record_of(product)}, "act"});
  recording.outputs = {{"y", record_of(product)}};
  recording.contents = {x, program.constants[0]};
  return recording;
}

Recording chain_recording(std::size_t count) {
  Recording recording;
  TensorRecord value = record_of(numbers({4}, 0));
  recording.identity = {"isonum-1", core::sha256(core::as_bytes("chain")), {{"x", value}}, 0};
  const core::Digest none = core::attribute_digest({core::Op::relu, {}, {}, {}, {}});
  for (std::size_t i = 0; i < count; ++i) {
    const TensorRecord next = record_of(numbers({4}, static_cast<float>(i + 1)));
    recording.steps.push_back({i, core::Op::relu, none, {value}, {next}, "relu"});
    value = next;
  }
  recording.outputs = {{"y", value}};
  return recording;
}

core::Bytes write_recording(const Recording& recording) {
  tests::SimulatedFiles files;
  auto writer = TraceWriter::begin(files, "run.isotrace", recording.identity, recording.provenance,
                                   {recording.program});
  EXPECT_TRUE(writer.has_value());
  for (const Tensor& tensor : recording.contents) {
    EXPECT_TRUE(writer->store(tensor, core::tensor_digest(tensor)).has_value());
  }
  for (const StepRecord& step : recording.steps) EXPECT_TRUE(writer->append(step).has_value());
  EXPECT_TRUE(writer->finish(recording.outputs).has_value());
  return files.files().at("run.isotrace");
}

Trace make_trace(const Recording& recording) {
  auto trace = parse_trace(write_recording(recording));
  EXPECT_TRUE(trace.has_value()) << core::describe(trace.error());
  return *std::move(trace);
}

std::vector<Message> messages_of(const core::Bytes& file) {
  std::vector<Message> messages;
  core::ByteView rest = file;
  while (!rest.empty()) {
    auto decoded = decode_message(rest);
    EXPECT_TRUE(decoded.has_value());
    rest = rest.subspan(decoded->bytes);
    messages.push_back(std::move(decoded->message));
  }
  return messages;
}

core::Bytes join(const std::vector<Message>& messages) {
  core::Bytes file;
  for (const Message& message : messages) {
    const auto bytes = encode_message(message);
    EXPECT_TRUE(bytes.has_value());
    file.insert(file.end(), bytes->begin(), bytes->end());
  }
  return file;
}

core::Bytes join_and_seal(std::vector<Message> messages) {
  const std::vector<Message> before(messages.begin(), messages.end() - 1);
  std::get<FooterMessage>(messages.back()).file_digest = core::sha256(join(before));
  return join(messages);
}

core::RefusalCode refusal_of(const core::Bytes& file) {
  const auto trace = parse_trace(file);
  EXPECT_FALSE(trace.has_value());
  if (trace) return core::RefusalCode::artifact_unknown;
  return trace.error().code;
}

}  // namespace isotrace::trace::samples
