// `isotrace conform wasm`: test scripts of the WebAssembly specification as wast2json converts
// them.
#include <algorithm>

#include <isotrace/tools/cli/printable.hpp>
#include <isotrace/tools/commands/conform_cases.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/wasm/conform.hpp>

namespace isotrace::tools {
namespace {

namespace fs = std::filesystem;
using Outcome = core::Result<wasm::ScriptOutcome>;

/// Scripts are files that end in .json; `name` is the folder's.
void add_scripts(const fs::path& folder, const std::string& name, const fs::path& root,
                 std::vector<FoundCase>& cases) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const fs::path& path = entry->path();
    if (path.extension() != ".json") continue;
    const std::string stem = path.stem().string();
    cases.push_back({folder == root ? stem : name + "/" + stem, path.string()});
  }
}

core::Result<std::vector<FoundCase>> find_scripts(const Arguments& arguments) {
  const std::string& path = arguments.operand(1);
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored)) {
    return std::vector<FoundCase>{{fs::path(path).stem().string(), path}};
  }
  const fs::path root(path);
  return find_cases(
      arguments, path,
      [&](const fs::path& folder, const std::string& name, std::vector<FoundCase>& cases) {
        add_scripts(folder, name, root, cases);
      },
      "script that ends in .json");
}

std::string_view status_name(const Outcome& outcome) {
  if (!outcome) return "refused";
  return outcome->failures.empty() ? "passed" : "failed";
}

std::string failure_text(const wasm::ScriptFailure& failure) {
  return "line " + std::to_string(failure.line) + ": " + failure.what;
}

Json case_json(const FoundCase& test, const Outcome& outcome) {
  Json object = {{"name", test.name}, {"status", status_name(outcome)}};
  if (!outcome) {
    object["code"] = static_cast<int>(outcome.error().code);
    object["refusal"] = core::describe(outcome.error());
    return object;
  }
  object["passed"] = outcome->passed;
  object["failed"] = outcome->failures.size();
  object["skipped"] = outcome->skipped;
  object["steps"] = outcome->steps;
  Json failures = Json::array();
  for (const wasm::ScriptFailure& failure : outcome->failures) {
    failures.push_back({{"line", failure.line}, {"what", failure.what}});
  }
  object["failures"] = std::move(failures);
  return object;
}

void print_case(const Context& context, const FoundCase& test, const Outcome& outcome) {
  context.out << status_name(outcome) << "  " << printable(test.name) << "  ";
  if (!outcome) {
    context.out << printable(core::describe(outcome.error())) << "\n";
    return;
  }
  context.out << outcome->passed << " passed, " << outcome->failures.size() << " failed, "
              << outcome->skipped << " skipped\n";
  for (const wasm::ScriptFailure& failure : outcome->failures) {
    context.out << "  " << failure_text(failure) << "\n";
  }
}

std::vector<JunitCase> junit_cases(const std::vector<FoundCase>& cases,
                                   const std::vector<Outcome>& outcomes) {
  std::vector<JunitCase> tests;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    JunitCase& out = tests.emplace_back(JunitCase{cases[i].name, {}, {}});
    if (!outcomes[i]) {
      out.skipped = core::describe(outcomes[i].error());
    } else if (!outcomes[i]->failures.empty()) {
      const auto& failures = outcomes[i]->failures;
      out.failure = std::to_string(failures.size()) + " failed, first " + failure_text(failures[0]);
    }
  }
  return tests;
}

struct Totals {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t skipped = 0;
  std::size_t refused = 0;  // scripts; everything else counts checks

  void add(const Outcome& outcome) {
    if (!outcome) {
      ++refused;
      return;
    }
    passed += outcome->passed;
    failed += outcome->failures.size();
    skipped += outcome->skipped;
  }
};

}  // namespace

int conform_wasm(const Context& context, const Arguments& arguments) {
  ISOTRACE_OR_REPORT(context, const std::vector<FoundCase> cases, find_scripts(arguments));
  ISOTRACE_OR_REPORT(context, const unsigned jobs, load_jobs(arguments));
  const bool mvp = arguments.value("--edition") == "1.0";
  const wasm::Edition edition = mvp ? wasm::Edition::mvp : wasm::Edition::v2;
  const bool reference = arguments.value("--backend") == "reference";
  const wasm::EngineFactory make_engine =
      reference ? wasm::make_reference_engine : wasm::make_fastest_engine;
  std::vector<Outcome> outcomes(cases.size());
  judge_cases(std::min<std::size_t>(jobs, cases.size()), cases.size(),
              [&](std::size_t, std::size_t i) {
                outcomes[i] = wasm::run_script(context.files, cases[i].path, edition, make_engine);
              });

  Totals totals;
  Json list = Json::array();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    totals.add(outcomes[i]);
    if (arguments.has("--failures") && status_name(outcomes[i]) == "passed") continue;
    list.push_back(case_json(cases[i], outcomes[i]));
    if (!context.json) print_case(context, cases[i], outcomes[i]);
  }
  const std::string suite = "isotrace conform wasm as WebAssembly " + arguments.value("--edition") +
                            " on " + (reference ? "reference" : "cpu");
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                     write_junit(context, arguments, suite, junit_cases(cases, outcomes)));
  if (context.json) {
    context.print({{"passed", totals.passed},
                   {"failed", totals.failed},
                   {"skipped", totals.skipped},
                   {"refused", totals.refused},
                   {"cases", std::move(list)}});
  } else {
    context.out << "passed " << totals.passed << ", failed " << totals.failed << ", skipped "
                << totals.skipped << " (text format), refused " << totals.refused << " scripts\n";
  }
  return conform_exit(totals.passed, totals.failed);
}

}  // namespace isotrace::tools
