#include <isotrace/backends/capability.hpp>
#include <isotrace/backends/self_test.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/tools/commands/commands.hpp>

namespace isotrace::tools {
namespace {

/// Answers of one backend; `object` is what --json prints.
struct BackendAnswer {
  Json object;
  bool healthy = true;
};

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
  auto backend = backends::make_backend(name, {});
  if (!backend && backend.error().code == core::RefusalCode::device_absent) {
    return BackendAnswer{
        {{"name", name}, {"state", "device_absent"}, {"detail", backend.error().detail}}, true};
  }
  if (!backend) return tl::make_unexpected(backend.error());
  const backends::BackendInfo info = (*backend)->info();
  BackendAnswer answer{{{"name", info.name}, {"state", "available"}, {"device", info.device}},
                       true};
  if (arguments.has("--matrix")) {
    ISOTRACE_TRY(const backends::CapabilityMatrix matrix, backends::capability_matrix(name));
    answer.object["matrix"] = matrix_json(matrix);
  }
  if (arguments.has("--selftest")) {
    ISOTRACE_TRY(const backends::SelfTestReport report, backends::self_test(**backend));
    answer.object["selftest"] = self_test_json(report);
    answer.healthy = report.all_passed();
  }
  return answer;
}

void print_text(const Context& context, const Json& object) {
  context.out << object["name"].get<std::string>() << "  " << object["state"].get<std::string>();
  if (object.contains("device")) context.out << "  " << object["device"].get<std::string>();
  context.out << "\n";
  if (object.contains("selftest")) {
    const Json& test = object["selftest"];
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
    if (!context.json) {
      context.out << operation.name << "  " << operation.since << "-" << operation.last << "\n";
    }
    list.push_back({{"operation", operation.name},
                    {"opset_min", operation.since},
                    {"opset_max", operation.last}});
  }
  if (context.json) context.print({{"operations", std::move(list)}});
  return exit_yes;
}

}  // namespace

int backends_command(const Context& context, const Arguments& arguments) {
  if (arguments.has("--operations")) return list_operations(context);
  Json list = Json::array();
  bool healthy = true;
  for (const std::string& name : backends::backend_names()) {
    ISOTRACE_OR_REPORT(context, BackendAnswer answer, ask(name, arguments));
    healthy = healthy && answer.healthy;
    if (!context.json) print_text(context, answer.object);
    list.push_back(std::move(answer.object));
  }
  if (context.json) context.print({{"backends", std::move(list)}});
  return healthy ? exit_yes : exit_no;
}

}  // namespace isotrace::tools
