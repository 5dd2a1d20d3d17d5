// Executes functions of one instance on terms instead of numbers. Every path through the code is
// followed at once: where paths come together, their values become "if this test, that value". A
// loop whose end the terms decide runs as often as it does; any other one at most `unwind` times,
// and what would go on then is recorded as cut off. The same holds for functions that call
// themselves. Nothing here recurses. Trust: part of the trusted base. Spec: WebAssembly,
// "Execution"; wasm/stepper is the definition that this must agree with.
#pragma once

#include <isotrace/proofs/obligation/floats.hpp>
#include <isotrace/proofs/obligation/guards.hpp>
#include <isotrace/proofs/obligation/instance.hpp>
#include <isotrace/proofs/obligation/memory.hpp>
#include <isotrace/wasm/instruction.hpp>

namespace isotrace::proofs::obligation {

/// The state of one instance where a guard holds. Values are vectors of their type's width.
struct Path {
  Guard guard = always;
  std::vector<bits::Term> slots;  ///< of the innermost frame: locals, then operands
  std::vector<bits::Term> globals;
  bits::Term memory;
  std::uint32_t pages = 0;
};

/// What ended early, as Boolean terms that exclude each other: what comes first counts.
struct Ends {
  bits::Term trapped;
  bits::Term cut;
};

class Machine {
 public:
  /// All must outlive the machine.
  Machine(bits::TermPool& pool, const wasm::Module& module, const InitialInstance& instance,
          MemoryTerms& memory, FloatTerms& floats, std::uint32_t unwind);

  /// The state after instantiation, before the start function.
  [[nodiscard]] Path initial_path() const;
  /// Calls a function in a state. The results are the slots; nothing: no call of it returns.
  /// Refuses function_unsupported with function, offset and opcode; limit_exceeded.
  core::Result<std::optional<Path>> call(std::uint32_t function, std::vector<bits::Term> arguments,
                                         Path path);
  /// Of all calls so far.
  [[nodiscard]] const Ends& ends() const { return ends_; }

 private:
  enum class Kind : std::uint8_t { block, loop, if_, function, dispatch };
  struct Call {
    std::uint32_t function = 0;
    Path path;
  };
  /// An open block, function or choice between calls.
  struct Label {
    Kind kind = Kind::block;
    std::uint32_t begin = 0;        ///< loop: pc of its first instruction
    std::uint32_t alternative = 0;  ///< if: offset of `else`, until it is reached
    std::uint32_t end = 0;          ///< offset of `end`; dispatch: pc to go on at
    std::uint32_t height = 0;       ///< slots below it
    std::uint32_t parameters = 0;
    std::uint32_t results = 0;
    Guard entry = always;
    bool escaped = false;  ///< a branch has left it for a label around it
    std::vector<Path> arrived = {};
    std::optional<Path> otherwise = {};  ///< if: the other side
    std::vector<Call> calls = {};        ///< dispatch: not yet made
    // loop
    std::vector<Path> back = {};
    Guard round_entry = always;
    bool round_escaped = false;
    std::size_t round_arrived = 0;
    std::uint32_t rounds = 0;       ///< in all
    std::uint32_t open_rounds = 0;  ///< begun where it was not decided that they begin
  };
  struct Frame {
    std::uint32_t function = 0;
    std::uint32_t pc = 0;
    std::vector<bits::Term> caller_slots = {};  ///< below the arguments
    std::uint64_t slots_begin = 0;              ///< slots of all frames around it
    Guard entry = always;
    std::uint32_t open_depth = 0;  ///< calls of itself around it that were not decided
    std::size_t labels_begin = 0;
  };

  // ---- running (machine.cpp)

  core::Result<core::Done> run();
  core::Result<core::Done> execute();
  core::Result<core::Done> execute_numeric();
  core::Result<core::Done> check_work() const;
  [[nodiscard]] tl::unexpected<core::Refusal> refuse_instruction(const std::string& why) const;
  Label& label() { return labels_.back(); }
  Frame& frame() { return frames_.back(); }
  bits::Term pop();
  void push(bits::Term term) { path_->slots.push_back(term); }
  bits::Term word(std::uint64_t value) { return pool_.constant(value, 32); }

  // ---- traps and joins (machine_paths.cpp)

  /// Records the trap where the condition holds; the path ends if that is always.
  void trap_if(bits::Term condition);
  void end_path();
  void cut_path(Path& path);
  void record(bits::Term& end, const bits::Term& other, bits::Term condition);
  /// The path where the condition holds, out of `from`; nothing: it never does.
  std::optional<Path> split(std::optional<Path>& from, bits::Term condition);
  core::Result<std::optional<Path>> join(std::vector<Path> paths, std::optional<Guard> guard);
  core::Result<Path> join_two(const Path& then, const Path& otherwise, bits::Term condition);
  core::Result<core::Done> pair_siblings(std::vector<Path>& paths);

  // ---- control (machine_control.cpp)

  core::Result<core::Done> execute_control();
  void open_block();
  void open_if();
  void at_else();
  core::Result<core::Done> at_end();
  core::Result<core::Done> end_loop();
  core::Result<bool> begin_round();
  core::Result<core::Done> end_function();
  void skip_dead_code();
  void branch(std::uint32_t depth, Path path);
  void branch_if();
  void branch_table();
  const wasm::Control& control() const;
  Label make_label(Kind kind) const;

  // ---- calls (machine_calls.cpp)

  core::Result<core::Done> enter(std::uint32_t function);
  core::Result<core::Done> call_indirect();
  core::Result<core::Done> next_call();
  [[nodiscard]] std::uint32_t open_depth_of(std::uint32_t function, Guard guard) const;

  // ---- variables and memory (machine_data.cpp)

  core::Result<core::Done> execute_variable();
  core::Result<core::Done> execute_memory();
  core::Result<core::Done> load(unsigned bytes, unsigned width, bool is_signed);
  core::Result<core::Done> store(unsigned bytes);
  core::Result<core::Done> memory_grow();
  core::Result<core::Done> execute_bulk();
  /// base + offset; traps where `size` bytes there are not all in bounds.
  std::optional<bits::Term> place(std::uint32_t offset, unsigned size);
  void trap_unless_within(bits::Term begin, bits::Term count, std::uint64_t size);
  /// The most rounds that a bulk operation of that count takes; cuts paths off where it is more.
  std::uint32_t bulk_rounds(bits::Term count);
  bits::Term segment_byte(const wasm::DataSegment& segment, bits::Term source, std::uint32_t i);

  bits::TermPool& pool_;
  const wasm::Module& module_;
  const InitialInstance& instance_;
  MemoryTerms& memory_;
  FloatTerms& floats_;
  std::uint32_t unwind_;
  GuardTree guards_;
  Ends ends_;
  std::optional<Path> path_;  ///< nothing: the code here is not reached
  std::vector<Label> labels_;
  std::vector<Frame> frames_;
  wasm::Instruction now_;
  std::uint64_t work_ = 0;
};

}  // namespace isotrace::proofs::obligation
