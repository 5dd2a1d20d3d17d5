#include <isotrace/tools/commands/stack_frames.hpp>

#include <algorithm>
#include <limits>
#include <string_view>

#include <isotrace/wasm/function_names.hpp>
#include <isotrace/wasm/instruction.hpp>
#include <isotrace/wasm/reader.hpp>

namespace isotrace::tools {
namespace {

constexpr std::uint32_t stack_bytes = 65'536;
constexpr std::uint32_t page_bytes = 65'536;

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

/// Whether the custom section "producers" names clang.
bool was_made_by_clang(const wasm::Module& module) {
  constexpr std::size_t header_bytes = 8;
  wasm::Reader sections(module.bytes, header_bytes, module.bytes.size());
  while (!sections.at_end()) {
    const auto id = sections.byte();
    const auto size = sections.u32();
    auto section = size ? sections.part(*size) : tl::unexpected(size.error());
    if (!id || !section) return false;
    if (*id != 0) continue;
    const auto name = section->name();
    if (!name || *name != "producers") continue;
    const auto text = section->raw(section->left());
    constexpr std::string_view clang = "clang";
    return text && !std::ranges::search(*text, clang).empty();
  }
  return false;
}

/// Of clang's modules in which no global is left, the last page of memory: static data, 64 KiB of
/// stack and nothing else is what wasm-ld lays out, and as many pages as that takes. Optimizers
/// replace a stack pointer that no function changes by its value.
std::optional<ByteRange> find_last_page(const wasm::Module& module) {
  const bool has_variable =
      std::ranges::any_of(module.globals, [](const auto& g) { return g.type.is_mutable; });
  if (has_variable || module.memories.size() != 1 || !was_made_by_clang(module)) return {};
  const std::uint64_t pages = module.memories[0].limits.least;
  const std::uint64_t high = pages * page_bytes;
  if (pages < 2 || high > std::numeric_limits<std::uint32_t>::max()) return {};
  return ByteRange{static_cast<std::uint32_t>(high - page_bytes), static_cast<std::uint32_t>(high)};
}

}  // namespace

std::optional<ByteRange> find_stack_frames(const wasm::Module& module) {
  const auto top = find_stack_pointer(module);
  const auto page = top ? std::nullopt : find_last_page(module);
  if (!top && !page) return std::nullopt;
  ByteRange range = top ? ByteRange{*top - std::min(*top, stack_bytes), *top} : *page;
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
