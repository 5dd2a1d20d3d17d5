#include <isotrace/wasm/record/engines.hpp>

#include <isotrace/wasm/fast/engine.hpp>
#include <isotrace/wasm/stepper.hpp>

namespace isotrace::wasm {

std::unique_ptr<Engine> make_reference_engine(Store& store) {
  return std::make_unique<Stepper>(store);
}

std::unique_ptr<Engine> make_fastest_engine(Store& store) {
  return std::make_unique<FastEngine>(store);
}

}  // namespace isotrace::wasm
