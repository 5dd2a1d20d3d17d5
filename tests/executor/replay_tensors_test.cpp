// Tensor steps that a trace has of a program's models are computed again, and no others pass.
#include <gtest/gtest.h>

#include <isotrace/executor/replay_tensors.hpp>
#include <isotrace/executor/wasi_nn.hpp>
#include <isotrace/wasm/program_digest.hpp>
#include <isotrace/wasm/record/record.hpp>
#include <isotrace/wasm/validate.hpp>

#include "tests/support/data.hpp"
#include "tests/support/simulated_files.hpp"
#include "tests/wasm/wasi/wasi_machine.hpp"

namespace isotrace::executor::tests {
namespace {

wasm::RunRequest classify_request() {
  auto module = wasm::load_module(
      isotrace::tests::read_file(ISOTRACE_FIXTURES "/wasm/programs/classify.wasm"),
      wasm::Edition::v2);
  EXPECT_TRUE(module.has_value());
  const core::Digest program = wasm::program_digest(*module);
  return {.module = std::make_shared<const wasm::Module>(*std::move(module)),
          .program = program,
          .invoke = "_start",
          .arguments = {}};
}

struct TensorReplays : testing::Test {
  void SetUp() override {
    backend = *backends::make_backend("reference", {});
    auto world = tools::wasi::make_world({{{"/m", ISOTRACE_FIXTURES "/controller"}}, 0});
    world->output = std::make_unique<wasm::wasi::tests::MemoryStream>(output);
    wasm::wasi::Wasi wasi({{"classify", "/m/controller.onnx", "0.25", "0.75", "0.5"}, {}},
                          *std::move(world));
    wasm::TensorStepSink sink;
    WasiNn nn(*backend, [&](const trace::StepRecord& step) { return sink.take(step); });
    wasm::HostLibrary* const libraries[] = {&wasi, &nn};
    const wasm::Link link = [&](wasm::Store& store, const wasm::Module& module) {
      return wasm::link_host(store, module, libraries);
    };
    const auto machine = *wasm::ModuleRun::make(request, link, wasm::make_reference_engine);
    isotrace::tests::SimulatedFiles files;
    wasm::RecordOptions options;
    options.path = "t";
    options.tensor_steps = &sink;
    const auto recorded = wasm::record_run(*machine, request, files, options);
    ASSERT_TRUE(recorded.has_value() && recorded->has_value());
    trace = *trace::parse_trace(files.files().at("t"));
    ASSERT_EQ(trace.steps.size(), 5U);
  }

  core::Verdict judge() {
    const auto verdict =
        replay_tensors(trace, request, wasm::make_reference_engine, *backend, ExecuteLimits{});
    EXPECT_TRUE(verdict.has_value());
    return *verdict;
  }

  wasm::RunRequest request = classify_request();
  std::unique_ptr<backends::Backend> backend;
  std::string output;
  trace::Trace trace;
};

TEST_F(TensorReplays, what_was_recorded_is_accepted) {
  const core::Verdict verdict = judge();
  EXPECT_TRUE(verdict.accepted()) << verdict.reason;
}

TEST_F(TensorReplays, a_step_with_another_tensor_is_rejected) {
  trace.steps[3].outputs[0].digest.bytes[0] ^= 1;
  EXPECT_EQ(judge().reason, "tensor step 3 comes out otherwise");
}

TEST_F(TensorReplays, a_step_too_many_or_too_few_is_rejected) {
  trace.steps.push_back(trace.steps.back());
  EXPECT_EQ(judge().reason, "the program computes 5 tensor steps of 6");
  trace.steps.resize(4);
  EXPECT_EQ(judge().reason, "tensor step 4 comes out otherwise");
}

TEST_F(TensorReplays, an_answer_that_the_model_does_not_give_is_rejected) {
  // The call of get_output is the one that writes the result.
  for (trace::HostCallRecord& call : trace.machine.host_calls) {
    if (call.arguments.size() != 5 || call.writes.size() != 2) continue;
    call.writes[0].bytes[0] ^= 1;
  }
  EXPECT_NE(judge().reason.find("is answered otherwise"), std::string::npos);
}

}  // namespace
}  // namespace isotrace::executor::tests
