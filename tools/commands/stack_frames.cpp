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

/// The global from which a function begins by subtracting the size of its frame, a multiple of 16,
/// be it by way of locals; nothing if it begins otherwise.
std::optional<std::uint32_t> find_frame_global(const wasm::Module& module,
                                               const wasm::Function& function) {
  using wasm::Opcode;
  if (function.body.begin >= function.body.end) return std::nullopt;
  wasm::Reader reader(module.bytes, function.body.begin, function.body.end);
  wasm::Instruction instruction;
  const auto next = [&] {
    return wasm::read_instruction(reader, module.edition, instruction).has_value();
  };
  if (!next() || instruction.opcode != Opcode::global_get) return std::nullopt;
  const std::uint32_t global = instruction.first;
  bool has_size = false;
  for (int i = 0; i < 7 && next(); ++i) {
    switch (instruction.opcode) {
      case Opcode::i32_sub: return has_size ? std::optional(global) : std::nullopt;
      case Opcode::i32_const:
        has_size = instruction.constant != 0 && instruction.constant % 16 == 0;
        break;
      case Opcode::local_get:
      case Opcode::local_set:
      case Opcode::local_tee: break;
      default: return std::nullopt;
    }
  }
  return std::nullopt;
}

/// By name; in a module that names no global, the one that all functions with frames begin with.
std::optional<std::size_t> find_stack_global(const wasm::Module& module) {
  const std::vector<std::string> names = wasm::find_global_names(module);
  const auto named = std::ranges::find(names, "__stack_pointer");
  if (named != names.end()) return static_cast<std::size_t>(named - names.begin());
  std::optional<std::size_t> found;
  for (const wasm::Function& function : module.functions) {
    const auto global = find_frame_global(module, function);
    if (!global) continue;
    if (*global >= names.size() || !names[*global].empty()) return std::nullopt;
    if (found && *found != *global) return std::nullopt;
    found = *global;
  }
  return found;
}

std::optional<std::uint32_t> find_stack_pointer(const wasm::Module& module) {
  const auto found = find_stack_global(module);
  if (!found) return std::nullopt;
  const wasm::Global& global = module.globals[*found];
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
