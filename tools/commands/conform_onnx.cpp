// `isotrace conform onnx`: folders of the ONNX backend test suite.
#include <algorithm>
#include <array>

#include <isotrace/executor/conform.hpp>
#include <isotrace/tools/cli/printable.hpp>
#include <isotrace/tools/commands/choose_backend.hpp>
#include <isotrace/tools/commands/conform_cases.hpp>
#include <isotrace/tools/commands/inputs.hpp>

namespace isotrace::tools {
namespace {

namespace fs = std::filesystem;
using Outcome = executor::ConformanceOutcome;
using Kind = Outcome::Kind;

/// Test folders are those that hold a model.onnx.
void add_case(const fs::path& folder, const std::string& name, std::vector<FoundCase>& cases) {
  std::error_code ignored;
  if (fs::is_regular_file(folder / "model.onnx", ignored)) {
    cases.push_back({name, folder.string()});
  }
}

/// A test has passed only if none of its data was passed over: sets are read by their numbers, up
/// to the first that is missing or holds nothing.
Outcome judge_case(const Context& context, const FoundCase& test, backends::Backend& backend) {
  Outcome outcome = executor::check_conformance(context.files, test.path, backend);
  if (outcome.kind != Kind::passed) return outcome;
  std::size_t sets = 0;
  std::error_code error;
  for (fs::directory_iterator entry(test.path, error), end; !error && entry != end;
       entry.increment(error)) {
    sets += entry->path().filename().string().starts_with("test_data_set_") ? 1 : 0;
  }
  if (!error && sets == outcome.sets) return outcome;
  const std::string next = test.path + "/test_data_set_" + std::to_string(outcome.sets);
  core::Refusal gap =
      core::refuse(core::RefusalCode::file_not_found, next, "the sets behind it were not run")
          .value();
  return {Kind::refused, {}, std::move(gap), outcome.sets};
}

std::string_view status_name(Kind kind) {
  switch (kind) {
    case Kind::passed: return "passed";
    case Kind::failed: return "failed";
    case Kind::refused: return "refused";
  }
  return "refused";
}

Json case_json(const FoundCase& test, const Outcome& outcome) {
  Json object = {{"name", test.name}, {"status", status_name(outcome.kind)}};
  if (outcome.kind == Kind::failed) object["mismatch"] = outcome.mismatch;
  if (outcome.refusal) {
    object["code"] = static_cast<int>(outcome.refusal->code);
    object["refusal"] = core::describe(*outcome.refusal);
  }
  return object;
}

void print_case(const Context& context, const FoundCase& test, const Outcome& outcome) {
  context.out << status_name(outcome.kind) << "  " << printable(test.name);
  if (outcome.kind == Kind::failed) context.out << "  " << printable(outcome.mismatch);
  if (outcome.refusal) context.out << "  " << printable(core::describe(*outcome.refusal));
  context.out << "\n";
}

std::vector<JunitCase> junit_cases(const std::vector<FoundCase>& cases,
                                   const std::vector<Outcome>& outcomes) {
  std::vector<JunitCase> tests;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    JunitCase& out = tests.emplace_back(JunitCase{cases[i].name, {}, {}});
    if (outcomes[i].kind == Kind::failed) out.failure = outcomes[i].mismatch;
    if (outcomes[i].refusal) out.skipped = core::describe(*outcomes[i].refusal);
  }
  return tests;
}

}  // namespace

int conform_onnx(const Context& context, const Arguments& arguments) {
  ISOTRACE_OR_REPORT(
      context, const std::vector<FoundCase> cases,
      find_cases(arguments, arguments.operand(1), add_case, "folder with a model.onnx"));
  ISOTRACE_OR_REPORT(context, const unsigned jobs, load_jobs(arguments));
  const std::string name = arguments.has("--backend") ? arguments.value("--backend") : "reference";
  std::vector<std::unique_ptr<backends::Backend>> backends(
      std::min<std::size_t>(jobs, cases.size()));
  for (auto& backend : backends) {
    ISOTRACE_OR_REPORT(context, backend, open_backend(arguments, name, {}));
  }
  std::vector<Outcome> outcomes(cases.size());
  judge_cases(backends.size(), cases.size(), [&](std::size_t worker, std::size_t i) {
    outcomes[i] = judge_case(context, cases[i], *backends[worker]);
  });

  std::array<std::size_t, 3> counts{};
  Json list = Json::array();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    ++counts[static_cast<std::size_t>(outcomes[i].kind)];
    if (arguments.has("--failures") && outcomes[i].kind == Kind::passed) continue;
    list.push_back(case_json(cases[i], outcomes[i]));
    if (!context.json) print_case(context, cases[i], outcomes[i]);
  }
  const auto [passed, failed, refused] = counts;
  const std::string suite = "isotrace conform onnx on " + name;
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                     write_junit(context, arguments, suite, junit_cases(cases, outcomes)));
  if (context.json) {
    context.print(
        {{"passed", passed}, {"failed", failed}, {"refused", refused}, {"cases", std::move(list)}});
  } else {
    context.out << "passed " << passed << ", failed " << failed << ", refused " << refused << "\n";
  }
  return conform_exit(passed, failed);
}

}  // namespace isotrace::tools
