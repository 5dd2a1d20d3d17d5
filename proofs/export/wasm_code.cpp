#include "wasm_code.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <span>

#include <isotrace/core/check.hpp>

namespace isotrace::proofs {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;
using wasm::Opcode;

/// Numeric instructions by ranges of their codes: of 32 bits first, of 64 bits after.
struct NumericRange {
  Opcode first;
  Opcode last;
  Opcode first_wide;
  CodeKind kind;
};

/// Trees are walked by recursion.
constexpr std::size_t nesting_max = 256;
/// A call through a table is a block for each of its functions, one inside the other.
constexpr std::size_t callees_max = 64;
constexpr std::size_t table_entries_max = 1024;

constexpr std::uint32_t eqz_index = 3;  // behind clz, ctz and popcnt
constexpr NumericRange numeric_ranges[] = {
    {Opcode::i32_eq, Opcode::i32_ge_u, Opcode::i64_eq, CodeKind::compare},
    {Opcode::i32_clz, Opcode::i32_popcnt, Opcode::i64_clz, CodeKind::unary},
    {Opcode::i32_add, Opcode::i32_rotr, Opcode::i64_add, CodeKind::binary},
};

constexpr std::uint32_t code_of(Opcode opcode) { return static_cast<std::uint32_t>(opcode); }

CodeNode extension(std::uint32_t bits, bool from_wide, bool wide, bool with_sign) {
  CodeNode node;
  node.kind = CodeKind::extend;
  node.index = bits;
  node.from_wide = from_wide;
  node.wide = wide;
  node.with_sign = with_sign;
  return node;
}

std::optional<CodeNode> numeric_node(Opcode opcode) {
  CodeNode node;
  for (const NumericRange& range : numeric_ranges) {
    const std::uint32_t count = code_of(range.last) - code_of(range.first);
    for (const bool wide : {false, true}) {
      const std::uint32_t first = code_of(wide ? range.first_wide : range.first);
      if (code_of(opcode) < first || code_of(opcode) > first + count) continue;
      node.kind = range.kind;
      node.wide = wide;
      node.index = code_of(opcode) - first;
      return node;
    }
  }
  switch (opcode) {
    case Opcode::i32_eqz:
    case Opcode::i64_eqz:
      node.kind = CodeKind::unary;
      node.index = eqz_index;
      node.wide = opcode == Opcode::i64_eqz;
      return node;
    case Opcode::i32_wrap_i64: return extension(32, true, false, false);
    case Opcode::i64_extend_i32_s: return extension(32, false, true, true);
    case Opcode::i64_extend_i32_u: return extension(32, false, true, false);
    case Opcode::i32_extend8_s: return extension(8, false, false, true);
    case Opcode::i32_extend16_s: return extension(16, false, false, true);
    case Opcode::i64_extend8_s: return extension(8, true, true, true);
    case Opcode::i64_extend16_s: return extension(16, true, true, true);
    case Opcode::i64_extend32_s: return extension(32, true, true, true);
    default: return std::nullopt;
  }
}

/// Accesses to memory, in the order of their codes.
struct Access {
  Opcode opcode;
  unsigned bytes;
  bool wide;
  bool with_sign = false;
};
constexpr Access loads[] = {
    {Opcode::i32_load, 4, false},           {Opcode::i64_load, 8, true},
    {Opcode::i32_load8_s, 1, false, true},  {Opcode::i32_load8_u, 1, false},
    {Opcode::i32_load16_s, 2, false, true}, {Opcode::i32_load16_u, 2, false},
    {Opcode::i64_load8_s, 1, true, true},   {Opcode::i64_load8_u, 1, true},
    {Opcode::i64_load16_s, 2, true, true},  {Opcode::i64_load16_u, 2, true},
    {Opcode::i64_load32_s, 4, true, true},  {Opcode::i64_load32_u, 4, true},
};
constexpr Access stores[] = {
    {Opcode::i32_store, 4, false},   {Opcode::i64_store, 8, true},  {Opcode::i32_store8, 1, false},
    {Opcode::i32_store16, 2, false}, {Opcode::i64_store8, 1, true}, {Opcode::i64_store16, 2, true},
    {Opcode::i64_store32, 4, true},
};

std::optional<CodeNode> access_node(const wasm::Instruction& instruction) {
  for (const CodeKind kind : {CodeKind::load, CodeKind::store}) {
    const std::span<const Access> accesses =
        kind == CodeKind::load ? std::span<const Access>(loads) : std::span<const Access>(stores);
    for (const Access& access : accesses) {
      if (access.opcode != instruction.opcode) continue;
      CodeNode node;
      node.kind = kind;
      node.wide = access.wide;
      node.with_sign = access.with_sign;
      node.bytes = access.bytes;
      node.offset = instruction.second;
      return node;
    }
  }
  return std::nullopt;
}

CodeNode node_of(CodeKind kind, std::uint32_t index = 0) {
  CodeNode node;
  node.kind = kind;
  node.index = index;
  return node;
}

CodeNode block_of(std::uint32_t takes, std::uint32_t leaves, std::vector<CodeNode> body) {
  CodeNode node = node_of(CodeKind::block);
  node.takes = takes;
  node.leaves = leaves;
  node.body = std::move(body);
  return node;
}

/// What `call_indirect takes leaves table` is in Wasm.v.
CodeNode indirect_block(const CodeNode& call) {
  std::vector<std::uint32_t> callees;
  for (const auto& function : call.table) {
    if (function) callees.push_back(*function);
  }
  const auto count = static_cast<std::uint32_t>(callees.size());
  CodeNode choice = node_of(CodeKind::br_table);
  std::uint32_t next = 0;
  for (const auto& function : call.table) choice.depths.push_back(function ? next++ : count);
  choice.depths.push_back(count);
  std::vector<CodeNode> inner = {std::move(choice)};
  for (std::uint32_t i = 0; i < count; ++i) {
    std::vector<CodeNode> around;
    around.push_back(block_of(call.takes + 1, call.takes, std::move(inner)));
    around.push_back(node_of(CodeKind::call, callees[i]));
    around.push_back(node_of(CodeKind::br, count - i));
    inner = std::move(around);
  }
  std::vector<CodeNode> outer;
  outer.push_back(block_of(call.takes + 1, call.takes, std::move(inner)));
  outer.push_back(node_of(CodeKind::unreachable));
  return block_of(call.takes + 1, call.leaves, std::move(outer));
}

std::optional<CodeKind> plain_kind(Opcode opcode) {
  switch (opcode) {
    case Opcode::nop: return CodeKind::nop;
    case Opcode::unreachable: return CodeKind::unreachable;
    case Opcode::drop: return CodeKind::drop;
    case Opcode::select:
    case Opcode::select_typed: return CodeKind::select;
    case Opcode::local_get: return CodeKind::local_get;
    case Opcode::local_set: return CodeKind::local_set;
    case Opcode::local_tee: return CodeKind::local_tee;
    case Opcode::global_get: return CodeKind::global_get;
    case Opcode::global_set: return CodeKind::global_set;
    case Opcode::memory_size: return CodeKind::memory_size;
    case Opcode::memory_fill: return CodeKind::memory_fill;
    case Opcode::memory_copy: return CodeKind::memory_copy;
    case Opcode::br: return CodeKind::br;
    case Opcode::br_if: return CodeKind::br_if;
    case Opcode::br_table: return CodeKind::br_table;
    case Opcode::return_: return CodeKind::return_;
    case Opcode::call: return CodeKind::call;
    case Opcode::block: return CodeKind::block;
    case Opcode::loop: return CodeKind::loop;
    case Opcode::if_: return CodeKind::if_;
    default: return std::nullopt;
  }
}

class FunctionReader {
 public:
  FunctionReader(const wasm::Module& module, const obligation::InitialInstance& instance,
                 std::uint32_t function)
      : module_(module), instance_(instance), index_(function) {}

  Result<CodeFunction> read() {
    const wasm::Function& function = module_.functions[index_];
    CodeFunction made;
    made.index = index_;
    const wasm::FunctionType& type = module_.type_of(function);
    for (const wasm::ValueType parameter : type.parameters) {
      ISOTRACE_TRY(made.parameters.emplace_back(), width_of(parameter));
    }
    for (const wasm::ValueType result : type.results) {
      ISOTRACE_TRY(made.results.emplace_back(), width_of(result));
    }
    for (const wasm::LocalRun& run : function.locals) {
      ISOTRACE_TRY(const unsigned width, width_of(run.type));
      made.locals.resize(run.end, width);
    }
    wasm::Reader reader(module_.bytes, function.body.begin, function.body.end);
    ISOTRACE_TRY_DONE(read_blocks(reader, made.body));
    return made;
  }

 private:
  /// A block whose `end` is still to come, and where its instructions go.
  struct Open {
    CodeNode node;
    bool in_no = false;
  };

  tl::unexpected<core::Refusal> unsupported(std::string_view what) const {
    return core::refuse(
        RefusalCode::export_unsupported,
        "function " + std::to_string(index_) + ", byte " + std::to_string(now_.offset),
        std::string(what));
  }

  Result<unsigned> width_of(wasm::ValueType type) const {
    if (type == wasm::ValueType::i32) return 32U;
    if (type == wasm::ValueType::i64) return 64U;
    return unsupported("a value that is no integer");
  }

  /// The body's own `end` is part of its bytes.
  Result<Done> read_blocks(wasm::Reader& reader, std::vector<CodeNode>& body) {
    std::vector<Open> open;
    const auto list = [&]() -> std::vector<CodeNode>& {
      if (open.empty()) return body;
      return open.back().in_no ? open.back().node.no : open.back().node.body;
    };
    while (!reader.at_end()) {
      ISOTRACE_TRY_DONE(wasm::read_instruction(reader, module_.edition, now_));
      if (now_.opcode == Opcode::else_) {
        open.back().in_no = true;
      } else if (now_.opcode == Opcode::end) {
        if (open.empty()) break;
        CodeNode node = std::move(open.back().node);
        open.pop_back();
        list().push_back(std::move(node));
      } else {
        ISOTRACE_TRY(CodeNode node, read_node());
        const bool opens = node.kind == CodeKind::block || node.kind == CodeKind::loop ||
                           node.kind == CodeKind::if_;
        if (opens) {
          if (open.size() >= nesting_max) return unsupported("blocks nested deeper than that");
          open.push_back({std::move(node)});
        } else {
          list().push_back(std::move(node));
        }
      }
    }
    return Done{};
  }

  Result<CodeNode> read_node() {
    if (now_.opcode == Opcode::i32_const || now_.opcode == Opcode::i64_const) {
      CodeNode node;
      node.kind = CodeKind::constant;
      node.wide = now_.opcode == Opcode::i64_const;
      node.constant = now_.constant;
      return node;
    }
    if (auto node = numeric_node(now_.opcode)) return *std::move(node);
    if (auto node = access_node(now_)) return *std::move(node);
    if (now_.opcode == Opcode::call_indirect) return read_indirect();
    const auto kind = plain_kind(now_.opcode);
    if (!kind) return unsupported(now_.info->text);
    CodeNode node;
    node.kind = *kind;
    node.index = now_.first;
    node.depths = now_.opcode == Opcode::br_table ? now_.depths : std::vector<std::uint32_t>{};
    if (*kind == CodeKind::call && now_.first < module_.imported_functions)
      return unsupported("a call of an imported function");
    if (now_.info->immediates != wasm::Immediates::block) return node;
    if (now_.block.kind == wasm::BlockType::Kind::value) {
      node.leaves = 1;
    } else if (now_.block.kind == wasm::BlockType::Kind::index) {
      const wasm::FunctionType& type = module_.types[now_.block.index];
      node.takes = static_cast<std::uint32_t>(type.parameters.size());
      node.leaves = static_cast<std::uint32_t>(type.results.size());
    }
    return node;
  }

  /// Tables are what instantiation makes of them: instructions that change one are refused.
  Result<CodeNode> read_indirect() const {
    const wasm::FunctionType& type = module_.types[now_.first];
    CodeNode node = node_of(CodeKind::call_indirect);
    node.takes = static_cast<std::uint32_t>(type.parameters.size());
    node.leaves = static_cast<std::uint32_t>(type.results.size());
    std::size_t callees = 0;
    for (const obligation::TableElement& element : instance_.tables[now_.second]) {
      const bool fits = element && module_.type_of(module_.functions[*element]) == type;
      if (fits && *element < module_.imported_functions)
        return unsupported("a table with an imported function");
      node.table.push_back(fits ? element : std::nullopt);
      callees += fits ? 1 : 0;
    }
    while (!node.table.empty() && !node.table.back()) node.table.pop_back();
    if (callees > callees_max || node.table.size() > table_entries_max) {
      return unsupported("a table with more than " + std::to_string(callees_max) +
                         " functions of one type, or " + std::to_string(table_entries_max) +
                         " places up to the last of them");
    }
    node.body.push_back(indirect_block(node));
    return node;
  }

  const wasm::Module& module_;
  const obligation::InitialInstance& instance_;
  std::uint32_t index_;
  wasm::Instruction now_;
};

/// The functions that are called in the code, for one visit after another.
void find_calls(std::vector<CodeNode>& code, const std::function<void(std::uint32_t&)>& on_call) {
  for (CodeNode& node : code) {
    if (node.kind == CodeKind::call) on_call(node.index);
    for (auto& function : node.table) {
      if (function) on_call(*function);
    }
    find_calls(node.body, on_call);
    find_calls(node.no, on_call);
  }
}

bool has_any(const CodeModule& module, std::initializer_list<CodeKind> kinds) {
  const std::function<bool(const std::vector<CodeNode>&)> any = [&](const auto& nodes) {
    return std::any_of(nodes.begin(), nodes.end(), [&](const CodeNode& node) {
      return std::find(kinds.begin(), kinds.end(), node.kind) != kinds.end() || any(node.body) ||
             any(node.no);
    });
  };
  return std::any_of(module.functions.begin(), module.functions.end(),
                     [&](const CodeFunction& function) { return any(function.body); });
}

}  // namespace

bool has_effects(const CodeModule& module) {
  return has_any(module, {CodeKind::global_set, CodeKind::store, CodeKind::memory_fill,
                          CodeKind::memory_copy});
}

bool reads_memory(const CodeModule& module) {
  return has_any(module, {CodeKind::load, CodeKind::memory_copy});
}

std::uint32_t CodeModule::place_of(std::uint32_t function) const {
  const auto found = std::find_if(functions.begin(), functions.end(),
                                  [&](const CodeFunction& of) { return of.index == function; });
  ISOTRACE_CHECK(found != functions.end(), function);
  return static_cast<std::uint32_t>(found - functions.begin());
}

Result<CodeModule> read_code(const wasm::Module& module,
                             const std::vector<std::uint32_t>& functions) {
  const auto unsupported = [](std::string place, std::string what) {
    return core::refuse(RefusalCode::export_unsupported, std::move(place), std::move(what));
  };
  if (module.start) return unsupported("byte " + std::to_string(module.start_offset), "start");
  ISOTRACE_TRY(const obligation::InitialInstance instance,
               obligation::make_initial_instance(module));
  CodeModule made;
  made.image = instance.image;
  made.memory_bytes = std::uint64_t{instance.pages} * wasm::page_bytes;
  for (std::size_t i = 0; i < module.globals.size(); ++i) {
    const wasm::ValueType type = module.globals[i].type.value;
    if (type != wasm::ValueType::i32 && type != wasm::ValueType::i64)
      return unsupported("global " + std::to_string(i), "a value that is no integer");
    made.globals.emplace_back(type == wasm::ValueType::i32 ? 32 : 64, instance.globals[i]);
  }
  std::set<std::uint32_t> reached;
  std::vector<std::uint32_t> open = functions;
  while (!open.empty()) {
    const std::uint32_t function = open.back();
    open.pop_back();
    if (!reached.insert(function).second) continue;
    if (function < module.imported_functions)
      return unsupported("function " + std::to_string(function), "an imported function");
    ISOTRACE_TRY(made.functions.emplace_back(), FunctionReader(module, instance, function).read());
    find_calls(made.functions.back().body, [&](std::uint32_t& callee) { open.push_back(callee); });
  }
  std::sort(made.functions.begin(), made.functions.end(),
            [](const CodeFunction& a, const CodeFunction& b) { return a.index < b.index; });
  for (CodeFunction& function : made.functions) {
    find_calls(function.body, [&](std::uint32_t& callee) { callee = made.place_of(callee); });
  }
  return made;
}

}  // namespace isotrace::proofs
