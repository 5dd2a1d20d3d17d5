// Makes the code of one function: a single pass over its instructions that keeps the stack of
// operands as far as it can be known, and joins neighbouring instructions into one operation.
//
// Steps are counted where straight code ends. Within it they are owed: where paths join, all must
// owe the same, so branches to that place pay more or less than they have taken; what is owed at a
// suspend point is nothing.
#pragma once

#include <set>

#include <isotrace/wasm/code_walk.hpp>
#include <isotrace/wasm/fast/operand_stack.hpp>
#include <isotrace/wasm/fast/translations.hpp>

namespace isotrace::wasm::fast {

class Translator {
 public:
  /// The routine's frame must not be larger than frame_slots_max.
  Translator(const Store& store, Translations& translations, Routine& routine);
  void translate();

 private:
  /// A branch whose target is not known yet.
  struct Jump {
    std::size_t target_at = 0;  ///< offset of the word; its steps are the next one
    std::int64_t steps = 0;
  };

  struct Label {
    OpenCode code;
    std::size_t begin = 0;  ///< loop: where it begins
    std::vector<Jump> jumps;
    std::optional<Jump> otherwise;  ///< if: the branch that is not taken
  };

  void instruction();
  void dead_instruction();

  // ---- values

  void numeric(Opcode opcode);
  void binary(Opcode opcode);
  bool pair(Opcode opcode);
  void emit_binary(Opcode opcode, const Operand& a, const Operand& b);
  void unary(Opcode opcode, const UnaryRow& row);
  void load(const LoadRow& row);
  bool load_at_sum(const LoadRow& row);
  void store(const StoreRow& row);
  bool store_at_sum(const StoreRow& row);
  void select();
  void slow(SlowOperation operation);
  void set_local();
  void global_get();
  void global_set();

  // ---- control (translator_control.cpp)

  void control();
  void open_label(const OpenCode& code);
  void begin_loop(Label& label);
  void begin_else();
  void end_block();
  void end_function();
  void land(std::vector<Jump>& jumps, bool falls_through);
  void branch(std::uint32_t depth);
  void branch_conditionally(std::uint32_t depth);
  void branch_by_table();
  Jump branch_if(bool when, bool to_loop);
  bool count_and_branch_if(bool when, bool to_loop, Jump& jump);
  Jump emit_target();
  Jump emit_branch(Handler handler, const Operand& a, const Operand& b);
  void jump_to(Label& label, std::int64_t steps);
  void aim(Label& label, Jump jump);
  void move_results(const Label& label);
  [[nodiscard]] bool needs_moves(const Label& label, std::uint32_t above = 0) const;
  void call(std::uint32_t index);
  void call_indirect();
  void after_call(const FunctionType& type);
  void enter_instance();
  void return_from_function();

  // ---- effects, where the code notes them (translator_effects.cpp)

  void end_stretch();
  void end_changed_stretch();
  void end_stretch_at_call(const FunctionType& type, bool indirect);
  void note_results();
  void note_slots(std::size_t first, std::size_t count, std::size_t bytes);
  [[nodiscard]] std::vector<Word> take_changed();
  void add_operands(std::vector<Word>& values, std::span<const ValueType> types,
                    std::size_t first) const;
  void emit_stretch(std::uint32_t pc, std::span<const Word> values);

  Label& label_at(std::uint32_t depth) { return labels_[labels_.size() - 1 - depth]; }
  [[nodiscard]] std::size_t index_of(std::uint32_t height) const {
    return height - routine_.locals_end;
  }
  [[nodiscard]] Word place(std::uint32_t pc) const { return place_word(routine_.address, pc); }
  void mark_trap();
  void finish();

  const Store& store_;
  Translations& translations_;
  Routine& routine_;
  const ModuleInstance& instance_;
  const Module& module_;
  const wasm::Function& function_;
  CodeWalk walk_;
  OperandStack stack_;
  std::vector<Label> labels_;
  std::vector<std::size_t> targets_;  ///< offsets of words that are offsets until the end
  std::int64_t owed_ = 0;             ///< steps taken and not counted
  bool notes_;                        ///< effects
  std::vector<std::uint8_t> bytes_;   ///< in the stream of effects, of each local
  std::set<std::uint32_t> changed_;   ///< locals, since the stretch before
  std::uint32_t control_pc_ = 0;      ///< of the instruction whose block is opened, or this one
};

}  // namespace isotrace::wasm::fast
