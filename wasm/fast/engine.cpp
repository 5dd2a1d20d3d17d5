#include <isotrace/wasm/fast/engine.hpp>

#include <algorithm>

#include <isotrace/core/check.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/wasm/effect_stepper.hpp>
#include <isotrace/wasm/fast/handlers.hpp>
#include <isotrace/wasm/fast/translations.hpp>

namespace isotrace::wasm {

using fast::Context;
using fast::Registers;
using fast::Return;
using fast::Routine;
using fast::Stop;
using fast::Word;

/// Everything that is the state at a suspend point lies in plain lists: slots as the definition has
/// them, and where calls return to.
struct FastEngine::Machine {
  Machine(Store& a_store, EffectStream* effects, const CodeTable* a_code)
      : store(a_store), translations(a_store, effects != nullptr), code(a_code) {
    context.store = &store;
    context.translations = &translations;
    context.effects = effects;
  }

  void prepare();
  void follow_store();
  void enter(Address function, std::span<const Slot> arguments);
  void execute_to(std::uint64_t steps_min);
  void finish();
  void trap();
  void become_reference(const Execution& from);
  void collect_frames(fast::Word innermost);
  void collect();
  void resume(const Execution& from);
  const Word* resume_at(const Frame& frame, bool innermost);

  Store& store;
  fast::Translations translations;
  Context context;
  Registers registers;  ///< while running
  Word finish_code[1] = {fast::handler_word(fast::finish_handler())};
  std::size_t slots_size = 0;
  std::size_t returns_size = 0;
  std::unique_ptr<Slot[]> slots;
  std::unique_ptr<Return[]> returns;
  Address outermost = 0;

  Execution state;  ///< status, trap and steps always; while running the rest if collected
  bool collected = true;
  /// Executes once a function was called whose frame is too large for this engine, until the end.
  std::unique_ptr<Engine> reference;
  const CodeTable* code = nullptr;  ///< where effects are noted
};

FastEngine::FastEngine(Store& store)
    : machine_(std::make_unique<Machine>(store, nullptr, nullptr)) {}
FastEngine::FastEngine(Store& store, EffectStream& effects, const CodeTable& code)
    : machine_(std::make_unique<Machine>(store, &effects, &code)) {}
FastEngine::~FastEngine() = default;

/// Before a call or a state of another engine: the store may have other limits now.
void FastEngine::Machine::prepare() {
  follow_store();
  if (slots == nullptr || slots_size != store.limits.slots_max) {
    slots_size = store.limits.slots_max;
    slots = std::make_unique_for_overwrite<Slot[]>(slots_size + fast::locals_at_a_time);
  }
  if (returns == nullptr || returns_size != store.limits.frames_max) {
    returns_size = store.limits.frames_max;
    returns = std::make_unique_for_overwrite<Return[]>(returns_size);
  }
  context.slots_end = slots.get() + slots_size;
  context.returns_top = returns.get();
  context.returns_end = returns.get() + returns_size;
  reference.reset();
}

core::Result<core::Done> FastEngine::begin(Address function, std::span<const Slot> arguments) {
  Machine& machine = *machine_;
  ISOTRACE_CHECK(state().status != Status::running);
  ISOTRACE_TRY_DONE(check_arguments(machine.store, function, arguments));
  Execution fresh;
  fresh.steps = steps();
  machine.state = std::move(fresh);
  machine.collected = true;
  machine.prepare();
  const core::FloatEnvironment environment;
  machine.enter(function, arguments);
  return core::Done{};
}

/// The store may have got more functions, and its memories may have moved.
void FastEngine::Machine::follow_store() {
  translations.extend();
  context.routines = translations.routines();
  context.load_instance(context.instance);
}

void FastEngine::Machine::enter(Address function, std::span<const Slot> arguments) {
  const Routine& routine = translations.at(function);
  state.status = Status::running;
  outermost = function;
  if (routine.is_host) {
    state.slots.resize(store.type_of(function).results.size());
    state.trap = call_host(store, context.instance, function, arguments, state.slots);
    state.status = state.trap == Trap::none ? Status::finished : Status::trapped;
    if (state.trap != Trap::none) state.slots.clear();
    return;
  }
  if (returns_size == 0 || routine.frame_slots > slots_size) {
    state.status = Status::trapped;
    state.trap = Trap::call_stack_exhausted;
    return;
  }
  std::ranges::copy(arguments, slots.get());
  std::fill(slots.get() + routine.parameters, slots.get() + routine.locals_end, Slot{0});
  *context.returns_top++ = {finish_code, slots.get()};
  context.load_instance(routine.instance);
  registers = {.pc = routine.entry, .frame = slots.get()};
  collected = false;
}

bool FastEngine::run_to_suspend_point(std::uint64_t steps_min) {
  const core::FloatEnvironment environment;
  Machine& machine = *machine_;
  while (machine.reference == nullptr && machine.state.status == Status::running) {
    if (machine.state.steps >= steps_min) return false;
    machine.execute_to(steps_min);
  }
  if (machine.reference == nullptr) return true;
  return machine.reference->run_to_suspend_point(steps_min);
}

void FastEngine::Machine::execute_to(std::uint64_t steps_min) {
  constexpr std::uint64_t most = std::uint64_t{1} << 62;
  const auto allowed = static_cast<std::int64_t>(std::min(steps_min - state.steps, most)) - 1;
  registers.steps_left = allowed;
  follow_store();
  execute(context, registers);
  registers = context.registers;
  state.steps += static_cast<std::uint64_t>(allowed - registers.steps_left);
  collected = false;
  switch (context.stop) {
    case Stop::finished: return finish();
    case Stop::trapped: return trap();
    case Stop::wide: collect(); return become_reference(state);
    default: break;
  }
}

void FastEngine::Machine::finish() {
  const std::size_t results = store.type_of(outermost).results.size();
  state.status = Status::finished;
  state.frames.clear();
  state.slots.assign(slots.get(), slots.get() + results);
  collected = true;
}

void FastEngine::Machine::trap() {
  const Routine& routine = translations.around(registers.pc);
  const auto offset = static_cast<std::uint32_t>(registers.pc - routine.code.data());
  const auto site = std::ranges::lower_bound(routine.traps, offset, {}, &fast::TrapSite::code);
  ISOTRACE_CHECK(site != routine.traps.end() && site->code == offset, offset);
  state.status = Status::trapped;
  state.trap = context.trap;
  state.steps += static_cast<std::uint64_t>(site->steps);
  collect_frames(fast::place_word(routine.address, site->pc));
  state.slots.clear();
  collected = true;
}

void FastEngine::Machine::become_reference(const Execution& from) {
  if (context.effects != nullptr) {
    reference = std::make_unique<EffectStepper>(store, *context.effects, *code);
  } else {
    reference = std::make_unique<Stepper>(store);
  }
  reference->restore(from);
}

void FastEngine::Machine::collect_frames(Word innermost) {
  const auto frame_of = [&](Word place, const Slot* begin) {
    return Frame{fast::place_function(place), fast::place_pc(place),
                 static_cast<std::uint32_t>(begin - slots.get())};
  };
  state.frames.clear();
  for (const Return* call = returns.get() + 1; call != context.returns_top; ++call) {
    state.frames.push_back(frame_of(call->pc[-1], call->frame));
  }
  state.frames.push_back(frame_of(innermost, registers.frame));
}

/// At a suspend point.
void FastEngine::Machine::collect() {
  if (collected) return;
  collect_frames(registers.pc[-1]);
  state.slots.assign(slots.get(), registers.frame + registers.pc[-2]);
  collected = true;
}

const Execution& FastEngine::state() {
  if (machine_->reference != nullptr) return machine_->reference->state();
  machine_->collect();
  return machine_->state;
}

std::uint64_t FastEngine::steps() const {
  return machine_->reference != nullptr ? machine_->reference->steps() : machine_->state.steps;
}

void FastEngine::restore(const Execution& state) {
  Machine& machine = *machine_;
  machine.state = Execution(state);  // which may be that of this engine's reference
  machine.collected = true;
  machine.prepare();
  if (machine.state.status == Status::running) machine.resume(machine.state);
}

void FastEngine::Machine::resume(const Execution& from) {
  ISOTRACE_CHECK(from.frames.size() <= returns_size && from.slots.size() <= slots_size);
  outermost = from.frames.front().function;
  std::ranges::copy(from.slots, slots.get());
  *context.returns_top++ = {finish_code, slots.get()};
  for (const Frame& frame : from.frames) {
    if (translations.translated(frame.function) == nullptr) return become_reference(from);
    const bool innermost = &frame == &from.frames.back();
    const Word* const pc = resume_at(frame, innermost);
    Slot* const begin = slots.get() + frame.slots_begin;
    if (!innermost) *context.returns_top++ = {pc, begin};
    registers = {.pc = pc, .frame = begin};
  }
  context.load_instance(translations.at(from.frames.back().function).instance);
}

const Word* FastEngine::Machine::resume_at(const Frame& frame, bool innermost) {
  const Routine& routine = translations.at(frame.function);
  const auto& sites = innermost ? routine.loops : routine.returns;
  const auto site = std::ranges::lower_bound(sites, frame.pc, {}, &fast::ResumeSite::pc);
  if (site != sites.end() && site->pc == frame.pc) return routine.code.data() + site->code;
  ISOTRACE_CHECK(innermost && frame.pc == fast::place_pc(routine.entry[-1]), frame.pc);
  return routine.entry;
}

}  // namespace isotrace::wasm
