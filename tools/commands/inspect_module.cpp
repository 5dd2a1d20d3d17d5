#include <isotrace/tools/commands/inspect_module.hpp>

#include <isotrace/core/limits.hpp>
#include <isotrace/tools/commands/file_access.hpp>
#include <isotrace/tools/commands/modules.hpp>
#include <isotrace/wasm/function_names.hpp>
#include <isotrace/wasm/instruction_text.hpp>
#include <isotrace/wasm/record/check_execution.hpp>
#include <isotrace/wasm/record/last_write.hpp>
#include <isotrace/wasm/record/partial_trace.hpp>
#include <isotrace/wasm/value_text.hpp>

namespace isotrace::tools {
namespace {

using core::RefusalCode;
using wasm::Slot;

/// Decimal, or hexadecimal behind 0x.
core::Result<std::uint64_t> parse_address(std::string_view option, std::string_view text) {
  const auto slot = wasm::parse_value(wasm::ValueType::i64, text);
  if (!slot || text.starts_with("-")) {
    return core::refuse(RefusalCode::text_not_number, std::string(option), std::string(text));
  }
  return *slot;
}

Json value_json(wasm::ValueType type, Slot value) {
  return {{"type", wasm::type_name(type)},
          {"value", wasm::value_text(type, value)},
          {"bits", wasm::bits_text(type, value)}};
}

Json slots_json(const std::vector<Slot>& slots) {
  Json list = Json::array();
  for (const Slot slot : slots) list.push_back(wasm::bits_text(wasm::ValueType::i64, slot));
  return list;
}

std::string status_name(wasm::Status status) {
  switch (status) {
    case wasm::Status::idle: return "idle";
    case wasm::Status::running: return "running";
    case wasm::Status::finished: return "finished";
    case wasm::Status::trapped: return "trapped";
  }
  return "unknown";
}

/// What one state looks like to a person.
class StateView {
 public:
  StateView(wasm::Position& position, const wasm::Module& module)
      : position_(position), module_(module), names_(wasm::find_function_names(module)) {}

  Json show() {
    const wasm::Execution& state = position_.state();
    Json object = {{"kind", "step"}, {"step", state.steps}, {"status", status_name(state.status)}};
    if (state.status == wasm::Status::trapped) object["trap"] = wasm::trap_text(state.trap);
    if (state.status == wasm::Status::running) {
      add_frame(object, state);
    } else {
      object["slots"] = slots_json(state.slots);
    }
    object["callStack"] = call_stack(state);
    Json globals = Json::array();
    for (const wasm::GlobalInstance& global : position_.run().store().globals) {
      globals.push_back(value_json(global.type.value, global.value));
    }
    object["globals"] = std::move(globals);
    return object;
  }

  /// --memory ADDRESS:LENGTH.
  core::Result<Json> memory(const std::string& text) {
    const std::size_t colon = text.find(':');
    ISOTRACE_TRY(const std::uint64_t address, parse_address("--memory", text.substr(0, colon)));
    std::uint64_t length = 64;
    if (colon != std::string::npos) {
      ISOTRACE_TRY(length, parse_address("--memory", text.substr(colon + 1)));
    }
    const auto& memories = position_.run().store().memories;
    const std::uint64_t size = memories.empty() ? 0 : memories[0].data.size();
    if (address > size || length > size - address) {
      return core::refuse(RefusalCode::value_out_of_range, "--memory " + text,
                          "the memory has " + std::to_string(size) + " bytes");
    }
    const auto bytes = std::as_const(memories[0].data).bytes().subspan(address, length);
    return Json{{"address", address}, {"bytes", core::to_hex(bytes)}};
  }

  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  [[nodiscard]] std::uint32_t index_of(wasm::Address address) {
    return position_.run().store().functions[address].index;
  }

  void add_frame(Json& object, const wasm::Execution& state) {
    const wasm::Frame& frame = state.frames.back();
    const wasm::Function& function = module_.functions[index_of(frame.function)];
    object["function"] = names_[index_of(frame.function)];
    object["pc"] = frame.pc;
    object["opcode"] = wasm::instruction_text(module_, wasm::instruction_at(module_, frame.pc));
    const auto types = wasm::slot_types(module_, function, frame.pc);
    const std::size_t locals = module_.type_of(function).parameters.size() + function.locals_count;
    Json lists[2] = {Json::array(), Json::array()};
    for (std::size_t i = 0; i < types.size(); ++i) {
      lists[i < locals ? 0 : 1].push_back(value_json(types[i], state.slots[frame.slots_begin + i]));
    }
    object["locals"] = std::move(lists[0]);
    object["operands"] = std::move(lists[1]);
  }

  Json call_stack(const wasm::Execution& state) {
    Json list = Json::array();
    for (const wasm::Frame& frame : state.frames) {
      list.push_back({{"function", names_[index_of(frame.function)]}, {"pc", frame.pc}});
    }
    return list;
  }

  wasm::Position& position_;
  const wasm::Module& module_;
  std::vector<std::string> names_;
};

}  // namespace

Json module_trace_json(const trace::RecoveredTrace& recovered) {
  const trace::Trace& trace = recovered.trace;
  const trace::MachineIdentity& machine = *trace.identity.machine;
  Json settings = Json::array();
  for (const trace::Setting& setting : machine.settings) {
    settings.push_back({{"name", setting.name}, {"value", setting.value}});
  }
  Json out = {{"kind", "trace"},
              {"complete", recovered.complete},
              {"root", recovered.complete ? Json(trace.root.hex()) : Json(nullptr)},
              {"semantics", trace.identity.semantics},
              {"programDigest", trace.identity.program.hex()},
              {"moduleDigest", machine.module.hex()},
              {"edition", machine.edition == 0 ? "1.0" : "2.0"},
              {"invoke", machine.invoke},
              {"arguments", slots_json(machine.arguments)},
              {"settings", std::move(settings)},
              {"interval", machine.interval},
              {"steps", trace::step_count(trace)},
              {"checkpoints", trace.machine.checkpoints.size()},
              {"hostCalls", trace.machine.host_calls.size()},
              {"snapshots", trace.machine.snapshots.size()},
              {"programEmbedded", !trace.program.empty()},
              {"results", slots_json(trace.machine.results)},
              {"provenance",
               {{"backend", trace.provenance.backend},
                {"device", trace.provenance.device},
                {"tool", trace.provenance.tool}}}};
  if (!recovered.complete) out["validBytes"] = recovered.valid_bytes;
  if (recovered.damage) out["damage"] = core::describe(*recovered.damage);
  return out;
}

namespace {

core::Result<Json> state_json(const Arguments& arguments, const trace::Trace& trace,
                              const wasm::RunRequest& request, std::uint64_t step) {
  const wasm::EngineFactory engine = load_engine(arguments);
  ISOTRACE_TRY(const auto position, wasm::Position::find(trace, request, engine, step));
  StateView view(*position, *request.module);
  Json object = view.show();
  if (arguments.has("--memory")) {
    ISOTRACE_TRY(object["memory"], view.memory(arguments.value("--memory")));
  }
  if (arguments.has("--last-write")) {
    ISOTRACE_TRY(const std::uint64_t address,
                 parse_address("--last-write", arguments.value("--last-write")));
    ISOTRACE_TRY(const auto write, wasm::find_last_write(trace, request, engine, address, step));
    object["lastWrite"] =
        write ? effect_json(*request.module, view.names(), *write) : Json(nullptr);
  }
  return object;
}

}  // namespace

core::Result<Json> module_step_json(const Context& context, const Arguments& arguments,
                                    const trace::Trace& trace) {
  ISOTRACE_TRY(const wasm::RunRequest request, load_recorded(context, arguments, trace));
  ISOTRACE_TRY(const std::uint64_t step, load_count(arguments, "--step", trace::step_count(trace)));
  return state_json(arguments, trace, request, step);
}

std::optional<core::Result<Json>> stored_step_json(const Context& context,
                                                   const Arguments& arguments,
                                                   const std::string& path) {
  if (arguments.has("--last-write") || !(arguments.has("--step") || arguments.has("--memory"))) {
    return std::nullopt;
  }
  const auto file = open_file(path);
  if (!file || file->size() > core::limits::trace_bytes_max) return std::nullopt;
  auto partial = wasm::PartialTrace::open(*file);
  if (!partial) return std::nullopt;
  const trace::Trace& trace = partial->trace();
  const auto request = load_recorded(context, arguments, trace);
  const auto step = load_count(arguments, "--step", trace::step_count(trace));
  if (!request || !step || !partial->load_before(*step)) return std::nullopt;
  return state_json(arguments, trace, *request, *step);
}

Json effect_json(const wasm::Module& module, const std::vector<std::string>& names,
                 const wasm::StepEffect& effect) {
  Json writes = Json::array();
  for (const trace::HostWrite& write : effect.writes) {
    writes.push_back({{"address", write.address}, {"bytes", core::to_hex(write.bytes)}});
  }
  return {{"step", effect.step},
          {"function", names[effect.function]},
          {"pc", effect.pc},
          {"opcode", wasm::instruction_text(module, wasm::instruction_at(module, effect.pc))},
          {"operands", slots_json(effect.operands)},
          {"results", slots_json(effect.results)},
          {"writes", std::move(writes)}};
}

}  // namespace isotrace::tools
