#include <isotrace/executor/replay_tensors.hpp>

#include <algorithm>

#include <isotrace/executor/wasi_nn.hpp>
#include <isotrace/wasm/record/logged_host.hpp>

namespace isotrace::executor {
namespace {

using core::Result;
using core::Verdict;

class TensorReplay {
 public:
  TensorReplay(const trace::Trace& trace, backends::Backend& backend, const ExecuteLimits& limits)
      : trace_(trace),
        logged_(trace.machine.host_calls, 0),
        nn_(
            backend, [this](const trace::StepRecord& step) { return judge_step(step); }, limits) {}

  Result<Verdict> run(const wasm::RunRequest& request, const wasm::EngineFactory& engine) {
    const wasm::Link link = [this](wasm::Store& store, const wasm::Module& module) {
      return link_both(store, module);
    };
    ISOTRACE_TRY(const auto machine, wasm::ModuleRun::make(request, link, engine));
    std::size_t checkpoint = 0;
    while (machine->run_to_checkpoint() == wasm::ModuleRun::Stop::checkpoint) {
      if (!reason_.empty()) break;
      if (checkpoint >= trace_.machine.tensor_steps.size()) {
        return Verdict::reject("the run goes on");
      }
      if (judged_ != trace_.machine.tensor_steps[checkpoint]) {
        return Verdict::reject("checkpoint " + std::to_string(checkpoint) +
                               " stands behind other tensor steps");
      }
      ++checkpoint;
    }
    if (!reason_.empty()) return Verdict::reject(reason_);
    if (logged_.difference()) return Verdict::reject(*logged_.difference());
    if (judged_ == trace_.steps.size()) return Verdict::accept();
    return Verdict::reject("the program computes " + std::to_string(judged_) + " tensor steps of " +
                           std::to_string(trace_.steps.size()));
  }

 private:
  Result<core::Done> judge_step(const trace::StepRecord& step) {
    const bool same = judged_ < trace_.steps.size() &&
                      trace::step_digest(step) == trace::step_digest(trace_.steps[judged_]);
    if (same) {
      ++judged_;
    } else if (reason_.empty()) {
      reason_ = "tensor step " + std::to_string(judged_) + " comes out otherwise";
    }
    return core::Done{};
  }

  /// The calls of the log, and in front of each one of wasi_nn the computation itself.
  Result<std::vector<wasm::ExternValue>> link_both(wasm::Store& store, const wasm::Module& module) {
    ISOTRACE_TRY(std::vector<wasm::ExternValue> values, logged_.link()(store, module));
    for (std::size_t i = 0; i < values.size(); ++i) {
      auto computing = nn_.find(module.imports[i].module, module.imports[i].name);
      if (!computing || computing->type != store.type_of(values[i].address)) continue;
      wasm::HostFunction& host = store.functions[values[i].address].host;
      host = [this, &store, compute = std::move(computing->function),
              answer = std::move(host)](wasm::HostCall& call) {
        judge_call(store, compute, call);
        return answer(call);
      };
    }
    return values;
  }

  void judge_call(wasm::Store& store, const wasm::HostFunction& compute,
                  const wasm::HostCall& call) {
    const std::uint64_t number = store.host_log.calls;
    if (number >= trace_.machine.host_calls.size()) return;  // the log says so
    std::vector<wasm::Slot> results(1);
    wasm::LinearMemory* memory = store.memories.empty() ? nullptr : &store.memories[0].data;
    wasm::HostCall again(call.arguments(), results, memory);
    (void)compute(again);
    const trace::HostCallRecord& recorded = trace_.machine.host_calls[number];
    if (results == recorded.results && again.take_writes() == recorded.writes) return;
    if (reason_.empty()) reason_ = "host call " + std::to_string(number) + " is answered otherwise";
  }

  const trace::Trace& trace_;
  wasm::LoggedHost logged_;
  WasiNn nn_;
  std::size_t judged_ = 0;
  std::string reason_;
};

}  // namespace

Result<Verdict> replay_tensors(const trace::Trace& trace, const wasm::RunRequest& request,
                               const wasm::EngineFactory& engine, backends::Backend& backend,
                               const ExecuteLimits& limits) {
  const bool computes = std::ranges::any_of(
      request.module->imports,
      [](const wasm::Import& import) { return import.module == WasiNn::module_name; });
  if (!computes && trace.steps.empty()) return Verdict::accept();
  return TensorReplay(trace, backend, limits).run(request, engine);
}

}  // namespace isotrace::executor
