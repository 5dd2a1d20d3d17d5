// wasi_nn for WebAssembly programs (module wasi_ephemeral_nn of the proposal's witx): ONNX models
// that a program brings along run on a backend, with the bits and the steps that `isotrace run`
// gives them.
#pragma once

#include <isotrace/executor/execute.hpp>
#include <isotrace/wasm/host_library.hpp>

namespace isotrace::executor {

/// Takes the record of every tensor step, in order; a refusal ends the program.
using TensorSteps = std::function<core::Result<core::Done>(const trace::StepRecord& step)>;

/// One host for one program. Graphs are ONNX models in one buffer, for the target `cpu`; tensors
/// are f16, f32, u8, i32 (numbers 0 to 3 of `tensor_type`) or i64 (4). Whatever a program passes,
/// it gets an errno; pointers out of its memory are `missing_memory`.
class WasiNn final : public wasm::HostLibrary {
 public:
  static constexpr std::string_view module_name = "wasi_ephemeral_nn";
  static constexpr std::size_t graphs_max = 64;
  static constexpr std::size_t contexts_max = 64;
  /// Of all models, and of all inputs and outputs that contexts hold.
  static constexpr std::uint64_t bytes_max = std::uint64_t{1} << 30;

  /// The backend must outlive the host.
  explicit WasiNn(backends::Backend& backend, TensorSteps steps = {},
                  const ExecuteLimits& limits = {});
  ~WasiNn() override;

  std::optional<wasm::HostEntry> find(std::string_view module, std::string_view name) override;

  /// Numbers of `nn_errno`.
  enum class Errno : std::uint16_t {
    success = 0,
    invalid_argument = 1,
    invalid_encoding = 2,
    missing_memory = 3,
    runtime_error = 5,
    unsupported_operation = 6,
    too_large = 7,
  };

  /// Why a call ended as Trap::host_refused: what took the steps refused one.
  [[nodiscard]] const std::optional<core::Refusal>& refusal() const { return refusal_; }

 private:
  template <class T>
  using Answer = tl::expected<T, Errno>;
  using Handler = Answer<core::Done> (WasiNn::*)(wasm::HostCall&);
  struct Function;
  struct Graph;
  struct Context;
  static std::span<const Function> functions();

  Answer<core::Done> load(wasm::HostCall& call);
  Answer<core::Done> init_execution_context(wasm::HostCall& call);
  Answer<core::Done> set_input(wasm::HostCall& call);
  Answer<core::Done> compute(wasm::HostCall& call);
  Answer<core::Done> get_output(wasm::HostCall& call);
  Answer<Context*> find_context(std::uint32_t number);
  [[nodiscard]] std::uint64_t held_bytes() const;
  core::Result<std::vector<NamedTensor>> run(Graph& graph, std::span<const NamedTensor> inputs);

  backends::Backend& backend_;
  TensorSteps take_step_;
  ExecuteLimits limits_;
  std::vector<std::shared_ptr<Graph>> graphs_;
  std::uint64_t graph_bytes_ = 0;  // of the models
  std::vector<Context> contexts_;
  std::uint64_t steps_ = 0;  // of all computations
  std::optional<core::Refusal> refusal_;
};

}  // namespace isotrace::executor
