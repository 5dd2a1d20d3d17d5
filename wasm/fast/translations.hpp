// The routines of all functions of a store, translated one by one when they are first called.
#pragma once

#include <memory>

#include <isotrace/wasm/fast/code.hpp>

namespace isotrace::wasm::fast {

class Translations {
 public:
  /// The store must outlive them.
  /// `notes`: the code puts its effects into the stream of the context.
  Translations(const Store& store, bool notes) : store_(store), notes_(notes) {}

  /// Routines for functions that the store has got since; call before executing.
  void extend();
  [[nodiscard]] Routine* const* routines() const { return pointers_.data(); }
  [[nodiscard]] Routine& at(Address function) { return *routines_[function]; }
  /// Translated. Nothing where its frame is too large for that.
  Routine* translated(Address function);
  [[nodiscard]] bool notes() const { return notes_; }
  /// That has this word in its code; there is one.
  [[nodiscard]] const Routine& around(const Word* pc) const;

 private:
  const Store& store_;
  bool notes_;
  std::vector<std::unique_ptr<Routine>> routines_;
  std::vector<Routine*> pointers_;
};

}  // namespace isotrace::wasm::fast
