#include "vnncomp_property.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "exact_decimal.hpp"

namespace isotrace::proofs {
namespace {

using core::Integer;
using core::Rational;
using core::RefusalCode;
using core::Result;

Rational exact(float value) { return core::exact_rational(static_cast<double>(value)); }

/// The greatest binary32 number that is at most `limit` (or less than it); -infinity if none is.
float below(const Rational& limit, bool strict) {
  auto value = static_cast<float>(std::clamp(core::round_down(limit),
                                             -double{std::numeric_limits<float>::max()},
                                             double{std::numeric_limits<float>::max()}));
  while (std::isfinite(value) && (strict ? exact(value) >= limit : exact(value) > limit))
    value = std::nextafter(value, -std::numeric_limits<float>::infinity());
  return value;
}

float above(const Rational& limit, bool strict) { return -below(-limit, strict); }

/// A bound as a decimal: itself, or the nearest binary32 number within. Nothing: no such number.
std::optional<std::string> bound_text(const Rational& limit, bool upper, bool strict) {
  if (!strict) {
    if (auto text = exact_decimal(limit)) return text;
  }
  const float value = upper ? below(limit, strict) : above(limit, strict);
  if (!std::isfinite(value)) return std::nullopt;
  return exact_decimal(exact(value));
}

std::string compare(bool upper, const std::string& left, const std::string& right) {
  return "(" + std::string(upper ? "<= " : ">= ") + left + " " + right + ")";
}

std::string output(std::size_t index) { return "Y_" + std::to_string(index); }

/// Bounds of every input, one comparison each; nothing if no binary32 input is within them.
std::optional<std::vector<std::string>> box_texts(const std::vector<InputRange>& box) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < box.size(); ++i) {
    const InputRange& range = box[i];
    if (above(range.lower, range.lower_strict) > below(range.upper, range.upper_strict))
      return std::nullopt;
    const auto low = bound_text(range.lower, false, range.lower_strict);
    const auto high = bound_text(range.upper, true, range.upper_strict);
    if (!low || !high) return std::nullopt;
    const std::string name = "X_" + std::to_string(i);
    texts.push_back(compare(true, name, *high));
    texts.push_back(compare(false, name, *low));
  }
  return texts;
}

tl::unexpected<core::Refusal> unsupported(std::string detail) {
  return core::refuse(RefusalCode::export_unsupported, "property", std::move(detail));
}

/// A sum of products with decimals, all brought to integers.
std::string sum_text(const LinearRow& row) {
  Integer common = denominator(row.bound);
  for (const Term& term : row.terms) {
    const Integer own = denominator(term.coefficient);
    common = common / boost::multiprecision::gcd(common, own) * own;
  }
  std::string sum;
  for (const Term& term : row.terms)
    sum += " (* " + *exact_decimal(term.coefficient * common) + " " + output(term.index) + ")";
  if (row.terms.size() > 1) sum = " (+" + sum + ")";
  return "(<=" + sum + " " + *exact_decimal(row.bound * common) + ")";
}

/// One comparison of outputs.
Result<std::string> row_text(const LinearRow& row) {
  if (!row.input_terms.empty()) return unsupported("a comparison of inputs with outputs");
  if (row.terms.size() == 1) {
    const Term& term = row.terms[0];
    const bool upper = term.coefficient > 0;
    const auto limit = bound_text(row.bound / term.coefficient, upper, row.strict);
    if (!limit) return unsupported("a bound of an output that no binary32 number is within");
    return compare(upper, output(term.index), *limit);
  }
  if (row.strict) return unsupported("a strict comparison of several outputs");
  if (row.terms.size() == 2 && row.bound == 0 &&
      row.terms[0].coefficient == -row.terms[1].coefficient) {
    const bool first_is_less = row.terms[0].coefficient > 0;
    const std::size_t less = row.terms[first_is_less ? 0 : 1].index;
    const std::size_t greater = row.terms[first_is_less ? 1 : 0].index;
    return compare(true, output(less), output(greater));
  }
  return sum_text(row);
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text = "(and";
  for (const std::string& part : parts) text += " " + part;
  return text + ")";
}

/// A case's comparisons.
struct CaseTexts {
  std::vector<std::string> box;
  std::vector<std::string> rows;
};

Result<std::vector<CaseTexts>> case_texts(const Property& property) {
  std::vector<CaseTexts> cases;
  for (const Case& of : property.cases) {
    CaseTexts texts;
    for (const LinearRow& row : of.rows) {
      ISOTRACE_TRY(std::string text, row_text(row));
      texts.rows.push_back(std::move(text));
    }
    if (auto box = box_texts(of.box)) {
      texts.box = *std::move(box);
      cases.push_back(std::move(texts));
    }
  }
  if (cases.empty()) return unsupported("no binary32 input is within its bounds");
  return cases;
}

std::string assertions(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += "(assert " + part + ")\n";
  return text;
}

}  // namespace

Result<std::string> write_vnncomp_property(const Property& property) {
  ISOTRACE_TRY(const std::vector<CaseTexts> cases, case_texts(property));
  std::string text =
      "; The unsafe region, in VNN-LIB 1.0: unsat means that the property holds.\n"
      "; Inputs and outputs are binary32 numbers.\n\n";
  for (std::size_t i = 0; i < property.inputs; ++i)
    text += "(declare-const X_" + std::to_string(i) + " Real)\n";
  for (std::size_t j = 0; j < property.outputs; ++j)
    text += "(declare-const " + output(j) + " Real)\n";
  text += "\n";
  const bool one_box = std::all_of(cases.begin(), cases.end(), [&](const CaseTexts& of) {
    return of.box == cases[0].box && (cases.size() == 1 || !of.rows.empty());
  });
  if (one_box) text += assertions(cases[0].box);
  if (cases.size() == 1) return text + assertions(cases[0].rows);
  text += "(assert (or";
  for (const CaseTexts& of : cases) {
    std::vector<std::string> parts = one_box ? std::vector<std::string>{} : of.box;
    parts.insert(parts.end(), of.rows.begin(), of.rows.end());
    text += "\n    " + joined(parts);
  }
  return text + "))\n";
}

}  // namespace isotrace::proofs
