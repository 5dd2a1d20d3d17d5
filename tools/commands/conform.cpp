#include <algorithm>
#include <array>
#include <filesystem>

#include <isotrace/executor/conform.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/inputs.hpp>

namespace isotrace::tools {
namespace {

using Kind = executor::ConformanceOutcome::Kind;

/// The test folders in `path`, sorted by name: itself if it holds a model, else its sub-folders
/// that do.
core::Result<std::vector<std::filesystem::path>> find_cases(const std::string& path) {
  std::error_code error;
  const auto holds_model = [&](const std::filesystem::path& folder) {
    return std::filesystem::is_regular_file(folder / "model.onnx", error);
  };
  if (holds_model(path)) return std::vector<std::filesystem::path>{path};
  std::vector<std::filesystem::path> folders;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    if (holds_model(entry.path())) folders.push_back(entry.path());
  }
  if (folders.empty())
    return core::refuse(core::RefusalCode::file_not_found, path, "no folder with a model.onnx");
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::string_view status_name(Kind kind) {
  switch (kind) {
    case Kind::passed: return "passed";
    case Kind::failed: return "failed";
    case Kind::refused: return "refused";
  }
  return "refused";
}

Json case_json(const std::string& name, const executor::ConformanceOutcome& outcome) {
  Json object = {{"name", name}, {"status", status_name(outcome.kind)}};
  if (outcome.kind == Kind::failed) object["mismatch"] = outcome.mismatch;
  if (outcome.refusal) {
    object["code"] = static_cast<int>(outcome.refusal->code);
    object["refusal"] = core::describe(*outcome.refusal);
  }
  return object;
}

}  // namespace

int conform_command(const Context& context, const Arguments& arguments) {
  ISOTRACE_OR_REPORT(context, const auto folders, find_cases(arguments.operand(1)));
  ISOTRACE_OR_REPORT(context, const auto backend, load_backend(arguments));
  std::array<std::size_t, 3> counts{};
  Json cases = Json::array();
  for (const auto& folder : folders) {
    const auto outcome = executor::check_conformance(context.files, folder.string(), *backend);
    ++counts[static_cast<std::size_t>(outcome.kind)];
    if (arguments.has("--failures") && outcome.kind == Kind::passed) continue;
    Json object = case_json(folder.filename().string(), outcome);
    if (!context.json) {
      context.out << object["status"].get<std::string>() << "  "
                  << object["name"].get<std::string>();
      if (object.contains("mismatch")) context.out << "  " << object["mismatch"].get<std::string>();
      if (object.contains("refusal")) context.out << "  " << object["refusal"].get<std::string>();
      context.out << "\n";
    }
    cases.push_back(std::move(object));
  }
  const auto [passed, failed, refused] = counts;
  if (context.json) {
    context.print({{"passed", passed},
                   {"failed", failed},
                   {"refused", refused},
                   {"cases", std::move(cases)}});
  } else {
    context.out << "passed " << passed << ", failed " << failed << ", refused " << refused << "\n";
  }
  if (failed != 0) return exit_no;
  // Nothing passed means that nothing was checked, which is never success.
  return passed == 0 ? exit_refused : exit_yes;
}

}  // namespace isotrace::tools
