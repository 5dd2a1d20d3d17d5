#include <isotrace/wasm/instantiate.hpp>

#include <algorithm>

#include <isotrace/core/check.hpp>
#include <isotrace/wasm/instruction.hpp>

namespace isotrace::wasm {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;

/// Whether a thing of the size and with the maximum can be imported under the limits.
bool limits_match(std::uint64_t size, std::optional<std::uint32_t> most, const Limits& wanted) {
  if (size < wanted.least) return false;
  return !wanted.most || (most && *most <= *wanted.most);
}

bool import_matches(const Store& store, const Module& module, const Import& import,
                    ExternValue value) {
  if (value.kind != import.kind()) return false;
  switch (value.kind) {
    case ExternKind::function:
      return store.type_of(value.address) == module.types[std::get<TypeIndex>(import.type).value];
    case ExternKind::table: {
      const auto& wanted = std::get<TableType>(import.type);
      const TableInstance& table = store.tables[value.address];
      return table.type.element == wanted.element &&
             limits_match(table.elements.size(), table.type.limits.most, wanted.limits);
    }
    case ExternKind::memory: {
      const auto& wanted = std::get<MemoryType>(import.type);
      const MemoryInstance& memory = store.memories[value.address];
      return limits_match(memory.data.pages(), memory.type.limits.most, wanted.limits);
    }
    case ExternKind::global:
      return store.globals[value.address].type == std::get<GlobalType>(import.type);
  }
  return false;
}

class Instantiator {
 public:
  Instantiator(Store& store, std::shared_ptr<const Module> module)
      : store_(store), module_(*module), address_(static_cast<Address>(store.instances.size())) {
    store.instances.emplace_back().module = std::move(module);
  }

  Result<Instantiation> run(std::span<const ExternValue> imports) {
    ISOTRACE_TRY_DONE(allocate(imports));
    if (module_.edition == Edition::mvp) {
      ISOTRACE_TRY_DONE(check_segments());
    }
    Instantiation done{.instance = address_, .trap = place_segments(), .start = {}};
    if (module_.start) done.start = self().functions[*module_.start];
    return done;
  }

 private:
  ModuleInstance& self() { return store_.instances[address_]; }

  void add_import(ExternValue value) {
    switch (value.kind) {
      case ExternKind::function: self().functions.push_back(value.address); break;
      case ExternKind::table: self().tables.push_back(value.address); break;
      case ExternKind::memory: self().memories.push_back(value.address); break;
      case ExternKind::global: self().globals.push_back(value.address); break;
    }
  }

  Result<Done> allocate(std::span<const ExternValue> imports) {
    for (const FunctionType& type : module_.types) {
      self().type_ids.push_back(store_.type_id(type));
    }
    for (const ExternValue value : imports) add_import(value);
    for (std::size_t i = self().functions.size(); i < module_.functions.size(); ++i) {
      self().functions.push_back(store_.add_function(address_, static_cast<std::uint32_t>(i)));
    }
    for (std::size_t i = self().tables.size(); i < module_.tables.size(); ++i) {
      ISOTRACE_TRY(const Address table, store_.add_table(module_.tables[i]));
      self().tables.push_back(table);
    }
    for (std::size_t i = self().memories.size(); i < module_.memories.size(); ++i) {
      ISOTRACE_TRY(const Address memory, store_.add_memory(module_.memories[i]));
      self().memories.push_back(memory);
    }
    for (std::size_t i = self().globals.size(); i < module_.globals.size(); ++i) {
      const Global& global = module_.globals[i];
      self().globals.push_back(store_.add_global(global.type, evaluate(global.value)));
    }
    for (const ElementSegment& segment : module_.elements) {
      self().elements.push_back(references(segment));
    }
    for (const DataSegment& segment : module_.datas) self().data_sizes.push_back(segment.size);
    return Done{};
  }

  Slot function_reference(std::uint32_t index) { return Slot{1} + self().functions[index]; }

  /// A constant expression; it is validated, so it is one constant.
  Slot evaluate(Expression expression) {
    Reader reader(module_.bytes, expression.begin, expression.end);
    Instruction constant;
    const auto done = read_instruction(reader, module_.edition, constant);
    ISOTRACE_CHECK(done.has_value(), expression.begin);
    switch (constant.opcode) {
      case Opcode::ref_null: return null_reference;
      case Opcode::ref_func: return function_reference(constant.first);
      case Opcode::global_get: return store_.globals[self().globals[constant.first]].value;
      default: return constant.constant;
    }
  }

  std::vector<Slot> references(const ElementSegment& segment) {
    std::vector<Slot> list;
    list.reserve(segment.functions.size() + segment.expressions.size());
    for (const std::uint32_t index : segment.functions) list.push_back(function_reference(index));
    for (const Expression expression : segment.expressions) list.push_back(evaluate(expression));
    return list;
  }

  std::span<Slot> table_of(const ElementSegment& segment) {
    return store_.tables[self().tables[segment.table]].elements;
  }
  LinearMemory& memory_of(const DataSegment& segment) {
    return store_.memories[self().memories[segment.memory]].data;
  }
  static bool fits(std::uint64_t place, std::uint64_t count, std::uint64_t size) {
    return place + count <= size;
  }

  /// 1.0 places all segments or none.
  Result<Done> check_segments() {
    for (std::size_t i = 0; i < module_.elements.size(); ++i) {
      const ElementSegment& segment = module_.elements[i];
      const std::size_t count = self().elements[i].size();
      if (!fits(evaluate(segment.place), count, table_of(segment).size())) {
        return refuse_at(RefusalCode::wasm_unlinkable, segment.offset,
                         "elements segment does not fit");
      }
    }
    for (const DataSegment& segment : module_.datas) {
      if (!fits(evaluate(segment.place), segment.size, memory_of(segment).size())) {
        return refuse_at(RefusalCode::wasm_unlinkable, segment.offset, "data segment does not fit");
      }
    }
    return Done{};
  }

  Trap place_segments() {
    for (std::size_t i = 0; i < module_.elements.size(); ++i) {
      const ElementSegment& segment = module_.elements[i];
      if (segment.mode == SegmentMode::passive) continue;
      const std::vector<Slot> list = std::exchange(self().elements[i], {});  // dropped
      if (segment.mode == SegmentMode::declarative) continue;
      const Slot place = evaluate(segment.place);
      const std::span<Slot> table = table_of(segment);
      if (!fits(place, list.size(), table.size())) return Trap::out_of_bounds_table_access;
      std::ranges::copy(list, table.subspan(place).begin());
    }
    for (std::size_t i = 0; i < module_.datas.size(); ++i) {
      const DataSegment& segment = module_.datas[i];
      if (segment.mode == SegmentMode::passive) continue;
      self().data_sizes[i] = 0;  // dropped
      const Slot place = evaluate(segment.place);
      LinearMemory& memory = memory_of(segment);
      if (!fits(place, segment.size, memory.size())) return Trap::out_of_bounds_memory_access;
      const core::ByteView data =
          core::ByteView(module_.bytes).subspan(segment.begin, segment.size);
      memory.mark(place, segment.size);
      std::ranges::copy(data, memory.bytes().subspan(place).begin());
    }
    return Trap::none;
  }

  Store& store_;
  const Module& module_;
  Address address_;
};

}  // namespace

Namespace exports_of(const Store& store, Address instance) {
  Namespace all;
  for (const Export& out : store.instances[instance].module->exports) {
    all.emplace(out.name, extern_value(store, instance, out));
  }
  return all;
}

Result<std::vector<ExternValue>> resolve_imports(const Store& store, const Module& module,
                                                 const Namespaces& names) {
  std::vector<ExternValue> values;
  for (const Import& import : module.imports) {
    const std::string name = import.module + "." + import.name;
    const auto refuse = [&](const std::string& detail) {
      return refuse_at(RefusalCode::wasm_unlinkable, import.offset, detail + " " + name);
    };
    const auto space = names.find(import.module);
    if (space == names.end()) return refuse("unknown import");
    const auto value = space->second.find(import.name);
    if (value == space->second.end()) return refuse("unknown import");
    if (!import_matches(store, module, import, value->second)) {
      return refuse("incompatible import type of " + std::string(kind_name(import.kind())));
    }
    values.push_back(value->second);
  }
  return values;
}

Result<Instantiation> instantiate(Store& store, std::shared_ptr<const Module> module,
                                  std::span<const ExternValue> imports) {
  return Instantiator(store, std::move(module)).run(imports);
}

}  // namespace isotrace::wasm
