#include <isotrace/tools/commands/compare_foreign.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>

#include <isotrace/core/text.hpp>
#include <isotrace/executor/foreign.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/junit.hpp>
#include <isotrace/tools/commands/traces.hpp>
#include <isotrace/tools/foreign/onnx_runtime_steps.hpp>

namespace isotrace::tools {
namespace {

using executor::Agreement;
using executor::BoundOptions;
using executor::StepJudgement;
using executor::TensorJudgement;

/// Four significant digits, in every locale.
std::string short_number(double value) {
  if (std::isinf(value)) return "inf";
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::general, 4);
  return {text, end.ptr};
}

/// JSON has no infinity: the ratio of NaN or infinity in the wrong place is null.
Json ratio_json(double ratio) { return std::isfinite(ratio) ? Json(ratio) : Json(nullptr); }

std::string_view agreement_name(Agreement agreement) {
  switch (agreement) {
    case Agreement::equal: return "equal";
    case Agreement::within: return "within";
    case Agreement::unbounded: return "no bound";
    case Agreement::outside: return "outside";
  }
  return "outside";
}

/// --bounds with what it assumes; refuses text_not_number and value_out_of_range.
core::Result<std::optional<BoundOptions>> load_bounds(const Arguments& arguments) {
  if (!arguments.has("--bounds")) return std::optional<BoundOptions>();
  BoundOptions options;
  options.flush_subnormals = arguments.has("--bounds-ftz");
  const std::string text = arguments.value("--library-ulps");
  const auto read = std::from_chars(text.data(), text.data() + text.size(), options.library_ulps);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    return core::refuse(core::RefusalCode::text_not_number, "--library-ulps", text);
  }
  if (!(options.library_ulps >= 0.5 && options.library_ulps <= 0x1p20)) {
    return core::refuse(core::RefusalCode::value_out_of_range, "--library-ulps",
                        text + " is not from 0.5 to 2^20");
  }
  return std::optional<BoundOptions>(options);
}

/// The folder node_modules: --ort, or the environment.
std::string modules_folder(const Arguments& arguments) {
  if (arguments.has("--ort")) return arguments.value("--ort");
  const char* folder = std::getenv("ISOTRACE_ORT");
  return folder == nullptr ? "" : folder;
}

/// What all steps of one operation have in common.
struct OperationSummary {
  std::uint64_t steps = 0;
  std::uint64_t equal = 0;
  std::uint64_t within = 0;
  std::uint64_t outside = 0;
  std::uint64_t no_bound = 0;
  std::uint64_t not_run = 0;
  double ratio_max = 0;
  std::vector<double> medians;

  void add(const StepJudgement& judged) {
    ++steps;
    if (judged.not_run) {
      ++not_run;
      return;
    }
    switch (judged.agreement()) {
      case Agreement::equal: ++equal; break;
      case Agreement::within: ++within; break;
      case Agreement::unbounded: ++no_bound; break;
      case Agreement::outside: ++outside; break;
    }
    for (const TensorJudgement& result : judged.results) {
      if (result.worst) ratio_max = std::max(ratio_max, result.worst->ratio);
      if (result.worst) medians.push_back(result.median);
    }
  }

  [[nodiscard]] double median() const {
    if (medians.empty()) return 0;
    std::vector<double> sorted = medians;
    std::ranges::sort(sorted);
    return sorted[sorted.size() / 2];
  }
};

std::string step_name(const executor::StepView& step) {
  std::string name = "step " + std::to_string(step.index) + " (" + step.path +
                     std::string(core::op_info(step.node.op).name);
  if (!step.node.name.empty()) name += ", " + step.node.name;
  return name + ")";
}

/// Where and how the worst element of a result differs.
Json element_json(const TensorJudgement& result, const core::TensorView& ours,
                  const core::TensorView& theirs) {
  const auto i = static_cast<std::size_t>(result.worst->element);
  Json out = {{"element", i},
              {"canonical", core::element_decimal(ours, i)},
              {"foreign", core::element_decimal(theirs, i)},
              {"canonicalHex", core::element_text(ours, i)},
              {"foreignHex", core::element_text(theirs, i)},
              {"canonicalBits", core::element_bits(ours, i)},
              {"foreignBits", core::element_bits(theirs, i)},
              {"ulps", nullptr},
              {"used", ratio_json(result.worst->used)},
              {"allowed", ratio_json(result.worst->allowed)},
              {"ratio", ratio_json(result.worst->ratio)}};
  if (const auto ulps = core::ulp_distance(ours, theirs, i)) out["ulps"] = *ulps;
  return out;
}

std::string element_line(const TensorJudgement& result, const core::TensorView& ours,
                         const core::TensorView& theirs) {
  const auto i = static_cast<std::size_t>(result.worst->element);
  std::string text = "element " + std::to_string(i) + ": canonical " +
                     core::element_decimal(ours, i) + " " + core::element_text(ours, i) + " (" +
                     core::element_bits(ours, i) + "), foreign " +
                     core::element_decimal(theirs, i) + " " + core::element_text(theirs, i) + " (" +
                     core::element_bits(theirs, i) + ")";
  if (const auto ulps = core::ulp_distance(ours, theirs, i)) {
    text += ", " + std::to_string(*ulps) + " ulps";
  }
  return text + "; used " + short_number(result.worst->used) + " of " +
         short_number(result.worst->allowed);
}

/// Collects what is printed: nothing is said of equal steps but their number.
class Report {
 public:
  Report(const Context& context, bool bounded) : context_(context), bounded_(bounded) {}

  void add(const StepJudgement& judged) {
    const std::string operation(core::op_info(judged.step.node.op).name);
    summaries_[operation].add(judged);
    total_.add(judged);
    JunitCase test = {step_name(judged.step), {}, {}};
    const std::string why = explain(judged);
    const Agreement agreement = judged.agreement();
    if (judged.not_run || (bounded_ && agreement == Agreement::unbounded)) test.skipped = why;
    if (fails(judged)) test.failure = why;
    if (!context_.json && (test.failure || test.skipped)) {
      context_.out << test.name << ": " << why << "\n";
    }
    if (context_.json && !why.empty()) steps_.push_back(step_json(judged));
    tests_.push_back(std::move(test));
  }

  [[nodiscard]] const std::vector<JunitCase>& tests() const { return tests_; }

  /// Prints what is left to say and returns the exit code.
  int finish(const std::string& engine, const std::optional<BoundOptions>& bounds) {
    const bool failed = total_.outside != 0 || (!bounded_ && total_.no_bound != 0);
    const bool undecided = total_.no_bound != 0 || total_.not_run != 0;
    const char* verdict = failed               ? "diverged"
                          : undecided          ? "undecided"
                          : total_.within == 0 ? "identical"
                                               : "within bounds";
    if (context_.json) {
      print_json(engine, bounds, verdict);
    } else {
      print_text(engine, bounds, verdict);
    }
    return failed ? exit_no : undecided ? exit_undecided : exit_yes;
  }

 private:
  [[nodiscard]] bool fails(const StepJudgement& judged) const {
    const Agreement agreement = judged.agreement();
    return agreement == Agreement::outside || (!bounded_ && agreement == Agreement::unbounded);
  }

  /// One line on a step that is not equal; empty for one that is.
  [[nodiscard]] std::string explain(const StepJudgement& judged) const {
    if (judged.not_run) return "not executed: " + core::describe(*judged.not_run);
    std::string text;
    for (std::size_t i = 0; i < judged.results.size(); ++i) {
      const TensorJudgement& result = judged.results[i];
      if (result.agreement == Agreement::equal) continue;
      if (!text.empty()) text += "; ";
      text += "output " + std::to_string(i) + " ";
      const bool plain = !bounded_ && result.agreement == Agreement::unbounded;
      text += plain ? std::string("differs") : std::string(agreement_name(result.agreement));
      if (!result.mismatch.empty()) {
        text += ": " + result.mismatch;
        continue;
      }
      text += ", " + std::to_string(result.differing) + " of " + std::to_string(result.elements) +
              " differ";
      if (result.worst) {
        text += ", " + element_line(result, judged.step.results[i], *judged.foreign[i]);
      }
    }
    if (judged.no_bound) text += " (" + core::describe(*judged.no_bound) + ")";
    return text;
  }

  [[nodiscard]] Json step_json(const StepJudgement& judged) const {
    Json out = {{"step", judged.step.index},
                {"operation", core::op_info(judged.step.node.op).name},
                {"name", judged.step.path + judged.step.node.name},
                {"agreement", judged.not_run ? "not run" : agreement_name(judged.agreement())}};
    if (judged.not_run) out["refusal"] = core::describe(*judged.not_run);
    if (judged.no_bound) out["refusal"] = core::describe(*judged.no_bound);
    out["outputs"] = Json::array();
    for (std::size_t i = 0; i < judged.results.size(); ++i) {
      const TensorJudgement& result = judged.results[i];
      Json tensor = {{"output", i},
                     {"agreement", agreement_name(result.agreement)},
                     {"elements", result.elements},
                     {"differing", result.differing},
                     {"outside", result.outside},
                     {"unbounded", result.unbounded},
                     {"medianRatio", ratio_json(result.median)}};
      if (!result.mismatch.empty()) tensor["mismatch"] = result.mismatch;
      if (result.worst) {
        tensor["worst"] = element_json(result, judged.step.results[i], *judged.foreign[i]);
      }
      out["outputs"].push_back(std::move(tensor));
    }
    return out;
  }

  static Json assumptions_json(const std::optional<BoundOptions>& bounds) {
    if (!bounds) return nullptr;
    return {{"summation", "any order"},
            {"libraryUlps", bounds->library_ulps},
            {"flushSubnormals", bounds->flush_subnormals}};
  }

  void print_json(const std::string& engine, const std::optional<BoundOptions>& bounds,
                  const char* verdict) const {
    Json operations = Json::array();
    for (const auto& [name, summary] : summaries_) {
      operations.push_back({{"operation", name},
                            {"steps", summary.steps},
                            {"equal", summary.equal},
                            {"within", summary.within},
                            {"outside", summary.outside},
                            {"noBound", summary.no_bound},
                            {"notRun", summary.not_run},
                            {"maxRatio", ratio_json(summary.ratio_max)},
                            {"medianRatio", ratio_json(summary.median())}});
    }
    context_.print({{"verdict", verdict},
                    {"engine", engine},
                    {"bounds", assumptions_json(bounds)},
                    {"operations", std::move(operations)},
                    {"steps", steps_}});
  }

  void print_text(const std::string& engine, const std::optional<BoundOptions>& bounds,
                  const char* verdict) const {
    for (const auto& [name, summary] : summaries_) {
      context_.out << "  " << name << ": " << summary.steps << " steps, " << summary.equal
                   << " equal";
      if (summary.within != 0) context_.out << ", " << summary.within << " within";
      if (summary.outside != 0) context_.out << ", " << summary.outside << " outside";
      if (summary.no_bound != 0) {
        context_.out << ", " << summary.no_bound << (bounded_ ? " without bound" : " different");
      }
      if (summary.not_run != 0) context_.out << ", " << summary.not_run << " not executed";
      if (bounded_ && !summary.medians.empty()) {
        context_.out << "; used/allowed " << short_number(summary.ratio_max) << " at most, "
                     << short_number(summary.median()) << " in the median";
      }
      context_.out << "\n";
    }
    if (bounds) {
      context_.out << "assumed of " << engine << ": sums in any order, library functions within "
                   << short_number(bounds->library_ulps) << " ulps, subnormals "
                   << (bounds->flush_subnormals ? "may be flushed" : "kept")
                   << " (docs/bounds.md)\n";
    }
    context_.out << verdict << ": " << total_.steps << " steps against " << engine << ", "
                 << total_.equal << " equal, " << total_.within << " within bounds, "
                 << total_.outside << " outside, " << total_.no_bound
                 << (bounded_ ? " without bound, " : " different, ") << total_.not_run
                 << " not executed\n";
  }

  const Context& context_;
  bool bounded_;
  std::map<std::string, OperationSummary> summaries_;
  OperationSummary total_;
  std::vector<JunitCase> tests_;
  Json steps_ = Json::array();
};

}  // namespace

int compare_foreign(const Context& context, const Arguments& arguments) {
  if (arguments.operands().size() != 1) {
    return report_usage(context, "compare: give one trace with --against ort");
  }
  ISOTRACE_OR_REPORT(context, const auto bounds, load_bounds(arguments));
  ISOTRACE_OR_REPORT(context, const trace::Trace trace, load_trace(context, arguments.operand(0)));
  ISOTRACE_OR_REPORT(context, const executor::EmbeddedRun run, executor::embedded_run(trace));
  ISOTRACE_OR_REPORT(context, const auto backend, load_backend(arguments, "cpu"));
  ISOTRACE_OR_REPORT(context, const auto engine,
                     OnnxRuntimeSteps::start(modules_folder(arguments)));
  Report report_of_steps(context, bounds.has_value());
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const auto done,
                     executor::judge_steps(run.program, run.inputs, *backend, *engine, bounds,
                                           [&](const StepJudgement& judged) {
                                             report_of_steps.add(judged);
                                             return core::Result<core::Done>(core::Done{});
                                           }));
  if (arguments.has("--junit")) {
    const std::string text = junit_text("isotrace.compare", report_of_steps.tests());
    ISOTRACE_OR_REPORT(context, [[maybe_unused]] const auto written,
                       context.write(arguments.value("--junit"), core::as_bytes(text)));
  }
  return report_of_steps.finish(engine->name(), bounds);
}

}  // namespace isotrace::tools
