#include <isotrace/wasm/validate.hpp>

#include <unordered_set>

#include <isotrace/wasm/decode.hpp>
#include <isotrace/wasm/instruction.hpp>
#include <isotrace/wasm/validate_code.hpp>

namespace isotrace::wasm {
namespace {

using core::Done;
using core::Result;

tl::unexpected<core::Refusal> refuse_invalid(std::uint32_t offset, std::string detail) {
  return refuse_at(core::RefusalCode::wasm_invalid, offset, std::move(detail));
}

Result<Done> check_index(std::uint32_t index, std::size_t count, std::uint32_t offset,
                         const char* what) {
  if (index < count) return Done{};
  return refuse_invalid(offset, "unknown " + std::string(what) + " " + std::to_string(index));
}

class ModuleValidator {
 public:
  explicit ModuleValidator(Module& module) : module_(module) {}

  Result<Done> validate() {
    ISOTRACE_TRY_DONE(check_function_types());
    ISOTRACE_TRY_DONE(check_tables());
    ISOTRACE_TRY_DONE(check_memories());
    ISOTRACE_TRY_DONE(check_globals());
    ISOTRACE_TRY_DONE(check_exports());
    ISOTRACE_TRY_DONE(check_start());
    for (const ElementSegment& segment : module_.elements) {
      ISOTRACE_TRY_DONE(check_element(segment));
    }
    for (const DataSegment& segment : module_.datas) ISOTRACE_TRY_DONE(check_data(segment));
    const std::vector<bool> declared = find_declared();
    for (std::size_t i = module_.imported_functions; i < module_.functions.size(); ++i) {
      ISOTRACE_TRY_DONE(validate_function(module_, declared, module_.functions[i]));
    }
    return Done{};
  }

 private:
  Result<Done> check_function_types() {
    for (const Function& function : module_.functions) {
      ISOTRACE_TRY_DONE(check_index(function.type, module_.types.size(), function.offset, "type"));
    }
    return Done{};
  }

  Result<Done> check_limits(const Limits& limits, std::uint64_t most, const char* what) {
    if (limits.least > most || limits.most.value_or(0) > most) {
      return refuse_invalid(limits.offset, what);
    }
    if (limits.most && *limits.most < limits.least) {
      return refuse_invalid(limits.offset, "size minimum must not be greater than maximum");
    }
    return Done{};
  }

  Result<Done> check_tables() {
    if (module_.edition == Edition::mvp && module_.tables.size() > 1) {
      return refuse_invalid(module_.tables[1].limits.offset, "multiple tables");
    }
    for (const TableType& table : module_.tables) {
      ISOTRACE_TRY_DONE(check_limits(table.limits, UINT32_MAX, "table size"));
    }
    return Done{};
  }

  Result<Done> check_memories() {
    if (module_.memories.size() > 1) {
      return refuse_invalid(module_.memories[1].limits.offset, "multiple memories");
    }
    for (const MemoryType& memory : module_.memories) {
      ISOTRACE_TRY_DONE(check_limits(memory.limits, address_pages_max,
                                     "memory size must be at most 65536 pages (4 GiB)"));
    }
    return Done{};
  }

  Result<Done> check_globals() {
    for (std::size_t i = module_.imported_globals; i < module_.globals.size(); ++i) {
      const Global& global = module_.globals[i];
      ISOTRACE_TRY_DONE(validate_constant(module_, global.value, global.type.value));
    }
    return Done{};
  }

  [[nodiscard]] std::size_t count_of(ExternKind kind) const {
    switch (kind) {
      case ExternKind::function: return module_.functions.size();
      case ExternKind::table: return module_.tables.size();
      case ExternKind::memory: return module_.memories.size();
      case ExternKind::global: return module_.globals.size();
    }
    return 0;
  }

  Result<Done> check_exports() {
    std::unordered_set<std::string_view> names;
    for (const Export& out : module_.exports) {
      ISOTRACE_TRY_DONE(
          check_index(out.index, count_of(out.kind), out.offset, kind_name(out.kind).data()));
      if (!names.insert(out.name).second) {
        return refuse_invalid(out.offset, "duplicate export name");
      }
    }
    return Done{};
  }

  Result<Done> check_start() {
    if (!module_.start) return Done{};
    ISOTRACE_TRY_DONE(
        check_index(*module_.start, module_.functions.size(), module_.start_offset, "function"));
    const FunctionType& type = module_.type_of(module_.functions[*module_.start]);
    if (type == FunctionType{}) return Done{};
    return refuse_invalid(module_.start_offset, "start function: " + type_text(type));
  }

  Result<Done> check_element(const ElementSegment& segment) {
    if (segment.mode == SegmentMode::active) {
      ISOTRACE_TRY_DONE(check_index(segment.table, module_.tables.size(), segment.offset, "table"));
      if (module_.tables[segment.table].element != segment.type) {
        return refuse_invalid(segment.offset, "type mismatch: the table holds another type");
      }
      ISOTRACE_TRY_DONE(validate_constant(module_, segment.place, ValueType::i32));
    }
    for (const std::uint32_t function : segment.functions) {
      ISOTRACE_TRY_DONE(
          check_index(function, module_.functions.size(), segment.offset, "function"));
    }
    for (const Expression expression : segment.expressions) {
      ISOTRACE_TRY_DONE(validate_constant(module_, expression, segment.type));
    }
    return Done{};
  }

  Result<Done> check_data(const DataSegment& segment) {
    if (segment.mode != SegmentMode::active) return Done{};
    ISOTRACE_TRY_DONE(
        check_index(segment.memory, module_.memories.size(), segment.offset, "memory"));
    return validate_constant(module_, segment.place, ValueType::i32);
  }

  /// Adds the function that a validated constant expression names, if it does.
  void declare(Expression expression, std::vector<bool>& declared) const {
    Reader reader(module_.bytes, expression.begin, expression.end);
    Instruction instruction;
    if (!read_instruction(reader, module_.edition, instruction)) return;
    if (instruction.opcode == Opcode::ref_func) declared[instruction.first] = true;
  }

  [[nodiscard]] std::vector<bool> find_declared() const {
    std::vector<bool> declared(module_.functions.size(), false);
    for (const Export& out : module_.exports) {
      if (out.kind == ExternKind::function) declared[out.index] = true;
    }
    for (const Global& global : module_.globals) declare(global.value, declared);
    for (const ElementSegment& segment : module_.elements) {
      for (const std::uint32_t function : segment.functions) declared[function] = true;
      for (const Expression expression : segment.expressions) declare(expression, declared);
    }
    return declared;
  }

  Module& module_;
};

}  // namespace

Result<Done> validate_module(Module& module) { return ModuleValidator(module).validate(); }

Result<Module> load_module(core::Bytes bytes, Edition edition) {
  ISOTRACE_TRY(Module module, decode_module(std::move(bytes), edition));
  ISOTRACE_TRY_DONE(validate_module(module));
  return module;
}

}  // namespace isotrace::wasm
