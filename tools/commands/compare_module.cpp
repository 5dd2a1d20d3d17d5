#include <isotrace/tools/commands/compare_module.hpp>

#include <isotrace/tools/commands/choose_backend.hpp>

#include <isotrace/executor/replay_tensors.hpp>
#include <isotrace/tools/cli/foreign_options.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/inspect_module.hpp>
#include <isotrace/tools/commands/modules.hpp>
#include <isotrace/tools/commands/terminal_text.hpp>
#include <isotrace/wasm/function_names.hpp>
#include <isotrace/wasm/record/compare.hpp>
#include <isotrace/wasm/record/run_again.hpp>

namespace isotrace::tools {
namespace {

using wasm::RunDifference;

/// Why runs differ: other programs, other things given, or an execution that is no run of its
/// program.
std::string kind_of(const RunDifference& difference) {
  if (!difference.same_program) return "program";
  if (!difference.a_agrees || !difference.b_agrees) return "execution";
  return "given";
}

std::string list_text(const Json& list) {
  std::string text;
  for (const Json& item : list) text += " " + item.get<std::string>();
  return text;
}

void print_step(const Context& context, const char* side, const Json& step) {
  if (step.is_null()) return;
  context.out << "  " << side << ": step " << step["step"] << ", "
              << terminal_text(step["function"].get<std::string>()) << " at byte " << step["pc"]
              << ", " << step["opcode"].get<std::string>() << ": takes"
              << list_text(step["operands"]) << ", puts" << list_text(step["results"]);
  for (const Json& write : step["writes"]) {
    context.out << ", writes " << write["bytes"].get<std::string>() << " at " << write["address"];
  }
  context.out << "\n";
}

}  // namespace

Json run_difference_json(const wasm::Module& module, const RunDifference& difference) {
  const auto names = wasm::find_function_names(module);
  const auto effect = [&](const std::optional<wasm::StepEffect>& step) {
    return step ? effect_json(module, names, *step) : Json(nullptr);
  };
  Json object = {{"kind", kind_of(difference)}};
  if (!difference.same_program) return object;
  object["given"] = difference.given;
  object["checkpoint"] = difference.checkpoint;
  object["parts"] = difference.parts;
  object["aAgrees"] = difference.a_agrees;
  object["bAgrees"] = difference.b_agrees;
  object["equalUntil"] = difference.begin ? Json(*difference.begin) : Json(nullptr);
  const auto& first = difference.a ? difference.a : difference.b;
  object["step"] = first ? Json(first->step) : Json(nullptr);
  object["a"] = effect(difference.a);
  object["b"] = effect(difference.b);
  object["byte"] = nullptr;
  if (difference.byte) {
    object["byte"] = {{"address", difference.byte->address},
                      {"a", difference.byte->a},
                      {"b", difference.byte->b},
                      {"lastWrite", effect(difference.byte->writer)}};
  }
  return object;
}

void print_run_difference(const Context& context, const Json& difference) {
  if (difference["kind"] == "program") {
    context.out << "  the programs differ\n";
    return;
  }
  for (const Json& given : difference["given"]) {
    context.out << "  given otherwise: " << given.get<std::string>() << "\n";
  }
  if (!difference["parts"].empty()) {
    context.out << "  first different checkpoint: " << difference["checkpoint"] << ", in";
    for (const Json& part : difference["parts"]) context.out << " " << part.get<std::string>();
    context.out << "\n";
  }
  for (const char* side : {"a", "b"}) {
    if (difference[std::string(side) + "Agrees"] == true) continue;
    context.out << "  " << side << " is not what its program does: the reference comes to another "
                << "state there\n";
  }
  if (!difference["equalUntil"].is_null()) {
    context.out << "  executed again, equal until step " << difference["equalUntil"] << "\n";
  }
  print_step(context, "a", difference["a"]);
  print_step(context, "b", difference["b"]);
  const Json& byte = difference["byte"];
  if (byte.is_null()) return;
  context.out << "  byte " << byte["address"] << " of memory: " << byte["a"] << " and " << byte["b"]
              << "\n";
  print_step(context, "last written by", byte["lastWrite"]);
}

std::string run_option_problem(const Arguments& arguments) {
  return find_foreign_option(arguments, "compare",
                             {"--input", "--random", "--weights", "--jobs", "--isa", "--extract",
                              "--junit", "--memory-max"},
                             "two traces of WebAssembly runs");
}

void print_same_run(const Context& context, std::uint64_t steps, const core::Digest& root) {
  if (context.json) {
    context.print({{"verdict", "identical"}, {"root", root.hex()}, {"divergence", nullptr}});
  } else {
    context.out << "identical: " << steps << " steps, root " << root.hex() << "\n";
  }
}

namespace {

/// What a comparison found, if anything; a root that is zero is of no whole run.
int print_outcome(const Context& context, const wasm::Module& module, const trace::Trace& a,
                  const trace::Trace& b, const std::optional<RunDifference>& difference) {
  if (!difference) {
    print_same_run(context, trace::step_count(a), a.root);
    return exit_yes;
  }
  const bool whole = b.root != core::Digest{};
  const Json object = run_difference_json(module, *difference);
  if (context.json) {
    context.print({{"verdict", "diverged"},
                   {"rootA", a.root.hex()},
                   {"rootB", whole ? Json(b.root.hex()) : Json(nullptr)},
                   {"divergence", object}});
  } else {
    context.out << "diverged: " << (whole ? "roots " : "root ") << a.root.hex()
                << (whole ? " and " + b.root.hex() : " and a run that comes to another state")
                << "\n";
    print_run_difference(context, object);
  }
  return exit_no;
}

/// Models inside the program come out otherwise.
int print_tensors(const Context& context, const trace::Trace& trace, const core::Verdict& tensors) {
  if (context.json) {
    context.print({{"verdict", "diverged"},
                   {"rootA", trace.root.hex()},
                   {"rootB", nullptr},
                   {"divergence", {{"kind", "tensors"}, {"reason", tensors.reason}}}});
  } else {
    context.out << "diverged: root " << trace.root.hex() << "\n  " << tensors.reason << "\n";
  }
  return exit_no;
}

/// Tensor steps are computed again on the backend that the trace is compared with.
core::Result<core::Verdict> judge_tensors(const Arguments& arguments, const trace::Trace& trace,
                                          const wasm::RunRequest& request,
                                          const wasm::EngineFactory& engine) {
  ISOTRACE_TRY(const auto backend, load_backend(arguments, arguments.value("--against")));
  ISOTRACE_TRY(const executor::ExecuteLimits limits, load_limits(arguments));
  return executor::replay_tensors(trace, request, engine, *backend, limits);
}

}  // namespace

int compare_modules(const Context& context, const Arguments& arguments, const trace::Trace& a,
                    const trace::Trace& b) {
  if (const std::string problem = run_option_problem(arguments); !problem.empty()) {
    return report_usage(context, problem);
  }
  ISOTRACE_OR_REPORT(context, const wasm::RunRequest one, load_recorded(context, arguments, a));
  ISOTRACE_OR_REPORT(context, const wasm::RunRequest other, load_recorded(context, arguments, b));
  const wasm::EngineFactory engine = load_engine(arguments);
  ISOTRACE_OR_REPORT(context, const auto difference,
                     wasm::compare_runs({a, one, engine}, {b, other, engine}));
  return print_outcome(context, *one.module, a, b, difference);
}

int compare_with_engine(const Context& context, const Arguments& arguments,
                        const trace::Trace& trace) {
  if (const std::string problem = find_foreign_option(
          arguments, "compare",
          {"--input", "--random", "--weights", "--backend", "--extract", "--junit"},
          "a trace of a WebAssembly run and --against");
      !problem.empty()) {
    return report_usage(context, problem);
  }
  if (names_no_engine(arguments)) {
    return report_usage(context,
                        "compare: reference and cpu execute WebAssembly, no other backend");
  }
  ISOTRACE_OR_REPORT(context, const wasm::RunRequest request,
                     load_recorded(context, arguments, trace));
  const wasm::EngineFactory engine = find_engine(arguments.value("--against"));
  const wasm::EngineFactory recorded = find_engine(trace.provenance.backend);
  ISOTRACE_OR_REPORT(context, const trace::Trace again, wasm::run_again(trace, request, engine));
  ISOTRACE_OR_REPORT(context, const auto difference,
                     wasm::compare_runs({trace, request, recorded}, {again, request, engine}));
  if (!difference) {
    ISOTRACE_OR_REPORT(context, const core::Verdict tensors,
                       judge_tensors(arguments, trace, request, engine));
    if (!tensors.accepted()) return print_tensors(context, trace, tensors);
  }
  return print_outcome(context, *request.module, trace, again, difference);
}

}  // namespace isotrace::tools
