#include <isotrace/wasm/record/module_run.hpp>

#include <isotrace/core/blake3.hpp>
#include <isotrace/core/check.hpp>
#include <isotrace/wasm/program_digest.hpp>
#include <isotrace/wasm/validate.hpp>

namespace isotrace::wasm {

using core::Done;
using core::RefusalCode;
using core::Result;

trace::TraceIdentity identity_of(const RunRequest& request) {
  const Module& module = *request.module;
  const ProfileLimits& limits = request.limits;
  return {.semantics = std::string(semantics_id),
          .program = request.program,
          .inputs = {},
          .seed = 0,
          .machine =
              trace::MachineIdentity{.module = core::blake3(module.bytes),
                                     .edition = static_cast<std::uint8_t>(module.edition),
                                     .invoke = request.invoke,
                                     .arguments = request.arguments,
                                     .limits = {limits.memory_pages_max, limits.table_elements_max,
                                                limits.frames_max, limits.slots_max},
                                     .interval = request.interval,
                                     .settings = request.settings}};
}

namespace {

/// Limits of a trace may be lower than this program's, never higher.
Result<ProfileLimits> limits_of(const trace::MachineLimits& recorded) {
  const ProfileLimits most;
  if (recorded.memory_pages > most.memory_pages_max ||
      recorded.table_elements > most.table_elements_max || recorded.frames > most.frames_max ||
      recorded.slots > most.slots_max) {
    return core::refuse(RefusalCode::limit_exceeded, "trace", "limits of the profile");
  }
  return ProfileLimits{static_cast<std::uint32_t>(recorded.memory_pages),
                       static_cast<std::uint32_t>(recorded.table_elements),
                       static_cast<std::size_t>(recorded.frames),
                       static_cast<std::size_t>(recorded.slots)};
}

}  // namespace

Result<RunRequest> request_of(const trace::Trace& trace, core::ByteView module) {
  const auto& machine = trace.identity.machine;
  if (!machine || trace.identity.semantics != semantics_id ||
      machine->edition > static_cast<std::uint8_t>(Edition::v2)) {
    return core::refuse(RefusalCode::trace_semantics_unknown, "trace", trace.identity.semantics);
  }
  const core::ByteView bytes = trace.program.empty() ? module : core::ByteView(trace.program);
  if (bytes.empty()) return core::refuse(RefusalCode::trace_without_program, "trace", "program");
  ISOTRACE_TRY(Module loaded,
               load_module(core::Bytes(bytes.begin(), bytes.end()), Edition{machine->edition}));
  ISOTRACE_TRY(const ProfileLimits limits, limits_of(machine->limits));
  const core::Digest program = program_digest(loaded, limits);
  const RunRequest request{.module = std::make_shared<const Module>(std::move(loaded)),
                           .program = program,
                           .invoke = machine->invoke,
                           .arguments = machine->arguments,
                           .limits = limits,
                           .interval = machine->interval,
                           .settings = machine->settings};
  if (trace::identity_digest(identity_of(request)) != trace::identity_digest(trace.identity)) {
    return core::refuse(RefusalCode::trace_digest_mismatch, "trace", "program");
  }
  return request;
}

Result<std::vector<ExternValue>> link_nothing(Store& store, const Module& module) {
  return resolve_imports(store, module, {});
}

Result<std::unique_ptr<ModuleRun>> ModuleRun::make(const RunRequest& request, const Link& link,
                                                   const EngineFactory& engine) {
  std::unique_ptr<ModuleRun> machine(new ModuleRun(request.program));
  ISOTRACE_TRY_DONE(machine->prepare(request, link));
  machine->engine_ = engine(machine->store_);
  return machine;
}

Result<Done> ModuleRun::prepare(const RunRequest& request, const Link& link) {
  const Module& module = *request.module;
  store_.limits = request.limits;
  interval_ = request.interval;
  ISOTRACE_TRY(const std::vector<ExternValue> imports, link(store_, module));
  ISOTRACE_TRY(const Instantiation made, instantiate(store_, request.module, imports));
  instance_ = made.instance;
  instantiation_trap_ = made.trap;
  if (made.start) calls_.push_back({*made.start, {}});
  const Namespace exports = exports_of(store_, instance_);
  const auto found = exports.find(request.invoke);
  if (found == exports.end() || found->second.kind != ExternKind::function) {
    return core::refuse(RefusalCode::wasm_export_unknown, request.invoke, "function");
  }
  const FunctionType& type = store_.type_of(found->second.address);
  if (type.parameters.size() != request.arguments.size()) {
    return core::refuse(
        RefusalCode::wasm_arguments_mismatch, request.invoke,
        type_text(type) + " and " + std::to_string(request.arguments.size()) + " arguments");
  }
  for (std::size_t i = 0; i < type.parameters.size(); ++i) {
    const ValueType parameter = type.parameters[i];
    const bool narrow = parameter == ValueType::i32 || parameter == ValueType::f32;
    if ((narrow && request.arguments[i] > UINT32_MAX) ||
        (parameter == ValueType::funcref && request.arguments[i] != null_reference)) {
      return core::refuse(
          RefusalCode::wasm_arguments_mismatch, request.invoke,
          "argument " + std::to_string(i) + " is no " + std::string(type_name(parameter)));
    }
  }
  calls_.push_back({found->second.address, request.arguments});
  // From here on marks say what was written since.
  for (MemoryInstance& memory : store_.memories) {
    instantiated_.push_back(memory.data.take_marks());
  }
  return Done{};
}

void ModuleRun::begin(std::uint8_t call) {
  call_ = call;
  begun_ = true;
  if (instantiation_trap_ != Trap::none) {  // before the first call, and so in no frame
    Execution ended;
    ended.status = Status::trapped;
    ended.trap = instantiation_trap_;
    return engine_->restore(ended);
  }
  const auto begun = engine_->begin(calls_[call].function, calls_[call].arguments);
  ISOTRACE_CHECK(begun.has_value());  // prepare() has compared the types
}

ModuleRun::Stop ModuleRun::run_to_checkpoint(std::uint64_t steps_max) {
  if (!begun_) {
    begin(0);
    return Stop::checkpoint;
  }
  const std::uint64_t interval_number = engine_->steps() / interval_ + 1;
  const std::uint64_t target =
      interval_number > UINT64_MAX / interval_ ? UINT64_MAX : interval_number * interval_;
  if (!engine_->run_to_suspend_point(std::min(target, steps_max))) {
    return engine_->steps() >= target ? Stop::checkpoint : Stop::halted;
  }
  if (engine_->state().status != Status::finished || in_last_call()) return Stop::ended;
  begin_next();
  return Stop::checkpoint;
}

void ModuleRun::change_engine(const EngineFactory& engine) {
  std::unique_ptr<Engine> next = engine(store_);
  next->restore(engine_->state());
  engine_ = std::move(next);
}

void ModuleRun::restore(const Execution& state, std::uint8_t call) {
  engine_->restore(state);
  call_ = call;
  begun_ = true;
}

}  // namespace isotrace::wasm
