// The validator of one function body: a walk over its instructions with the stacks of the
// specification's algorithm.
#pragma once

#include <initializer_list>

#include <isotrace/wasm/module.hpp>
#include <isotrace/wasm/type_stack.hpp>

namespace isotrace::wasm {

/// Refuses wasm_invalid at the instruction at fault.
class FunctionValidator {
 public:
  FunctionValidator(const Module& module, const std::vector<bool>& declared,
                    const Function& function)
      : module_(module), declared_(declared), function_(function) {}

  /// Returns operands_max.
  core::Result<std::size_t> validate();
  /// The operands in front of the instruction at `pc`, which the body has; the function is valid.
  std::vector<OperandType> operands_at(std::uint32_t pc);

 private:
  core::Result<core::Done> check_instruction();
  core::Result<core::Done> check_signature();
  core::Result<core::Done> check_alignment();
  /// What an instruction over memory and data segments names exists.
  core::Result<core::Done> check_memory_and_data();
  core::Result<core::Done> check_special();
  core::Result<core::Done> check_variables_and_references();

  // ---- blocks and branches

  struct BlockTypes {
    TypeList parameters;
    TypeList results;
  };
  core::Result<BlockTypes> block_types();
  core::Result<core::Done> check_block();
  core::Result<core::Done> check_else();
  core::Result<core::Done> check_end();
  core::Result<core::Done> check_branch();
  core::Result<core::Done> check_branch_if();
  core::Result<core::Done> check_branch_table();
  /// The operands must fit every target; they stay as they are (unknown ones remain unknown).
  core::Result<core::Done> check_table_target(TypeList types, TypeList usual);
  core::Result<core::Done> check_return();

  // ---- calls

  core::Result<const FunctionType*> find_type(std::uint32_t index);
  core::Result<core::Done> check_signature_of(const FunctionType& type);
  core::Result<core::Done> check_call();
  core::Result<core::Done> check_call_indirect();

  // ---- operands and variables

  core::Result<core::Done> check_drop();
  core::Result<core::Done> check_select();
  core::Result<core::Done> check_select_typed();
  core::Result<ValueType> local_type();
  core::Result<core::Done> check_local();
  core::Result<core::Done> check_global();

  // ---- references and tables

  core::Result<core::Done> check_is_null();
  core::Result<core::Done> check_function_reference();
  core::Result<TableType> find_table(std::uint32_t index);
  core::Result<ValueType> find_segment_type(std::uint32_t index);
  /// Pops the types, pushes the result.
  core::Result<core::Done> apply(std::initializer_list<ValueType> operands, OperandType result);
  core::Result<core::Done> check_table();
  core::Result<core::Done> check_table_move();

  const Module& module_;
  const std::vector<bool>& declared_;
  const Function& function_;
  Instruction now_;
  TypeStack stack_;
};

}  // namespace isotrace::wasm
