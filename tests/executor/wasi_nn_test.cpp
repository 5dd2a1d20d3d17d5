// Models inside WebAssembly programs have the outputs and steps that they have outside of them.
#include <cstring>

#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/trace/reader.hpp>

#include "tests/executor/nn_machine.hpp"
#include "tests/support/data.hpp"
#include "tests/support/simulated_files.hpp"
#include "tests/wasm/programs/command.hpp"

namespace isotrace::executor::tests {
namespace {

using Errno = WasiNn::Errno;
using wasm::tests::CommandRun;
using wasm::tests::EngineChoice;

constexpr std::uint32_t success = 0;

std::uint32_t number(Errno why) { return static_cast<std::uint32_t>(why); }

// ---- the program `classify`

/// What `isotrace run` records of the controller.
trace::Trace record_controller(const std::vector<float>& state, const std::string& backend_name) {
  const core::Bytes model =
      isotrace::tests::read_file(ISOTRACE_FIXTURES "/controller/controller.onnx");
  const auto program = import_onnx(model);
  EXPECT_TRUE(program.has_value());
  const NamedTensor input{"state", isotrace::tests::floats({1, 3}, state)};
  const auto backend = backends::make_backend(backend_name, {});
  isotrace::tests::SimulatedFiles files;
  const auto run = record(*program, {&input, 1}, **backend, files, {.path = "t", .tool = "test"});
  EXPECT_TRUE(run.has_value());
  return *trace::parse_trace(files.files().at("t"));
}

std::string first_line(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  char line[64];
  std::snprintf(line, sizeof line, "0 %.9g %08x\n", static_cast<double>(value), bits);
  return line;
}

struct WasiNnPrograms : testing::TestWithParam<EngineChoice> {};
INSTANTIATE_TEST_SUITE_P(Engines, WasiNnPrograms, testing::ValuesIn(wasm::tests::all_engines()),
                         wasm::tests::engine_name);

TEST_P(WasiNnPrograms, a_model_in_a_program_has_the_bits_and_steps_of_a_run_of_its_own) {
  for (const std::string backend_name : {"reference", "cpu"}) {
    std::vector<trace::StepRecord> steps;
    const auto backend = backends::make_backend(backend_name, {});
    WasiNn nn(**backend, [&](const trace::StepRecord& step) -> core::Result<core::Done> {
      steps.push_back(step);
      return core::Done{};
    });
    const CommandRun run(GetParam(), "classify", ISOTRACE_FIXTURES "/controller",
                         {{"/files/controller.onnx", "0.25", "0.75", "0.5"}, {}}, "", &nn);
    EXPECT_EQ(run.error, "");
    const trace::Trace expected = record_controller({0.25F, 0.75F, 0.5F}, backend_name);
    ASSERT_EQ(steps.size(), expected.steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      EXPECT_EQ(trace::step_digest(steps[i]), trace::step_digest(expected.steps[i]));
    }
    const core::Bytes model =
        isotrace::tests::read_file(ISOTRACE_FIXTURES "/controller/controller.onnx");
    const NamedTensor input{"state", isotrace::tests::floats({1, 3}, {0.25F, 0.75F, 0.5F})};
    const auto outputs = execute(*import_onnx(model), {&input, 1}, **backend);
    EXPECT_EQ(run.output, first_line(outputs->at(0).value.data<float>()[0]) + "class 0\n");
  }
}

TEST_P(WasiNnPrograms, a_file_that_is_no_model_is_an_error_of_the_program) {
  const auto backend = backends::make_backend("reference", {});
  WasiNn nn(**backend);
  const CommandRun run(GetParam(), "classify", ISOTRACE_FIXTURES "/controller",
                       {{"/files/README.md", "1"}, {}}, "", &nn);
  EXPECT_EQ(run.error, "classify: load: error 1\n");
  EXPECT_EQ(run.exit_code, 1U);
}

// ---- single calls

core::Bytes bytes_of(const std::vector<std::uint8_t>& list) { return list; }

TEST(WasiNn, every_element_type_goes_in_and_out) {
  struct Case {
    std::uint32_t type;
    core::Dtype dtype;
    int onnx_type;
    std::vector<std::uint8_t> two;    // the element 2
    std::vector<std::uint8_t> three;  // and 3
  };
  const std::vector<Case> cases = {
      {0, core::Dtype::f16, onnx::TensorProto::FLOAT16, {0x00, 0x40}, {0x00, 0x42}},
      {1, core::Dtype::f32, onnx::TensorProto::FLOAT, {0, 0, 0, 0x40}, {0, 0, 0x40, 0x40}},
      {2, core::Dtype::u8, onnx::TensorProto::UINT8, {2}, {3}},
      {3, core::Dtype::i32, onnx::TensorProto::INT32, {2, 0, 0, 0}, {3, 0, 0, 0}},
      {4,
       core::Dtype::i64,
       onnx::TensorProto::INT64,
       {2, 0, 0, 0, 0, 0, 0, 0},
       {3, 0, 0, 0, 0, 0, 0, 0}}};
  NnMachine machine;
  for (const Case& now : cases) {
    ASSERT_EQ(machine.load(plus_one(now.dtype, now.onnx_type)), success) << now.type;
    ASSERT_EQ(machine.call("init_execution_context", {machine.u32(0x20), 0x24}), success);
    const std::uint32_t context = machine.u32(0x24);
    core::Bytes data = bytes_of(now.two);
    data.insert(data.end(), now.two.begin(), now.two.end());
    machine.put_tensor(now.type, {1, 2}, data);
    EXPECT_EQ(machine.call("set_input", {context, 0, 0x30}), success);
    EXPECT_EQ(machine.call("compute", {context}), success);
    EXPECT_EQ(machine.call("get_output", {context, 0, 0x200, 64, 0x28}), success);
    ASSERT_EQ(machine.u32(0x28), data.size());
    const auto memory = machine.store.memories[0].data.bytes();
    EXPECT_TRUE(std::ranges::equal(memory.subspan(0x200, now.three.size()), now.three));
  }
}

struct WasiNnErrors : testing::Test {
  NnMachine machine;
  core::Bytes model = plus_one(core::Dtype::f32, onnx::TensorProto::FLOAT);

  /// A context of the model, number 0.
  void prepare() {
    ASSERT_EQ(machine.load(model), success);
    ASSERT_EQ(machine.call("init_execution_context", {0, 0x24}), success);
    machine.put_tensor(1, {1, 2}, core::Bytes(8));
  }
};

TEST_F(WasiNnErrors, models_are_onnx_for_the_cpu_in_one_buffer) {
  machine.put_model(model);
  EXPECT_EQ(machine.call("load", {0x10, 1, 0, 0, 0x20}), number(Errno::invalid_encoding));
  EXPECT_EQ(machine.call("load", {0x10, 1, 1, 1, 0x20}), number(Errno::invalid_argument));
  EXPECT_EQ(machine.call("load", {0x10, 2, 1, 0, 0x20}), number(Errno::invalid_argument));
  EXPECT_EQ(machine.call("load", {0x1FFFC, 1, 1, 0, 0x20}), number(Errno::missing_memory));
  EXPECT_EQ(machine.call("load", {0x10, 1, 1, 0, 0x1FFFD}), number(Errno::missing_memory));
  machine.put(0x10, core::ByteWriter().u32(0x10000).u32(0x10001).bytes());
  EXPECT_EQ(machine.call("load", {0x10, 1, 1, 0, 0x20}), number(Errno::missing_memory));
  isotrace::tests::ModelBuilder unknown(14);
  unknown.input("x", {1}).output("y").node("NoSuchOperation", {"x"}, {"y"});
  EXPECT_EQ(machine.load(unknown.bytes()), number(Errno::unsupported_operation));
}

TEST_F(WasiNnErrors, so_many_graphs_and_contexts_can_be_made) {
  for (std::size_t i = 0; i < WasiNn::graphs_max; ++i) ASSERT_EQ(machine.load(model), success);
  EXPECT_EQ(machine.load(model), number(Errno::too_large));
  for (std::size_t i = 0; i < WasiNn::contexts_max; ++i) {
    ASSERT_EQ(machine.call("init_execution_context", {i, 0x24}), success);
  }
  EXPECT_EQ(machine.call("init_execution_context", {0, 0x24}), number(Errno::too_large));
  EXPECT_EQ(machine.call("init_execution_context", {64, 0x24}), number(Errno::invalid_argument));
}

TEST_F(WasiNnErrors, inputs_fit_what_the_model_declares) {
  prepare();
  EXPECT_EQ(machine.call("set_input", {1, 0, 0x30}), number(Errno::invalid_argument));
  EXPECT_EQ(machine.call("set_input", {0, 1, 0x30}), number(Errno::invalid_argument));
  EXPECT_EQ(machine.call("set_input", {0, 0, 0x1FFF0}), number(Errno::missing_memory));
  machine.put_tensor(1, {1, 3}, core::Bytes(12));
  EXPECT_EQ(machine.call("set_input", {0, 0, 0x30}), number(Errno::invalid_argument));
  machine.put_tensor(1, {1, 2}, core::Bytes(7));
  EXPECT_EQ(machine.call("set_input", {0, 0, 0x30}), number(Errno::invalid_argument));
  machine.put_tensor(3, {1, 2}, core::Bytes(8));
  EXPECT_EQ(machine.call("set_input", {0, 0, 0x30}), number(Errno::invalid_argument));
  machine.put_tensor(5, {1, 2}, core::Bytes(8));
  EXPECT_EQ(machine.call("set_input", {0, 0, 0x30}), number(Errno::invalid_argument));
  machine.put_tensor(1, std::vector<std::uint32_t>(17, 1), core::Bytes(4));
  EXPECT_EQ(machine.call("set_input", {0, 0, 0x30}), number(Errno::invalid_argument));
  machine.put_tensor(1, {UINT32_MAX, UINT32_MAX, UINT32_MAX}, core::Bytes(8));
  EXPECT_NE(machine.call("set_input", {0, 0, 0x30}), success);
  EXPECT_EQ(machine.call("compute", {0}), number(Errno::invalid_argument));
}

TEST_F(WasiNnErrors, outputs_are_there_once_they_are_computed_and_fit_the_buffer) {
  prepare();
  EXPECT_EQ(machine.call("set_input", {0, 0, 0x30}), success);
  EXPECT_EQ(machine.call("get_output", {0, 0, 0x200, 64, 0x28}), number(Errno::runtime_error));
  EXPECT_EQ(machine.call("compute", {0}), success);
  EXPECT_EQ(machine.call("compute", {1}), number(Errno::invalid_argument));
  EXPECT_EQ(machine.call("get_output", {0, 1, 0x200, 64, 0x28}), number(Errno::invalid_argument));
  EXPECT_EQ(machine.call("get_output", {0, 0, 0x200, 7, 0x28}), number(Errno::too_large));
  EXPECT_EQ(machine.call("get_output", {0, 0, 0x1FFFC, 8, 0x28}), number(Errno::missing_memory));
  EXPECT_EQ(machine.call("get_output", {0, 0, 0x200, 8, 0x1FFFE}), number(Errno::missing_memory));
  EXPECT_EQ(machine.call("get_output", {0, 0, 0x200, 8, 0x28}), success);
}

TEST_F(WasiNnErrors, a_step_over_the_limits_is_too_large) {
  NnMachine small({}, {.bytes_max = 4, .work_max = 1});
  ASSERT_EQ(small.load(model), success);
  ASSERT_EQ(small.call("init_execution_context", {0, 0x24}), success);
  small.put_tensor(1, {1, 2}, core::Bytes(8));
  EXPECT_EQ(small.call("set_input", {0, 0, 0x30}), success);
  EXPECT_EQ(small.call("compute", {0}), number(Errno::too_large));
}

TEST(WasiNn, steps_are_counted_through_all_computations_and_may_be_refused) {
  std::vector<std::uint64_t> indices;
  NnMachine machine([&](const trace::StepRecord& step) -> core::Result<core::Done> {
    indices.push_back(step.index);
    if (indices.size() < 3) return core::Done{};
    return core::refuse(core::RefusalCode::file_write_failed, "trace");
  });
  ASSERT_EQ(machine.load(plus_one(core::Dtype::f32, onnx::TensorProto::FLOAT)), success);
  ASSERT_EQ(machine.call("init_execution_context", {0, 0x24}), success);
  machine.put_tensor(1, {1, 2}, core::Bytes(8));
  EXPECT_EQ(machine.call("set_input", {0, 0, 0x30}), success);
  EXPECT_EQ(machine.call("compute", {0}), success);
  EXPECT_EQ(machine.call("compute", {0}), success);
  Slot result = 0;
  EXPECT_EQ(machine.call_for_trap(3, {0}, result), wasm::Trap::host_refused);
  EXPECT_EQ(machine.nn.refusal()->code, core::RefusalCode::file_write_failed);
  EXPECT_EQ(indices, (std::vector<std::uint64_t>{0, 1, 2}));
}

/// The constants of a graph are hashed and packed once; every step says the same of them.
TEST(WasiNn, computations_of_one_graph_do_not_depend_on_those_before) {
  std::vector<trace::StepRecord> steps;
  NnMachine machine([&](const trace::StepRecord& step) -> core::Result<core::Done> {
    steps.push_back(step);
    return core::Done{};
  });
  ASSERT_EQ(machine.load(plus_one(core::Dtype::f32, onnx::TensorProto::FLOAT)), success);
  ASSERT_EQ(machine.call("init_execution_context", {0, 0x24}), success);
  ASSERT_EQ(machine.call("init_execution_context", {0, 0x28}), success);
  machine.put_tensor(1, {1, 2}, core::Bytes(8));
  for (const std::uint32_t context : {0U, 1U, 0U}) {
    EXPECT_EQ(machine.call("set_input", {context, 0, 0x30}), success);
    EXPECT_EQ(machine.call("compute", {context}), success);
  }
  ASSERT_EQ(steps.size(), 3U);
  for (const trace::StepRecord& step : steps) {
    ASSERT_EQ(step.inputs.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
      ASSERT_TRUE(step.inputs[i].has_value());
      EXPECT_EQ(step.inputs[i]->digest, steps[0].inputs[i]->digest);
    }
    EXPECT_EQ(step.outputs[0].digest, steps[0].outputs[0].digest);
  }
}

}  // namespace
}  // namespace isotrace::executor::tests
