#include <algorithm>

#include <isotrace/backends/capability.hpp>
#include <isotrace/backends/self_test.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/tools/commands/choose_backend.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/receipt.hpp>

namespace isotrace::tools {
namespace {

/// Answers of one backend; `object` is what --json prints, `receipt` its part of --out.
struct BackendAnswer {
  Json object;
  bool healthy = true;
  Json receipt = nullptr;
};

/// How far a backend came: in the program or loaded, its device found, answering, having executed
/// something, and all of that equal to the reference. Null where it was not tried.
Json ladder_json(bool initialised, const backends::ConformanceReport* report) {
  using Cell = backends::ConformanceCell;
  Json executed = nullptr;
  Json verified = nullptr;
  if (report != nullptr) {
    executed = report->count(&Cell::exact) + report->count(&Cell::wrong) != 0;
    verified = is_conformant(*report);
  }
  return {{"compiled", true},
          {"available", initialised},
          {"initialised", initialised},
          {"executed", std::move(executed)},
          {"verified", std::move(verified)}};
}

std::string ladder_text(const Json& ladder) {
  std::string text;
  for (const auto& [rung, reached] : ladder.items()) {
    const char* const mark = reached.is_null() ? "?" : reached.get<bool>() ? "yes" : "no";
    text += (text.empty() ? "" : ", ") + rung + " " + mark;
  }
  return text;
}

/// What a plugin does is known by asking it; it says nothing of how.
core::Result<backends::CapabilityMatrix> matrix_of(const std::string& name,
                                                   backends::Backend& backend) {
  const auto names = backends::backend_names();
  if (std::ranges::find(names, name) != names.end()) return backends::capability_matrix(name);
  ISOTRACE_TRY(backends::CapabilityMatrix matrix, backends::capability_matrix("reference"));
  for (backends::Capability& entry : matrix) {
    bool supported = false;
    for (const backends::Sample& sample : backends::make_samples(entry.op, entry.dtype, 0)) {
      supported = supported || (entry.support != backends::Support::refused &&
                                backend.supports(sample.node, sample.dtypes()));
    }
    entry.support = supported ? backends::Support::plugin : backends::Support::refused;
  }
  return matrix;
}

Json matrix_json(const backends::CapabilityMatrix& matrix) {
  Json rows = Json::array();
  for (const backends::Capability& entry : matrix) {
    if (entry.support == backends::Support::refused) continue;
    rows.push_back({{"operation", core::op_info(entry.op).name},
                    {"dtype", core::dtype_name(entry.dtype)},
                    {"support", backends::support_name(entry.support)}});
  }
  return rows;
}

Json self_test_json(const backends::SelfTestReport& report) {
  Json failures = Json::array();
  for (const backends::SelfTestRow& row : report.rows) {
    if (row.failed == 0) continue;
    failures.push_back({{"operation", core::op_info(row.op).name},
                        {"dtype", core::dtype_name(row.dtype)},
                        {"failed", row.failed},
                        {"first", row.first_failure}});
  }
  return {
      {"passed", report.passed()}, {"failed", report.failed()}, {"failures", std::move(failures)}};
}

core::Result<BackendAnswer> ask(const std::string& name, const Arguments& arguments) {
  auto backend = open_backend(arguments, name, {});
  if (!backend && backend.error().code == core::RefusalCode::device_absent) {
    BackendAnswer absent{{{"name", name},
                          {"state", "device_absent"},
                          {"detail", backend.error().detail},
                          {"ladder", ladder_json(false, nullptr)}},
                         true};
    if (arguments.has("--matrix")) {
      ISOTRACE_TRY(const backends::CapabilityMatrix matrix, backends::capability_matrix(name));
      absent.object["matrix"] = matrix_json(matrix);
    }
    return absent;
  }
  if (!backend) return tl::make_unexpected(backend.error());
  const backends::BackendInfo info = (*backend)->info();
  BackendAnswer answer{{{"name", info.name}, {"state", "available"}, {"device", info.device}},
                       true};
  if (arguments.has("--matrix")) {
    ISOTRACE_TRY(const backends::CapabilityMatrix matrix, matrix_of(name, **backend));
    answer.object["matrix"] = matrix_json(matrix);
  }
  if (arguments.has("--selftest")) {
    ISOTRACE_TRY(const backends::ConformanceReport report, backends::check_conformance(**backend));
    const backends::SelfTestReport test = backends::summarise(info.name, report);
    answer.object["selftest"] = self_test_json(test);
    answer.object["ladder"] = ladder_json(true, &report);
    answer.healthy = test.all_passed();
    answer.receipt = receipt_json(info, report);
    answer.receipt["ladder"] = answer.object["ladder"];
  }
  return answer;
}

void print_text(const Context& context, const Json& object) {
  context.out << object["name"].get<std::string>() << "  " << object["state"].get<std::string>();
  for (const char* const key : {"device", "detail"}) {
    if (object.contains(key)) context.out << "  " << object[key].get<std::string>();
  }
  context.out << "\n";
  if (object.contains("selftest")) {
    const Json& test = object["selftest"];
    context.out << "  ladder: " << ladder_text(object["ladder"]) << "\n";
    context.out << "  selftest: " << test["passed"] << " samples equal to the reference, "
                << test["failed"] << " not\n";
    for (const Json& failure : test["failures"])
      context.out << "  failed: " << failure.dump() << "\n";
  }
  if (!object.contains("matrix")) return;
  for (const Json& row : object["matrix"]) {
    context.out << "  " << row["operation"].get<std::string>() << " "
                << row["dtype"].get<std::string>() << " " << row["support"].get<std::string>()
                << "\n";
  }
}

/// ONNX operations and the operator sets in which a model may use them.
int list_operations(const Context& context) {
  Json list = Json::array();
  for (const executor::OnnxOperation& operation : executor::onnx_operations()) {
    std::string name(operation.domain);
    if (!name.empty()) name += '.';
    name += operation.name;
    if (!context.json) {
      context.out << name << "  " << operation.since << "-" << operation.last << "\n";
    }
    list.push_back(
        {{"operation", name}, {"opset_min", operation.since}, {"opset_max", operation.last}});
  }
  if (context.json) context.print({{"operations", std::move(list)}});
  return exit_yes;
}

}  // namespace

int backends_command(const Context& context, const Arguments& arguments) {
  if (const std::string problem = backend_problem(arguments); !problem.empty()) {
    return report_usage(context, "backends: " + problem);
  }
  if (arguments.has("--out") && !arguments.has("--selftest")) {
    return report_usage(context, "backends: --out is the receipt of --selftest");
  }
  if (arguments.has("--operations")) {
    for (const char* option : {"--backend", "--matrix", "--selftest"}) {
      if (!arguments.has(option)) continue;
      return report_usage(
          context, "backends: --operations is about models: leave out " + std::string(option));
    }
    return list_operations(context);
  }
  Json list = Json::array();
  Json receipts = Json::array();
  bool healthy = true;
  const bool chosen = arguments.has("--backend");
  for (const std::string& name :
       chosen ? arguments.values("--backend") : backends::backend_names()) {
    ISOTRACE_OR_REPORT(context, BackendAnswer answer, ask(name, arguments));
    if (chosen && arguments.has("--selftest") && answer.receipt.is_null()) {
      // Who asks for the test of this backend must not take its absence for a test that passed.
      return report(context, core::refuse(core::RefusalCode::device_absent, name,
                                          answer.object["detail"].get<std::string>())
                                 .value());
    }
    healthy = healthy && answer.healthy;
    if (!context.json) print_text(context, answer.object);
    list.push_back(std::move(answer.object));
    if (!answer.receipt.is_null()) receipts.push_back(std::move(answer.receipt));
  }
  if (arguments.has("--out")) {
    ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                       write_receipt(context, arguments.value("--out"), std::move(receipts)));
  }
  if (context.json) context.print({{"backends", std::move(list)}});
  return healthy ? exit_yes : exit_no;
}

}  // namespace isotrace::tools
