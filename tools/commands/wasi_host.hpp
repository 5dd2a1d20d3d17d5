// The host that WebAssembly programs get on the command line: WASI over this process's streams, the
// folders that are named and the machine's clock and randomness, and wasi_nn.
#pragma once

#include <isotrace/executor/wasi_nn.hpp>
#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>
#include <isotrace/wasm/record/record.hpp>
#include <isotrace/wasm/wasi/wasi.hpp>

namespace isotrace::tools {

/// What is wrong with --env, --dir, --virtual or --seed; empty if nothing is.
std::string wasi_problem(const Arguments& arguments);

/// What the program can see of --arg, --env, --dir, --virtual and --seed, in this order: its name,
/// which is that of the file without its folder, and arguments (arg), environment (env), names of
/// folders (dir), seed of a virtual world (virtual).
std::vector<trace::Setting> wasi_settings(const Arguments& arguments);

/// Whether a run can go on behind these calls with a host that has not answered them. Refuses
/// wasm_host_state_lost: files are open, input has been read, a virtual clock was waited for.
core::Result<core::Done> check_resumable(const wasm::Module& module,
                                         std::span<const trace::HostCallRecord> calls);

/// What a run that goes on has asked its host before. check_resumable has accepted it.
struct PastCalls {
  const wasm::Module* module = nullptr;
  std::vector<std::span<const trace::HostCallRecord>> calls;
};

class WasiHost {
 public:
  /// From wasi_settings, the folders of --dir, and for the models that programs bring along
  /// --backend (cpu unless given), --jobs, --isa, --memory-max. With --json what the program prints
  /// goes to the standard error. Refuses folders of other names than in the settings
  /// (wasm_host_state_lost), and what tools::wasi::make_world, load_backend and load_limits refuse.
  static core::Result<std::unique_ptr<WasiHost>> make(const Context& context,
                                                      const Arguments& arguments,
                                                      const std::vector<trace::Setting>& settings,
                                                      wasm::TensorStepSink* steps = nullptr,
                                                      const PastCalls& past = {});

  /// What the module imports, for instantiate(); the host must outlive the store.
  core::Result<std::vector<wasm::ExternValue>> link(wasm::Store& store, const wasm::Module& module);

  /// What the program gave to proc_exit.
  [[nodiscard]] std::optional<std::uint32_t> exit_code() const { return wasi_.exit_code(); }
  /// Why a call ended as Trap::host_refused: what `steps` refused.
  [[nodiscard]] const std::optional<core::Refusal>& refusal() const { return nn_.refusal(); }

 private:
  WasiHost(wasm::wasi::Settings settings, wasm::wasi::World world,
           std::unique_ptr<backends::Backend> backend, executor::TensorSteps take_step,
           const executor::ExecuteLimits& limits)
      : wasi_(std::move(settings), std::move(world)),
        backend_(std::move(backend)),
        nn_(*backend_, std::move(take_step), limits) {}

  wasm::wasi::Wasi wasi_;
  std::unique_ptr<backends::Backend> backend_;
  executor::WasiNn nn_;
};

}  // namespace isotrace::tools
