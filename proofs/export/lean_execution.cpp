#include "lean_execution.hpp"

#include <array>

namespace isotrace::proofs {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;
using Kind = LeanEnd::Kind;
using Words = std::vector<LeanWord>;

LeanTreePtr leaf(LeanEnd end) {
  return std::make_shared<const LeanTree>(LeanTree{.end = std::move(end)});
}

LeanTreePtr normally(LeanState state) { return leaf({Kind::normal, 0, std::move(state)}); }

LeanWord pop(LeanState& state) {
  LeanWord word = std::move(state.stack.back());
  state.stack.pop_back();
  return word;
}

/// The topmost `leaves` words on top of what lies below `takes` words of another stack.
Words left(const Words& before, std::size_t takes, const Words& stack, std::size_t leaves) {
  Words out(before.begin(), before.end() - static_cast<std::ptrdiff_t>(takes));
  out.insert(out.end(), stack.end() - static_cast<std::ptrdiff_t>(leaves), stack.end());
  return out;
}

bool same_sizes(const Words& a, const Words& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].size() != b[i].size()) return false;
  return true;
}

/// What lean/bits/Wasm.lean lacks; empty: nothing.
std::string_view unknown(const CodeNode& node) {
  constexpr std::array<std::string_view, 4> divisions = {"div_s", "div_u", "rem_s", "rem_u"};
  switch (node.kind) {
    case CodeKind::binary:
      return node.index >= 3 && node.index < 7 ? divisions.at(node.index - 3) : "";
    case CodeKind::load: return "a load";
    case CodeKind::store: return "a store";
    case CodeKind::memory_size: return "memory.size";
    case CodeKind::memory_fill: return "memory.fill";
    case CodeKind::memory_copy: return "memory.copy";
    case CodeKind::call_indirect: return "call_indirect";
    default: return "";
  }
}

Result<Done> check_nodes(const std::vector<CodeNode>& code, std::uint32_t function) {
  for (const CodeNode& node : code) {
    const std::string_view what = unknown(node);
    if (!what.empty()) {
      return core::refuse(
          RefusalCode::export_unsupported, "function " + std::to_string(function),
          "Lean's definitions do not have " + std::string(what) + "; export to coq");
    }
    ISOTRACE_TRY_DONE(check_nodes(node.body, function));
    ISOTRACE_TRY_DONE(check_nodes(node.no, function));
  }
  return Done{};
}

}  // namespace

Result<Done> check_lean_code(const CodeModule& module) {
  for (const CodeFunction& function : module.functions)
    ISOTRACE_TRY_DONE(check_nodes(function.body, function.index));
  return Done{};
}

bool LeanExecution::join(LeanLit condition, Words& a, const Words& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t k = 0; k < a[i].size(); ++k)
      a[i][k] = gates_.choose(condition, a[i][k], b[i][k]);
  return true;
}

LeanTreePtr LeanExecution::fork(LeanLit condition, const LeanTreePtr& yes, const LeanTreePtr& no) {
  if (condition == lean_yes) return yes;
  if (condition == lean_no) return no;
  const auto apart = [&] {
    return std::make_shared<const LeanTree>(LeanTree{{}, condition, yes, no});
  };
  if (yes->yes || no->yes) return apart();
  const LeanEnd& a = yes->end;
  const LeanEnd& b = no->end;
  if (a.kind != b.kind || a.kind == Kind::unfinished || a.depth != b.depth) return apart();
  if (a.kind == Kind::trap) return yes;
  if (!same_sizes(a.state.stack, b.state.stack) || !same_sizes(a.state.locals, b.state.locals) ||
      !same_sizes(a.state.globals, b.state.globals))
    return apart();
  LeanEnd joined = a;
  join(condition, joined.state.stack, b.state.stack);
  join(condition, joined.state.locals, b.state.locals);
  join(condition, joined.state.globals, b.state.globals);
  return leaf(std::move(joined));
}

LeanTreePtr LeanExecution::follow(const LeanTreePtr& tree, const Going& going) {
  if (!tree->yes) return going(tree->end);
  const LeanTreePtr yes = follow(tree->yes, going);
  return fork(tree->condition, yes, follow(tree->no, going));
}

LeanLit LeanExecution::folded(const LeanTreePtr& tree, const Judge& judge) {
  if (!tree->yes) return judge(tree->end);
  const LeanLit yes = folded(tree->yes, judge);
  return gates_.choose(tree->condition, yes, folded(tree->no, judge));
}

LeanTreePtr LeanExecution::sequence(const std::vector<CodeNode>& code, std::size_t from,
                                    std::uint32_t fuel, LeanState state) {
  if (from == code.size()) return normally(std::move(state));
  return follow(execute(code[from], fuel, std::move(state)), [&](const LeanEnd& end) {
    return end.kind == Kind::normal ? sequence(code, from + 1, fuel, end.state) : leaf(end);
  });
}

LeanTreePtr LeanExecution::execute(const CodeNode& node, std::uint32_t fuel, LeanState state) {
  if (fuel == 0 || ++work_ > work_max) {
    unfinished_ = true;
    return leaf({});
  }
  switch (node.kind) {
    case CodeKind::block: {
      const Words before = state.stack;
      return follow(sequence(node.body, 0, fuel - 1, std::move(state)), [&](LeanEnd end) {
        if (end.kind != Kind::branch) return leaf(std::move(end));
        if (end.depth-- > 0) return leaf(std::move(end));
        end.state.stack = left(before, node.takes, end.state.stack, node.leaves);
        return normally(std::move(end.state));
      });
    }
    case CodeKind::loop: return execute_loop(node, fuel, state);
    case CodeKind::if_: return execute_if(node, fuel, std::move(state));
    case CodeKind::br: return leaf({Kind::branch, node.index, std::move(state)});
    case CodeKind::br_if: {
      const LeanLit zero = lean_zero(gates_, pop(state));
      const LeanTreePtr on = normally(state);
      return fork(zero, on, leaf({Kind::branch, node.index, std::move(state)}));
    }
    case CodeKind::br_table: {
      const LeanWord word = pop(state);
      return table(node.depths, 0, word, state);
    }
    case CodeKind::return_: return leaf({Kind::returned, 0, std::move(state)});
    case CodeKind::call: return execute_call(node.index, fuel, state);
    default: return simple(node, std::move(state));
  }
}

LeanTreePtr LeanExecution::table(const std::vector<std::uint32_t>& depths, std::size_t from,
                                 const LeanWord& word, const LeanState& state) {
  const LeanTreePtr chosen = leaf({Kind::branch, depths[from], state});
  if (from + 1 == depths.size()) return chosen;
  const LeanLit here = lean_equals(gates_, word, lean_constant(32, from));
  return fork(here, chosen, table(depths, from + 1, word, state));
}

LeanTreePtr LeanExecution::execute_loop(const CodeNode& node, std::uint32_t fuel,
                                        const LeanState& state) {
  return follow(sequence(node.body, 0, fuel - 1, state), [&](LeanEnd end) {
    if (end.kind != Kind::branch) return leaf(std::move(end));
    if (end.depth-- > 0) return leaf(std::move(end));
    end.state.stack = left(state.stack, node.takes, end.state.stack, node.takes);
    return execute(node, fuel - 1, std::move(end.state));
  });
}

LeanTreePtr LeanExecution::execute_if(const CodeNode& node, std::uint32_t fuel, LeanState state) {
  const LeanLit zero = lean_zero(gates_, pop(state));
  const auto side = [&](const std::vector<CodeNode>& code) {
    return sequence(code, 0, fuel - 1, state);
  };
  LeanTreePtr both;
  if (zero == lean_yes) {
    both = side(node.no);
  } else if (zero == lean_no) {
    both = side(node.body);
  } else {
    const LeanTreePtr no = side(node.no);
    both = fork(zero, no, side(node.body));
  }
  return follow(both, [&](LeanEnd end) {
    if (end.kind != Kind::branch) return leaf(std::move(end));
    if (end.depth-- > 0) return leaf(std::move(end));
    end.state.stack = left(state.stack, node.takes, end.state.stack, node.leaves);
    return normally(std::move(end.state));
  });
}

LeanTreePtr LeanExecution::execute_call(std::uint32_t function, std::uint32_t fuel,
                                        const LeanState& state) {
  const CodeFunction& callee = module_.functions[function];
  const std::size_t takes = callee.parameters.size();
  LeanState inner = {{}, {}, state.globals};
  inner.locals.assign(state.stack.end() - static_cast<std::ptrdiff_t>(takes), state.stack.end());
  for (const unsigned width : callee.locals) inner.locals.push_back(lean_constant(width, 0));
  return follow(sequence(callee.body, 0, fuel - 1, std::move(inner)), [&](LeanEnd end) {
    if (end.kind == Kind::trap || end.kind == Kind::unfinished) return leaf(std::move(end));
    return normally({left(state.stack, takes, end.state.stack, callee.results.size()), state.locals,
                     std::move(end.state.globals)});
  });
}

void LeanExecution::numeric(const CodeNode& node, LeanState& state) {
  if (node.kind == CodeKind::extend) {
    state.stack.back() = lean_resize(node, state.stack.back());
    return;
  }
  if (node.kind == CodeKind::unary && node.index < 3) {
    state.stack.back() = lean_counted(gates_, node, state.stack.back());
    return;
  }
  if (node.kind == CodeKind::unary) {
    state.stack.back() = lean_fit(lean_no, 32, {lean_zero(gates_, state.stack.back())});
    return;
  }
  const LeanWord y = pop(state);
  const LeanWord x = pop(state);
  state.stack.push_back(node.kind == CodeKind::compare
                            ? lean_fit(lean_no, 32, {lean_compare(gates_, node.index, x, y)})
                            : lean_compute(gates_, node, x, y));
}

LeanTreePtr LeanExecution::simple(const CodeNode& node, LeanState state) {
  switch (node.kind) {
    case CodeKind::unreachable: return leaf({.kind = Kind::trap});
    case CodeKind::constant:
      state.stack.push_back(lean_constant(node.wide ? 64 : 32, node.constant));
      break;
    case CodeKind::unary:
    case CodeKind::binary:
    case CodeKind::compare:
    case CodeKind::extend: numeric(node, state); break;
    case CodeKind::drop: pop(state); break;
    case CodeKind::select: {
      const LeanLit zero = lean_zero(gates_, pop(state));
      const LeanWord y = pop(state);
      const LeanWord x = pop(state);
      LeanState otherwise = state;
      otherwise.stack.push_back(y);
      state.stack.push_back(x);
      return fork(zero, normally(std::move(otherwise)), normally(std::move(state)));
    }
    case CodeKind::local_get: state.stack.push_back(state.locals[node.index]); break;
    case CodeKind::local_set: state.locals[node.index] = pop(state); break;
    case CodeKind::local_tee: state.locals[node.index] = state.stack.back(); break;
    case CodeKind::global_get: state.stack.push_back(state.globals[node.index]); break;
    case CodeKind::global_set: state.globals[node.index] = pop(state); break;
    default: break;  // nop
  }
  return normally(std::move(state));
}

LeanTreePtr LeanExecution::call(std::uint32_t function, std::uint32_t fuel, LeanState state) {
  CodeNode node;
  node.kind = CodeKind::call;
  node.index = function;
  return execute(node, fuel, std::move(state));
}

}  // namespace isotrace::proofs
