// Random code: how it is written, and what that does to the operands.
#include "tests/wasm/random/code.hpp"

#include <algorithm>

#include "tests/wasm/module_builder.hpp"

namespace isotrace::wasm::tests {
namespace {

void append(Bytes& out, const Bytes& more) { out.insert(out.end(), more.begin(), more.end()); }

}  // namespace

RandomCode::RandomCode(const ModuleShape& shape, Dice& dice, std::uint32_t function)
    : shape_(shape),
      dice_(dice),
      type_(shape.type_of(function)),
      entry_(function < shape.first_helper()),
      leaf_(!entry_ && dice.one_in(3)),
      locals_(type_.parameters),
      budget_(20 + static_cast<int>(dice.below(100))) {
  if (rarely(50)) budget_ = 3000;
  if (rarely(20)) nested_most_ = 40;
  const std::uint32_t runs = dice.below(4);
  for (std::uint32_t i = 0; i < runs; ++i) {
    const std::uint32_t count = dice.one_in(60) ? dice.below(400) : 1 + dice.below(3);
    locals_.insert(locals_.end(), count, random_type(dice, shape.edition, shape.integers));
  }
  is_counter_.resize(locals_.size());
}

core::Bytes RandomCode::make() {
  blocks_.push_back({Opcode::block, {{}, type_.results, {}}, 0});
  guarded_body();
  emit(Opcode::end);
  Bytes entry = locals_bytes();
  append(entry, out_);
  Bytes sized = unsigned_leb(entry.size());
  append(sized, entry);
  return sized;
}

core::Bytes RandomCode::locals_bytes() const {
  Bytes runs;
  std::uint32_t count = 0;
  for (std::size_t i = type_.parameters.size(); i < locals_.size(); ++count) {
    std::size_t end = i;
    while (end < locals_.size() && locals_[end] == locals_[i]) ++end;
    append(runs, unsigned_leb(end - i));
    runs.push_back(static_cast<std::uint8_t>(locals_[i]));
    i = end;
  }
  Bytes bytes = unsigned_leb(count);
  append(bytes, runs);
  return bytes;
}

void RandomCode::emit(Opcode opcode) {
  --budget_;
  append(out_, op(opcode));
}

void RandomCode::emit(Opcode opcode, std::uint32_t index) {
  emit(opcode);
  this->index(index);
}

void RandomCode::emit_with(Opcode opcode, std::uint8_t byte) {
  emit(opcode);
  out_.push_back(byte);
}

void RandomCode::index(std::uint32_t value) {
  constexpr std::size_t bytes_max = 5;
  Bytes bytes = unsigned_leb(value);
  if (rarely(12)) {
    while (bytes.size() < bytes_max && !dice_.one_in(4)) {
      bytes.back() |= 0x80;
      bytes.push_back(0);
    }
  }
  append(out_, bytes);
}

void RandomCode::number(ValueType type, Slot value) {
  --budget_;
  switch (type) {
    case ValueType::i32: append(out_, push_i32(static_cast<std::int32_t>(value))); break;
    case ValueType::i64: append(out_, push_i64(static_cast<std::int64_t>(value))); break;
    case ValueType::f32: append(out_, push_f32(static_cast<std::uint32_t>(value))); break;
    default: append(out_, push_f64(value)); break;
  }
  push(type);
}

TypeList RandomCode::operands_here() const {
  return TypeList(stack_).subspan(std::max(blocks_.back().height, floor_));
}

void RandomCode::pop(std::size_t count) {
  stack_.resize(stack_.size() - std::min(count, operands_here().size()));
}

void RandomCode::apply(TypeList parameters, TypeList results) {
  pop(parameters.size());
  push(results);
}

void RandomCode::leave() {
  stack_.resize(blocks_.back().height);
  blocks_.back().dead = true;
}

void RandomCode::open(Opcode opcode, const Form& form) {
  emit(opcode);
  append(out_, form.bytes);
  pop(form.parameters.size());
  blocks_.push_back({opcode, form, stack_.size()});
  push(form.parameters);
}

void RandomCode::open_else() {
  emit(Opcode::else_);
  Open& now = blocks_.back();
  stack_.resize(now.height);
  now.dead = false;
  push(now.form.parameters);
}

void RandomCode::close() {
  emit(Opcode::end);
  const Open closed = std::move(blocks_.back());
  blocks_.pop_back();
  stack_.resize(closed.height);
  push(closed.form.results);
}

}  // namespace isotrace::wasm::tests
