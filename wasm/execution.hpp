// The state of one execution, as plain lists: what the specification calls the stack, with frames,
// labels and values each in a list of their own. Together with the store it is everything that the
// next step depends on. Labels follow from function and pc alone, so two states with the same
// frames and slots have the same labels.
#pragma once

#include <isotrace/wasm/store.hpp>

namespace isotrace::wasm {

/// An open block, loop or if.
struct Label {
  std::uint32_t continuation = 0;  ///< pc after a branch to it
  std::uint32_t arity = 0;         ///< slots that a branch takes along
  std::uint32_t height = 0;        ///< number of slots below it
  bool operator==(const Label&) const = default;
};

/// A call that has not returned.
struct Frame {
  Address function = 0;
  std::uint32_t pc = 0;            ///< byte offset of the next opcode in the module
  std::uint32_t slots_begin = 0;   ///< its parameters, locals, then operands
  std::uint32_t labels_begin = 0;  ///< its labels
  bool operator==(const Frame&) const = default;
};

enum class Status : std::uint8_t { idle, running, finished, trapped };

struct Execution {
  Status status = Status::idle;
  Trap trap = Trap::none;  ///< when trapped; pc is then that of the opcode that trapped
  std::uint64_t steps = 0;
  std::vector<Frame> frames;
  std::vector<Label> labels;
  std::vector<Slot> slots;  ///< when finished: the results
  bool operator==(const Execution&) const = default;
};

}  // namespace isotrace::wasm
