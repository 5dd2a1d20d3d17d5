// What single steps take, put and write: seen from outside, while the reference executes them.
#pragma once

#include <isotrace/wasm/code_walk.hpp>
#include <isotrace/wasm/stepper.hpp>

namespace isotrace::wasm {

/// Every instruction of the code that can be reached, with what it takes from the stack and puts
/// there.
class CodeTable {
 public:
  struct Entry {
    Instruction instruction;
    StackEffect effect;  ///< of calls: arguments and results
  };
  explicit CodeTable(const Module& module);
  [[nodiscard]] const Entry& at(std::uint32_t pc) const { return entries_[index_[pc]]; }

 private:
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> index_;  ///< by offset in the module
};

struct StepEffect {
  std::uint64_t step = 0;
  Address function = 0;
  std::uint32_t pc = 0;
  std::vector<Slot> operands;            ///< the last one was on top
  std::vector<Slot> results;             ///< none of calls that go on in code
  std::vector<trace::HostWrite> writes;  ///< into the memory of the instance
  Trap trap = Trap::none;
  bool operator==(const StepEffect&) const = default;
};

class StepWatch {
 public:
  /// The table is of the module whose code the stepper executes; all must outlive the watch.
  StepWatch(Store& store, Stepper& stepper, const CodeTable& code)
      : store_(store), stepper_(stepper), code_(code) {}

  /// Executes one opcode; nothing if it was no step. Only while running.
  std::optional<StepEffect> execute_opcode();
  /// Executes up to and including the next step; nothing if the execution ends before it.
  std::optional<StepEffect> step();

 private:
  StepEffect execute_step(const CodeTable::Entry& entry);
  [[nodiscard]] std::optional<trace::HostWrite> expect_write(const CodeTable::Entry& entry,
                                                             const StepEffect& effect) const;

  Store& store_;
  Stepper& stepper_;
  const CodeTable& code_;
};

/// Goes on behind opcodes that are no steps, to the next one that is, or to the end.
void skip_markers(const Store& store, Stepper& stepper);

}  // namespace isotrace::wasm
