#include <isotrace/wasm/fast/operand_stack.hpp>

#include <algorithm>

namespace isotrace::wasm::fast {
namespace {

/// So many operands may be deferred at most: what has to look through them takes bounded time.
constexpr std::size_t deferred_max = 64;

}  // namespace

void OperandStack::emit(Handler handler, Word operation_fields) {
  forget();
  word(handler_word(handler));
  word(operation_fields);
}

void OperandStack::emit(const ByResult& row, std::uint64_t a, std::uint64_t b, std::uint16_t result,
                        std::initializer_list<Word> words, Latest about) {
  before_ = latest_;
  latest_ = about;
  latest_.row = &row;
  latest_.at = code_.size();
  latest_.to = To::slot;
  latest_.result = result;
  word(handler_word(row.to[static_cast<int>(To::slot)]));
  word(fields(a, b, result));
  code_.insert(code_.end(), words);
}

void OperandStack::set_field_c(std::uint16_t slot) { code_.back() |= fields(0, 0, 0, slot); }

const Latest* OperandStack::operation_of(std::size_t depth) const {
  const bool made_it = latest_.row != nullptr && latest_.to == To::slot && latest_.is_operand &&
                       value(depth).kind == Kind::operand &&
                       latest_.result == slot_of(values_.size() - 1 - depth);
  return made_it ? &latest_ : nullptr;
}

const Latest* OperandStack::operation_before() const {
  const bool feeds = before_.row != nullptr && before_.to == To::both && !before_.is_operand &&
                     latest_.a.from == From::accumulator && latest_.a.slot == before_.result;
  return feeds ? &before_ : nullptr;
}

void OperandStack::retract(const Latest& operation) {
  const bool both = &operation == &before_;
  code_.resize(operation.at);
  latest_ = both ? Latest() : before_;
  before_ = Latest();
}

/// Also, or only, into the accumulator.
void OperandStack::redirect(To to) {
  latest_.to = to;
  code_[latest_.at] = handler_word(latest_.row->to[static_cast<int>(to)]);
}

void OperandStack::redirect_to_local(std::uint16_t local) {
  latest_.result = local;
  latest_.is_operand = false;
  constexpr unsigned shift = 16 * field_result;
  Word& operation_fields = code_[latest_.at + 1];
  operation_fields = (operation_fields & ~(Word{UINT16_MAX} << shift)) | Word{local} << shift;
}

void OperandStack::push(Value value) {
  if (values_.size() - settled_ >= deferred_max) settle_one(settled_++);
  values_.push_back(value);
}

void OperandStack::drop(std::size_t count) {
  values_.resize(values_.size() - count);
  settled_ = std::min(settled_, values_.size());
}

void OperandStack::reset(std::size_t count) {
  values_.assign(count, Value());
  settled_ = count;
}

void OperandStack::emit_copy(const Value& value, std::size_t index, std::uint16_t to,
                             bool is_operand) {
  Latest about;
  about.is_operand = is_operand;
  if (value.kind == Kind::constant) {
    emit(copy_handlers(From::constant), 0, 0, to, {value.bits}, about);
    return;
  }
  const std::uint64_t from = value.kind == Kind::local ? value.bits : slot_of(index);
  if (latest_.row == &copy_handlers(From::slot) && latest_.to == To::slot) {  // two in one
    code_[latest_.at] = handler_word(copy_two_handler());
    code_[latest_.at + 1] |= fields(0, from, 0, to);
    return forget();
  }
  emit(copy_handlers(From::slot), from, 0, to, {}, about);
}

void OperandStack::settle_one(std::size_t index) {
  if (values_[index].kind == Kind::operand) return;
  emit_copy(values_[index], index, slot_of(index), true);
  values_[index] = Value();
}

void OperandStack::settle(std::size_t but) {
  const std::size_t end = values_.size() - but;
  for (; settled_ < end; ++settled_) settle_one(settled_);
}

bool OperandStack::is_settled(std::size_t count, std::size_t above) const {
  const std::size_t end = values_.size() - above;
  for (std::size_t i = std::max(settled_, end - count); i < end; ++i) {
    if (values_[i].kind != Kind::operand) return false;
  }
  return true;
}

Operand OperandStack::use(std::size_t depth, Allowed allowed) {
  const std::size_t index = values_.size() - 1 - depth;
  const Value value = values_[index];
  if (value.kind == Kind::constant) {
    if (allowed.constant) return {From::constant, 0, value.bits};
    settle_one(index);
    return {From::slot, slot_of(index)};
  }
  const std::uint16_t slot =
      value.kind == Kind::local ? static_cast<std::uint16_t>(value.bits) : slot_of(index);
  const bool is_operand = value.kind == Kind::operand;
  const bool fits = latest_.is_float ? allowed.floating : allowed.integer;
  if (latest_.row == nullptr || !fits || latest_.result != slot ||
      latest_.is_operand != is_operand) {
    return {From::slot, slot};
  }
  if (is_operand) {
    redirect(To::accumulator);  // this is its only use
  } else if (latest_.to == To::slot) {
    redirect(To::both);
  }
  return {latest_.is_float ? From::float_accumulator : From::accumulator, slot};
}

void OperandStack::set_local(std::uint32_t local) {
  const std::size_t index = values_.size() - 1;
  const Value value = values_[index];
  bool kept = false;
  for (std::size_t i = settled_; i < index; ++i) {  // what was read before keeps the old value
    if (values_[i].kind != Kind::local || values_[i].bits != local) continue;
    settle_one(i);
    kept = true;
  }
  const auto to = static_cast<std::uint16_t>(local);
  if (value.kind == Kind::local && value.bits == local) {
    // It has that value.
  } else if (!kept && value.kind == Kind::operand && latest_.row != nullptr && latest_.is_operand &&
             latest_.result == slot_of(index) && latest_.to == To::slot) {
    redirect_to_local(to);
  } else {
    emit_copy(value, index, to, false);
  }
  drop(1);
}

void OperandStack::copy_top(std::uint16_t to) {
  const std::size_t index = values_.size() - 1;
  if (values_[index].kind == Kind::operand && slot_of(index) == to) return;
  emit_copy(values_[index], index, to, true);
}

}  // namespace isotrace::wasm::fast
