// Instructions as people read them, close to the text format.
#pragma once

#include <string>

#include <isotrace/wasm/instruction.hpp>
#include <isotrace/wasm/module.hpp>

namespace isotrace::wasm {

/// The instruction at a place of validated code.
Instruction instruction_at(const Module& module, std::uint32_t pc);

/// "i32.store offset=64", "br_table 0 1 0", "f32.const 1.5", "call_indirect (i32) -> (), table 0".
std::string instruction_text(const Module& module, const Instruction& instruction);

}  // namespace isotrace::wasm
