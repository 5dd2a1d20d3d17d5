#include <isotrace/proofs/obligation/instance.hpp>

#include <isotrace/core/check.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/wasm/instruction.hpp>

namespace isotrace::proofs::obligation {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;
using wasm::Opcode;

class InstanceMaker {
 public:
  explicit InstanceMaker(const wasm::Module& module) : module_(module) {}

  Result<InitialInstance> make() {
    ISOTRACE_TRY_DONE(check_imports());
    ISOTRACE_TRY_DONE(check_limits());
    for (const wasm::Global& global : module_.globals) {
      made_.globals.push_back(evaluate(global.value).constant);
    }
    for (const wasm::TableType& table : module_.tables) {
      const bool functions = table.element == wasm::ValueType::funcref;
      made_.tables.emplace_back(functions ? table.limits.least : 0);
    }
    if (!module_.memories.empty()) made_.pages = module_.memories[0].limits.least;
    for (const wasm::ElementSegment& segment : module_.elements) {
      ISOTRACE_TRY_DONE(place(segment));
    }
    for (const wasm::DataSegment& segment : module_.datas) {
      ISOTRACE_TRY_DONE(place(segment));
    }
    return std::move(made_);
  }

 private:
  Result<Done> check_imports() const {
    for (const wasm::Import& import : module_.imports) {
      if (import.kind() == wasm::ExternKind::function) continue;
      return core::refuse(RefusalCode::function_unsupported,
                          "byte " + std::to_string(import.offset),
                          "an imported " + std::string(wasm::kind_name(import.kind())));
    }
    return Done{};
  }

  Result<Done> check_limits() const {
    for (const wasm::MemoryType& memory : module_.memories) {
      if (memory.limits.least > core::limits::wasm_memory_pages_max) {
        return core::refuse(RefusalCode::limit_exceeded, "memory",
                            std::to_string(memory.limits.least) + " pages");
      }
    }
    std::uint64_t elements = 0;
    for (const wasm::TableType& table : module_.tables) elements += table.limits.least;
    if (elements > core::limits::wasm_table_elements_max) {
      return core::refuse(RefusalCode::limit_exceeded, "tables",
                          std::to_string(elements) + " elements");
    }
    return Done{};
  }

  struct Constant {
    wasm::Slot constant = 0;
    TableElement function;
  };

  /// A constant expression; it is validated, so it is one constant.
  [[nodiscard]] Constant evaluate(wasm::Expression expression) const {
    wasm::Reader reader(module_.bytes, expression.begin, expression.end);
    wasm::Instruction constant;
    const auto done = wasm::read_instruction(reader, module_.edition, constant);
    ISOTRACE_CHECK(done.has_value(), expression.begin);
    if (constant.opcode == Opcode::ref_null) return {};
    if (constant.opcode == Opcode::ref_func) return {0, constant.first};
    // Only imported globals can be read here, and there are none.
    ISOTRACE_CHECK(constant.opcode != Opcode::global_get, constant.offset);
    return {constant.constant, {}};
  }

  static auto refuse_segment(std::uint32_t offset) {
    return core::refuse(RefusalCode::function_unsupported, "byte " + std::to_string(offset),
                        "a segment does not fit, so the module has no instance");
  }

  Result<Done> place(const wasm::ElementSegment& segment) {
    if (segment.mode != wasm::SegmentMode::active) return Done{};
    const std::uint64_t count = segment.functions.size() + segment.expressions.size();
    const std::uint64_t begin = static_cast<std::uint32_t>(evaluate(segment.place).constant);
    const wasm::TableType& type = module_.tables[segment.table];
    if (begin + count > type.limits.least) return refuse_segment(segment.offset);
    if (type.element != wasm::ValueType::funcref) return Done{};
    auto to = made_.tables[segment.table].begin() + static_cast<std::ptrdiff_t>(begin);
    for (const std::uint32_t function : segment.functions) *to++ = function;
    for (const wasm::Expression expression : segment.expressions) {
      *to++ = evaluate(expression).function;
    }
    return Done{};
  }

  Result<Done> place(const wasm::DataSegment& segment) {
    if (segment.mode != wasm::SegmentMode::active) return Done{};
    const std::uint64_t begin = static_cast<std::uint32_t>(evaluate(segment.place).constant);
    if (begin + segment.size > made_.pages * wasm::page_bytes) {
      return refuse_segment(segment.offset);
    }
    made_.image.write(begin, core::ByteView(module_.bytes).subspan(segment.begin, segment.size));
    return Done{};
  }

  const wasm::Module& module_;
  InitialInstance made_;
};

}  // namespace

Result<InitialInstance> make_initial_instance(const wasm::Module& module) {
  return InstanceMaker(module).make();
}

Result<std::uint32_t> find_function(const wasm::Module& module, const std::string& name) {
  for (const wasm::Export& out : module.exports) {
    if (out.name == name && out.kind == wasm::ExternKind::function) return out.index;
  }
  return core::refuse(RefusalCode::wasm_export_unknown, name, "function");
}

}  // namespace isotrace::proofs::obligation
