// Small variants of the models that are measured: they import, run, and have the same trace root on
// both backends, with any number of threads, and from the kernels for devices, compiled for the
// host.
#include <tools/models/models.hpp>

#include <gtest/gtest.h>

#include <cmath>

#include <isotrace/backends/gpu/gpu_backend.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/executor/execute.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <tests/backends/host_device.hpp>
#include <tools/commands/discard_files.hpp>

namespace isotrace::models {
namespace {

core::Program import(const onnx::ModelProto& model) {
  const std::string text = model.SerializeAsString();
  auto program =
      executor::import_onnx({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  EXPECT_TRUE(program) << (program ? "" : core::describe(program.error()));
  return program ? *std::move(program) : core::Program{};
}

/// Floats in [0, 1), integers 0 or 1.
std::vector<executor::NamedTensor> make_inputs(const core::Program& program) {
  std::vector<executor::NamedTensor> inputs;
  core::PhiloxStream random(7);
  for (const core::ProgramInput& input : program.inputs) {
    core::Tensor tensor(input.dtype, input.shape);
    if (input.dtype == core::Dtype::i64) {
      for (auto& x : tensor.data<std::int64_t>()) x = static_cast<int>(random.next_below(2));
    } else {
      for (auto& x : tensor.data<float>()) x = random.next_f32();
    }
    inputs.push_back({input.name, std::move(tensor)});
  }
  return inputs;
}

core::Result<executor::Recording> record(const core::Program& program, backends::Backend& backend,
                                         unsigned hash_threads) {
  tools::DiscardFiles nowhere;
  const executor::RecordOptions options{
      .path = "-", .embed_program = false, .tool = {}, .hash_threads = hash_threads};
  return executor::record(program, make_inputs(program), backend, nowhere, options);
}

core::Result<executor::Recording> record(const core::Program& program, const char* backend,
                                         unsigned threads) {
  ISOTRACE_TRY(const auto made, backends::make_backend(backend, {.threads = threads, .isa = {}}));
  return record(program, *made, threads - 1);
}

/// The outputs of a run that nobody watches, whose steps may run as one.
void expect_same_outputs(const core::Program& program, const executor::Recording& expected,
                         unsigned threads, const char* isa) {
  const auto backend = backends::make_backend("cpu", {.threads = threads, .isa = isa});
  if (!backend) {
    EXPECT_EQ(backend.error().code, core::RefusalCode::device_absent) << "not on this processor";
    return;
  }
  const auto outputs = executor::execute(program, make_inputs(program), **backend);
  ASSERT_TRUE(outputs) << core::describe(outputs.error());
  ASSERT_EQ(outputs->size(), expected.outputs.size());
  for (std::size_t i = 0; i < outputs->size(); ++i) {
    EXPECT_TRUE(core::identical((*outputs)[i].value, expected.outputs[i].value)) << isa;
  }
}

/// Bytes of the results of all steps.
std::size_t result_bytes(const core::Program& program) {
  const auto backend = backends::make_backend("reference", {});
  std::size_t bytes = 0;
  const auto count = [&](const executor::StepView& step) -> core::Result<core::Done> {
    for (const core::TensorView& result : step.results) bytes += result.bytes().size();
    return core::Done{};
  };
  EXPECT_TRUE(executor::execute(program, make_inputs(program), **backend, count));
  return bytes;
}

/// Little but digests and the outputs is fetched: numbers of elements in doubt, and what the host
/// reads.
void expect_same_root_on_device(const core::Program& program, const core::Digest& root) {
  auto made = std::make_unique<backends::gpu::HostDevice>(16, backends::gpu::HostOrder::forwards,
                                                          backends::gpu::ByteUnits::tensor_cores);
  backends::gpu::HostDevice& device = *made;
  const auto backend = backends::gpu::make_gpu_backend("cuda", std::move(made));
  ASSERT_TRUE(backend);
  const auto actual = record(program, **backend, 0);
  ASSERT_TRUE(actual) << core::describe(actual.error());
  EXPECT_EQ(actual->root, root);
  EXPECT_EQ(device.held(), 0U);
  std::size_t needed = actual->steps * sizeof(core::Digest);
  for (const auto& output : actual->outputs) needed += output.value.bytes().size();
  EXPECT_LT(device.fetched(), needed + result_bytes(program) / 20);
}

void expect_same_root(const onnx::ModelProto& model) {
  const core::Program program = import(model);
  const auto expected = record(program, "reference", 1);
  ASSERT_TRUE(expected) << core::describe(expected.error());
  expect_same_root_on_device(program, expected->root);
  for (const auto& output : expected->outputs) {
    for (const float x : output.value.data<float>()) ASSERT_TRUE(std::isfinite(x)) << output.name;
  }
  for (const unsigned threads : {1U, 2U, 3U}) {
    const auto actual = record(program, "cpu", threads);
    if (!actual && actual.error().code == core::RefusalCode::device_absent) {
      GTEST_SKIP() << core::describe(actual.error());
    }
    ASSERT_TRUE(actual) << core::describe(actual.error());
    EXPECT_EQ(actual->root, expected->root) << threads << " threads";
    for (const char* isa : {"avx2", "avx512"})
      expect_same_outputs(program, *expected, threads, isa);
  }
}

TEST(Models, resnet_has_the_same_root_on_both_backends) {
  for (const bool fold : {false, true}) {
    expect_same_root(make_resnet({.seed = 3,
                                  .batch = 2,
                                  .image = 45,
                                  .width = 8,
                                  .blocks = {2, 1, 1, 1},
                                  .classes = 10,
                                  .fold = fold}));
  }
}

TEST(Models, mobilenet_has_the_same_root_on_both_backends) {
  expect_same_root(make_mobilenet(
      {.seed = 3, .batch = 1, .image = 64, .divisor = 8, .repeats_max = 2, .classes = 10}));
}

TransformerOptions small_transformer() {
  return {.seed = 3,
          .batch = 2,
          .sequence = 21,
          .layers = 2,
          .heads = 3,
          .width = 48,
          .positions = 32,
          .vocabulary = 100};
}

TEST(Models, bert_has_the_same_root_on_both_backends) {
  TransformerOptions options = small_transformer();
  for (const bool erf : {false, true}) {
    options.erf = erf;
    options.norm_in_parts = erf;
    expect_same_root(make_bert(options));
  }
}

TEST(Models, gpt2_has_the_same_root_on_both_backends) {
  TransformerOptions options = small_transformer();
  for (const bool tied : {false, true}) {
    options.tied = tied;
    expect_same_root(make_gpt2(options));
  }
}

TEST(Models, the_seed_determines_the_weights) {
  const auto bytes = [](std::uint64_t seed) {
    return make_mobilenet({.seed = seed, .divisor = 8, .repeats_max = 1}).SerializeAsString();
  };
  EXPECT_EQ(bytes(1), bytes(1));
  EXPECT_NE(bytes(1), bytes(2));
}

}  // namespace
}  // namespace isotrace::models
