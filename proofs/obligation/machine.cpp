#include <isotrace/proofs/obligation/machine.hpp>

#include <isotrace/core/check.hpp>
#include <isotrace/proofs/obligation/integers.hpp>
#include <isotrace/wasm/numeric/numeric.hpp>

namespace isotrace::proofs::obligation {
namespace {

using bits::Term;
using core::Done;
using core::RefusalCode;
using core::Result;
using wasm::Opcode;

unsigned width_of(wasm::ValueType type) {
  return type == wasm::ValueType::i64 || type == wasm::ValueType::f64 ? 64 : 32;
}

/// Operands of a numeric opcode, from its signature "ii:i".
std::size_t operand_count(const wasm::OpcodeInfo& info) { return info.signature.find(':'); }

}  // namespace

Machine::Machine(bits::TermPool& pool, const wasm::Module& module, const InitialInstance& instance,
                 MemoryTerms& memory, FloatTerms& floats, std::uint32_t unwind)
    : pool_(pool),
      module_(module),
      instance_(instance),
      memory_(memory),
      floats_(floats),
      unwind_(unwind),
      guards_(pool),
      ends_{pool.boolean(false), pool.boolean(false)} {}

Path Machine::initial_path() const {
  Path path;
  for (std::size_t i = 0; i < instance_.globals.size(); ++i) {
    const unsigned width = width_of(module_.globals[i].type.value);
    path.globals.push_back(pool_.constant(instance_.globals[i], width));
  }
  path.memory = memory_.initial();
  path.pages = instance_.pages;
  return path;
}

Result<std::optional<Path>> Machine::call(std::uint32_t function, std::vector<Term> arguments,
                                          Path path) {
  path.slots = std::move(arguments);
  path_ = std::move(path);
  now_.offset = module_.functions[function].offset;
  ISOTRACE_TRY_DONE(enter(function));
  ISOTRACE_TRY_DONE(run());
  return std::move(path_);
}

Result<Done> Machine::run() {
  while (!frames_.empty()) {
    if (!path_) skip_dead_code();
    const wasm::Function& function = module_.functions[frame().function];
    wasm::Reader reader(module_.bytes, frame().pc, function.body.end + 1);
    const auto read = wasm::read_instruction(reader, module_.edition, now_);
    ISOTRACE_CHECK(read.has_value(), frame().pc);
    frame().pc = reader.offset();
    ++work_;
    ISOTRACE_TRY_DONE(check_work());
    ISOTRACE_TRY_DONE(execute());
  }
  return check_work();
}

Result<Done> Machine::check_work() const {
  if (work_ + memory_.work() > work_max) {
    return core::refuse(
        RefusalCode::limit_exceeded, "function",
        "executing it on terms takes more than " + std::to_string(work_max) + " steps");
  }
  return pool_.check();
}

tl::unexpected<core::Refusal> Machine::refuse_instruction(const std::string& why) const {
  const std::uint32_t function = frames_.empty() ? 0 : frames_.back().function;
  std::string name = "function " + std::to_string(function);
  for (const wasm::Export& out : module_.exports) {
    if (out.kind == wasm::ExternKind::function && out.index == function) {
      name += " (" + out.name + ")";
      break;
    }
  }
  const std::string opcode = now_.info == nullptr ? "" : std::string(now_.info->text) + ": ";
  return core::refuse(RefusalCode::function_unsupported,
                      name + ", byte " + std::to_string(now_.offset), opcode + why);
}

Term Machine::pop() {
  const Term term = path_->slots.back();
  path_->slots.pop_back();
  return term;
}

Result<Done> Machine::execute() {
  const Opcode opcode = now_.opcode;
  if (opcode <= Opcode::call_indirect) return execute_control();
  if (opcode == Opcode::drop) {
    pop();
    return Done{};
  }
  if (opcode == Opcode::select || opcode == Opcode::select_typed) {
    for (const wasm::ValueType type : now_.types) {
      if (opcode == Opcode::select_typed && wasm::is_reference(type)) {
        return refuse_instruction("references");
      }
    }
    const Term condition = is_nonzero(pool_, pop());
    const Term otherwise = pop();
    const Term then = pop();
    push(pool_.ite(condition, then, otherwise));
    return Done{};
  }
  if (opcode >= Opcode::local_get && opcode <= Opcode::global_set) return execute_variable();
  const bool bulk = opcode >= Opcode::memory_init && opcode <= Opcode::memory_fill;
  if ((opcode >= Opcode::i32_load && opcode <= Opcode::memory_grow) || bulk) {
    return execute_memory();
  }
  switch (opcode) {
    case Opcode::i32_const:
    case Opcode::f32_const: push(pool_.constant(now_.constant, 32)); return Done{};
    case Opcode::i64_const:
    case Opcode::f64_const: push(pool_.constant(now_.constant, 64)); return Done{};
    default: return execute_numeric();
  }
}

Result<Done> Machine::execute_numeric() {
  const std::size_t count = operand_count(*now_.info);
  if (count == std::string_view::npos) return refuse_instruction("references and tables");
  std::vector<Term>& slots = path_->slots;
  ISOTRACE_CHECK(slots.size() >= count && count > 0, now_.offset);
  const auto operands = std::span(slots).last(count);
  auto computed = compute_numeric(pool_, now_.opcode, operands);
  if (!computed && wasm::is_numeric(now_.opcode)) computed = floats_.compute(now_.opcode, operands);
  if (!computed) return refuse_instruction("not an instruction on numbers");
  slots.resize(slots.size() - count);
  trap_if(computed->trap);
  if (path_) push(computed->value);
  return Done{};
}

}  // namespace isotrace::proofs::obligation
