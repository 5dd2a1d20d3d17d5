// Which engine executes.
#pragma once

#include <functional>
#include <memory>

#include <isotrace/wasm/engine.hpp>

namespace isotrace::wasm {

/// Makes an engine over a store, which must outlive it.
using EngineFactory = std::function<std::unique_ptr<Engine>(Store& store)>;

/// The reference, one opcode at a time.
std::unique_ptr<Engine> make_reference_engine(Store& store);
/// The fastest there is.
std::unique_ptr<Engine> make_fastest_engine(Store& store);

}  // namespace isotrace::wasm
