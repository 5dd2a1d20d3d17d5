// Whether a backend, on this machine and now, gives the bits of the reference: every operation and
// element type that it says it supports, on samples full of special values.
#pragma once

#include <string>
#include <vector>

#include <isotrace/backends/conformance.hpp>

namespace isotrace::backends {

struct SelfTestRow {
  core::Op op;
  core::Dtype dtype;
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::string first_failure;  ///< which sample and how it differs; empty if none failed
};

struct SelfTestReport {
  std::string backend;
  std::vector<SelfTestRow> rows;  ///< pairs that the backend supports, in the order of ops.def

  [[nodiscard]] std::size_t passed() const;
  [[nodiscard]] std::size_t failed() const;
  /// Something was tested and nothing failed.
  [[nodiscard]] bool all_passed() const { return passed() != 0 && failed() == 0; }
};

/// What a report of conformance says of the calls that the backend supports: one that it then
/// refuses has failed.
SelfTestReport summarise(const std::string& backend, const ConformanceReport& report);

/// The same samples on every machine. A sample passes if the tensors are identical, or if backend
/// and reference refuse it with the same code. Refuses float_environment_wrong.
core::Result<SelfTestReport> self_test(Backend& backend);

}  // namespace isotrace::backends
