#include "code_execution.hpp"

#include "code_words.hpp"

namespace isotrace::proofs {
namespace {

using bits::invert;
using bits::Wire;
using bits::wire_false;
using bits::wire_true;
using bits::Word;
using core::RefusalCode;
using core::Result;
using Words = std::vector<Word>;

/// Instructions that are executed at most.
constexpr std::uint64_t work_max = std::uint64_t{1} << 22;

tl::unexpected<core::Refusal> unfit(const std::string& what) {
  return core::refuse(RefusalCode::export_unsupported, "code", what);
}

Word pop(CodeState& state) {
  Word word = std::move(state.stack.back());
  state.stack.pop_back();
  return word;
}

/// What lies below a block's parameters.
Words below(const Words& stack, std::uint32_t takes) {
  return {stack.begin(), stack.end() - static_cast<std::ptrdiff_t>(takes)};
}

/// The base with the topmost `arity` words of a stack on it.
void leave(Words& stack, Words base, std::uint32_t arity) {
  base.insert(base.end(), stack.end() - static_cast<std::ptrdiff_t>(arity), stack.end());
  stack = std::move(base);
}

CodeEnds normally(MaybePath path) { return {.normal = std::move(path)}; }

CodeEnds branching(std::uint32_t depth, MaybePath path) {
  CodeEnds ends;
  ends.branches.resize(depth);
  ends.branches.push_back(std::move(path));
  return ends;
}

MaybePath take_first_branch(CodeEnds& ends) {
  if (ends.branches.empty()) return std::nullopt;
  MaybePath path = std::move(ends.branches.front());
  ends.branches.erase(ends.branches.begin());
  return path;
}

}  // namespace

Result<MaybePath> CodeExecution::merge(MaybePath a, MaybePath b) {
  Merged merged = merge_paths(gates_, std::move(a), std::move(b));
  if (!merged.fits) return unfit("paths meet with different states");
  return std::move(merged.path);
}

Result<CodeEnds> CodeExecution::join(CodeEnds a, CodeEnds b) {
  ISOTRACE_TRY(a.normal, merge(std::move(a.normal), std::move(b.normal)));
  if (a.branches.size() < b.branches.size()) a.branches.resize(b.branches.size());
  for (std::size_t i = 0; i < b.branches.size(); ++i) {
    ISOTRACE_TRY(a.branches[i], merge(std::move(a.branches[i]), std::move(b.branches[i])));
  }
  ISOTRACE_TRY(a.returned, merge(std::move(a.returned), std::move(b.returned)));
  a.trapped = gates_.disjunction(a.trapped, b.trapped);
  a.cut = gates_.disjunction(a.cut, b.cut);
  return a;
}

CodeEnds CodeExecution::cutting(const CodeGuard& guard) { return {.cut = all_of(gates_, guard)}; }

Result<CodeEnds> CodeExecution::close(CodeEnds ends, const Words& base, std::uint32_t arity) {
  MaybePath left = take_first_branch(ends);
  if (left) leave(left->state.stack, base, arity);
  ISOTRACE_TRY(ends.normal, merge(std::move(left), std::move(ends.normal)));
  return ends;
}

Result<CodeEnds> CodeExecution::follow(const std::vector<CodeNode>& code, MaybePath path,
                                       Budget budget) {
  std::vector<CodeEnds> parts;
  for (const CodeNode& node : code) {
    if (!path) break;  // nothing ends in dead code
    ISOTRACE_TRY(CodeEnds ends, execute(node, *std::move(path), budget));
    path = std::move(ends.normal);
    ends.normal.reset();
    parts.push_back(std::move(ends));
  }
  CodeEnds all = normally(std::move(path));
  while (!parts.empty()) {
    ISOTRACE_TRY(all, join(std::move(parts.back()), std::move(all)));
    parts.pop_back();
  }
  return all;
}

Result<CodeEnds> CodeExecution::execute(const CodeNode& node, CodePath path, Budget budget) {
  if (++work_ > work_max || gates_.full()) {
    return core::refuse(RefusalCode::limit_exceeded, "circuit", "too many gates or instructions");
  }
  if (budget.fuel == 0) return cutting(path.guard);
  if (node.kind == CodeKind::call_indirect)
    return execute(node.body.front(), std::move(path), budget);
  --budget.fuel;
  switch (node.kind) {
    case CodeKind::block: return execute_block(node, std::move(path), budget);
    case CodeKind::loop: return execute_loop(node, std::move(path), budget);
    case CodeKind::if_: return execute_if(node, std::move(path), budget);
    case CodeKind::br: return branching(node.index, std::move(path));
    case CodeKind::br_if: {
      const Wire taken = nonzero(gates_, pop(path.state));
      CodeEnds ends = branching(node.index, restrict_path(path, taken));
      ends.normal = restrict_path(std::move(path), invert(taken));
      return ends;
    }
    case CodeKind::br_table: return execute_table(node, std::move(path));
    case CodeKind::return_: return CodeEnds{.returned = std::move(path)};
    case CodeKind::call: return execute_call(node.index, std::move(path), budget);
    default: return execute_simple(node, std::move(path));
  }
}

Result<CodeEnds> CodeExecution::execute_block(const CodeNode& node, CodePath path, Budget budget) {
  const Words base = below(path.state.stack, node.takes);
  ISOTRACE_TRY(CodeEnds ends, follow(node.body, std::move(path), budget));
  return close(std::move(ends), base, node.leaves);
}

Result<CodeEnds> CodeExecution::execute_loop(const CodeNode& node, CodePath path, Budget budget) {
  std::vector<CodeEnds> rounds;
  CodeEnds last;
  std::uint32_t open = limits_.unwind;
  while (true) {
    const Words base = below(path.state.stack, node.takes);
    const CodeGuard guard = path.guard;
    ISOTRACE_TRY(CodeEnds ends, follow(node.body, std::move(path), budget));
    MaybePath back = take_first_branch(ends);
    if (!back) {
      last = std::move(ends);
      break;
    }
    leave(back->state.stack, base, node.takes);
    rounds.push_back(std::move(ends));
    const bool decided = back->guard == guard;
    if ((!decided && open == 0) || budget.fuel == 0) {
      last = cutting(back->guard);
      break;
    }
    if (!decided) --open;
    --budget.fuel;
    path = *std::move(back);
  }
  while (!rounds.empty()) {
    ISOTRACE_TRY(last, join(std::move(rounds.back()), std::move(last)));
    rounds.pop_back();
  }
  return last;
}

Result<CodeEnds> CodeExecution::execute_if(const CodeNode& node, CodePath path, Budget budget) {
  const Wire condition = nonzero(gates_, pop(path.state));
  const Words base = below(path.state.stack, node.takes);
  ISOTRACE_TRY(CodeEnds yes, follow(node.body, restrict_path(path, condition), budget));
  ISOTRACE_TRY(CodeEnds no,
               follow(node.no, restrict_path(std::move(path), invert(condition)), budget));
  ISOTRACE_TRY(CodeEnds both, join(std::move(yes), std::move(no)));
  return close(std::move(both), base, node.leaves);
}

Result<CodeEnds> CodeExecution::execute_table(const CodeNode& node, CodePath path) {
  const Word index = pop(path.state);
  std::vector<CodeEnds> cases;
  MaybePath rest = std::move(path);
  for (std::size_t i = 0; i + 1 < node.depths.size(); ++i) {
    const Wire here = bits::equal_words(gates_, index, bits::constant_word(i, 32));
    cases.push_back(branching(node.depths[i], restrict_path(rest, here)));
    rest = restrict_path(std::move(rest), invert(here));
  }
  CodeEnds all = branching(node.depths.back(), std::move(rest));
  while (!cases.empty()) {
    ISOTRACE_TRY(all, join(std::move(cases.back()), std::move(all)));
    cases.pop_back();
  }
  return all;
}

Result<CodeEnds> CodeExecution::execute_call(std::uint32_t function, CodePath path, Budget budget) {
  if (budget.depth == 0) return cutting(path.guard);
  --budget.depth;
  const CodeFunction& callee = module_.functions[function];
  const auto takes = static_cast<std::uint32_t>(callee.parameters.size());
  CodePath inner = {path.guard, {{}, {}, path.state.globals, path.state.writes}};
  Words& stack = path.state.stack;
  inner.state.locals.assign(stack.end() - static_cast<std::ptrdiff_t>(takes), stack.end());
  for (const unsigned width : callee.locals) {
    inner.state.locals.push_back(bits::constant_word(0, width));
  }
  ISOTRACE_TRY(CodeEnds ends, follow(callee.body, std::move(inner), budget));
  MaybePath left = take_first_branch(ends);
  ISOTRACE_TRY(MaybePath end, merge(std::move(left), std::move(ends.normal)));
  ISOTRACE_TRY(end, merge(std::move(ends.returned), std::move(end)));
  if (end) {
    leave(end->state.stack, below(stack, takes), static_cast<std::uint32_t>(callee.results.size()));
    end->state.locals = std::move(path.state.locals);
  }
  return CodeEnds{.normal = std::move(end), .trapped = ends.trapped, .cut = ends.cut};
}

Result<CodeEnds> CodeExecution::execute_simple(const CodeNode& node, CodePath path) {
  const bool moves = node.kind == CodeKind::memory_fill || node.kind == CodeKind::memory_copy;
  if (moves && most_of(path.state.stack.back()) > row_most) {
    return unfit("more than " + std::to_string(row_most) +
                 " bytes may be filled or copied at once");
  }
  const Wire trap = step(node, path.state);
  const Wire here = all_of(gates_, path.guard);
  CodeEnds ends{.trapped = gates_.conjunction(here, trap)};
  if (trap != wire_true) ends.normal = std::move(path);
  return ends;
}

/// When it traps.
Wire CodeExecution::step(const CodeNode& node, CodeState& state) {
  switch (node.kind) {
    case CodeKind::nop: return wire_false;
    case CodeKind::unreachable: return wire_true;
    case CodeKind::drop: pop(state); return wire_false;
    case CodeKind::constant:
      state.stack.push_back(bits::constant_word(node.constant, node.wide ? 64 : 32));
      return wire_false;
    case CodeKind::select: {
      const Word condition = pop(state);
      const Word otherwise = pop(state);
      const Word then = pop(state);
      const Wire chosen = nonzero(gates_, condition);
      state.stack.push_back(bits::choose_word(gates_, chosen, then, otherwise));
      return wire_false;
    }
    case CodeKind::unary:
    case CodeKind::binary:
    case CodeKind::compare:
    case CodeKind::extend: return step_numeric(node, state);
    case CodeKind::load:
    case CodeKind::store:
    case CodeKind::memory_size:
    case CodeKind::memory_fill:
    case CodeKind::memory_copy: return step_memory(node, state);
    default: return step_variable(node, state);
  }
}

Wire CodeExecution::step_numeric(const CodeNode& node, CodeState& state) {
  if (node.kind == CodeKind::extend) {
    state.stack.back() = extend_word(node, state.stack.back());
    return wire_false;
  }
  if (node.kind == CodeKind::unary) {
    state.stack.back() = count_bits(gates_, node, state.stack.back());
    return wire_false;
  }
  const Word b = pop(state);
  const Word a = pop(state);
  if (node.kind == CodeKind::compare) {
    state.stack.push_back(truth_word(compare_words(gates_, node.index, a, b)));
    return wire_false;
  }
  CodeResult computed = compute_binary(gates_, node, a, b);
  state.stack.push_back(std::move(computed.word));
  return computed.trap;
}

Wire CodeExecution::step_variable(const CodeNode& node, CodeState& state) {
  switch (node.kind) {
    case CodeKind::local_get: state.stack.push_back(state.locals[node.index]); break;
    case CodeKind::local_set: state.locals[node.index] = pop(state); break;
    case CodeKind::local_tee: state.locals[node.index] = state.stack.back(); break;
    case CodeKind::global_get: state.stack.push_back(state.globals[node.index]); break;
    default: state.globals[node.index] = pop(state); break;
  }
  return wire_false;
}

Wire CodeExecution::step_memory(const CodeNode& node, CodeState& state) {
  if (node.kind == CodeKind::memory_size) {
    state.stack.push_back(bits::constant_word(module_.memory_bytes / wasm::page_bytes, 32));
    return wire_false;
  }
  if (node.kind == CodeKind::load) {
    CodeMemory::Loaded loaded = memory_.load(node, state.stack.back(), state.writes);
    state.stack.back() = std::move(loaded.value);
    return loaded.trap;
  }
  const bool moves = node.kind != CodeKind::store;
  const Word count = moves ? pop(state) : Word();
  const Word value = pop(state);
  const Word address = pop(state);
  switch (node.kind) {
    case CodeKind::memory_fill: return memory_.fill(address, value, count, state.writes);
    case CodeKind::memory_copy: return memory_.copy(address, value, count, state.writes);
    default: return memory_.store(node, address, value, state.writes);
  }
}

Result<CodeEnds> CodeExecution::call(std::uint32_t function, MaybePath path) {
  if (!path) return CodeEnds{};
  CodeNode node;
  node.kind = CodeKind::call;
  node.index = function;
  return execute(node, *std::move(path), {limits_.fuel, limits_.depth});
}

}  // namespace isotrace::proofs
