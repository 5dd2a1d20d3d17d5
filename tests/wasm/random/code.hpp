// Random code of one function, valid by construction: what operands lie where is known at every
// instruction. Values left by one part are operands of a later one; behind unconditional branches
// go on instructions that nothing reaches.
#pragma once

#include <isotrace/wasm/numeric/opcode.hpp>

#include "tests/wasm/random/shape.hpp"

namespace isotrace::wasm::tests {

class RandomCode {
 public:
  RandomCode(const ModuleShape& shape, Dice& dice, std::uint32_t function);

  /// The entry of the code section, its size included.
  core::Bytes make();

 private:
  struct Form {
    std::vector<ValueType> parameters;
    std::vector<ValueType> results;
    core::Bytes bytes;  ///< the block type
  };
  struct Open {
    Opcode opcode;
    Form form;
    std::size_t height;
    bool dead = false;  ///< behind an unconditional branch
  };

  // ---- writing, and what it does to the operands (code.cpp)

  void emit(Opcode opcode);
  void emit(Opcode opcode, std::uint32_t index);
  /// With a byte that stands alone: no number.
  void emit_with(Opcode opcode, std::uint8_t byte);
  /// In as few bytes as it takes, or in more.
  void index(std::uint32_t value);
  void number(ValueType type, Slot value);
  void word(std::uint32_t value) { number(ValueType::i32, value); }
  void push(TypeList types) { stack_.insert(stack_.end(), types.begin(), types.end()); }
  void push(ValueType type) { stack_.push_back(type); }
  /// What unreachable code lacks counts as there.
  void pop(std::size_t count);
  /// What the next instruction may take.
  [[nodiscard]] TypeList operands_here() const;
  void apply(TypeList parameters, TypeList results);
  /// Nothing behind this instruction is reached in this block.
  void leave();
  void open(Opcode opcode, const Form& form);
  void open_else();
  void close();
  core::Bytes locals_bytes() const;

  // ---- values (code_values.cpp)

  /// Makes sure that operands of these types are on top.
  void operands(TypeList types);
  void expression(ValueType type);
  void leaf(ValueType type);
  bool numeric(ValueType type);
  void numeric_operands(const OpcodeInfo& info);
  bool select(ValueType type);
  bool block_expression(ValueType type);
  bool special_value(ValueType type);
  bool call_for(ValueType type);
  std::optional<std::uint32_t> local_of(ValueType type, bool to_write);
  std::optional<std::uint32_t> global_of(ValueType type, bool to_write);
  std::optional<std::uint32_t> table_of(ValueType type);

  // ---- control (code_control.cpp)

  void guarded_body();
  void out_of_fuel();
  void statements(std::uint32_t count);
  void statement();
  /// Leaves exactly these operands in the block.
  void finish(TypeList types);
  void drop();
  bool unknown_suffices(TypeList types);
  Form random_form();
  Form form_of(std::uint32_t type);
  Form value_form(ValueType type);
  void block(const Form& form);
  void block_if(const Form& form);
  void loop(const Form& form);
  void count_down(std::uint32_t counter, std::uint32_t rounds);
  /// What a branch by that depth takes along.
  [[nodiscard]] std::vector<ValueType> label_types(std::uint32_t depth) const;
  [[nodiscard]] bool leads_back(std::uint32_t depth) const;
  void branch();
  void branch_if();
  void branch_table();
  void trap();
  void call(std::uint32_t function);
  void call_any();
  void call_indirect();
  std::optional<std::uint32_t> random_callable();
  void assign();

  // ---- memory and tables (code_data.cpp)

  void address(std::uint64_t size);
  [[nodiscard]] std::uint32_t access_offset();
  void add_index();
  void access(const OpcodeInfo& info, std::uint32_t offset);
  bool load(ValueType type);
  void store();
  void memory_statement();
  void table_statement();
  void table_copy(std::uint32_t table);
  void table_init(std::uint32_t table);
  void table_index(std::uint32_t table);
  void count_operand(std::uint32_t usual);

  [[nodiscard]] bool risky() { return dice_.percent(shape_.risk); }
  [[nodiscard]] bool v2() const { return shape_.edition == Edition::v2; }
  [[nodiscard]] bool nests() const { return blocks_.size() < nested_most_ && budget_ > 0; }
  /// For what provers of integer functions need not meet.
  [[nodiscard]] bool rarely(std::uint32_t n) { return !shape_.integers && dice_.one_in(n); }

  const ModuleShape& shape_;
  Dice& dice_;
  const FunctionType& type_;
  bool entry_;
  bool leaf_;  ///< neither calls nor branches back but for counted loops, so needs no fuel
  core::Bytes out_;
  std::vector<ValueType> locals_;
  std::vector<bool> is_counter_;  ///< by local: only its loop writes it
  std::vector<ValueType> stack_;
  std::size_t floor_ = 0;  ///< operands below it are spoken for
  std::vector<Open> blocks_;
  int budget_;
  std::size_t nested_most_ = 6;
  int depth_ = 0;
  std::uint32_t loops_ = 0;  ///< open ones
};

}  // namespace isotrace::wasm::tests
