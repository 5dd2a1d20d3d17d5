// The state of one execution, as plain lists: what the specification calls the stack, with frames
// and values each in a list of their own. Labels follow from function and pc alone, so they are no
// part of it. Together with the store it is everything that the next step depends on.
#pragma once

#include <isotrace/wasm/store.hpp>

namespace isotrace::wasm {

/// A call that has not returned.
struct Frame {
  Address function = 0;
  std::uint32_t pc = 0;           ///< byte offset of the next opcode in the module
  std::uint32_t slots_begin = 0;  ///< its parameters, locals, then operands
  bool operator==(const Frame&) const = default;
};

struct Execution {
  Status status = Status::idle;
  Trap trap = Trap::none;  ///< when trapped
  std::uint64_t steps = 0;
  std::vector<Frame> frames;  ///< when trapped: where it happened; pc of the opcode that trapped
  std::vector<Slot> slots;    ///< when finished: the results; when trapped: none
  bool operator==(const Execution&) const = default;
};

}  // namespace isotrace::wasm
