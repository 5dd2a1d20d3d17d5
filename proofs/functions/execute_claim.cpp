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

Result<FunctionCall> call_other(const FunctionClaim& claim, const FunctionInputs& inputs,
                                Instance& instance, const FunctionCall& first) {
  if (claim.property == FunctionProperty::post) {
    std::vector<Slot> operands = inputs.arguments;
    operands.insert(operands.end(), first.results.begin(), first.results.end());
    return instance.call(claim.other, operands);
  }
  const core::Bytes& module = claim.other_module.empty() ? claim.module : claim.other_module;
  ISOTRACE_TRY(const auto second, make_instance(module, claim, inputs));
  return second->call(claim.other, inputs.arguments);
}

}  // namespace

Result<ClaimRun> execute_claim(const FunctionClaim& claim, const FunctionInputs& inputs) {
  ClaimRun run;
  ISOTRACE_TRY(run.counts, assumption_holds(claim, inputs));
  if (!run.counts) return run;
  ISOTRACE_TRY(const auto instance, make_instance(claim.module, claim, inputs));
  ISOTRACE_TRY(FunctionCall first, instance->call(claim.function, inputs.arguments));
  run.calls.push_back(first);
  switch (claim.property) {
    case FunctionProperty::never_traps: run.violated = !first.returned; return run;
    case FunctionProperty::range:
      run.violated = !first.returned || !in_range(claim, first);
      return run;
    case FunctionProperty::post:
      run.violated = !first.returned;
      if (run.violated) return run;
      break;
    case FunctionProperty::equivalent: break;
  }
  ISOTRACE_TRY(FunctionCall second, call_other(claim, inputs, *instance, first));
  run.calls.push_back(second);
  if (claim.property == FunctionProperty::post) {
    run.violated = !second.returned || static_cast<std::uint32_t>(second.results[0]) == 0;
  } else {
    run.violated = first.returned != second.returned || first.results != second.results;
  }
  return run;
}

}  // namespace isotrace::proofs
