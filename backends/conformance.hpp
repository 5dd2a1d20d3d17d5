// What a backend does with every operation, element type and layout of operands, on this machine
// and now: each call of backends/samples.hpp is executed there and on the reference, and nothing
// counts as exact but equal bits.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <isotrace/backends/backend.hpp>
#include <isotrace/backends/samples.hpp>

namespace isotrace::backends {

/// How the operands of a call lie; a backend may do one and refuse another.
enum class Layout : std::uint8_t {
  dense,      ///< none of the others
  broadcast,  ///< an element-wise operation on operands of different shapes
  scalar,     ///< nothing but tensors without axes
  empty,      ///< an operand without elements
};
inline constexpr Layout all_layouts[] = {Layout::dense, Layout::broadcast, Layout::scalar,
                                         Layout::empty};
std::string_view layout_name(Layout layout);
Layout layout_of(const Sample& sample);

enum class CallVerdict : std::uint8_t {
  exact,    ///< the reference's bits, or its refusal
  refused,  ///< the backend does not do this, and says so
  wrong,    ///< other bits, another shape, or a result where the definition has none
  lost,     ///< no answer: a crash, a deadline, a broken contract
};
std::string_view verdict_name(CallVerdict verdict);

/// All calls of one operation, element type and layout.
struct ConformanceCell {
  core::Op op;
  core::Dtype dtype;
  Layout layout;
  std::size_t exact = 0;
  std::size_t refused = 0;
  std::size_t wrong = 0;
  std::size_t lost = 0;
  std::size_t skipped = 0;  ///< not made, after a lost one
  /// Of those refused that the backend supports: it said so only when it was called.
  std::size_t refused_late = 0;
  std::optional<core::Refusal> refusal = {};  ///< the first of a refused or lost call
  std::string difference = {};  ///< of the first wrong call: which sample, and how it differs
  core::Digest digest = {};     ///< BLAKE3 over tensor_digest of the exact results, in order

  [[nodiscard]] std::size_t calls() const { return exact + refused + wrong + lost + skipped; }
  /// The worst of them.
  [[nodiscard]] CallVerdict verdict() const;
};

struct ConformanceReport {
  std::vector<ConformanceCell> cells;  ///< in the order of ops.def, dtype.hpp and Layout
  bool given_up = false;               ///< after so many lost calls that the rest was not made

  [[nodiscard]] std::size_t count(std::size_t ConformanceCell::*field) const;
};

/// Chooses what is looked at.
using CellFilter = std::function<bool(core::Op, core::Dtype, Layout)>;

/// Pairs that the reference does not define are not looked at. The same samples on every machine.
/// Refuses float_environment_wrong.
core::Result<ConformanceReport> check_conformance(Backend& backend, const CellFilter& filter = {});

}  // namespace isotrace::backends
