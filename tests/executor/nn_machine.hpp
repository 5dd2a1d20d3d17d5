// A program that imports wasi_nn and has two pages of memory, whose calls a test makes itself.
#pragma once

#include <algorithm>

#include <isotrace/executor/wasi_nn.hpp>

#include "tests/executor/model_builder.hpp"
#include "tests/wasm/machine.hpp"

namespace isotrace::executor::tests {

using wasm::Slot;

struct NnFunction {
  const char* name;
  std::size_t parameters;
};
inline constexpr NnFunction nn_functions[] = {{"load", 5},
                                              {"init_execution_context", 2},
                                              {"set_input", 3},
                                              {"compute", 1},
                                              {"get_output", 5}};

struct NnMachine {
  static constexpr std::uint32_t model_place = 0x4000;

  explicit NnMachine(TensorSteps steps = {}, const ExecuteLimits& limits = {})
      : backend(*backends::make_backend("reference", {})), nn(*backend, std::move(steps), limits) {
    using namespace wasm;
    wasm::tests::ModuleBuilder builder;
    for (const NnFunction& function : nn_functions) {
      const std::uint32_t type = builder.add_type(
          {std::vector<ValueType>(function.parameters, ValueType::i32), {ValueType::i32}});
      builder.add_import("wasi_ephemeral_nn", function.name, ExternKind::function,
                         wasm::tests::unsigned_leb(type));
    }
    const auto module =
        std::make_shared<const Module>(*load_module(builder.add_memory(2).bytes(), Edition::v2));
    HostLibrary* const libraries[] = {&nn};
    const auto imports = link_host(store, *module, libraries);
    EXPECT_TRUE(imports.has_value()) << core::describe(imports.error());
    EXPECT_TRUE(instantiate(store, module, *imports).has_value());
  }

  /// Function number as in nn_functions.
  wasm::Trap call_for_trap(wasm::Address function, const std::vector<Slot>& arguments,
                           Slot& result) {
    return wasm::call_host(store, 0, function, arguments, {&result, 1});
  }
  std::uint32_t call(const std::string& name, const std::vector<Slot>& arguments) {
    wasm::Address function = 0;
    while (nn_functions[function].name != name) ++function;
    Slot result = 0xBAD;
    EXPECT_EQ(call_for_trap(function, arguments, result), wasm::Trap::none);
    return static_cast<std::uint32_t>(result);
  }

  void put(std::uint32_t address, core::ByteView bytes) {
    std::ranges::copy(bytes, store.memories[0].data.bytes().subspan(address).begin());
  }
  std::uint32_t u32(std::uint32_t address) {
    return *core::ByteReader(store.memories[0].data.bytes().subspan(address, 4)).u32();
  }
  /// Puts the model at its place and its list of buffers at 0x10.
  void put_model(const core::Bytes& model) {
    put(model_place, model);
    put(0x10,
        core::ByteWriter().u32(model_place).u32(static_cast<std::uint32_t>(model.size())).bytes());
  }
  /// Loads it; the graph's number is at 0x20.
  std::uint32_t load(const core::Bytes& model) {
    put_model(model);
    return call("load", {0x10, 1, 1, 0, 0x20});
  }
  /// Puts a tensor's record at 0x30, its dimensions at 0x50, its data at 0x100.
  void put_tensor(std::uint32_t type, const std::vector<std::uint32_t>& dimensions,
                  core::ByteView data) {
    core::ByteWriter fields;
    fields.u32(0x50).u32(static_cast<std::uint32_t>(dimensions.size())).u32(type);
    fields.u32(0x100).u32(static_cast<std::uint32_t>(data.size()));
    put(0x30, fields.bytes());
    core::ByteWriter sizes;
    for (const std::uint32_t size : dimensions) sizes.u32(size);
    put(0x50, sizes.bytes());
    put(0x100, data);
  }

  std::unique_ptr<backends::Backend> backend;
  WasiNn nn;
  wasm::Store store;
};

/// y = x + 1 for x of the element type, shape [n, 2].
inline core::Bytes plus_one(core::Dtype dtype, int onnx_type) {
  isotrace::tests::ModelBuilder builder(14);
  core::Tensor one = *core::Tensor::make(dtype, {});
  const std::size_t size = core::dtype_bytes(dtype);
  if (dtype == core::Dtype::f32) one.data<float>()[0] = 1;
  if (dtype == core::Dtype::f16) one.mutable_bytes()[1] = 0x3C;
  if (size > 0 && !core::is_float(dtype)) one.mutable_bytes()[0] = 1;
  builder.input("x", {-1, 2}, onnx_type).initializer("one", one);
  builder.node("Add", {"x", "one"}, {"y"});
  return builder.output("y").bytes();
}

}  // namespace isotrace::executor::tests
