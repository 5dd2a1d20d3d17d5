// A walk over the instructions of a validated function that knows what follows from the code alone:
// at each of them the blocks that are open and how many slots the frame holds.
#pragma once

#include <span>

#include <isotrace/wasm/instruction.hpp>
#include <isotrace/wasm/module.hpp>

namespace isotrace::wasm {

/// How many slots an instruction takes from the top and how many it puts there.
struct StackEffect {
  std::uint32_t pops = 0;
  std::uint32_t pushes = 0;
};

/// A block, loop, if or else that is open, or the function itself. Slots are counted from the first
/// one of the frame: its parameters, its locals, then operands.
struct OpenCode {
  Opcode opcode = Opcode::block;
  std::uint32_t continuation = 0;  ///< pc after a branch to it; the function: behind its end
  std::uint32_t arity = 0;         ///< slots that a branch takes along
  std::uint32_t height = 0;        ///< slots below it and its parameters
  std::uint32_t parameters = 0;
  std::uint32_t results = 0;
  bool reached = true;  ///< whether it can be entered
};

class CodeWalk {
 public:
  /// Both must outlive the walk. It begins before the first instruction.
  CodeWalk(const Module& module, const Function& function);

  /// Goes to the next instruction, the last one being the `end` of the function. False: none left.
  bool next();

  [[nodiscard]] const Instruction& now() const { return now_; }
  /// Where the instruction behind this one begins.
  [[nodiscard]] std::uint32_t next_offset() const { return reader_.offset(); }
  /// Whether the instruction can be executed. If not, it is behind an unconditional branch of its
  /// block, and its height says nothing.
  [[nodiscard]] bool reached() const { return reached_; }
  /// Slots of the frame before the instruction.
  [[nodiscard]] std::uint32_t height() const { return height_; }
  /// What is open before the instruction, the function itself first.
  [[nodiscard]] std::span<const OpenCode> open() const { return open_; }
  /// What the instruction does to the slots. Not for blocks and unconditional branches.
  [[nodiscard]] StackEffect effect() const;
  /// The target of a branch by that depth.
  [[nodiscard]] const OpenCode& label(std::uint32_t depth) const {
    return open_[open_.size() - 1 - depth];
  }

 private:
  void apply();
  void open_block();
  StackEffect effect_of(const FunctionType& type, std::uint32_t more_pops) const;

  const Module& module_;
  const Function& function_;
  Reader reader_;
  Instruction now_;
  std::vector<OpenCode> open_;
  std::uint32_t height_;
  bool reached_ = true;
  bool begun_ = false;
};

/// What is open in a frame before the opcode at `pc`, the function itself first.
std::vector<OpenCode> open_code_at(const Module& module, const Function& function,
                                   std::uint32_t pc);

}  // namespace isotrace::wasm
