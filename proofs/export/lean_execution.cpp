#include "lean_execution.hpp"

#include "lean_division.hpp"

namespace isotrace::proofs {
namespace {

using Kind = LeanEnd::Kind;
using Words = std::vector<LeanWord>;

constexpr std::uint64_t page_bytes = 65536;

LeanTreePtr leaf(LeanEnd end) {
  auto tree = std::make_shared<LeanTree>();
  tree->end = std::move(end);
  return tree;
}

LeanTreePtr normally(LeanState state) { return leaf({Kind::normal, 0, std::move(state)}); }

LeanWord pop(LeanState& state) {
  LeanWord word = std::move(state.stack.back());
  state.stack.pop_back();
  return word;
}

/// The definitions `put` and `rank`.
LeanTreePtr put(LeanLit condition, const LeanEnd& end, const LeanTreePtr& otherwise) {
  if (condition == lean_no) return otherwise;
  if (condition == lean_yes) return leaf(end);
  auto tree = std::make_shared<LeanTree>();
  tree->condition = condition;
  tree->yes = leaf(end);
  tree->no = otherwise;
  return tree;
}

std::uint64_t rank(const LeanEnd& end) {
  switch (end.kind) {
    case Kind::trap: return 0;
    case Kind::unfinished: return 2;
    case Kind::returned: return 3;
    case Kind::normal: return 4;
    default: return std::uint64_t{5} + end.depth;
  }
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

}  // namespace

void LeanExecution::join(LeanLit condition, Words& a, const Words& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t k = 0; k < a[i].size(); ++k)
      a[i][k] = gates_.choose(condition, a[i][k], b[i][k]);
}

LeanTreePtr LeanExecution::fork(LeanLit condition, const LeanTreePtr& yes, const LeanTreePtr& no) {
  if (condition == lean_yes) return yes;
  if (condition == lean_no) return no;
  return joined(condition, yes, no);
}

std::optional<LeanEnd> LeanExecution::join(LeanLit condition, const LeanEnd& a, const LeanEnd& b) {
  if (a.kind != b.kind || a.kind == Kind::unfinished || a.depth != b.depth) return {};
  if (a.kind == Kind::trap) return a;
  if (!same_sizes(a.state.stack, b.state.stack) || !same_sizes(a.state.locals, b.state.locals) ||
      !same_sizes(a.state.globals, b.state.globals))
    return {};
  LeanEnd end = a;
  join(condition, end.state.stack, b.state.stack);
  join(condition, end.state.locals, b.state.locals);
  join(condition, end.state.globals, b.state.globals);
  end.state.written = lean_join_writes(gates_, condition, a.state.written, b.state.written);
  return end;
}

LeanTreePtr LeanExecution::joined(LeanLit condition, const LeanTreePtr& yes,
                                  const LeanTreePtr& no) {
  // A leaf is a first end behind which nothing is left.
  const LeanEnd& a = yes->yes ? yes->yes->end : yes->end;
  const LeanEnd& b = no->yes ? no->yes->end : no->end;
  const LeanLit at_a = yes->yes ? yes->condition : lean_yes;
  const LeanLit at_b = no->yes ? no->condition : lean_yes;
  if (const auto end = join(condition, a, b)) {
    if (!yes->yes && !no->yes) return leaf(*end);
    const LeanLit at = gates_.choose(condition, at_a, at_b);
    if (!yes->yes) return put(at, *end, no->no);
    return put(at, *end, no->yes ? joined(condition, yes->no, no->no) : yes->no);
  }
  const bool is_first = !no->yes && yes->yes ? rank(b) > rank(a) : rank(a) <= rank(b);
  if (is_first) {
    return put(gates_.both(condition, at_a), a, yes->yes ? joined(condition, yes->no, no) : no);
  }
  return put(gates_.both(inverse(condition), at_b), b,
             no->yes ? joined(condition, yes, no->no) : yes);
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
  if (gates_.gates().size() > gates_max) work_ = work_max;
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
    case CodeKind::call_indirect: {
      const LeanWord word = pop(state);
      return entries(node.table, 0, word, fuel - 1, state);
    }
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

LeanTreePtr LeanExecution::entries(const std::vector<std::optional<std::uint32_t>>& entries_of,
                                   std::size_t from, const LeanWord& word, std::uint32_t fuel,
                                   const LeanState& state) {
  const LeanTreePtr trap = leaf({.kind = Kind::trap});
  if (from == entries_of.size()) return trap;
  const LeanLit here = lean_equals(gates_, word, lean_constant(32, from));
  if (here == lean_no) return entries(entries_of, from + 1, word, fuel, state);
  const LeanTreePtr called = entries_of[from] ? call(*entries_of[from], fuel, state) : trap;
  if (here == lean_yes) return called;
  return fork(here, called, entries(entries_of, from + 1, word, fuel, state));
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
  LeanState inner = {{}, {}, state.globals, state.written};
  inner.locals.assign(state.stack.end() - static_cast<std::ptrdiff_t>(takes), state.stack.end());
  for (const unsigned width : callee.locals) inner.locals.push_back(lean_constant(width, 0));
  return follow(sequence(callee.body, 0, fuel - 1, std::move(inner)), [&](LeanEnd end) {
    if (end.kind == Kind::trap || end.kind == Kind::unfinished) return leaf(std::move(end));
    return normally({left(state.stack, takes, end.state.stack, callee.results.size()), state.locals,
                     std::move(end.state.globals), std::move(end.state.written)});
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

LeanTreePtr LeanExecution::divide(const CodeNode& node, LeanState state) {
  const LeanTreePtr trap = leaf({.kind = Kind::trap});
  const LeanWord y = pop(state);
  const LeanWord x = pop(state);
  const LeanLit zero = lean_zero(gates_, y);
  if (zero == lean_yes) return trap;
  const LeanLit overflows = lean_overflows(gates_, node, x, y);
  if (overflows == lean_yes) return fork(zero, trap, trap);
  state.stack.push_back(lean_divide(gates_, node, x, y));
  return fork(zero, trap, fork(overflows, trap, normally(std::move(state))));
}

LeanTreePtr LeanExecution::access(const CodeNode& node, LeanState state) {
  const bool stores = node.kind == CodeKind::store;
  const LeanWord value = stores ? pop(state) : LeanWord{};
  const LeanWord address = pop(state);
  const LeanLit beyond = memory_.beyond(node, address);
  if (beyond == lean_yes) return leaf({.kind = Kind::trap});
  if (stores) {
    memory_.store(node, address, value, state.written);
  } else {
    state.stack.push_back(memory_.load(node, address, state.written));
  }
  return fork(beyond, leaf({.kind = Kind::trap}), normally(std::move(state)));
}

LeanTreePtr LeanExecution::row(const CodeNode& node, LeanState state) {
  const LeanWord count = pop(state);
  const LeanWord from = pop(state);  // fill: the byte
  const LeanWord address = pop(state);
  const bool copies = node.kind == CodeKind::memory_copy;
  const LeanLit unread = copies ? memory_.row_beyond(from, count) : lean_no;
  const LeanLit beyond = gates_.either(unread, memory_.row_beyond(address, count));
  if (beyond == lean_yes) return leaf({.kind = Kind::trap});
  if (lean_most(count) > lean_row_most) {
    work_ = work_max + 1;
    return leaf({});
  }
  if (copies) {
    memory_.copy(address, from, count, state.written);
  } else {
    memory_.fill(address, from, count, state.written);
  }
  return fork(beyond, leaf({.kind = Kind::trap}), normally(std::move(state)));
}

LeanTreePtr LeanExecution::simple(const CodeNode& node, LeanState state) {
  if (is_lean_division(node)) return divide(node, std::move(state));
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
    case CodeKind::load:
    case CodeKind::store: return access(node, std::move(state));
    case CodeKind::memory_fill:
    case CodeKind::memory_copy: return row(node, std::move(state));
    case CodeKind::memory_size:
      state.stack.push_back(lean_constant(32, module_.memory_bytes / page_bytes));
      break;
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
