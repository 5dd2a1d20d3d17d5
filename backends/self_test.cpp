#include <isotrace/backends/self_test.hpp>

namespace isotrace::backends {
namespace {

/// What went wrong first in a cell; a backend that takes a call must execute it.
std::string failure_of(const ConformanceCell& cell) {
  if (!cell.difference.empty()) return cell.difference;
  return cell.refusal ? core::describe(*cell.refusal) : std::string();
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

SelfTestReport summarise(const std::string& backend, const ConformanceReport& report) {
  SelfTestReport out{backend, {}};
  for (const ConformanceCell& cell : report.cells) {
    const std::size_t failed = cell.wrong + cell.lost + cell.refused_late;
    if (cell.exact + failed == 0) continue;
    if (out.rows.empty() || out.rows.back().op != cell.op || out.rows.back().dtype != cell.dtype) {
      out.rows.push_back({cell.op, cell.dtype, 0, 0, {}});
    }
    SelfTestRow& row = out.rows.back();
    row.passed += cell.exact;
    row.failed += failed;
    if (failed != 0 && row.first_failure.empty()) row.first_failure = failure_of(cell);
  }
  return out;
}

core::Result<SelfTestReport> self_test(Backend& backend) {
  ISOTRACE_TRY(const ConformanceReport report, check_conformance(backend));
  return summarise(backend.info().name, report);
}

}  // namespace isotrace::backends
