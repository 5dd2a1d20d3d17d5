// The tables of handlers that the translator chooses from, one family per file.
#pragma once

#include <isotrace/wasm/fast/dispatch.hpp>
#include <isotrace/wasm/numeric/opcode.hpp>

namespace isotrace::wasm::fast {

/// By To.
struct ByResult {
  Handler to[3] = {};
};

/// One operand: slot or accumulator; loads: or constant.
struct UnaryRow {
  ByResult from[3];
};

/// By where the operands come from; not both from the accumulator. Words: one for a constant.
struct BinaryRow {
  ByResult from[2][3];
};

/// Compares and branches if the outcome is `when`. Words: one for a constant, then target and
/// steps.
struct BranchRow {
  Handler from[2][3][2][2] = {};  ///< a, b, when, whether the target is a loop
};

/// A local becomes slot a and an addend (u32), is compared with b, and branches. Words: addend (its
/// slot, or a constant), b if it is a constant, target, steps.
struct CountRow {
  /// Whether the addend and b are constants, when, whether the target is a loop.
  Handler from[2][2][2][2] = {};
};

/// Words: offset.
struct LoadRow {
  UnaryRow plain;   ///< address: slot, accumulator or, with no operand, in the offset
  ByResult sum[3];  ///< address: sum of two u32: slot a, and b of any kind; words: offset, constant
};

/// By where address and value come from. Words: offset, one for a constant value.
struct StoreRow {
  Handler from[3][3] = {};
  /// Address: sum of slot a and a slot, which field_result names, or a constant; value: slot or
  /// constant. Words: offset, those of constants.
  Handler sum[2][2] = {};
};

/// Two operations in a row: (x first y) second z, or z second (x first y) if `exchanged`. By where
/// x comes from; y is field b, z what field_c names, unless they are constants (words: y, z).
/// nullptr: there is none for these.
struct PairKey {
  Opcode first = Opcode::nop;
  From y = From::slot;
  Opcode second = Opcode::nop;
  From z = From::slot;
  bool exchanged = false;
};
const UnaryRow* find_pair(const PairKey& key);
const UnaryRow* find_pair_i32(const PairKey& key);
const UnaryRow* find_pair_i64(const PairKey& key);
const UnaryRow* find_pair_f32(const PairKey& key);
const UnaryRow* find_pair_f64(const PairKey& key);

// nullptr: the opcode is no such operation.
const BinaryRow* find_binary(Opcode opcode);
const BranchRow* find_branch(Opcode opcode);
const CountRow* find_count(Opcode opcode);
const UnaryRow* find_unary(Opcode opcode);
/// `notes`: puts into the stream of effects what was read, or where and what was written.
const LoadRow* find_load(Opcode opcode, bool notes);
const StoreRow* find_store(Opcode opcode, bool notes);

// What the families contribute to these.
struct NumericRows {
  const BinaryRow* binary = nullptr;
  const BranchRow* branch = nullptr;
  const CountRow* count = nullptr;
  const UnaryRow* unary = nullptr;
};
NumericRows find_i32(Opcode opcode);
NumericRows find_i64(Opcode opcode);
NumericRows find_f32(Opcode opcode);
NumericRows find_f64(Opcode opcode);
NumericRows find_conversion(Opcode opcode);

/// Copies field a, or a constant, by From.
const ByResult& copy_handlers(From from);
/// Copies a to the result, then b to the slot that field_c names.
Handler copy_two_handler();
/// Words: address of the global.
const ByResult& global_get_handlers();
/// Words: address of the global, one for a constant.
Handler global_set_handler(From from);
/// a if the condition, which field_c names, is not zero, else b. Words: constants.
const ByResult& select_handlers(From condition, From a, From b);

// Control (handlers_control.cpp).

/// Words: target, steps.
Handler jump_handler(bool to_loop);
/// Before a loop: counts, and stops if it is time. Words: steps, slots, place.
Handler enter_loop_handler();
/// Words: number of targets less one; then two for each: target, steps.
Handler branch_table_handler(From from);
/// Copies as many slots as field_result says from slot b to slot a on.
Handler move_handler();
Handler unreachable_handler();

/// Slots that are cleared at a time when a frame is opened; so many more than the limit are there.
inline constexpr std::uint32_t locals_at_a_time = 4;

// Effects (handlers_effects.cpp): these put something into their stream, and change nothing.

/// The end of a stretch, and values from as many slots. Up to two: fields a and b, their bytes in
/// the low and the high byte of field_result; words: pc. More: field a says how many; words: pc,
/// then for each the slot, with its bytes from bit 16 on.
Handler note_stretch_handler(std::size_t values);
/// Field b: so many slots from slot a on; field_result: bytes of each.
Handler note_slots_handler();

// Calls (handlers_call.cpp): field a is the first slot of the callee's frame.

/// Words: function, steps, place.
Handler call_handler(bool has_locals);
/// Of another instance. Words: function, steps, place; enter_instance follows.
Handler call_foreign_handler();
/// Words: address, steps.
Handler call_host_handler();
/// Field b: index. Words: table, type, steps, place; then enter_instance and its words.
Handler call_indirect_handler(From index);
/// Words: instance, place. What is behind a call of another instance's function.
Handler enter_instance_handler();
inline constexpr std::uint32_t enter_instance_words = 4;
/// No result; one, of any kind; or as many as field_result says from slot a on. Words: one for a
/// constant, steps.
Handler return_handler();
Handler return_handler(From from);
Handler return_many_handler();
/// Where the outermost frame returns to.
Handler finish_handler();
/// Has the function translated whose place stands before, then enters it.
Handler translate_handler();

/// An operation that need not be fast, on operands in their slots; the result takes the place of
/// the first one. Handler words: function, immediates.
using SlowOperation = Trap (*)(Context& context, Slot* operands, const Word* immediates);
/// Field a: first operand; words: the function, then two immediates.
Handler slow_handler();
/// Table and memory operations but loads and stores; nullptr for all others.
SlowOperation find_slow(Opcode opcode);

}  // namespace isotrace::wasm::fast
