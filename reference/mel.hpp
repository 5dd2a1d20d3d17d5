// Where the triangles of a MelWeightMatrix lie (docs/spec/signal.md).
#pragma once

#include <isotrace/reference/call.hpp>

namespace isotrace::reference {

struct MelBank {
  core::Dtype dtype;  ///< of the result
  core::Shape shape;  ///< bins of the spectrum, triangles
  /// Bins. Triangle i begins at edge i, is 1 at i + 1 and ends before i + 2.
  std::vector<std::int64_t> edges;
};

/// Refuses what the operation refuses, but for a type of results that is no number.
Result<MelBank> mel_bank(const Call& call);

}  // namespace isotrace::reference
