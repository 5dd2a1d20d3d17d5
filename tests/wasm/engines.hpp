// The engines that tests compare, in one list.
#pragma once

#include <isotrace/wasm/fast/engine.hpp>
#include <isotrace/wasm/stepper.hpp>

#include "tests/wasm/relay.hpp"

namespace isotrace::wasm::tests {

struct EngineKind {
  const char* name;
  std::unique_ptr<Engine> (*make)(Store& store);
};

template <class Kind>
std::unique_ptr<Engine> make_engine(Store& store) {
  return std::make_unique<Kind>(store);
}

template <class First, class Second>
std::unique_ptr<Engine> make_relay(Store& store) {
  return std::make_unique<Relay>(make_engine<First>(store), make_engine<Second>(store), 1);
}

/// The first one is the definition.
inline constexpr EngineKind engine_kinds[] = {
    {"reference", make_engine<Stepper>},
    {"fast", make_engine<FastEngine>},
    {"both in turns", make_relay<FastEngine, Stepper>},
};

}  // namespace isotrace::wasm::tests
