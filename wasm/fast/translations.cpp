#include <isotrace/wasm/fast/translations.hpp>

#include <functional>

#include <isotrace/core/check.hpp>
#include <isotrace/wasm/fast/handlers.hpp>
#include <isotrace/wasm/fast/translator.hpp>

namespace isotrace::wasm::fast {
namespace {

std::unique_ptr<Routine> make_routine(const Store& store, Address address) {
  auto routine = std::make_unique<Routine>();
  const FunctionInstance& function = store.functions[address];
  routine->address = address;
  routine->type_id = function.type_id;
  routine->parameters = static_cast<std::uint32_t>(store.type_of(address).parameters.size());
  routine->is_host = static_cast<bool>(function.host);
  if (routine->is_host) return routine;
  const wasm::Function& code = store.instances[function.instance].module->functions[function.index];
  routine->instance = function.instance;
  routine->locals_end = routine->parameters + code.locals_count;
  routine->frame_slots = std::uint64_t{routine->locals_end} + code.operands_max;
  routine->untranslated[0] = routine->locals_end;
  routine->untranslated[1] = place_word(address, code.body.begin);
  routine->untranslated[2] = handler_word(translate_handler());
  routine->entry = &routine->untranslated[2];
  return routine;
}

}  // namespace

void Translations::extend() {
  while (routines_.size() < store_.functions.size()) {
    routines_.push_back(make_routine(store_, static_cast<Address>(routines_.size())));
    pointers_.push_back(routines_.back().get());
  }
}

Routine* Translations::translated(Address function) {
  Routine& routine = at(function);
  if (routine.frame_slots > frame_slots_max) return nullptr;
  if (routine.code.empty()) Translator(store_, *this, routine).translate();
  return &routine;
}

const Routine& Translations::around(const Word* pc) const {
  const std::less<const Word*> before;
  for (const auto& routine : routines_) {
    const std::vector<Word>& code = routine->code;
    if (!code.empty() && !before(pc, code.data()) && before(pc, code.data() + code.size())) {
      return *routine;
    }
  }
  ISOTRACE_CHECK(false);
  return *routines_.front();
}

}  // namespace isotrace::wasm::fast
