// Blocks and branches.
#include <algorithm>
#include <map>

#include <isotrace/core/check.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/proofs/obligation/integers.hpp>
#include <isotrace/proofs/obligation/machine.hpp>

namespace isotrace::proofs::obligation {
namespace {

using bits::Term;
using core::Done;
using core::Result;
using wasm::Opcode;

/// Rounds of one loop whose ends are all decided.
constexpr std::uint32_t rounds_max = core::limits::unwind_max;

}  // namespace

Result<Done> Machine::execute_control() {
  switch (now_.opcode) {
    case Opcode::unreachable: end_path(); return Done{};
    case Opcode::nop: return Done{};
    case Opcode::block:
    case Opcode::loop: open_block(); return Done{};
    case Opcode::if_: open_if(); return Done{};
    case Opcode::else_: at_else(); return Done{};
    case Opcode::end: return at_end();
    case Opcode::br: branch(now_.first, *std::exchange(path_, std::nullopt)); return Done{};
    case Opcode::br_if: branch_if(); return Done{};
    case Opcode::br_table: branch_table(); return Done{};
    case Opcode::return_: {
      const auto depth = static_cast<std::uint32_t>(labels_.size() - 1 - frame().labels_begin);
      branch(depth, *std::exchange(path_, std::nullopt));
      return Done{};
    }
    case Opcode::call: return enter(now_.first);
    default: return call_indirect();
  }
}

const wasm::Control& Machine::control() const {
  const wasm::Function& function = module_.functions[frames_.back().function];
  const auto first = module_.controls.begin();
  return *std::lower_bound(
      first + function.controls_begin, first + function.controls_end, now_.offset,
      [](const wasm::Control& control, std::uint32_t at) { return control.begin < at; });
}

Machine::Label Machine::make_label(Kind kind) const {
  Label label{.kind = kind, .end = control().end, .entry = path_->guard};
  if (now_.block.kind == wasm::BlockType::Kind::value) label.results = 1;
  if (now_.block.kind == wasm::BlockType::Kind::index) {
    const wasm::FunctionType& type = module_.types[now_.block.index];
    label.parameters = static_cast<std::uint32_t>(type.parameters.size());
    label.results = static_cast<std::uint32_t>(type.results.size());
  }
  label.height = static_cast<std::uint32_t>(path_->slots.size()) - label.parameters;
  return label;
}

void Machine::open_block() {
  const bool loops = now_.opcode == Opcode::loop;
  Label opened = make_label(loops ? Kind::loop : Kind::block);
  opened.begin = frame().pc;
  opened.round_entry = opened.entry;
  labels_.push_back(std::move(opened));
}

void Machine::open_if() {
  const Term condition = is_nonzero(pool_, pop());
  Label opened = make_label(Kind::if_);
  opened.alternative = control().alternative;
  auto then = split(path_, condition);
  if (opened.alternative == 0) {
    if (path_) opened.arrived.push_back(*std::move(path_));
  } else {
    opened.otherwise = std::move(path_);
  }
  path_ = std::move(then);
  labels_.push_back(std::move(opened));
}

/// The first side is done, or was never reached.
void Machine::at_else() {
  Label& block = label();
  if (path_) block.arrived.push_back(*std::move(path_));
  path_ = std::exchange(block.otherwise, std::nullopt);
  block.alternative = 0;
}

/// Goes on at the next place that other paths may reach.
void Machine::skip_dead_code() {
  const Label& block = label();
  frame().pc = block.alternative != 0 ? block.alternative : block.end;
}

Result<Done> Machine::at_end() {
  Label& block = label();
  if (block.kind == Kind::function) return end_function();
  if (block.kind == Kind::loop && !block.back.empty()) return end_loop();
  if (path_) block.arrived.push_back(*std::move(path_));
  const auto whole = block.escaped ? std::nullopt : std::optional(block.entry);
  ISOTRACE_TRY(path_, join(std::move(block.arrived), whole));
  labels_.pop_back();
  return Done{};
}

/// Paths lead back to the loop's beginning: another round for all of them together.
Result<Done> Machine::end_loop() {
  Label& loop = label();
  if (path_) loop.arrived.push_back(*std::move(path_));
  path_.reset();
  const bool whole = !loop.round_escaped && loop.arrived.size() == loop.round_arrived;
  const auto guard = whole ? std::optional(loop.round_entry) : std::nullopt;
  ISOTRACE_TRY(path_, join(std::exchange(loop.back, {}), guard));
  ++loop.rounds;
  if (path_->guard != loop.round_entry) ++loop.open_rounds;
  if (loop.open_rounds > unwind_ || loop.rounds > rounds_max) {
    cut_path(*path_);
    path_.reset();
    frame().pc = loop.end;
    return Done{};
  }
  loop.round_entry = path_->guard;
  loop.round_escaped = false;
  loop.round_arrived = loop.arrived.size();
  frame().pc = loop.begin;
  return Done{};
}

void Machine::branch(std::uint32_t depth, Path path) {
  const std::size_t target = labels_.size() - 1 - depth;
  work_ += depth;
  for (std::size_t i = target + 1; i < labels_.size(); ++i) {
    labels_[i].escaped = true;
    labels_[i].round_escaped = true;
  }
  Label& to = labels_[target];
  const std::uint32_t arity = to.kind == Kind::loop ? to.parameters : to.results;
  std::vector<Term>& slots = path.slots;
  const auto at = [&](std::size_t i) { return slots.begin() + static_cast<std::ptrdiff_t>(i); };
  slots.erase(at(to.height), at(slots.size() - arity));
  (to.kind == Kind::loop ? to.back : to.arrived).push_back(std::move(path));
}

void Machine::branch_if() {
  const Term condition = is_nonzero(pool_, pop());
  if (auto taken = split(path_, condition)) branch(now_.first, *std::move(taken));
}

/// One branch for each label: its entries come in runs, [first, last].
void Machine::branch_table() {
  const Term index = pop();
  const std::vector<std::uint32_t>& depths = now_.depths;
  const std::uint32_t usual = depths.back();
  std::map<std::uint32_t, Term> chosen;  // by depth
  for (std::uint32_t first = 0; first + 1 < depths.size();) {
    std::uint32_t last = first;
    while (last + 2 < depths.size() && depths[last + 1] == depths[first]) ++last;
    if (depths[first] != usual) {
      const Term within = first == last
                              ? pool_.equal(index, word(first))
                              : pool_.bvule(pool_.bvsub(index, word(first)), word(last - first));
      const auto [at, added] = chosen.try_emplace(depths[first], within);
      if (!added) at->second = pool_.bool_or(at->second, within);
    }
    work_ += 1 + last - first;
    first = last + 1;
  }
  for (const auto& [depth, condition] : chosen) {
    if (auto taken = split(path_, condition)) branch(depth, *std::move(taken));
  }
  if (path_) branch(usual, *std::exchange(path_, std::nullopt));
}

}  // namespace isotrace::proofs::obligation
