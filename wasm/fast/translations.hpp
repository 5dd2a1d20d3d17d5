// The routines of all functions of a store, translated one by one when they are first called.
#pragma once

#include <memory>

#include <isotrace/wasm/fast/code.hpp>

namespace isotrace::wasm::fast {

class Translations {
 public:
  /// The store must outlive them.
  explicit Translations(const Store& store) : store_(store) {}

  /// Routines for functions that the store has got since; call before executing.
  void extend();
  [[nodiscard]] Routine* const* routines() const { return pointers_.data(); }
  [[nodiscard]] Routine& at(Address function) { return *routines_[function]; }
  /// Translated. Nothing where its frame is too large for that.
  Routine* translated(Address function);
  /// That has this word in its code; there is one.
  [[nodiscard]] const Routine& around(const Word* pc) const;

 private:
  const Store& store_;
  std::vector<std::unique_ptr<Routine>> routines_;
  std::vector<Routine*> pointers_;
};

}  // namespace isotrace::wasm::fast
