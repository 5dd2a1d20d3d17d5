#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <thread>

#include <fnmatch.h>

#include <isotrace/executor/conform.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/junit.hpp>

namespace isotrace::tools {
namespace {

namespace fs = std::filesystem;
using Kind = executor::ConformanceOutcome::Kind;

struct Case {
  std::string name;  // path below the folder asked for
  std::string folder;
  executor::ConformanceOutcome outcome = {};
};

/// All test folders (those that hold a model.onnx) at or below `path`, by name. A folder that
/// cannot be read is refused: it might hold tests.
core::Result<std::vector<Case>> find_cases(const std::string& path) {
  std::vector<Case> cases;
  std::error_code error;
  const fs::path root(path);
  const auto add = [&](const fs::path& folder, const std::string& name) {
    if (fs::is_regular_file(folder / "model.onnx", error)) cases.push_back({name, folder.string()});
  };
  add(root, fs::absolute(root).lexically_normal().filename().string());
  error.clear();
  fs::recursive_directory_iterator entry(root, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (entry->is_directory(error)) add(*entry, entry->path().lexically_relative(root).string());
  }
  if (error) return core::refuse(core::RefusalCode::file_not_found, path, error.message());
  std::sort(cases.begin(), cases.end(),
            [](const Case& a, const Case& b) { return a.name < b.name; });
  return cases;
}

/// find_cases less those that --only does not match; none left is an error, never a success.
core::Result<std::vector<Case>> choose_cases(const Arguments& arguments) {
  const std::string& path = arguments.operand(1);
  ISOTRACE_TRY(std::vector<Case> cases, find_cases(path));
  if (cases.empty()) {
    return core::refuse(core::RefusalCode::file_not_found, path, "no folder with a model.onnx");
  }
  if (!arguments.has("--only")) return cases;
  const std::string glob = arguments.value("--only");
  std::erase_if(
      cases, [&](const Case& test) { return ::fnmatch(glob.c_str(), test.name.c_str(), 0) != 0; });
  if (cases.empty()) {
    return core::refuse(core::RefusalCode::file_not_found, path, "no test matches " + glob);
  }
  return cases;
}

/// Judges all cases, `backends.size()` at a time. The order of the outcomes is that of the cases.
void judge(const Context& context, std::span<const std::unique_ptr<backends::Backend>> backends,
           std::vector<Case>& cases) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&](backends::Backend& backend) {
    for (std::size_t i = next++; i < cases.size(); i = next++) {
      cases[i].outcome = executor::check_conformance(context.files, cases[i].folder, backend);
    }
  };
  std::vector<std::jthread> workers;
  for (const auto& backend : backends.subspan(1)) {
    workers.emplace_back([&work, &backend] { work(*backend); });
  }
  work(*backends[0]);
}

std::string_view status_name(Kind kind) {
  switch (kind) {
    case Kind::passed: return "passed";
    case Kind::failed: return "failed";
    case Kind::refused: return "refused";
  }
  return "refused";
}

Json case_json(const Case& test) {
  const executor::ConformanceOutcome& outcome = test.outcome;
  Json object = {{"name", test.name}, {"status", status_name(outcome.kind)}};
  if (outcome.kind == Kind::failed) object["mismatch"] = outcome.mismatch;
  if (outcome.refusal) {
    object["code"] = static_cast<int>(outcome.refusal->code);
    object["refusal"] = core::describe(*outcome.refusal);
  }
  return object;
}

void print_case(const Context& context, const Case& test) {
  context.out << status_name(test.outcome.kind) << "  " << test.name;
  if (test.outcome.kind == Kind::failed) context.out << "  " << test.outcome.mismatch;
  if (test.outcome.refusal) context.out << "  " << core::describe(*test.outcome.refusal);
  context.out << "\n";
}

std::string junit_of(const Arguments& arguments, const std::vector<Case>& cases) {
  std::vector<JunitCase> tests;
  for (const Case& test : cases) {
    JunitCase& out = tests.emplace_back(JunitCase{test.name, {}, {}});
    if (test.outcome.kind == Kind::failed) out.failure = test.outcome.mismatch;
    if (test.outcome.refusal) out.skipped = core::describe(*test.outcome.refusal);
  }
  return junit_text("isotrace conform onnx on " + arguments.value("--backend"), tests);
}

}  // namespace

int conform_command(const Context& context, const Arguments& arguments) {
  ISOTRACE_OR_REPORT(context, std::vector<Case> cases, choose_cases(arguments));
  ISOTRACE_OR_REPORT(context, const unsigned jobs, load_jobs(arguments));
  std::vector<std::unique_ptr<backends::Backend>> backends(
      std::min<std::size_t>(jobs, cases.size()));
  for (auto& backend : backends) {
    ISOTRACE_OR_REPORT(context, backend, backends::make_backend(arguments.value("--backend"), {}));
  }
  judge(context, backends, cases);

  std::array<std::size_t, 3> counts{};
  Json list = Json::array();
  for (const Case& test : cases) {
    ++counts[static_cast<std::size_t>(test.outcome.kind)];
    if (arguments.has("--failures") && test.outcome.kind == Kind::passed) continue;
    list.push_back(case_json(test));
    if (!context.json) print_case(context, test);
  }
  const auto [passed, failed, refused] = counts;
  if (arguments.has("--junit")) {
    ISOTRACE_OR_REPORT(
        context, [[maybe_unused]] const core::Done done,
        context.write(arguments.value("--junit"), core::as_bytes(junit_of(arguments, cases))));
  }
  if (context.json) {
    context.print(
        {{"passed", passed}, {"failed", failed}, {"refused", refused}, {"cases", std::move(list)}});
  } else {
    context.out << "passed " << passed << ", failed " << failed << ", refused " << refused << "\n";
  }
  if (failed != 0) return exit_no;
  // Nothing passed means that nothing was checked, which is never success.
  return passed == 0 ? exit_refused : exit_yes;
}

}  // namespace isotrace::tools
