// Random code: memory and tables.
#include <algorithm>
#include <array>

#include "tests/wasm/module_builder.hpp"
#include "tests/wasm/random/code.hpp"

namespace isotrace::wasm::tests {
namespace {

using enum ValueType;

constexpr std::array accesses = [] {
  std::array<Opcode, 23> all{};
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = static_cast<Opcode>(static_cast<std::size_t>(Opcode::i32_load) + i);
  }
  return all;
}();
static_assert(accesses.back() == Opcode::i64_store32);

constexpr std::uint32_t first_store = 14;
static_assert(accesses[first_store] == Opcode::i32_store);

ValueType access_type(const OpcodeInfo& info) {
  switch (info.text[0] == 'i' ? info.text[1] : info.text[1] + 1) {
    case '3': return i32;
    case '6': return i64;
    case '4': return f32;
    default: return f64;
  }
}

}  // namespace

/// An address of that many bytes; usually in bounds, often near the border of a chunk or the end.
void RandomCode::address(std::uint64_t size) {
  const std::uint64_t bytes = shape_.memory->least * page_bytes;
  if (risky() || bytes == 0) return expression(ValueType::i32);
  if (dice_.one_in(2)) {
    const std::uint64_t border = dice_.one_in(4) ? bytes : std::uint64_t{1024} * dice_.below(64);
    const std::uint64_t place = border - std::min<std::uint64_t>(border, dice_.below(9));
    return word(static_cast<std::uint32_t>(std::min(place, bytes - size)));
  }
  expression(ValueType::i32);
  word(dice_.one_in(2) ? 0xFF8 : 0x3FFF);
  emit(Opcode::i32_and);
  pop(1);
  if (dice_.one_in(2)) add_index();
}

/// Adds less than 16 KiB to an address, as code for arrays does.
void RandomCode::add_index() {
  expression(ValueType::i32);
  word(0xFFF);
  emit(Opcode::i32_and);
  pop(1);
  if (dice_.one_in(2)) {
    word(dice_.below(3));
    emit(Opcode::i32_shl);
    pop(1);
  }
  emit(Opcode::i32_add);
  pop(1);
}

/// What the address leaves room for.
std::uint32_t RandomCode::access_offset() {
  if (shape_.integers) return 0;
  switch (dice_.below(8)) {
    case 0: return 4 * dice_.below(8);
    case 1: return dice_.below(128);
    case 2: return 1016 + dice_.below(16);
    case 3: return dice_.below(32'000);
    default: return 0;
  }
}

/// Alignment and offset.
void RandomCode::access(const OpcodeInfo& info, std::uint32_t offset) {
  emit(info.opcode, dice_.below(info.alignment + 1U));
  if (risky()) {
    constexpr std::uint32_t far[] = {0xFFFFFFFF, 0xFFFFFFFC, 0x80000000, 0x10000, 0xFFFF};
    offset = dice_.pick(far);
  }
  index(offset);
}

bool RandomCode::load(ValueType type) {
  if (!shape_.memory) return false;
  const OpcodeInfo& info = opcode_info(accesses[dice_.below(first_store)]);
  if (access_type(info) != type) return false;
  const std::uint32_t offset = access_offset();
  address(offset + (std::uint64_t{1} << info.alignment));
  access(info, offset);
  pop(1);
  push(type);
  return true;
}

void RandomCode::store() {
  if (!shape_.memory) return assign();
  const auto stores = std::span(accesses).subspan(first_store);
  Opcode opcode = dice_.pick(stores);
  while (shape_.integers && (opcode == Opcode::f32_store || opcode == Opcode::f64_store)) {
    opcode = dice_.pick(stores);
  }
  const OpcodeInfo& info = opcode_info(opcode);
  const std::uint32_t offset = access_offset();
  address(offset + (std::uint64_t{1} << info.alignment));
  expression(access_type(info));
  access(info, offset);
  pop(2);
}

/// How many bytes or elements something takes.
void RandomCode::count_operand(std::uint32_t usual) {
  if (risky()) return expression(ValueType::i32);
  word(dice_.below(usual + 1));
}

void RandomCode::memory_statement() {
  if (!shape_.memory) return assign();
  const std::uint32_t what = v2() ? dice_.below(10) : 0;
  if (what < 3) {
    constexpr std::uint32_t more[] = {0, 1, 1, 2, 0xFFFF, 0x10000, 0xFFFFFFFF};
    word(dice_.pick(more));
    emit_with(Opcode::memory_grow, 0);
  } else if (what < 6) {
    address(2048);
    expression(ValueType::i32);
    count_operand(2048);
    emit_with(Opcode::memory_fill, 0);
    pop(3);
  } else if (what < 8 || shape_.datas.empty()) {
    address(2048);
    address(2048);
    count_operand(2048);
    emit_with(Opcode::memory_copy, 0);
    out_.push_back(0);
    pop(3);
  } else {
    const std::uint32_t segment = dice_.below(shape_.datas.size());
    if (dice_.one_in(6)) return emit(Opcode::data_drop, segment);
    const auto size = static_cast<std::uint32_t>(shape_.datas[segment].bytes.size());
    const bool placed = shape_.datas[segment].mode == SegmentMode::active;  // nothing is left of it
    const std::uint32_t from = placed ? 0 : dice_.below(size + 1);
    address(size);
    word(from);
    count_operand(placed ? 0 : size - from);
    emit(Opcode::memory_init, segment);
    out_.push_back(0);
    pop(3);
  }
}

/// Usually in bounds.
void RandomCode::table_index(std::uint32_t table) {
  if (risky()) return expression(ValueType::i32);
  word(dice_.below(shape_.tables[table].limits.least));
}

void RandomCode::table_statement() {
  if (!v2() || shape_.integers || shape_.tables.empty()) return memory_statement();
  const std::uint32_t table = dice_.below(shape_.tables.size());
  const ValueType type = shape_.tables[table].element;
  const std::uint32_t least = shape_.tables[table].limits.least;
  const std::uint32_t what = dice_.below(7);
  if (what == 0) {
    table_index(table);
    expression(type);
    emit(Opcode::table_set, table);
    pop(2);
  } else if (what == 1) {
    constexpr std::uint32_t more[] = {0, 1, 1, 3, 0x10000000, 0xFFFFFFFF};
    expression(type);
    word(dice_.pick(more));
    emit(Opcode::table_grow, table);
    pop(2);
    push(ValueType::i32);
  } else if (what == 2) {
    const std::uint32_t place = dice_.below(least);
    word(place);
    expression(type);
    count_operand(least - place);
    emit(Opcode::table_fill, table);
    pop(3);
  } else if (what == 3) {
    table_copy(table);
  } else {
    table_init(table);
  }
}

void RandomCode::table_copy(std::uint32_t to) {
  std::uint32_t from = dice_.below(shape_.tables.size());
  if (shape_.tables[from].element != shape_.tables[to].element) from = to;
  const std::uint32_t room =
      std::min(shape_.tables[from].limits.least, shape_.tables[to].limits.least);
  const std::uint32_t place = dice_.below(room);
  word(place);
  word(dice_.below(place + 1));
  count_operand(room - place);
  emit(Opcode::table_copy, to);
  index(from);
  pop(3);
}

void RandomCode::table_init(std::uint32_t table) {
  if (shape_.elements.empty()) return assign();
  const std::uint32_t index = dice_.below(shape_.elements.size());
  const ShapeElements& segment = shape_.elements[index];
  if (dice_.one_in(6)) return emit(Opcode::elem_drop, index);
  if (segment.type != shape_.tables[table].element) return table_statement();
  // Nothing is left of a segment that is not passive.
  const bool passive = segment.mode == SegmentMode::passive;
  const std::uint32_t size = passive ? static_cast<std::uint32_t>(segment.functions.size()) : 0;
  const std::uint32_t from = dice_.below(size + 1);
  const std::uint32_t place = dice_.below(shape_.tables[table].limits.least);
  word(place);
  word(from);
  count_operand(std::min(size - from, shape_.tables[table].limits.least - place));
  emit(Opcode::table_init, index);
  this->index(table);
  pop(3);
}

}  // namespace isotrace::wasm::tests
