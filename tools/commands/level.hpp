// Proof levels by their names on the command line.
#pragma once

#include <string_view>

#include <isotrace/proofs/checker/proof.hpp>

namespace isotrace::tools {

inline std::string_view level_name(proofs::Level level) {
  switch (level) {
    case proofs::Level::exact_order: return "exact-order";
    case proofs::Level::any_order: return "any-order";
    case proofs::Level::real: return "real";
  }
  return "unknown";
}

/// The table has checked the name.
inline proofs::Level level_of(std::string_view name) {
  if (name == "exact-order") return proofs::Level::exact_order;
  return name == "real" ? proofs::Level::real : proofs::Level::any_order;
}

}  // namespace isotrace::tools
