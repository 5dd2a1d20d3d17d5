#include <isotrace/wasm/record/check_execution.hpp>

#include <isotrace/wasm/code_walk.hpp>
#include <isotrace/wasm/function_validator.hpp>

namespace isotrace::wasm {
namespace {

using core::Done;
using core::Result;

/// What follows from a place in the code alone.
struct Place {
  bool reached = false;          ///< an instruction stands there, and can be executed
  bool suspends = false;         ///< every engine can stop in front of it
  Instruction before;            ///< the one in front of it; a call, or of no interest
  std::vector<ValueType> types;  ///< of the frame's slots: parameters, locals, operands
  std::uint64_t slots_max = 0;   ///< how many these can become
};

tl::unexpected<core::Refusal> refuse_frame(std::size_t frame, const char* detail) {
  return core::refuse(core::RefusalCode::trace_malformed, "frame " + std::to_string(frame), detail);
}

Place look_at(const Module& module, const Function& function, std::uint32_t pc) {
  Place place;
  CodeWalk walk(module, function);
  while (walk.next() && walk.now().offset < pc) {
    place.before = walk.now();
  }
  place.reached = walk.now().offset == pc && walk.reached();
  if (!place.reached) return place;
  place.suspends = walk.now().opcode == Opcode::loop || pc == function.body.begin;
  place.types = slot_types(module, function, pc);
  place.slots_max = module.type_of(function).parameters.size() +
                    std::uint64_t{function.locals_count} + function.operands_max;
  return place;
}

class ExecutionCheck {
 public:
  ExecutionCheck(const Store& store, const Execution& execution)
      : store_(store), execution_(execution) {}

  Result<Done> run() {
    const std::vector<Frame>& frames = execution_.frames;
    if (frames.empty() || frames.size() > store_.limits.frames_max ||
        execution_.slots.size() > store_.limits.slots_max) {
      return refuse_frame(frames.size(), "none, or too many");
    }
    if (frames[0].slots_begin != 0) return refuse_frame(0, "does not begin at the first slot");
    for (std::size_t i = 0; i < frames.size(); ++i) {
      ISOTRACE_TRY_DONE(check_frame(i));
    }
    return Done{};
  }

 private:
  Result<Done> check_frame(std::size_t index) {
    const Frame& frame = execution_.frames[index];
    const bool innermost = index + 1 == execution_.frames.size();
    if (frame.function >= store_.functions.size() || store_.functions[frame.function].host) {
      return refuse_frame(index, "of no function");
    }
    const Place& place = place_of(frame);
    if (!place.reached) return refuse_frame(index, "pc is at no instruction that is reached");
    if (innermost && !place.suspends) return refuse_frame(index, "pc is at no suspend point");
    std::size_t count = place.types.size();
    std::uint64_t end = execution_.slots.size();
    if (!innermost) {
      const Frame& next = execution_.frames[index + 1];
      if (!calls(frame, place.before, next.function)) {
        return refuse_frame(index, "waits for another function");
      }
      count -= store_.type_of(next.function).results.size();
      end = next.slots_begin;
    }
    if (end > execution_.slots.size() || frame.slots_begin + std::uint64_t{count} != end ||
        frame.slots_begin + place.slots_max > store_.limits.slots_max) {
      return refuse_frame(index, "has another number of slots");
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (!holds_value(store_, execution_.slots[frame.slots_begin + i], place.types[i])) {
        return refuse_frame(index, "a slot holds no value of its type");
      }
    }
    return Done{};
  }

  [[nodiscard]] bool calls(const Frame& frame, const Instruction& call, Address callee) const {
    if (callee >= store_.functions.size()) return false;
    const ModuleInstance& instance = store_.instances[store_.functions[frame.function].instance];
    if (call.opcode == Opcode::call) return instance.functions[call.first] == callee;
    return call.opcode == Opcode::call_indirect &&
           instance.type_ids[call.first] == store_.functions[callee].type_id;
  }

  /// Deep recursions are in few places.
  const Place& place_of(const Frame& frame) {
    const auto [entry, added] = places_.try_emplace({frame.function, frame.pc});
    if (added) {
      const FunctionInstance& function = store_.functions[frame.function];
      const Module& module = *store_.instances[function.instance].module;
      entry->second = look_at(module, module.functions[function.index], frame.pc);
    }
    return entry->second;
  }

  const Store& store_;
  const Execution& execution_;
  std::map<std::pair<Address, std::uint32_t>, Place> places_;
};

}  // namespace

std::vector<ValueType> slot_types(const Module& module, const Function& function,
                                  std::uint32_t pc) {
  std::vector<ValueType> types = module.type_of(function).parameters;
  for (const LocalRun& run : function.locals) {
    types.resize(module.type_of(function).parameters.size() + run.end, run.type);
  }
  const std::vector<bool> declared(module.functions.size(), true);
  for (const OperandType type : FunctionValidator(module, declared, function).operands_at(pc)) {
    if (type) types.push_back(*type);  // unknown only where nothing is reached
  }
  return types;
}

bool holds_value(const Store& store, Slot slot, ValueType type) {
  switch (type) {
    case ValueType::i32:
    case ValueType::f32: return slot <= UINT32_MAX;
    case ValueType::funcref: return slot <= store.functions.size();
    default: return true;
  }
}

Result<Done> check_execution(const Store& store, const Execution& execution) {
  return ExecutionCheck(store, execution).run();
}

}  // namespace isotrace::wasm
