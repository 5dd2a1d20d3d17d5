#include <isotrace/proofs/functions/execute_claim.hpp>

#include <algorithm>

#include <isotrace/wasm/instantiate.hpp>
#include <isotrace/wasm/stepper.hpp>
#include <isotrace/wasm/validate.hpp>

namespace isotrace::proofs {
namespace {

using core::RefusalCode;
using core::Result;
using wasm::Slot;

/// Imported functions are never called: claims that could call one are not supported.
Result<std::vector<wasm::ExternValue>> link(wasm::Store& store, const wasm::Module& module) {
  std::vector<wasm::ExternValue> imports;
  for (const wasm::Import& import : module.imports) {
    if (import.kind() != wasm::ExternKind::function) {
      return core::refuse(RefusalCode::function_unsupported, import.module + "." + import.name,
                          "an imported " + std::string(wasm::kind_name(import.kind())));
    }
    const wasm::FunctionType& type = module.types[std::get<wasm::TypeIndex>(import.type).value];
    imports.push_back({wasm::ExternKind::function, store.add_function(type, [](wasm::HostCall&) {
                         return wasm::Trap::host_refused;
                       })});
  }
  return imports;
}

/// An instance of a module in which functions can be called one after the other.
class Instance {
 public:
  Instance() : engine_(store_) {}

  Result<core::Done> load(const core::Bytes& bytes, wasm::Edition edition) {
    ISOTRACE_TRY(wasm::Module loaded, wasm::load_module(bytes, edition));
    module_ = std::make_shared<const wasm::Module>(std::move(loaded));
    ISOTRACE_TRY(const auto imports, link(store_, *module_));
    ISOTRACE_TRY(const wasm::Instantiation made, wasm::instantiate(store_, module_, imports));
    instance_ = made.instance;
    if (made.trap != wasm::Trap::none) {
      return core::refuse(RefusalCode::wasm_unlinkable, "module",
                          std::string(wasm::trap_text(made.trap)));
    }
    if (made.start) {
      ISOTRACE_TRY(const FunctionCall start, call(*made.start, "start function", {}));
      if (!start.returned) {
        return core::refuse(RefusalCode::wasm_unlinkable, "start function",
                            std::string(wasm::trap_text(start.trap)));
      }
    }
    return core::Done{};
  }

  /// Numbers that code can change: linear memory and globals.
  struct State {
    core::Bytes memory;
    std::vector<Slot> globals;
  };
  [[nodiscard]] State state() const {
    State state;
    const wasm::ModuleInstance& instance = store_.instances[instance_];
    if (!instance.memories.empty()) {
      const auto memory = store_.memories[instance.memories[0]].data.bytes();
      state.memory.assign(memory.begin(), memory.end());
    }
    for (const wasm::Address global : instance.globals) {
      state.globals.push_back(store_.globals[global].value);
    }
    return state;
  }
  [[nodiscard]] const wasm::Module& module() const { return *module_; }

  void fill_memory(const FunctionInputs& inputs) {
    if (store_.instances[instance_].memories.empty()) return;
    const auto memory = store_.memories[store_.instances[instance_].memories[0]].data.bytes();
    std::ranges::fill(memory, inputs.fill);
    for (const auto& [address, byte] : inputs.memory) {
      if (address < memory.size()) memory[address] = byte;
    }
  }

  Result<FunctionCall> call(const std::string& name, const std::vector<Slot>& arguments) {
    for (const wasm::Export& out : module_->exports) {
      if (out.name == name && out.kind == wasm::ExternKind::function) {
        return call(store_.instances[instance_].functions[out.index], name, arguments);
      }
    }
    return core::refuse(RefusalCode::wasm_export_unknown, name, "function");
  }

 private:
  Result<FunctionCall> call(wasm::Address function, const std::string& name,
                            const std::vector<Slot>& arguments) {
    FunctionCall done{.function = name, .result_types = store_.type_of(function).results};
    const std::uint64_t before = engine_.steps();
    ISOTRACE_TRY_DONE(engine_.begin(function, arguments));
    if (!engine_.run(before + call_steps_max)) {
      return core::refuse(RefusalCode::limit_exceeded, name,
                          std::to_string(call_steps_max) + " steps");
    }
    const wasm::Execution& end = engine_.state();
    done.returned = end.status == wasm::Status::finished;
    done.trap = end.trap;
    if (done.returned) done.results = end.slots;
    if (!end.frames.empty()) done.pc = end.frames.back().pc;
    return done;
  }

  wasm::Store store_;
  wasm::Stepper engine_;
  std::shared_ptr<const wasm::Module> module_;
  wasm::Address instance_ = 0;
};

Result<std::unique_ptr<Instance>> make_instance(const core::Bytes& module,
                                                const FunctionClaim& claim,
                                                const FunctionInputs& inputs) {
  auto instance = std::make_unique<Instance>();
  ISOTRACE_TRY_DONE(instance->load(module, claim.edition));
  if (claim.memory == InitialMemory::arbitrary) instance->fill_memory(inputs);
  return instance;
}

Result<bool> assumption_holds(const FunctionClaim& claim, const FunctionInputs& inputs) {
  if (claim.assume.empty()) return true;
  ISOTRACE_TRY(const auto instance, make_instance(claim.module, claim, inputs));
  ISOTRACE_TRY(const FunctionCall done, instance->call(claim.assume, inputs.arguments));
  return done.returned && static_cast<std::uint32_t>(done.results[0]) != 0;
}

bool in_range(const FunctionClaim& claim, const FunctionCall& done) {
  const Slot value = done.results[0];
  if (!claim.is_signed) return claim.low <= value && value <= claim.high;
  const bool narrow = done.result_types[0] == wasm::ValueType::i32;
  const std::int64_t number =
      narrow ? static_cast<std::int32_t>(value) : static_cast<std::int64_t>(value);
  return static_cast<std::int64_t>(claim.low) <= number &&
         number <= static_cast<std::int64_t>(claim.high);
}

using State = Instance::State;
using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;

/// Numbers of the globals that are compared: all of one module, of two those exported by one name.
Pairs compared_globals(const FunctionClaim& claim, const wasm::Module& a, const wasm::Module& b) {
  Pairs pairs;
  const auto add = [&](std::size_t i, std::size_t j) {
    const wasm::GlobalType& type = a.globals[i].type;
    if (type.is_mutable && !wasm::is_reference(type.value) && type == b.globals[j].type) {
      pairs.emplace_back(i, j);
    }
  };
  if (claim.other_module.empty()) {
    for (std::size_t i = 0; i < a.globals.size(); ++i) add(i, i);
    return pairs;
  }
  for (const wasm::Export& here : a.exports) {
    for (const wasm::Export& there : b.exports) {
      const bool global =
          here.kind == wasm::ExternKind::global && there.kind == wasm::ExternKind::global;
      if (global && here.name == there.name) add(here.index, there.index);
    }
  }
  return pairs;
}

/// Before and after a call.
struct Effect {
  State before;
  State after;
};

/// What two calls have left differently of what one of them has changed.
void find_difference(const FunctionClaim& claim, const Pairs& globals, const Effect& a,
                     const Effect& b, ClaimRun& run) {
  const auto say = [&run](const std::string& what, std::uint64_t x, std::uint64_t y) {
    run.difference = what + ": " + std::to_string(x) + " and " + std::to_string(y);
  };
  for (const auto& [i, j] : globals) {
    const bool changed =
        a.before.globals[i] != a.after.globals[i] || b.before.globals[j] != b.after.globals[j];
    if (changed && a.after.globals[i] != b.after.globals[j]) {
      return say("global " + std::to_string(i), a.after.globals[i], b.after.globals[j]);
    }
  }
  const std::size_t size_a = a.after.memory.size();
  const std::size_t size_b = b.after.memory.size();
  const bool grown = a.before.memory.size() != size_a || b.before.memory.size() != size_b;
  if (grown && size_a != size_b) return say("bytes of memory", size_a, size_b);
  const auto byte = [](const State& state, std::size_t at) {
    return at < state.memory.size() ? state.memory[at] : std::uint8_t{0};
  };
  for (std::size_t at = 0; at < std::max(size_a, size_b); ++at) {
    if (leaves_out_bytes(claim) && at >= claim.low && at < claim.high) continue;
    const bool changed =
        byte(a.before, at) != byte(a.after, at) || byte(b.before, at) != byte(b.after, at);
    if (changed && byte(a.after, at) != byte(b.after, at)) {
      run.place = static_cast<std::uint32_t>(at);
      return say("byte " + std::to_string(at) + " of memory", byte(a.after, at), byte(b.after, at));
    }
  }
}

/// The second call of a comparison, of a function in a state of its own.
Result<core::Done> compare_with_other(const FunctionClaim& claim, const FunctionInputs& inputs,
                                      const Instance& instance, const State& before,
                                      ClaimRun& run) {
  const core::Bytes& module = claim.other_module.empty() ? claim.module : claim.other_module;
  ISOTRACE_TRY(const auto second, make_instance(module, claim, inputs));
  const State other_before = second->state();
  ISOTRACE_TRY(FunctionCall call, second->call(claim.other, inputs.arguments));
  run.calls.push_back(std::move(call));
  const FunctionCall& a = run.calls[0];
  const FunctionCall& b = run.calls[1];
  run.violated = a.returned != b.returned || a.results != b.results;
  if (run.violated || !a.returned || claim.property != FunctionProperty::effects) {
    return core::Done{};
  }
  find_difference(claim, compared_globals(claim, instance.module(), second->module()),
                  {before, instance.state()}, {other_before, second->state()}, run);
  run.violated = !run.difference.empty();
  return core::Done{};
}

Result<FunctionCall> call_post(const FunctionClaim& claim, const FunctionInputs& inputs,
                               Instance& instance, const FunctionCall& first) {
  std::vector<Slot> operands = inputs.arguments;
  operands.insert(operands.end(), first.results.begin(), first.results.end());
  return instance.call(claim.other, operands);
}

}  // namespace

Result<ClaimRun> execute_claim(const FunctionClaim& claim, const FunctionInputs& inputs) {
  ClaimRun run;
  ISOTRACE_TRY(run.counts, assumption_holds(claim, inputs));
  if (!run.counts) return run;
  ISOTRACE_TRY(const auto instance, make_instance(claim.module, claim, inputs));
  const bool compares = claim.property == FunctionProperty::effects;
  const State before = compares ? instance->state() : State{};
  ISOTRACE_TRY(FunctionCall first, instance->call(claim.function, inputs.arguments));
  run.calls.push_back(first);
  switch (claim.property) {
    case FunctionProperty::never_traps: run.violated = !first.returned; return run;
    case FunctionProperty::range:
      run.violated = !first.returned || !in_range(claim, first);
      return run;
    case FunctionProperty::equivalent:
    case FunctionProperty::effects: {
      ISOTRACE_TRY_DONE(compare_with_other(claim, inputs, *instance, before, run));
      return run;
    }
    case FunctionProperty::post: break;
  }
  run.violated = !first.returned;
  if (run.violated) return run;
  ISOTRACE_TRY(const FunctionCall second, call_post(claim, inputs, *instance, first));
  run.calls.push_back(second);
  run.violated = !second.returned || static_cast<std::uint32_t>(second.results[0]) == 0;
  return run;
}

}  // namespace isotrace::proofs
