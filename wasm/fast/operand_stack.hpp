// What the translator knows about the operands at a place in a function, and the operations it has
// made so far. Reading a local and pushing a constant make no operation: the operand is taken from
// there when it is used. All other operands are in the slot of their height.
#pragma once

#include <initializer_list>

#include <isotrace/wasm/fast/handlers.hpp>

namespace isotrace::wasm::fast {

/// An operand as a field or word of an operation names it.
struct Operand {
  From from = From::slot;
  std::uint16_t slot = 0;
  Slot bits = 0;  ///< of a constant
};

/// What an operation may take an operand from beside its slot.
struct Allowed {
  bool constant = false;
  bool integer = false;   ///< the accumulator of integers
  bool floating = false;  ///< the one of floats
};

/// For what takes values of any type: this one.
constexpr Allowed any_operand(ValueType type) {
  return {.constant = true, .integer = true, .floating = type == ValueType::f64};
}

/// The latest operation, if its result can still be put elsewhere.
struct Latest {
  const ByResult* row = nullptr;  ///< nullptr: there is none
  std::size_t at = 0;             ///< offset of its first word
  To to = To::slot;
  bool is_float = false;
  bool is_operand = false;  ///< the result is an operand, not a local
  std::uint16_t result = 0;
  Opcode opcode = Opcode::nop;  ///< of binary operations
  Operand a;
  Operand b;
};

class OperandStack {
 public:
  explicit OperandStack(std::uint32_t locals_end) : locals_end_(locals_end) {}

  // ---- code

  [[nodiscard]] std::size_t position() const { return code_.size(); }
  [[nodiscard]] std::vector<Word>& code() { return code_; }
  void word(Word value) { code_.push_back(value); }
  /// An operation without a result that could be moved.
  void emit(Handler handler, Word operation_fields);
  /// An operation with a result; only its slot is set at first.
  void emit(const ByResult& row, std::uint64_t a, std::uint64_t b, std::uint16_t result,
            std::initializer_list<Word> words, Latest about = {});
  void steps(std::int64_t count) { word(static_cast<Word>(count)); }
  /// Of the operation that was emitted just now, without words of its own.
  void set_field_c(std::uint16_t slot);
  /// The latest operation, if it has made the operand that many below the top; else nullptr.
  [[nodiscard]] const Latest* operation_of(std::size_t depth) const;
  /// The operation before the latest, if its result, a local, is that one's operand a.
  [[nodiscard]] const Latest* operation_before() const;
  /// Takes back everything from an operation on, which is one of these two.
  void retract(const Latest& operation);
  /// Paths join here, or the accumulators are lost: nothing before can be changed.
  void forget() { latest_ = before_ = Latest(); }

  // ---- operands

  [[nodiscard]] std::size_t height() const { return values_.size(); }
  [[nodiscard]] std::uint16_t slot_of(std::size_t index) const {
    return static_cast<std::uint16_t>(locals_end_ + index);
  }
  void push_operand() { push({Kind::operand, 0}); }
  void push_local(std::uint32_t local) { push({Kind::local, local}); }
  void push_constant(Slot bits) { push({Kind::constant, bits}); }
  /// Where to find the operand that many below the top one, which is used up now.
  Operand use(std::size_t depth, Allowed allowed);
  void drop(std::size_t count);
  /// Exactly that many operands, all in their slots.
  void reset(std::size_t count);
  [[nodiscard]] bool is_constant(std::size_t depth) const {
    return value(depth).kind == Kind::constant;
  }
  /// Whether `count` operands below the topmost `above` are in their slots.
  [[nodiscard]] bool is_settled(std::size_t count, std::size_t above) const;
  /// Puts all operands but the topmost `but` into their slots.
  void settle(std::size_t but = 0);
  /// The top operand becomes the value of a local.
  void set_local(std::uint32_t local);
  /// Copies the top operand, which stays, to a slot below.
  void copy_top(std::uint16_t to);

 private:
  enum class Kind : std::uint8_t { operand, local, constant };
  struct Value {
    Kind kind = Kind::operand;
    Slot bits = 0;  ///< of a constant, or the local's index
  };

  [[nodiscard]] const Value& value(std::size_t depth) const {
    return values_[values_.size() - 1 - depth];
  }
  void push(Value value);
  void settle_one(std::size_t index);
  void redirect(To to);
  void redirect_to_local(std::uint16_t local);
  void emit_copy(const Value& value, std::size_t index, std::uint16_t to, bool is_operand);

  std::uint32_t locals_end_;
  std::vector<Word> code_;
  std::vector<Value> values_;
  std::size_t settled_ = 0;  ///< all operands below this index are in their slots
  Latest latest_;
  Latest before_;  ///< the one before, if nothing lies between
};

}  // namespace isotrace::wasm::fast
