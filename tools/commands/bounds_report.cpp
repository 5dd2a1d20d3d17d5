#include <isotrace/tools/commands/bounds_report.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

#include <isotrace/core/text.hpp>
#include <isotrace/tools/cli/printable.hpp>

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

}  // namespace

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

void OperationSummary::add(const StepJudgement& judged) {
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

double OperationSummary::median() const {
  if (medians.empty()) return 0;
  std::vector<double> sorted = medians;
  std::ranges::sort(sorted);
  return sorted[sorted.size() / 2];
}

bool BoundsReport::fails(const StepJudgement& judged) const {
  const Agreement agreement = judged.agreement();
  return agreement == Agreement::outside || (!bounds_ && agreement == Agreement::unbounded);
}

/// One line on a step that is not equal; empty for one that is.
std::string BoundsReport::explain(const StepJudgement& judged) const {
  if (judged.not_run) return "not executed: " + printable(core::describe(*judged.not_run));
  std::string text;
  for (std::size_t i = 0; i < judged.results.size(); ++i) {
    const TensorJudgement& result = judged.results[i];
    if (result.agreement == Agreement::equal) continue;
    if (!text.empty()) text += "; ";
    text += "output " + std::to_string(i) + " ";
    const bool plain = !bounds_ && result.agreement == Agreement::unbounded;
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
  if (judged.no_bound) text += " (" + printable(core::describe(*judged.no_bound)) + ")";
  return text;
}

Json BoundsReport::step_json(const StepJudgement& judged) const {
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

Json BoundsReport::assumptions_json() const {
  if (!bounds_) return nullptr;
  return {{"summation", "any order"},
          {"libraryUlps", bounds_->library_ulps},
          {"flushSubnormals", bounds_->flush_subnormals}};
}

void BoundsReport::print_json(const char* verdict) const {
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
                  {"engine", judged_},
                  {"bounds", assumptions_json()},
                  {"operations", std::move(operations)},
                  {"steps", steps_}});
}

void BoundsReport::print_text(const char* verdict) const {
  for (const auto& [name, summary] : summaries_) {
    context_.out << "  " << name << ": " << summary.steps << " steps, " << summary.equal
                 << " equal";
    if (summary.within != 0) context_.out << ", " << summary.within << " within";
    if (summary.outside != 0) context_.out << ", " << summary.outside << " outside";
    if (summary.no_bound != 0) {
      context_.out << ", " << summary.no_bound << (bounds_ ? " without bound" : " different");
    }
    if (summary.not_run != 0) context_.out << ", " << summary.not_run << " not executed";
    if (bounds_ && !summary.medians.empty()) {
      context_.out << "; used/allowed " << short_number(summary.ratio_max) << " at most, "
                   << short_number(summary.median()) << " in the median";
    }
    context_.out << "\n";
  }
  if (bounds_) {
    context_.out << "assumed of " << printable(judged_)
                 << ": sums in any order, library functions within "
                 << short_number(bounds_->library_ulps) << " ulps, subnormals "
                 << (bounds_->flush_subnormals ? "may be flushed" : "kept")
                 << " (docs/bounds.md)\n";
  }
  context_.out << verdict << ": " << total_.steps << " steps against " << printable(judged_) << ", "
               << total_.equal << " equal, " << total_.within << " within bounds, "
               << total_.outside << " outside, " << total_.no_bound
               << (bounds_ ? " without bound, " : " different, ") << total_.not_run
               << " not executed\n";
}

void BoundsReport::add(const StepJudgement& judged) {
  const std::string operation(core::op_info(judged.step.node.op).name);
  summaries_[operation].add(judged);
  total_.add(judged);
  JunitCase test = {step_name(judged.step), {}, {}};
  const std::string why = explain(judged);
  const Agreement agreement = judged.agreement();
  if (judged.not_run || (bounds_ && agreement == Agreement::unbounded)) test.skipped = why;
  if (fails(judged)) test.failure = why;
  if (!context_.json && (test.failure || test.skipped)) {
    context_.out << printable(test.name) << ": " << why << "\n";
  }
  if (context_.json && !why.empty()) steps_.push_back(step_json(judged));
  tests_.push_back(std::move(test));
}

void BoundsReport::end_at(std::uint64_t step, const std::string& why) {
  ended_early_ = true;
  const std::string name = "step " + std::to_string(step);
  tests_.push_back({name, why, {}});
  if (!context_.json) context_.out << name << ": " << why << "\n";
  steps_.push_back({{"step", step}, {"agreement", "not judged"}, {"reason", why}});
}

int BoundsReport::finish() {
  const bool failed = ended_early_ || total_.outside != 0 || (!bounds_ && total_.no_bound != 0);
  const bool undecided = total_.no_bound != 0 || total_.not_run != 0;
  const char* verdict = failed               ? "diverged"
                        : undecided          ? "undecided"
                        : total_.within == 0 ? "identical"
                                             : "within bounds";
  if (context_.json) {
    print_json(verdict);
  } else {
    print_text(verdict);
  }
  return failed ? exit_no : undecided ? exit_undecided : exit_yes;
}

}  // namespace isotrace::tools
