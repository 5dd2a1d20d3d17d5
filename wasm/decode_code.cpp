// Function bodies: locals, and instructions that nest. What is recorded of the nesting, Control,
// is all that an engine needs to take a branch.
#include <isotrace/core/limits.hpp>
#include <isotrace/wasm/decode_sections.hpp>
#include <isotrace/wasm/instruction.hpp>

namespace isotrace::wasm {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;

/// Reads instructions up to the `end` that closes the first of them.
class BodyDecoder {
 public:
  BodyDecoder(Reader& reader, Module& module) : reader_(reader), module_(module) {}

  Result<Expression> decode() {
    const std::uint32_t begin = reader_.offset();
    for (;;) {
      ISOTRACE_TRY_DONE(read_instruction(reader_, module_.edition, instruction_));
      const bool closes = instruction_.opcode == Opcode::end && open_.empty();
      if (closes) return Expression{begin, instruction_.offset};
      ISOTRACE_TRY_DONE(nest());
    }
  }

 private:
  Result<Done> nest() {
    switch (instruction_.opcode) {
      case Opcode::block:
      case Opcode::loop:
      case Opcode::if_:
        open_.push_back({module_.controls.size(), instruction_.opcode});
        module_.controls.push_back({instruction_.offset, 0, 0});
        break;
      case Opcode::else_:
        if (open_.empty() || open_.back().opcode != Opcode::if_) {
          return refuse_malformed(instruction_.offset, "else without if");
        }
        open_.back().opcode = Opcode::else_;
        module_.controls[open_.back().control].alternative = instruction_.offset;
        break;
      case Opcode::end:
        module_.controls[open_.back().control].end = instruction_.offset;
        open_.pop_back();
        break;
      case Opcode::memory_init:
      case Opcode::data_drop:
        if (!module_.data_count) {
          return refuse_malformed(instruction_.offset, "data count section required");
        }
        break;
      default: break;
    }
    return Done{};
  }

  struct Open {
    std::size_t control;
    Opcode opcode;
  };

  Reader& reader_;
  Module& module_;
  Instruction instruction_;
  std::vector<Open> open_;
};

Result<Done> decode_locals(Reader& reader, Module& module, Function& function) {
  ISOTRACE_TRY(const std::uint32_t runs, reader.count(core::limits::wasm_locals_max));
  std::uint64_t count = 0;
  for (std::uint32_t i = 0; i < runs; ++i) {
    const std::uint32_t offset = reader.offset();
    ISOTRACE_TRY(const std::uint32_t more, reader.u32());
    ISOTRACE_TRY(const ValueType type, reader.value_type(module.edition == Edition::v2));
    count += more;
    if (count > UINT32_MAX) return refuse_malformed(offset, "too many locals");
    function.locals.push_back({static_cast<std::uint32_t>(count), type});
  }
  if (count > core::limits::wasm_locals_max) {
    return refuse_at(RefusalCode::limit_exceeded, function.offset,
                     std::to_string(count) + " locals of at most " +
                         std::to_string(core::limits::wasm_locals_max));
  }
  function.locals_count = static_cast<std::uint32_t>(count);
  return Done{};
}

Result<Done> decode_function(Reader& reader, Module& module, Function& function) {
  function.offset = reader.offset();
  ISOTRACE_TRY(const std::uint32_t size, reader.u32());
  ISOTRACE_TRY(Reader body, reader.part(size));
  ISOTRACE_TRY_DONE(decode_locals(body, module, function));
  function.controls_begin = static_cast<std::uint32_t>(module.controls.size());
  ISOTRACE_TRY(function.body, BodyDecoder(body, module).decode());
  function.controls_end = static_cast<std::uint32_t>(module.controls.size());
  if (!body.at_end()) return refuse_malformed(body.offset(), "code behind the function's end");
  return Done{};
}

}  // namespace

Result<Expression> decode_expression(Reader& reader, Module& module) {
  const std::size_t controls = module.controls.size();
  auto expression = BodyDecoder(reader, module).decode();
  module.controls.resize(controls);  // validation refuses blocks in it; engines need none
  return expression;
}

Result<Done> decode_code(Reader& reader, Module& module) {
  const std::uint32_t offset = reader.offset();
  ISOTRACE_TRY(const std::uint32_t count, reader.count(core::limits::wasm_entities_max));
  if (count != module.functions.size() - module.imported_functions) {
    return refuse_malformed(offset, "function and code section have inconsistent lengths");
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    ISOTRACE_TRY_DONE(
        decode_function(reader, module, module.functions[module.imported_functions + i]));
  }
  return Done{};
}

}  // namespace isotrace::wasm
