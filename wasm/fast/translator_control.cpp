// Blocks, branches and calls.
#include <isotrace/core/check.hpp>
#include <isotrace/wasm/fast/translator.hpp>

namespace isotrace::wasm::fast {

void Translator::control() {
  const Instruction& now = walk_.now();
  switch (now.opcode) {
    case Opcode::unreachable:
      changed_.clear();
      mark_trap();
      stack_.emit(unreachable_handler(), fields(0, 0, 0));
      break;
    case Opcode::nop:
    case Opcode::block:
    case Opcode::loop:
    case Opcode::if_: break;  // open_label has the rest
    case Opcode::else_: begin_else(); break;
    case Opcode::end: end_block(); break;
    case Opcode::br: branch(now.first); break;
    case Opcode::br_if: branch_conditionally(now.first); break;
    case Opcode::br_table: branch_by_table(); break;
    case Opcode::return_:
      end_changed_stretch();
      return_from_function();
      break;
    case Opcode::call: call(now.first); break;
    default: call_indirect(); break;  // validated: call_indirect
  }
}

/// Behind an unconditional branch. What is open there counts if it can be entered.
void Translator::dead_instruction() {
  if (walk_.now().opcode == Opcode::else_) begin_else();
  if (walk_.now().opcode == Opcode::end) end_block();
}

/// The walk is inside. Nothing is made of what cannot be entered.
void Translator::open_label(const OpenCode& code) {
  Label& label = labels_.emplace_back();
  label.code = code;
  if (!code.reached || labels_.size() == 1) return;
  if (code.opcode == Opcode::if_) {
    stack_.settle(1);
    label.otherwise = branch_if(false, false);
    stack_.forget();
    return;
  }
  stack_.settle();
  if (code.opcode == Opcode::loop) begin_loop(label);
}

void Translator::begin_loop(Label& label) {
  const std::uint32_t pc = label.code.continuation;
  if (pc != function_.body.begin) {  // else it is where the function begins
    end_changed_stretch();
    stack_.emit(enter_loop_handler(), fields(0, 0, 0));
    stack_.steps(owed_);
    stack_.word(stack_.slot_of(stack_.height()));
    stack_.word(place(pc));
    owed_ = 0;
  }
  stack_.forget();
  label.begin = stack_.position();
  routine_.loops.push_back({pc, static_cast<std::uint32_t>(label.begin)});
}

/// Where jumps arrive, beside the code before if it goes on here.
void Translator::land(std::vector<Jump>& jumps, bool falls_through) {
  if (!falls_through) owed_ = 0;
  if (!falls_through) changed_.clear();
  for (const Jump& jump : jumps) {
    stack_.code()[jump.target_at] = stack_.position();
    targets_.push_back(jump.target_at);
    stack_.code()[jump.target_at + 1] = static_cast<Word>(jump.steps - owed_);
  }
  jumps.clear();
  stack_.forget();
}

void Translator::begin_else() {
  Label& label = labels_.back();
  if (!label.code.reached) return;
  if (walk_.reached()) {  // the first branch is done
    stack_.settle();
    end_changed_stretch();
    jump_to(label, owed_);
  }
  std::vector<Jump> here = {*label.otherwise};
  label.otherwise.reset();
  land(here, false);
  stack_.reset(index_of(label.code.height + label.code.parameters));
}

void Translator::end_block() {
  if (labels_.size() == 1) return end_function();
  Label label = std::move(labels_.back());
  labels_.pop_back();
  if (!label.code.reached) return;
  if (label.otherwise) label.jumps.push_back(*label.otherwise);  // if without else
  const bool falls_through = walk_.reached();
  if (falls_through) end_changed_stretch();
  if (!label.jumps.empty()) {
    if (falls_through) stack_.settle();
    land(label.jumps, falls_through);
  }
  if (falls_through) return;
  changed_.clear();
  stack_.forget();
  stack_.reset(index_of(label.code.height + label.code.results));
}

void Translator::end_function() {
  Label label = std::move(labels_.back());
  labels_.pop_back();
  const bool falls_through = walk_.reached();
  if (!falls_through && label.jumps.empty()) return;
  if (falls_through) end_changed_stretch();
  if (!label.jumps.empty()) {
    if (falls_through) stack_.settle();
    land(label.jumps, falls_through);
  }
  if (!falls_through) stack_.reset(index_of(label.code.height + label.code.results));
  return_from_function();
}

// ---- branches

/// Whether what a branch takes along, below the topmost `above` operands, is not yet where the
/// label has it.
bool Translator::needs_moves(const Label& label, std::uint32_t above) const {
  const std::uint32_t arity = label.code.arity;
  if (arity == 0) return false;
  return stack_.height() - above - arity != index_of(label.code.height) ||
         !stack_.is_settled(arity, above);
}

/// Changes nothing that is known about operands: only one path goes here.
void Translator::move_results(const Label& label) {
  const std::uint32_t arity = label.code.arity;
  if (!needs_moves(label)) return;
  const auto to = static_cast<std::uint16_t>(label.code.height);
  if (arity == 1) return stack_.copy_top(to);
  stack_.emit(move_handler(), fields(to, stack_.slot_of(stack_.height() - arity), arity));
}

/// The word for the target of a jump, and what it has to pay.
void Translator::aim(Label& label, Jump jump) {
  if (label.code.opcode == Opcode::loop) {
    stack_.code()[jump.target_at] = label.begin;
    targets_.push_back(jump.target_at);
    stack_.code()[jump.target_at + 1] = static_cast<Word>(jump.steps);
  } else {
    label.jumps.push_back(jump);
  }
}

void Translator::jump_to(Label& label, std::int64_t steps) {
  stack_.emit(jump_handler(label.code.opcode == Opcode::loop), fields(0, 0, 0));
  Jump jump = emit_target();
  jump.steps = steps;
  aim(label, jump);
}

void Translator::branch(std::uint32_t depth) {
  Label& label = label_at(depth);
  end_changed_stretch();
  if (&label == &labels_.front()) return return_from_function();
  if (label.code.arity > 1) stack_.settle();
  move_results(label);
  jump_to(label, owed_);
}

void Translator::branch_conditionally(std::uint32_t depth) {
  Label& label = label_at(depth);
  const std::uint32_t arity = label.code.arity;
  if (arity > 1) stack_.settle(1);
  if (!needs_moves(label, 1)) {
    const Jump jump = branch_if(true, label.code.opcode == Opcode::loop);
    aim(label, jump);
    stack_.forget();
    return;
  }
  Jump past = branch_if(false, false);
  past.steps = owed_;  // nothing is paid: this path owes it still
  stack_.forget();
  move_results(label);
  jump_to(label, owed_);
  std::vector<Jump> here = {past};
  land(here, true);
}

/// Targets that need more than a jump are reached through code behind the table, made once each.
void Translator::branch_by_table() {
  const std::vector<std::uint32_t>& depths = walk_.now().depths;
  stack_.settle(1);
  const Operand wanted = stack_.use(0, {.integer = true});
  stack_.drop(1);
  if (notes_) end_stretch();
  stack_.emit(branch_table_handler(wanted.from), fields(wanted.slot, 0, 0));
  stack_.word(depths.size() - 1);
  std::map<std::uint32_t, std::vector<Jump>> through;
  for (const std::uint32_t depth : depths) {
    const Jump jump = emit_target();
    Label& label = label_at(depth);
    if (label.code.opcode == Opcode::loop || needs_moves(label)) {
      through[depth].push_back(jump);
    } else {
      aim(label, jump);
    }
  }
  for (auto& [depth, jumps] : through) {
    land(jumps, false);
    move_results(label_at(depth));
    jump_to(label_at(depth), 0);
  }
}

/// Branches by the top operand, which is used up.
Translator::Jump Translator::branch_if(bool when, bool to_loop) {
  Jump jump;
  if (count_and_branch_if(when, to_loop, jump)) return jump;
  if (const Latest* compare = stack_.operation_of(0)) {
    if (const BranchRow* row = find_branch(compare->opcode)) {
      const Operand a = compare->a;
      const Operand b = compare->b;
      const bool a_kept = a.from != From::slot;
      const bool b_kept = b.from == From::accumulator || b.from == From::float_accumulator;
      const Handler handler = row->from[a_kept ? 1 : 0][b_kept ? 1 : static_cast<int>(b.from)]
                                       [when ? 1 : 0][to_loop ? 1 : 0];
      stack_.retract(*compare);
      stack_.drop(1);
      if (notes_) end_stretch();
      return emit_branch(handler, a, b);
    }
  }
  const Operand condition = stack_.use(0, {.integer = true});
  stack_.drop(1);
  if (notes_) end_stretch();
  const BranchRow& row = *find_branch(Opcode::i32_ne);
  const Handler handler = row.from[static_cast<int>(condition.from)]
                                  [static_cast<int>(From::constant)][when ? 1 : 0][to_loop ? 1 : 0];
  return emit_branch(handler, condition, {From::constant, 0, 0});
}

/// Room for target and steps, which are set when the target is known.
Translator::Jump Translator::emit_target() {
  stack_.word(0);
  stack_.steps(0);
  return {stack_.position() - 2, owed_};
}

Translator::Jump Translator::emit_branch(Handler handler, const Operand& a, const Operand& b) {
  stack_.emit(handler, fields(a.slot, b.slot, 0));
  if (b.from == From::constant) stack_.word(b.bits);
  return emit_target();
}

/// local = a + addend; compare the local; branch: all in one.
bool Translator::count_and_branch_if(bool when, bool to_loop, Jump& jump) {
  const Latest* compare = stack_.operation_of(0);
  if (compare == nullptr || notes_) return false;  // there the local has to be noted before
  const CountRow* row = find_count(compare->opcode);
  const Latest* sum = stack_.operation_before();
  if (row == nullptr || sum == nullptr || sum->opcode != Opcode::i32_add ||
      sum->a.from != From::slot || sum->b.from == From::accumulator) {
    return false;
  }
  const Operand addend = sum->b;
  const Operand b = compare->b;
  const Word operation_fields = fields(sum->a.slot, b.slot, sum->result);
  stack_.retract(*sum);
  stack_.drop(1);
  stack_.emit(row->from[constants(addend.from)][constants(b.from)][when ? 1 : 0][to_loop ? 1 : 0],
              operation_fields);
  stack_.word(addend.from == From::constant ? addend.bits : addend.slot);
  if (b.from == From::constant) stack_.word(b.bits);
  jump = emit_target();
  return true;
}

// ---- calls

void Translator::call(std::uint32_t index) {
  const Address address = instance_.functions[index];
  const FunctionType& type = store_.type_of(address);
  Routine& callee = translations_.at(address);
  stack_.settle();
  if (notes_) end_stretch_at_call(type, false);
  stack_.drop(type.parameters.size());
  const Word operation_fields = fields(stack_.slot_of(stack_.height()), 0, 0);
  mark_trap();
  if (callee.is_host) {
    stack_.emit(call_host_handler(), operation_fields);
    stack_.word(address);
    stack_.steps(owed_);
    return after_call(type);
  }
  const bool foreign = callee.instance != routine_.instance;
  stack_.emit(
      foreign ? call_foreign_handler() : call_handler(callee.locals_end > callee.parameters),
      operation_fields);
  stack_.word(std::bit_cast<Word>(&callee));
  stack_.steps(owed_);
  stack_.word(place(walk_.next_offset()));
  routine_.returns.push_back({walk_.next_offset(), static_cast<std::uint32_t>(stack_.position())});
  if (foreign) enter_instance();
  after_call(type);
}

void Translator::call_indirect() {
  const Instruction& now = walk_.now();
  const FunctionType& type = module_.types[now.first];
  stack_.settle(notes_ ? 0 : 1);
  if (notes_) end_stretch_at_call(type, true);
  const Operand index = stack_.use(0, {.integer = true});
  stack_.drop(1 + type.parameters.size());
  mark_trap();
  stack_.emit(call_indirect_handler(index.from),
              fields(stack_.slot_of(stack_.height()), index.slot, 0));
  stack_.word(instance_.tables[now.second]);
  stack_.word(instance_.type_ids[now.first]);
  stack_.steps(owed_);
  stack_.word(place(walk_.next_offset()));
  routine_.returns.push_back({walk_.next_offset(), static_cast<std::uint32_t>(stack_.position())});
  enter_instance();
  after_call(type);
}

/// Back from a function of another instance.
void Translator::enter_instance() {
  stack_.emit(enter_instance_handler(), fields(0, 0, 0));
  stack_.word(routine_.instance);
  stack_.word(place(walk_.next_offset()));
}

void Translator::after_call(const FunctionType& type) {
  owed_ = 0;
  stack_.forget();
  for (std::size_t i = 0; i < type.results.size(); ++i) stack_.push_operand();
}

void Translator::return_from_function() {
  const std::size_t results = module_.type_of(function_).results.size();
  if (notes_) note_results();
  if (results == 0) {
    stack_.emit(return_handler(), fields(0, 0, 0));
  } else if (results == 1) {
    const Operand result = stack_.use(0, any_operand(module_.type_of(function_).results[0]));
    stack_.emit(return_handler(result.from), fields(result.slot, 0, 0));
    if (result.from == From::constant) stack_.word(result.bits);
  } else {
    stack_.settle();
    stack_.emit(return_many_handler(),
                fields(stack_.slot_of(stack_.height() - results), 0, results));
  }
  stack_.steps(owed_);
}

}  // namespace isotrace::wasm::fast
