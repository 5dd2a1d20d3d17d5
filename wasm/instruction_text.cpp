#include <isotrace/wasm/instruction_text.hpp>

#include <isotrace/core/check.hpp>
#include <isotrace/wasm/value_text.hpp>

namespace isotrace::wasm {
namespace {

std::string block_text(const Module& module, const BlockType& block) {
  switch (block.kind) {
    case BlockType::Kind::empty: return "";
    case BlockType::Kind::value: return " " + std::string(type_name(block.value));
    case BlockType::Kind::index: break;
  }
  return " " + type_text(module.types[block.index]);
}

std::string number(std::uint32_t value) { return " " + std::to_string(value); }

std::string immediates_text(const Module& module, const Instruction& now) {
  switch (now.info->immediates) {
    case Immediates::block: return block_text(module, now.block);
    case Immediates::label:
    case Immediates::function:
    case Immediates::local:
    case Immediates::global:
    case Immediates::table:
    case Immediates::element:
    case Immediates::data:
    case Immediates::data_memory: return number(now.first);
    case Immediates::two_tables:
    case Immediates::element_table: return number(now.first) + number(now.second);
    case Immediates::type_table:
      return " " + type_text(module.types[now.first]) + ", table" + number(now.second);
    case Immediates::memory_access:
      return now.second == 0 ? "" : " offset=" + std::to_string(now.second);
    case Immediates::label_table: {
      std::string text;
      for (const std::uint32_t depth : now.depths) text += number(depth);
      return text;
    }
    case Immediates::reference_type:
    case Immediates::select_types: {
      std::string text;
      for (const ValueType type : now.types) text += " " + std::string(type_name(type));
      return text;
    }
    case Immediates::i32: return " " + value_text(ValueType::i32, now.constant);
    case Immediates::i64: return " " + value_text(ValueType::i64, now.constant);
    case Immediates::f32: return " " + value_text(ValueType::f32, now.constant);
    case Immediates::f64: return " " + value_text(ValueType::f64, now.constant);
    case Immediates::none:
    case Immediates::memory:
    case Immediates::two_memories: break;
  }
  return "";
}

}  // namespace

Instruction instruction_at(const Module& module, std::uint32_t pc) {
  Reader reader(module.bytes, pc, module.bytes.size());
  Instruction instruction;
  const auto read = read_instruction(reader, module.edition, instruction);
  ISOTRACE_CHECK(read.has_value(), pc);
  return instruction;
}

std::string instruction_text(const Module& module, const Instruction& instruction) {
  return std::string(instruction.info->text) + immediates_text(module, instruction);
}

}  // namespace isotrace::wasm
