#include <isotrace/backends/conformance.hpp>

#include <algorithm>
#include <array>

#include <isotrace/backends/capability.hpp>
#include <isotrace/core/blake3.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/core/text.hpp>
#include <isotrace/reference/evaluate.hpp>

namespace isotrace::backends {
namespace {

using core::RefusalCode;
using Outcome = core::Result<std::vector<core::Tensor>>;

constexpr std::uint64_t seeds = 3;
/// Each lost call may cost a deadline, and a new process.
constexpr std::size_t lost_max = 20;
/// More than any sample's results take, and than a wrong shape that is to be named.
constexpr std::uint64_t results_bytes_max = std::uint64_t{64} << 20;

/// The reference's outcome; the backend is left to set up its environment itself.
core::Result<Outcome> expected_outcome(const Sample& sample) {
  const core::FloatEnvironment environment;
  ISOTRACE_TRY_DONE(core::check_float_environment());
  const auto views = sample.views();
  return reference::evaluate(sample.node, views);
}

std::string outcome_text(const Outcome& outcome) {
  return outcome ? "a result" : std::string(core::refusal_info(outcome.error().code).name);
}

std::string tensor_difference(const core::Tensor& expected, const core::Tensor& actual) {
  if (expected.dtype() != actual.dtype()) {
    return "element type " + std::string(core::dtype_name(actual.dtype())) + " instead of " +
           std::string(core::dtype_name(expected.dtype()));
  }
  if (expected.shape() != actual.shape()) {
    return "shape " + core::shape_text(actual.shape()) + " instead of " +
           core::shape_text(expected.shape());
  }
  const auto [at, other] = std::ranges::mismatch(expected.bytes(), actual.bytes());
  if (at == expected.bytes().end()) return {};
  const auto byte = static_cast<std::size_t>(at - expected.bytes().begin());
  if (core::is_structured(expected.dtype())) return "byte " + std::to_string(byte);
  const std::size_t element = byte / core::dtype_bytes(expected.dtype());
  return "element " + std::to_string(element) + ": " + core::element_bits(actual, element) +
         " instead of " + core::element_bits(expected, element);
}

/// Empty if the outcomes are the same.
std::string find_difference(const Outcome& expected, const Outcome& actual) {
  if (!expected || !actual) {
    const bool same = !expected && !actual && expected.error().code == actual.error().code;
    return same ? "" : outcome_text(actual) + " instead of " + outcome_text(expected);
  }
  if (expected->size() != actual->size()) {
    return std::to_string(actual->size()) + " results instead of " +
           std::to_string(expected->size());
  }
  for (std::size_t i = 0; i < expected->size(); ++i) {
    const std::string difference = tensor_difference((*expected)[i], (*actual)[i]);
    if (!difference.empty()) return "result " + std::to_string(i) + ": " + difference;
  }
  return {};
}

/// What a refusal says of a call that the backend was given, by what it is about: the backend's
/// abilities, its failures, or the call itself.
CallVerdict judge_refusal(RefusalCode code) {
  switch (code) {
    case RefusalCode::backend_operation_unsupported:
    case RefusalCode::operation_dtype_unsupported:
    case RefusalCode::limit_exceeded: return CallVerdict::refused;
    case RefusalCode::backend_contract_broken:
    case RefusalCode::device_absent:
    case RefusalCode::plugin_ended:
    case RefusalCode::plugin_failed:
    case RefusalCode::plugin_timeout:
    case RefusalCode::sandbox_failed: return CallVerdict::lost;
    default: return CallVerdict::wrong;
  }
}

bool is_elementwise(core::Op op) {
  return core::op_info(op).label.starts_with("elementwise.") || op == core::Op::prelu ||
         op == core::Op::pow;
}

/// Goes through the samples of one pair.
class PairCheck {
 public:
  PairCheck(Backend& backend, core::Op op, core::Dtype dtype, const CellFilter& filter)
      : backend_(backend), op_(op), dtype_(dtype), filter_(filter) {}

  core::Result<core::Done> check() {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      std::size_t number = 0;
      for (const Sample& sample : make_samples(op_, dtype_, seed)) {
        const std::string name =
            "seed " + std::to_string(seed) + " sample " + std::to_string(number++);
        ISOTRACE_TRY_DONE(check_sample(sample, name));
      }
    }
    return core::Done{};
  }

  [[nodiscard]] std::size_t lost() const {
    std::size_t count = 0;
    for (const auto& cell : cells_) count += cell ? cell->lost : 0;
    return count;
  }

  void take_cells(std::vector<ConformanceCell>& out) {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      if (!cells_[i]) continue;
      cells_[i]->digest = core::blake3(digests_[i]);
      out.push_back(*std::move(cells_[i]));
    }
  }

 private:
  core::Result<core::Done> check_sample(const Sample& sample, const std::string& name) {
    const Layout layout = layout_of(sample);
    if (filter_ && !filter_(op_, dtype_, layout)) return core::Done{};
    auto& found = cells_[static_cast<std::size_t>(layout)];
    if (!found) found.emplace(ConformanceCell{.op = op_, .dtype = dtype_, .layout = layout});
    ConformanceCell& cell = *found;
    if (lost() != 0) {
      ++cell.skipped;
      return core::Done{};
    }
    if (const auto supported = backend_.supports(sample.node, sample.dtypes()); !supported) {
      const bool asked = judge_refusal(supported.error().code) == CallVerdict::refused;
      note(cell, asked ? CallVerdict::refused : CallVerdict::lost, supported.error());
      return core::Done{};
    }
    ISOTRACE_TRY(const Outcome expected, expected_outcome(sample));
    const auto views = sample.views();
    backend_.limit_results(results_bytes_max);
    judge(cell, name, expected, backend_.run(sample.node, views));
    return core::Done{};
  }

  void judge(ConformanceCell& cell, const std::string& name, const Outcome& expected,
             const Outcome& actual) {
    const std::string difference = find_difference(expected, actual);
    if (difference.empty()) {
      ++cell.exact;
      if (!actual) return;
      core::Bytes& digests = digests_[static_cast<std::size_t>(cell.layout)];
      for (const core::Tensor& tensor : *actual) {
        const core::Digest digest = core::tensor_digest(tensor);
        digests.insert(digests.end(), digest.bytes.begin(), digest.bytes.end());
      }
      return;
    }
    const CallVerdict verdict = actual ? CallVerdict::wrong : judge_refusal(actual.error().code);
    if (verdict == CallVerdict::wrong) {
      ++cell.wrong;
      if (cell.difference.empty()) cell.difference = name + ": " + difference;
      return;
    }
    if (verdict == CallVerdict::refused) ++cell.refused_late;
    note(cell, verdict, actual.error());
  }

  static void note(ConformanceCell& cell, CallVerdict verdict, const core::Refusal& refusal) {
    ++(verdict == CallVerdict::lost ? cell.lost : cell.refused);
    // What was lost is told before what was refused.
    if (!cell.refusal || (verdict == CallVerdict::lost && cell.lost == 1)) cell.refusal = refusal;
  }

  Backend& backend_;
  core::Op op_;
  core::Dtype dtype_;
  const CellFilter& filter_;
  std::array<std::optional<ConformanceCell>, std::size(all_layouts)> cells_;
  std::array<core::Bytes, std::size(all_layouts)> digests_;
};

}  // namespace

std::string_view layout_name(Layout layout) {
  switch (layout) {
    case Layout::dense: return "dense";
    case Layout::broadcast: return "broadcast";
    case Layout::scalar: return "scalar";
    case Layout::empty: return "empty";
  }
  ISOTRACE_CHECK(false, static_cast<int>(layout));
}

Layout layout_of(const Sample& sample) {
  std::vector<const core::Tensor*> tensors;
  for (const auto& operand : sample.operands) {
    if (operand && !core::is_structured(operand->dtype())) tensors.push_back(&*operand);
  }
  const auto all = [&](auto holds) { return std::ranges::all_of(tensors, holds); };
  if (!all([](const auto* tensor) { return tensor->elements() != 0; })) return Layout::empty;
  if (!tensors.empty() && all([](const auto* tensor) { return tensor->rank() == 0; })) {
    return Layout::scalar;
  }
  const bool same =
      all([&](const auto* tensor) { return tensor->shape() == tensors.front()->shape(); });
  return is_elementwise(sample.node.op) && !same ? Layout::broadcast : Layout::dense;
}

std::string_view verdict_name(CallVerdict verdict) {
  switch (verdict) {
    case CallVerdict::exact: return "exact";
    case CallVerdict::refused: return "refused";
    case CallVerdict::wrong: return "wrong";
    case CallVerdict::lost: return "lost";
  }
  ISOTRACE_CHECK(false, static_cast<int>(verdict));
}

CallVerdict ConformanceCell::verdict() const {
  if (wrong != 0) return CallVerdict::wrong;
  if (lost != 0 || skipped != 0) return CallVerdict::lost;
  return refused != 0 ? CallVerdict::refused : CallVerdict::exact;
}

std::size_t ConformanceReport::count(std::size_t ConformanceCell::*field) const {
  std::size_t sum = 0;
  for (const ConformanceCell& cell : cells) sum += cell.*field;
  return sum;
}

core::Result<ConformanceReport> check_conformance(Backend& backend, const CellFilter& filter) {
  ISOTRACE_TRY(const CapabilityMatrix defined, capability_matrix("reference"));
  ConformanceReport report;
  std::size_t lost = 0;
  for (const Capability& pair : defined) {
    if (pair.support == Support::refused) continue;
    if (lost >= lost_max) {
      report.given_up = true;
      break;
    }
    PairCheck check(backend, pair.op, pair.dtype, filter);
    ISOTRACE_TRY_DONE(check.check());
    lost += check.lost();
    check.take_cells(report.cells);
  }
  return report;
}

}  // namespace isotrace::backends
