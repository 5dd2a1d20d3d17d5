// Whether a state that somebody handed us is one that the code can be in: engines trust their
// states, so one from a file is judged before any of them sees it.
#pragma once

#include <isotrace/wasm/execution.hpp>

namespace isotrace::wasm {

/// Whether the slot can hold a value of the type in this store.
bool holds_value(const Store& store, Slot slot, ValueType type);

/// Types of a frame's slots in front of an instruction that can be reached: parameters, locals,
/// operands.
std::vector<ValueType> slot_types(const Module& module, const Function& function, std::uint32_t pc);

/// Refuses trace_malformed unless the state is running at a suspend point, every frame waits behind
/// a call of the next one, and every slot holds a value of its type.
core::Result<core::Done> check_execution(const Store& store, const Execution& execution);

}  // namespace isotrace::wasm
