// The reference engine of isowasm-1: executes the bytes of validated modules, one opcode per call,
// on the literal state of the specification. It is the definition; other engines must reach the
// same states. Not fast, never recursive.
#pragma once

#include <isotrace/wasm/engine.hpp>
#include <isotrace/wasm/numeric/opcode.hpp>

namespace isotrace::wasm {

class Stepper : public Engine {
 public:
  /// The store must outlive the stepper. Other executions may change it only between steps.
  explicit Stepper(Store& store) : store_(store) {}

  core::Result<core::Done> begin(Address function, std::span<const Slot> arguments) override;
  bool run_to_suspend_point(std::uint64_t steps_min) override;
  /// Valid at any time, as is steps().
  [[nodiscard]] const Execution& state() override { return state_; }
  [[nodiscard]] std::uint64_t steps() const override { return state_.steps; }
  /// Any state between two opcodes.
  void restore(const Execution& state) override;

  /// Executes one opcode. Only while running.
  void step();
  /// The same, for callers that hold a core::FloatEnvironment while they take many steps.
  void step_in_environment() { execute_next(); }
  /// Executes until the execution ends or has taken `steps_max` steps in all. True: it ended.
  bool run(std::uint64_t steps_max);

 private:
  /// An open block, loop or if.
  struct Label {
    std::uint32_t continuation = 0;  ///< pc after a branch to it
    std::uint32_t arity = 0;         ///< slots that a branch takes along
    std::uint32_t height = 0;        ///< number of slots below it
  };

  [[nodiscard]] bool at_suspend_point() const;
  void execute_next();
  Trap execute(Opcode opcode);
  void execute_constant(Opcode opcode);

  // ---- code: reading moves the frame's pc; validation has judged the form

  std::uint8_t read_byte() { return code_[state_.frames.back().pc++]; }
  Opcode read_opcode();
  std::uint32_t read_u32();
  std::int64_t read_signed();
  Slot read_fixed(unsigned size);

  // ---- operands

  void push_slot(Slot slot) { state_.slots.push_back(slot); }
  Slot pop_slot() {
    const Slot slot = state_.slots.back();
    state_.slots.pop_back();
    return slot;
  }
  void push_u32(std::uint32_t value) { push_slot(value); }
  std::uint32_t pop_u32() { return static_cast<std::uint32_t>(pop_slot()); }

  // ---- control (stepper_control.cpp)

  Trap execute_control(Opcode opcode);
  void open_block(Opcode opcode, std::uint32_t begin);
  void open_if(std::uint32_t begin);
  void push_label(std::uint32_t continuation, std::uint32_t arity, std::uint32_t parameters);
  void branch(std::uint32_t depth);
  void branch_table();
  void return_from_function();
  Trap enter(Address function);
  Trap enter_host(Address function, const FunctionType& type);
  Trap call_indirect();
  void keep_top(std::size_t count, std::size_t height);
  void load_frame();
  const Control& control_at(std::uint32_t begin) const;
  const Function& function_of(const Frame& frame) const;
  void trap_at(std::uint32_t pc, Trap trap);

  // ---- variables, references, tables (stepper_data.cpp)

  Trap execute_variable(Opcode opcode);
  Trap execute_parametric(Opcode opcode);
  Trap execute_reference(Opcode opcode);
  Trap execute_table(Opcode opcode);
  Trap table_init();
  Trap table_copy();
  Trap table_fill();
  void table_grow();
  TableInstance& table(std::uint32_t index);

  // ---- memory (stepper_memory.cpp)

  Trap execute_memory(Opcode opcode);
  Trap execute_access(Opcode opcode);
  std::optional<std::uint64_t> place(std::uint32_t base, std::size_t size);
  template <class Stored, class Result>
  Trap load();
  template <class Stored>
  Trap store();
  void memory_grow();
  Trap memory_init();
  Trap memory_copy();
  Trap memory_fill();
  MemoryInstance& memory();

  Store& store_;
  Execution state_;
  // These follow from state_ and are only kept at hand.
  std::vector<Label> labels_;
  std::vector<std::uint32_t> labels_begin_;  ///< by frame: its first label
  // Of the innermost frame.
  const std::uint8_t* code_ = nullptr;
  Address instance_ = 0;
};

}  // namespace isotrace::wasm
