#include "tests/proofs/functions/random_code.hpp"

namespace isotrace::proofs::tests {
namespace {

using core::Bytes;
using wasm::Opcode;
using wasm::OpcodeInfo;
using wasm::ValueType;
using wasm::tests::Dice;
using wasm::tests::op;
using wasm::tests::operator+;
using wasm::tests::push_i32;
using wasm::tests::push_i64;

constexpr std::uint8_t block_i32 = 0x7f;
constexpr std::int32_t memory_mask = 28;

/// Opcodes that only compute, by the letter of their result.
std::vector<const OpcodeInfo*> numeric_opcodes(char result, bool floats) {
  std::vector<const OpcodeInfo*> found;
  for (std::uint32_t code = 0x45; code <= 0xFC07; ++code) {
    const OpcodeInfo* info = wasm::find_opcode(code);
    if (info == nullptr || info->immediates != wasm::Immediates::none) continue;
    const std::size_t colon = info->signature.find(':');
    if (colon == 0 || colon == std::string_view::npos || info->signature.back() != result) continue;
    const bool integer = info->signature.find_first_not_of("iI:") == std::string_view::npos;
    const bool number = info->signature.find_first_not_of("iIfF:") == std::string_view::npos;
    if (integer || (floats && number)) found.push_back(info);
  }
  return found;
}

class CodeMaker {
 public:
  CodeMaker(std::uint64_t seed, const RandomCodeOptions& options)
      : dice_(seed), options_(options) {}

  /// Locals: both parameters, a temporary, a counter.
  Bytes statements(int count) {
    Bytes code;
    for (int i = 0; i < count; ++i) code = code + statement();
    return code;
  }

  Bytes expression(char type, int depth) {
    if (depth == 0) return leaf(type);
    if (type == 'i' && dice_.one_in(6)) return special(depth - 1);
    const auto& opcodes = opcodes_of(type);
    const OpcodeInfo& info = *opcodes[dice_.below(opcodes.size())];
    Bytes code;
    for (const char operand : info.signature.substr(0, info.signature.find(':'))) {
      code = code + expression(operand, depth - 1);
    }
    return code + op(info.opcode);
  }

 private:
  const std::vector<const OpcodeInfo*>& opcodes_of(char type) {
    auto& list = opcodes_[static_cast<std::size_t>(type)];
    if (list.empty()) list = numeric_opcodes(type, options_.floats);
    return list;
  }

  Bytes leaf(char type) {
    const bool constant = dice_.one_in(3);
    const Bytes local = op(Opcode::local_get, dice_.below(3));
    switch (type) {
      case 'i': return constant ? push_i32(small_number()) : local;
      case 'I': return constant ? push_i64(small_number()) : local + op(Opcode::i64_extend_i32_s);
      case 'f':
        return local + op(constant ? Opcode::f32_reinterpret_i32 : Opcode::f32_convert_i32_s);
      default: return local + op(Opcode::f64_convert_i32_u);
    }
  }

  std::int32_t small_number() {
    constexpr std::int32_t numbers[] = {0, 1, -1, 2, 3, 7, 8, 10, 31, 32, 255, -128, INT32_MIN};
    return dice_.one_in(4) ? static_cast<std::int32_t>(dice_.bits()) : dice_.pick(numbers);
  }

  Bytes address() { return expression('i', 1) + push_i32(memory_mask) + op(Opcode::i32_and); }

  /// What is no numeric opcode.
  Bytes special(int depth) {
    switch (dice_.below(options_.branches ? 5 : 4)) {
      case 0:
        return expression('i', depth) + expression('i', depth) + expression('i', depth) +
               op(Opcode::select);
      case 1: return address() + op(Opcode::i32_load, 0, dice_.below(4));
      case 2: return address() + op(Opcode::i32_load8_s, 0, dice_.below(4));
      case 3: return op(Opcode::global_get, 0);
      default:
        return expression('i', depth) + wasm::tests::open_block(Opcode::if_, block_i32) +
               expression('i', depth) + op(Opcode::else_) + expression('i', depth) +
               wasm::tests::close_block();
    }
  }

  Bytes statement() {
    switch (dice_.below(options_.branches && !in_loop_ ? 5 : 4)) {
      case 0: return address() + expression('i', 2) + op(Opcode::i32_store, 0, dice_.below(4));
      case 1: return address() + expression('I', 1) + op(Opcode::i64_store16, 0, dice_.below(4));
      case 2: return expression('i', 2) + op(Opcode::global_set, 0);
      case 3: return expression('i', 2) + op(Opcode::local_set, 2);
      default: return loop();
    }
  }

  /// At most four rounds, by a counter, or fewer where something else is zero.
  Bytes loop() {
    in_loop_ = true;
    const Bytes begin = expression('i', 1) + push_i32(3) + op(Opcode::i32_and) +
                        op(Opcode::local_set, 3) + wasm::tests::open_block(Opcode::loop);
    const Bytes body = statement();
    const Bytes early = dice_.one_in(2) ? expression('i', 1) + op(Opcode::i32_and) : Bytes{};
    in_loop_ = false;
    return begin + body + op(Opcode::local_get, 3) + push_i32(-1) + op(Opcode::i32_add) +
           op(Opcode::local_tee, 3) + push_i32(0) + op(Opcode::i32_gt_s) + early +
           op(Opcode::br_if, 0) + wasm::tests::close_block();
  }

  Dice dice_;
  RandomCodeOptions options_;
  bool in_loop_ = false;
  std::vector<const OpcodeInfo*> opcodes_[128];
};

Bytes masked(std::uint32_t local) {
  return op(Opcode::local_get, local) + push_i32(15) + op(Opcode::i32_and) +
         op(Opcode::local_set, local);
}

}  // namespace

core::Bytes random_pair(std::uint64_t seed, const RandomCodeOptions& options) {
  Dice dice(seed);
  CodeMaker first(dice.bits(), options);
  const Bytes common = masked(0) + masked(1) + first.statements(static_cast<int>(dice.below(3)));
  const Bytes last = first.expression('i', 2);
  // The same code again, or with a detail that may or may not matter.
  Bytes other = last;
  switch (dice.below(4)) {
    case 0: break;
    case 1: other = last + push_i32(0) + op(Opcode::i32_or); break;
    case 2: other = CodeMaker(dice.bits(), options).expression('i', 2); break;
    default: other = push_i32(3) + op(Opcode::global_set, 0) + last; break;
  }
  const wasm::FunctionType type{{ValueType::i32, ValueType::i32}, {ValueType::i32}};
  const std::vector<std::pair<std::uint32_t, ValueType>> locals = {{2, ValueType::i32}};
  const Bytes global = Bytes{0x7f, 1} + push_i32(5) + Bytes{0x0b};
  const Bytes data = Bytes{0} + push_i32(4) + Bytes{0x0b, 4, 0xff, 0x80, 1, 0x7f};
  return wasm::tests::ModuleBuilder()
      .add_function(type, common + last, locals)
      .add_function(type, common + other, locals)
      .add_memory(1)
      .add(wasm::tests::global_section, global)
      .add_export("f", wasm::ExternKind::function, 0)
      .add_export("g", wasm::ExternKind::function, 1)
      .add(wasm::tests::data_section, data)
      .bytes();
}

std::vector<std::vector<std::uint64_t>> all_arguments() {
  std::vector<std::vector<std::uint64_t>> all;
  for (std::uint64_t x = 0; x < 16; ++x) {
    for (std::uint64_t y = 0; y < 16; ++y) all.push_back({x, y});
  }
  return all;
}

}  // namespace isotrace::proofs::tests
