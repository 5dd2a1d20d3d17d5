// Parsing of Einsum equations. A label is a letter; the axes under an ellipsis get labels of their
// own, aligned at the last one, so that from there on all axes are alike.
#include <algorithm>
#include <array>
#include <map>

#include <isotrace/reference/call.hpp>
#include <isotrace/reference/einsum.hpp>

namespace isotrace::reference {
namespace {

using Label = int;  // a letter, or ellipsis_base plus the position under the ellipsis
constexpr Label ellipsis_base = 256;
constexpr Label ellipsis = -1;  // before the number of its axes is known

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

auto refuse_equation(std::string_view equation, const char* why) {
  return refuse_attribute("equation " + std::string(equation.substr(0, 80)) + ": " + why);
}

/// The labels of one term; at most one of them is `ellipsis`.
Result<std::vector<Label>> parse_term(std::string_view term, std::string_view equation) {
  std::vector<Label> labels;
  while (!term.empty()) {
    if (is_letter(term.front())) {
      labels.push_back(term.front());
      term.remove_prefix(1);
    } else if (term.starts_with("...")) {
      if (std::count(labels.begin(), labels.end(), ellipsis) != 0) {
        return refuse_equation(equation, "two ellipses in a term");
      }
      labels.push_back(ellipsis);
      term.remove_prefix(3);
    } else {
      return refuse_equation(equation, "neither a letter nor an ellipsis");
    }
  }
  return labels;
}

struct Equation {
  std::vector<std::vector<Label>> terms;
  std::optional<std::vector<Label>> output;
};

Result<Equation> parse_equation(std::string_view equation) {
  std::string text(equation);
  std::erase(text, ' ');
  std::string_view rest = text;
  Equation parsed;
  if (const auto arrow = rest.find("->"); arrow != std::string_view::npos) {
    ISOTRACE_TRY(parsed.output, parse_term(rest.substr(arrow + 2), equation));
    rest = rest.substr(0, arrow);
  }
  for (;;) {
    const auto comma = rest.find(',');
    ISOTRACE_TRY(auto term, parse_term(rest.substr(0, comma), equation));
    parsed.terms.push_back(std::move(term));
    if (comma == std::string_view::npos) return parsed;
    rest.remove_prefix(comma + 1);
  }
}

/// How many axes stand under the ellipsis of a term.
Result<std::size_t> ellipsis_axes(const std::vector<Label>& term, std::size_t rank,
                                  std::string_view equation) {
  const bool has = std::find(term.begin(), term.end(), ellipsis) != term.end();
  const std::size_t letters = term.size() - (has ? 1 : 0);
  if (rank < letters || (!has && rank != letters)) {
    return refuse_equation(equation, "a term does not name the axes of its operand");
  }
  return rank - letters;
}

/// Puts the labels of `count` axes, the last ones of `most`, in the place of the ellipsis.
void expand_ellipsis(std::vector<Label>& term, std::size_t count, std::size_t most) {
  const auto place = std::find(term.begin(), term.end(), ellipsis);
  if (place == term.end()) return;
  std::vector<Label> labels;
  for (std::size_t i = most - count; i < most; ++i) {
    labels.push_back(ellipsis_base + static_cast<Label>(i));
  }
  term.insert(term.erase(place), labels.begin(), labels.end());
}

/// The ellipsis, then the letters that stand once in all terms together, in ASCII order.
std::vector<Label> implicit_output(const std::vector<std::vector<Label>>& terms) {
  std::array<int, ellipsis_base> uses{};
  std::vector<Label> output;
  for (const auto& term : terms) {
    for (const Label label : term) {
      if (label != ellipsis) ++uses[static_cast<std::size_t>(label)];
      if (label == ellipsis && output.empty()) output.push_back(ellipsis);
    }
  }
  for (std::size_t label = 0; label < uses.size(); ++label) {
    if (uses[label] == 1) output.push_back(static_cast<Label>(label));
  }
  return output;
}

/// Sizes by label: equal, or 1 broadcast; within one operand equal.
Result<std::map<Label, std::int64_t>> label_sizes(const std::vector<std::vector<Label>>& terms,
                                                  std::span<const Dims> operands) {
  std::map<Label, std::int64_t> sizes;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    std::map<Label, std::int64_t> own;
    for (std::size_t axis = 0; axis < terms[i].size(); ++axis) {
      const auto [entry, fresh] = own.emplace(terms[i][axis], operands[i][axis]);
      if (!fresh && entry->second != operands[i][axis]) {
        return refuse_shape("operand " + std::to_string(i) + ": a diagonal of " +
                            core::shape_text(operands[i]));
      }
    }
    for (const auto& [label, size] : own) {
      std::int64_t& common = sizes.emplace(label, size).first->second;
      if (common == 1) common = size;
      if (size != common && size != 1) {
        return refuse_shape("operand " + std::to_string(i) + ": size " + std::to_string(size) +
                            " where others have " + std::to_string(common));
      }
    }
  }
  return sizes;
}

/// The strides of one operand over loop axes: axes with the same label add up, broadcast ones do
/// not move.
Strides loop_strides(const std::vector<Label>& loops, const std::vector<Label>& term, Dims shape) {
  const Strides own = row_major_strides(shape);
  Strides strides(loops.size(), 0);
  for (std::size_t axis = 0; axis < term.size(); ++axis) {
    const auto loop = std::find(loops.begin(), loops.end(), term[axis]) - loops.begin();
    if (shape[axis] != 1) strides[static_cast<std::size_t>(loop)] += own[axis];
  }
  return strides;
}

Result<core::Done> check_output(const std::vector<Label>& output,
                                const std::map<Label, std::int64_t>& sizes,
                                std::string_view equation) {
  for (const Label label : output) {
    if (std::count(output.begin(), output.end(), label) != 1 || !sizes.contains(label)) {
      return refuse_equation(equation, "a label of the result stands twice or in no term");
    }
  }
  for (const auto& [label, size] : sizes) {
    if (label >= ellipsis_base && std::count(output.begin(), output.end(), label) == 0) {
      return refuse_equation(equation, "the result has no ellipsis");
    }
  }
  return core::Done{};
}

}  // namespace

core::Result<EinsumPlan> plan_einsum(std::string_view equation, std::span<const Dims> operands) {
  ISOTRACE_TRY(Equation parsed, parse_equation(equation));
  auto& terms = parsed.terms;
  if (terms.size() != operands.size()) return refuse_equation(equation, "the number of operands");
  std::vector<Label> output = parsed.output ? *parsed.output : implicit_output(terms);
  std::vector<std::size_t> counts;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    ISOTRACE_TRY(const std::size_t count, ellipsis_axes(terms[i], operands[i].size(), equation));
    counts.push_back(count);
  }
  const std::size_t most = *std::max_element(counts.begin(), counts.end());
  for (std::size_t i = 0; i < terms.size(); ++i) expand_ellipsis(terms[i], counts[i], most);
  expand_ellipsis(output, most, most);
  ISOTRACE_TRY(const auto sizes, label_sizes(terms, operands));
  ISOTRACE_TRY_DONE(check_output(output, sizes, equation));
  EinsumPlan plan;
  std::vector<Label> loops = output;
  for (const Label label : output) plan.output.push_back(sizes.at(label));
  for (const auto& term : terms) {
    for (const Label label : term) {
      if (std::find(loops.begin(), loops.end(), label) != loops.end()) continue;
      loops.push_back(label);
      plan.summed.push_back(sizes.at(label));
    }
  }
  for (std::size_t i = 0; i < terms.size(); ++i) {
    plan.strides.push_back(loop_strides(loops, terms[i], operands[i]));
  }
  ISOTRACE_TRY_DONE(core::element_count(plan.output));
  return plan;
}

}  // namespace isotrace::reference
