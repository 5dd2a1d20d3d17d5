// Whatever arguments and models a program gives to wasi_nn: it gets an errno.
#include "tests/executor/nn_machine.hpp"
#include "tests/support/mutate.hpp"

namespace isotrace::executor::tests {
namespace {

constexpr std::uint32_t errno_last = 8;
constexpr ExecuteLimits small_limits = {1 << 20, 1 << 22};

Slot random_argument(core::PhiloxStream& random) {
  switch (random.next_below(5)) {
    case 0: return random.next_below(3);
    case 1: return std::vector<Slot>{0x10, 0x20, 0x24, 0x28, 0x30, 0x200}[random.next_below(6)];
    case 2: return random.next_below(0x20000);
    case 3: return (std::uint64_t{1} << 32) - 1 - random.next_below(8);
    default: return random.next_u32();
  }
}

TEST(WasiNnMutation, any_arguments_and_models_get_an_errno) {
  const core::Bytes model = plus_one(core::Dtype::f32, onnx::TensorProto::FLOAT);
  core::PhiloxStream random(91);
  std::optional<NnMachine> machine;
  std::size_t computed = 0;
  for (std::size_t i = 0; i < isotrace::tests::mutant_count(); ++i) {
    if (i % 100 == 0) {
      machine.emplace(TensorSteps{}, small_limits);
      ASSERT_EQ(machine->load(model), 0U);
      ASSERT_EQ(machine->call("init_execution_context", {0, 0x24}), 0U);
      machine->put_tensor(1, {1, 2}, core::Bytes(8));
      ASSERT_EQ(machine->call("set_input", {0, 0, 0x30}), 0U);
    }
    if (i % 8 == 0) machine->put_model(isotrace::tests::mutate(model, random));
    const auto memory = machine->store.memories[0].data.bytes();
    memory[random.next_below(0x200)] = static_cast<std::uint8_t>(random.next_u32());
    const auto function = static_cast<wasm::Address>(random.next_below(std::size(nn_functions)));
    std::vector<Slot> arguments;
    for (std::size_t j = 0; j < nn_functions[function].parameters; ++j) {
      arguments.push_back(random_argument(random));
    }
    Slot result = 0;
    ASSERT_EQ(machine->call_for_trap(function, arguments, result), wasm::Trap::none);
    ASSERT_LE(result, errno_last);
    if (function == 3 && result == 0) ++computed;
  }
  std::cout << computed << " computations\n";
  EXPECT_GT(computed, isotrace::tests::mutant_count() / 1000);
}

/// Damaged models, each loaded and, if it is one, run.
TEST(WasiNnMutation, damaged_models_get_an_errno) {
  const core::Bytes model = plus_one(core::Dtype::f32, onnx::TensorProto::FLOAT);
  core::PhiloxStream random(92);
  for (std::size_t i = 0; i < isotrace::tests::mutant_count() / 4; ++i) {
    NnMachine machine({}, small_limits);
    if (machine.load(isotrace::tests::mutate(model, random)) != 0) continue;
    ASSERT_EQ(machine.call("init_execution_context", {0, 0x24}), 0U);
    machine.put_tensor(1, {1, 2}, core::Bytes(8));
    ASSERT_LE(machine.call("set_input", {0, 0, 0x30}), errno_last);
    ASSERT_LE(machine.call("compute", {0}), errno_last);
    ASSERT_LE(machine.call("get_output", {0, 0, 0x200, 64, 0x28}), errno_last);
  }
}

}  // namespace
}  // namespace isotrace::executor::tests
