#include <isotrace/tools/commands/stack_frames.hpp>

#include <algorithm>

#include <isotrace/wasm/function_names.hpp>
#include <isotrace/wasm/instruction.hpp>

namespace isotrace::tools {
namespace {

constexpr std::uint32_t stack_bytes = 65'536;

/// The value of `i32.const`; nothing for other expressions.
std::optional<std::uint32_t> constant_of(const wasm::Module& module, wasm::Expression expression) {
  wasm::Reader reader(module.bytes, expression.begin, expression.end);
  wasm::Instruction instruction;
  const auto read = wasm::read_instruction(reader, module.edition, instruction);
  if (!read || instruction.opcode != wasm::Opcode::i32_const) return std::nullopt;
  return static_cast<std::uint32_t>(instruction.constant);
}

std::optional<std::uint32_t> find_stack_pointer(const wasm::Module& module) {
  const std::vector<std::string> names = wasm::find_global_names(module);
  const auto found = std::ranges::find(names, "__stack_pointer");
  if (found == names.end()) return std::nullopt;
  const wasm::Global& global = module.globals[static_cast<std::size_t>(found - names.begin())];
  const bool fits = global.type.is_mutable && global.type.value == wasm::ValueType::i32 &&
                    global.value.begin < global.value.end;
  return fits ? constant_of(module, global.value) : std::nullopt;
}

}  // namespace

std::optional<ByteRange> find_stack_frames(const wasm::Module& module) {
  const auto top = find_stack_pointer(module);
  if (!top) return std::nullopt;
  ByteRange range{*top - std::min(*top, stack_bytes), *top};
  for (const wasm::DataSegment& segment : module.datas) {
    if (segment.mode != wasm::SegmentMode::active || segment.size == 0) continue;
    const auto begin = constant_of(module, segment.place);
    if (!begin) return std::nullopt;
    const std::uint64_t end = std::uint64_t{*begin} + segment.size;
    if (*begin >= range.high || end <= range.low) continue;
    range.low = static_cast<std::uint32_t>(std::min<std::uint64_t>(end, range.high));
  }
  if (range.low == range.high) return std::nullopt;
  return range;
}

}  // namespace isotrace::tools
