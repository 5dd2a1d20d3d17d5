#include <isotrace/backends/self_test.hpp>

#include <isotrace/backends/samples.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/reference/evaluate.hpp>

namespace isotrace::backends {
namespace {

using Outcome = core::Result<std::vector<core::Tensor>>;

constexpr std::uint64_t seeds = 3;

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
  const std::size_t size = core::dtype_bytes(expected.dtype());
  for (std::size_t at = 0; at < expected.bytes().size(); ++at) {
    if (expected.bytes()[at] != actual.bytes()[at]) return "element " + std::to_string(at / size);
  }
  return {};
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

core::Result<core::Done> test_samples(Backend& backend, std::uint64_t seed, SelfTestRow& row) {
  std::size_t number = 0;
  for (const Sample& sample : make_samples(row.op, row.dtype, seed)) {
    const std::string name = "seed " + std::to_string(seed) + " sample " + std::to_string(number++);
    if (!backend.supports(sample.node, sample.dtypes())) continue;
    ISOTRACE_TRY(const Outcome expected, expected_outcome(sample));
    const auto views = sample.views();
    const std::string difference = find_difference(expected, backend.run(sample.node, views));
    if (difference.empty()) {
      ++row.passed;
    } else {
      ++row.failed;
      if (row.first_failure.empty()) row.first_failure = name + ": " + difference;
    }
  }
  return core::Done{};
}

}  // namespace

std::size_t SelfTestReport::passed() const {
  std::size_t count = 0;
  for (const SelfTestRow& row : rows) count += row.passed;
  return count;
}

std::size_t SelfTestReport::failed() const {
  std::size_t count = 0;
  for (const SelfTestRow& row : rows) count += row.failed;
  return count;
}

core::Result<SelfTestReport> self_test(Backend& backend) {
  SelfTestReport report{backend.info().name, {}};
  for (const core::OpInfo& info : core::all_ops()) {
    if (info.control) continue;  // made of other operations
    for (std::uint8_t number = 1; const auto dtype = core::dtype_from_number(number); ++number) {
      SelfTestRow row{info.op, *dtype, 0, 0, {}};
      for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        ISOTRACE_TRY_DONE(test_samples(backend, seed, row));
      }
      if (row.passed + row.failed != 0) report.rows.push_back(std::move(row));
    }
  }
  return report;
}

}  // namespace isotrace::backends
