#include <isotrace/wasm/program_digest.hpp>

#include <algorithm>

#include <isotrace/core/blake3.hpp>
#include <isotrace/core/check.hpp>
#include <isotrace/wasm/code_walk.hpp>

namespace isotrace::wasm {
namespace {

std::uint32_t count_of(const auto& list) { return static_cast<std::uint32_t>(list.size()); }

/// Of the index space of types: the first index with an equal type.
std::vector<std::uint32_t> canonical_types(const Module& module) {
  std::map<FunctionType, std::uint32_t> first;
  std::vector<std::uint32_t> ids;
  for (const FunctionType& type : module.types) {
    ids.push_back(first.try_emplace(type, count_of(ids)).first->second);
  }
  return ids;
}

class TableMaker {
 public:
  explicit TableMaker(const Module& module) : module_(module), types_(canonical_types(module)) {}

  ProgramTables make() {
    std::size_t code_bytes = 0;
    for (const Function& function : module_.functions) {
      code_bytes += function.body.end - function.body.begin;
    }
    tables_.instructions.reserve(code_bytes / 2);  // most are two bytes or longer
    for (const Function& function : module_.functions) {
      const FunctionType& type = module_.type_of(function);
      tables_.functions.push_back({function.body.begin, count_of(type.parameters),
                                   count_of(type.results), function.locals_count,
                                   function.operands_max, types_[function.type]});
      if (function.body.begin != 0) add_code(function);
    }
    for (const ElementSegment& segment : module_.elements) add_elements(segment);
    for (const DataSegment& segment : module_.datas) tables_.segments.push_back(segment.begin);
    for (const TableType& type : module_.tables) add_maximum(type.limits);
    for (const MemoryType& type : module_.memories) add_maximum(type.limits);
    return std::move(tables_);
  }

 private:
  void add_maximum(const Limits& limits) {
    tables_.maxima.push_back(limits.most.value_or(no_maximum));
  }

  void add_elements(const ElementSegment& segment) {
    tables_.segments.push_back(count_of(tables_.references));
    for (const std::uint32_t function : segment.functions) {
      tables_.references.push_back(Slot{1} + function);
    }
    for (const Expression expression : segment.expressions) {
      tables_.references.push_back(reference(expression));
    }
  }

  std::uint64_t reference(Expression expression) const {
    Reader reader(module_.bytes, expression.begin, expression.end);
    Instruction constant;
    const auto read = read_instruction(reader, module_.edition, constant);
    ISOTRACE_CHECK(read.has_value(), expression.begin);
    if (constant.opcode == Opcode::ref_func) return Slot{1} + constant.first;
    if (constant.opcode == Opcode::global_get) return reference_of_global | constant.first;
    return null_reference;
  }

  void add_code(const Function& function) {
    CodeWalk walk(module_, function);
    control_ = module_.controls.begin() + function.controls_begin;
    while (walk.next()) {
      const Opcode opcode = walk.now().opcode;
      const bool opens = opcode == Opcode::block || opcode == Opcode::loop || opcode == Opcode::if_;
      if (walk.reached()) add_instruction(walk);
      if (opens) ++control_;
    }
  }

  void add_instruction(const CodeWalk& walk) {
    const Instruction& now = walk.now();
    CodeRecord& record = tables_.instructions.emplace_back(
        CodeRecord{now.offset, walk.next_offset(), static_cast<std::uint32_t>(now.opcode),
                   now.first, now.second, 0, 0});
    switch (now.info->immediates) {
      case Immediates::memory_access:
        record.a = 0;
        record.b = 0;
        record.constant = now.second;
        break;
      case Immediates::i32:
      case Immediates::i64:
      case Immediates::f32:
      case Immediates::f64: record.constant = now.constant; break;
      case Immediates::type_table: record.a = types_[now.first]; break;
      case Immediates::data:
      case Immediates::data_memory: record.a += count_of(module_.elements); break;
      case Immediates::label: set_target(record, target(walk, now.first)); break;
      case Immediates::label_table:
        record.a = count_of(tables_.targets);
        record.b = count_of(now.depths);
        for (const std::uint32_t depth : now.depths) tables_.targets.push_back(target(walk, depth));
        break;
      default: add_marker(record, walk); break;
    }
  }

  /// What of control has no label: if, else, end, return.
  void add_marker(CodeRecord& record, const CodeWalk& walk) const {
    const std::size_t depth_of_function = walk.open().size() - 1;
    switch (walk.now().opcode) {
      case Opcode::if_:
        record.a = (control_->alternative != 0 ? control_->alternative : control_->end) + 1;
        break;
      case Opcode::else_: record.a = walk.label(0).continuation; break;
      case Opcode::end:
        if (depth_of_function != 0) {
          record.a = walk.next_offset();
          break;
        }
        [[fallthrough]];
      case Opcode::return_:
        set_target(record, target(walk, static_cast<std::uint32_t>(depth_of_function)));
        break;
      default: break;
    }
  }

  static BranchRecord target(const CodeWalk& walk, std::uint32_t depth) {
    const OpenCode& label = walk.label(depth);
    if (depth + 1 == walk.open().size()) return {0, label.arity, 0};
    return {label.continuation, label.arity, label.height};
  }

  static void set_target(CodeRecord& record, const BranchRecord& target) {
    record.a = target.pc;
    record.b = target.arity;
    record.c = target.height;
  }

  const Module& module_;
  std::vector<std::uint32_t> types_;
  std::vector<Control>::const_iterator control_;  ///< of the next block, loop or if
  ProgramTables tables_;
};

template <class Record>
core::ByteView bytes_of(const std::vector<Record>& records) {
  static_assert(std::has_unique_object_representations_v<Record>);
  return {reinterpret_cast<const std::uint8_t*>(records.data()), records.size() * sizeof(Record)};
}

tl::unexpected<core::Refusal> refuse_store(const char* detail) {
  return core::refuse(core::RefusalCode::wasm_store_unsupported, "store", detail);
}

bool counts_up(const std::vector<Address>& addresses, std::size_t count) {
  if (addresses.size() != count) return false;
  for (std::size_t i = 0; i < count; ++i) {
    if (addresses[i] != i) return false;
  }
  return true;
}

}  // namespace

ProgramTables make_program_tables(const Module& module) { return TableMaker(module).make(); }

core::ByteView program_string(const Module& module, const ProgramTables& tables,
                              ProgramString which) {
  switch (which) {
    case ProgramString::module: return module.bytes;
    case ProgramString::instructions: return bytes_of(tables.instructions);
    case ProgramString::targets: return bytes_of(tables.targets);
    case ProgramString::functions: return bytes_of(tables.functions);
    case ProgramString::segments: return bytes_of(tables.segments);
    case ProgramString::references: return bytes_of(tables.references);
    case ProgramString::maxima: break;
  }
  return bytes_of(tables.maxima);
}

Program describe_program(const Module& module, const ProgramTables& tables,
                         const ProfileLimits& limits) {
  Program program{.edition = module.edition, .limits = limits, .strings = {}};
  for (std::size_t i = 0; i < program_strings; ++i) {
    const core::ByteView bytes = program_string(module, tables, static_cast<ProgramString>(i));
    program.strings[i] = {bytes.size() / record_bytes[i], core::blake3(bytes)};
  }
  return program;
}

core::Digest program_digest(const Module& module, const ProfileLimits& limits) {
  return program_digest(describe_program(module, make_program_tables(module), limits));
}

core::Result<core::Done> check_addresses(const Store& store) {
  if (store.instances.size() != 1) return refuse_store("not one instance");
  const ModuleInstance& instance = store.instances[0];
  if (!counts_up(instance.functions, store.functions.size()) ||
      !counts_up(instance.tables, store.tables.size()) ||
      !counts_up(instance.memories, store.memories.size()) ||
      !counts_up(instance.globals, store.globals.size())) {
    return refuse_store("addresses are not indices");
  }
  const Module& module = *instance.module;
  for (std::size_t i = 0; i < store.tables.size(); ++i) {
    if (store.tables[i].type.limits.most != module.tables[i].limits.most) {
      return refuse_store("a table's maximum is not the one that the import states");
    }
  }
  for (std::size_t i = 0; i < store.memories.size(); ++i) {
    if (store.memories[i].type.limits.most != module.memories[i].limits.most) {
      return refuse_store("a memory's maximum is not the one that the import states");
    }
  }
  return core::Done{};
}

}  // namespace isotrace::wasm
