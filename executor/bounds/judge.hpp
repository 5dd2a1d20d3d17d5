// Another engine's result against the canonical one and its bound, element by element. Nothing is
// averaged, and NaN and infinity count as what they are.
#pragma once

#include <optional>
#include <string>

#include <isotrace/executor/bounds/bounds.hpp>

namespace isotrace::executor {

/// How a tensor compares.
enum class Agreement : std::uint8_t {
  equal,      ///< the same bits everywhere (any NaN is as good as another)
  within,     ///< different somewhere, everywhere within the bound
  unbounded,  ///< different where nothing is known; nowhere outside
  outside,    ///< beyond the bound at one element or more, or another type or shape
};

/// An element that differs. `used` is |foreign - canonical| and `allowed` the most that it may be;
/// their ratio is infinite for NaN or infinity in the wrong place.
struct ElementUse {
  std::uint64_t element = 0;
  double used = 0;
  double allowed = 0;
  double ratio = 0;
};

struct TensorJudgement {
  Agreement agreement = Agreement::equal;
  std::string mismatch;  ///< types or shapes, where they differ
  std::uint64_t elements = 0;
  std::uint64_t differing = 0;
  std::uint64_t outside = 0;
  std::uint64_t unbounded = 0;      ///< differing, and nothing is known
  std::optional<ElementUse> worst;  ///< with the greatest ratio among those that differ
  double median = 0;                ///< of the ratios of those that differ and have a bound
};

/// Without a bound every different element is unbounded.
TensorJudgement judge(const core::TensorView& canonical, const core::TensorView& foreign,
                      const ResultBound* bound);

}  // namespace isotrace::executor
