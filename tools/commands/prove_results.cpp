#include <isotrace/tools/commands/prove_results.hpp>

#include <charconv>

#include <isotrace/executor/execute.hpp>
#include <isotrace/proofs/search/concrete.hpp>
#include <isotrace/tools/cli/written_files.hpp>

namespace isotrace::tools {
namespace {

void add_values(std::string& text, const char* letter, const std::vector<float>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    char number[32];  // 24 characters at most
    const auto end = std::to_chars(std::begin(number), std::end(number), double{values[i]}).ptr;
    text += (text.empty() ? "((" : "\n (") + std::string(letter) + "_" + std::to_string(i) + " " +
            std::string(number, end) + ")";
  }
}

}  // namespace

std::string vnncomp_result(const proofs::ProveOutcome& outcome) {
  using Kind = proofs::ProveOutcome::Kind;
  if (outcome.kind == Kind::proved) return "unsat\n";
  if (outcome.kind == Kind::undecided) {
    return outcome.reason == proofs::UndecidedReason::timeout ? "timeout\n" : "unknown\n";
  }
  std::string values;
  add_values(values, "X", outcome.proof.counterexample.inputs);
  add_values(values, "Y", outcome.proof.counterexample.outputs);
  return "sat\n" + values + ")\n";
}

std::string answer_path(const std::string& path, std::size_t index, std::size_t count) {
  if (count == 1 || path == "-") return path;
  const auto slash = path.rfind('/');
  auto dot = path.rfind('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) dot = path.size();
  return path.substr(0, dot) + "." + std::to_string(index + 1) + path.substr(dot);
}

std::string answers_problem(const Arguments& arguments, std::size_t count) {
  if (count == 1) return {};
  std::vector<std::pair<std::string, std::string>> files = {
      {"what is read", arguments.operand(0)}, {"--robust", arguments.value("--robust")}};
  for (const std::string& path : arguments.values("--property")) {
    files.emplace_back("--property", path);
  }
  files.emplace_back("--events", arguments.value("--events"));
  for (const char* option : {"--out", "--result", "--trace", "--checkpoint"}) {
    if (!arguments.has(option)) continue;
    if (arguments.value(option) == "-") {
      return std::string(option) + " - holds the answer to one property";
    }
    for (std::size_t index = 0; index < count; ++index) {
      std::string path = answer_path(arguments.value(option), index, count);
      for (const auto& [other, taken] : files) {
        if (same_file(path, taken)) {
          return std::string(option) + " would write over " + other + ": " + path;
        }
      }
      files.emplace_back(option, std::move(path));
    }
  }
  return {};
}

core::Result<core::Done> record_counterexample(const Context& context, const std::string& path,
                                               const core::Program& program,
                                               const proofs::Counterexample& counterexample) {
  ISOTRACE_TRY(const auto inputs, proofs::search::inputs_of(program, counterexample.inputs));
  ISOTRACE_TRY(const auto backend, backends::make_backend("reference", {}));
  const executor::RecordOptions options{.path = path, .tool = std::string(tool_name)};
  ISOTRACE_TRY_DONE(executor::record(program, inputs, *backend, context.files, options));
  return core::Done{};
}

}  // namespace isotrace::tools
