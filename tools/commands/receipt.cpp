#include <isotrace/tools/commands/receipt.hpp>

namespace isotrace::tools {

using backends::CallVerdict;
using backends::ConformanceCell;
using backends::ConformanceReport;

std::string cell_name(core::Op op, core::Dtype dtype, backends::Layout layout) {
  return std::string(core::op_info(op).name) + "/" + std::string(core::dtype_name(dtype)) + "/" +
         std::string(backends::layout_name(layout));
}

std::string cell_text(const ConformanceCell& cell) {
  std::string text(backends::verdict_name(cell.verdict()));
  const bool coded = cell.verdict() == CallVerdict::refused || cell.verdict() == CallVerdict::lost;
  if (coded && cell.refusal)
    text += "(" + std::to_string(static_cast<int>(cell.refusal->code)) + ")";
  return text;
}

std::string cell_reason(const ConformanceCell& cell) {
  if (cell.verdict() == CallVerdict::wrong) return cell.difference;
  if (cell.verdict() == CallVerdict::exact || !cell.refusal) return {};
  return core::describe(*cell.refusal);
}

Json cell_json(const ConformanceCell& cell) {
  const std::string reason = cell_reason(cell);
  const bool wrong = cell.verdict() == CallVerdict::wrong;
  return {
      {"operation", core::op_info(cell.op).name},
      {"dtype", core::dtype_name(cell.dtype)},
      {"layout", backends::layout_name(cell.layout)},
      {"verdict", backends::verdict_name(cell.verdict())},
      {"code", !wrong && cell.refusal ? Json(static_cast<int>(cell.refusal->code)) : Json(nullptr)},
      {"calls", cell.calls()},
      {"exact", cell.exact},
      {"first", reason.empty() ? Json(nullptr) : Json(reason)},
      {"digest", cell.exact != 0 ? Json(cell.digest.hex()) : Json(nullptr)}};
}

Json counts_json(const ConformanceReport& report) {
  return {{"exact", report.count(&ConformanceCell::exact)},
          {"refused", report.count(&ConformanceCell::refused)},
          {"wrong", report.count(&ConformanceCell::wrong)},
          {"lost", report.count(&ConformanceCell::lost)},
          {"skipped", report.count(&ConformanceCell::skipped)}};
}

bool is_conformant(const ConformanceReport& report) {
  return report.count(&ConformanceCell::exact) != 0 &&
         report.count(&ConformanceCell::wrong) + report.count(&ConformanceCell::lost) == 0;
}

Json receipt_json(const backends::BackendInfo& info, const ConformanceReport& report) {
  Json cells = Json::array();
  for (const ConformanceCell& cell : report.cells) cells.push_back(cell_json(cell));
  return {{"backend", info.name},
          {"device", info.device},
          {"verified", is_conformant(report)},
          {"calls", counts_json(report)},
          {"cells", std::move(cells)}};
}

core::Result<core::Done> write_receipt(const Context& context, const std::string& path,
                                       Json backends) {
  const Json receipt = {{"kind", "isotrace.backend-receipt"},
                        {"version", 1},
                        {"tool", tool_name},
                        {"semantics", core::semantics_id},
                        {"backends", std::move(backends)}};
  return context.write(path, core::as_bytes(receipt.dump(1) + "\n"));
}

}  // namespace isotrace::tools
