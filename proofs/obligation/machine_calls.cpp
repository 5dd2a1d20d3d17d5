// Functions: what is called is executed in the caller's place.
#include <map>

#include <isotrace/core/limits.hpp>
#include <isotrace/proofs/obligation/machine.hpp>

namespace isotrace::proofs::obligation {
namespace {

using bits::Term;
using core::Done;
using core::Result;

/// Calls inside each other. The profile's own limit is far higher, so what is deeper is cut off.
constexpr std::size_t frames_max = 1024;

}  // namespace

/// Calls of the function that are open and were not decided, this one included.
std::uint32_t Machine::open_depth_of(std::uint32_t function, Guard guard) const {
  for (std::size_t i = frames_.size(); i-- > 0;) {
    const Frame& around = frames_[i];
    if (around.function == function) return around.open_depth + (around.entry == guard ? 0 : 1);
  }
  return 0;
}

/// The arguments are on top; they become the first locals.
Result<Done> Machine::enter(std::uint32_t index) {
  if (index < module_.imported_functions) return refuse_instruction("an imported function");
  const wasm::Function& function = module_.functions[index];
  const wasm::FunctionType& type = module_.type_of(function);
  for (const auto* list : {&type.parameters, &type.results}) {
    for (const wasm::ValueType value : *list) {
      if (wasm::is_reference(value)) return refuse_instruction("references");
    }
  }
  const std::uint32_t depth = open_depth_of(index, path_->guard);
  if (depth > unwind_ || frames_.size() >= frames_max) {
    cut_path(*path_);
    path_.reset();
    return Done{};
  }
  std::vector<Term>& slots = path_->slots;
  const std::size_t arguments = slots.size() - type.parameters.size();
  const std::uint64_t begin = (frames_.empty() ? 0 : frame().slots_begin) + arguments;
  const std::uint64_t locals_end = begin + type.parameters.size() + function.locals_count;
  if (locals_end + function.operands_max > core::limits::wasm_slots_max) {
    end_path();  // the call stack is exhausted
    return Done{};
  }
  const auto split_at = slots.begin() + static_cast<std::ptrdiff_t>(arguments);
  Frame entered{.function = index, .pc = function.body.begin, .slots_begin = begin};
  entered.caller_slots.assign(slots.begin(), split_at);
  slots.erase(slots.begin(), split_at);
  std::uint32_t before = 0;
  for (const wasm::LocalRun& run : function.locals) {
    if (wasm::is_reference(run.type)) return refuse_instruction("references");
    const bool wide = run.type == wasm::ValueType::i64 || run.type == wasm::ValueType::f64;
    slots.insert(slots.end(), run.end - before, pool_.constant(0, wide ? 64 : 32));
    before = run.end;
  }
  work_ += slots.size() + entered.caller_slots.size();
  entered.entry = path_->guard;
  entered.open_depth = depth;
  entered.labels_begin = labels_.size();
  Label opened{.kind = Kind::function, .end = function.body.end, .entry = path_->guard};
  opened.results = static_cast<std::uint32_t>(type.results.size());
  labels_.push_back(std::move(opened));
  frames_.push_back(std::move(entered));
  return Done{};
}

Result<Done> Machine::end_function() {
  Label& body = label();
  if (path_) {
    std::vector<Term>& slots = path_->slots;
    slots.erase(slots.begin(), slots.end() - static_cast<std::ptrdiff_t>(body.results));
    body.arrived.push_back(*std::move(path_));
  }
  ISOTRACE_TRY(path_, join(std::move(body.arrived), body.entry));
  if (path_) {
    std::vector<Term>& slots = path_->slots;
    std::vector<Term>& below = frame().caller_slots;
    slots.insert(slots.begin(), below.begin(), below.end());
  }
  labels_.pop_back();
  frames_.pop_back();
  if (!labels_.empty() && label().kind == Kind::dispatch) return next_call();
  return Done{};
}

/// A choice between calls: each function of the table is called where the index means it.
Result<Done> Machine::call_indirect() {
  const std::vector<TableElement>& table = instance_.tables[now_.second];
  const wasm::FunctionType& type = module_.types[now_.first];
  const Term index = pop();
  trap_if(pool_.bvule(word(table.size()), index));
  if (!path_) return Done{};
  const auto constant = pool_.constant_value(index);
  std::map<std::uint32_t, Term> chosen;  // by function
  Term wrong = pool_.boolean(false);
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (constant && *constant != i) continue;
    const Term here = pool_.equal(index, word(i));
    if (!table[i] || module_.type_of(module_.functions[*table[i]]) != type) {
      wrong = pool_.bool_or(wrong, here);
      continue;
    }
    const auto [at, added] = chosen.try_emplace(*table[i], here);
    if (!added) at->second = pool_.bool_or(at->second, here);
  }
  work_ += table.size();
  trap_if(wrong);
  if (!path_) return Done{};
  Label choice{.kind = Kind::dispatch, .end = frame().pc, .entry = path_->guard};
  choice.height = static_cast<std::uint32_t>(path_->slots.size() - type.parameters.size());
  choice.results = static_cast<std::uint32_t>(type.results.size());
  for (auto [function, here] : chosen) {
    // What is left at the last one is its own: all else has trapped.
    if (function == chosen.rbegin()->first) here = pool_.boolean(true);
    if (auto taken = split(path_, here)) choice.calls.push_back({function, *std::move(taken)});
  }
  if (choice.calls.empty()) {  // every index traps
    if (path_) end_path();
    return Done{};
  }
  labels_.push_back(std::move(choice));
  return next_call();
}

/// The call before has returned or there was none.
Result<Done> Machine::next_call() {
  while (true) {
    Label& choice = label();
    if (path_) choice.arrived.push_back(*std::move(path_));
    path_.reset();
    if (choice.calls.empty()) break;
    Call next = std::move(choice.calls.back());
    choice.calls.pop_back();
    path_ = std::move(next.path);
    const std::size_t frames = frames_.size();
    ISOTRACE_TRY_DONE(enter(next.function));
    if (frames_.size() > frames) return Done{};
  }
  // No branch leaves a call, so all of what entered is here.
  ISOTRACE_TRY(path_, join(std::move(label().arrived), label().entry));
  labels_.pop_back();
  return Done{};
}

}  // namespace isotrace::proofs::obligation
