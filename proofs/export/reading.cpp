#include "reading.hpp"

#include <isotrace/core/program.hpp>

#include "exact_decimal.hpp"
#include "function_subject.hpp"

namespace isotrace::proofs {
namespace {

using core::Rational;

/// More inputs than a sentence should name.
constexpr std::size_t inputs_named = 16;

std::string number(const Rational& value) {
  if (denominator(value) == 1) return numerator(value).str();
  return exact_decimal(value).value_or(numerator(value).str() + "/" + denominator(value).str());
}

std::string joined(const std::vector<std::string>& parts, std::string_view with) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i)
    text += (i == 0 ? "" : std::string(with)) + parts[i];
  return text;
}

/// "2 y0 - y3"
std::string sum_text(const std::vector<Term>& terms, const Rational& factor) {
  std::string text;
  for (const Term& term : terms) {
    const Rational weight = term.coefficient * factor;
    const Rational size = abs(weight);
    if (text.empty()) {
      text += weight < 0 ? "-" : "";
    } else {
      text += weight < 0 ? " - " : " + ";
    }
    if (size != 1) text += number(size) + " ";
    text += "y" + std::to_string(term.index);
  }
  return text.empty() ? "0" : text;
}

/// What the opposite of an unsafe row says: both sides, and which of them is greater.
struct Comparison {
  std::string left;
  std::string right;
  bool greater = true;
  bool strict = true;

  explicit Comparison(const LinearRow& row) : strict(!row.strict) {
    const std::vector<Term>& terms = row.terms;
    const bool difference =
        terms.size() == 2 && row.bound == 0 && terms[0].coefficient == -terms[1].coefficient;
    if (difference) {
      left = "y" + std::to_string(terms[0].index);
      right = "y" + std::to_string(terms[1].index);
      greater = terms[0].coefficient > 0;
    } else {
      const Rational factor = terms.size() == 1 ? 1 / terms[0].coefficient : Rational(1);
      left = sum_text(terms, factor);
      right = number(row.bound * factor);
      greater = factor > 0;
    }
  }

  [[nodiscard]] std::string in_words() const {
    if (strict) return left + (greater ? " is greater than " : " is less than ") + right;
    return left + (greater ? " is at least " : " is at most ") + right;
  }
  [[nodiscard]] std::string as_formula() const {
    return left + (greater ? " >" : " <") + (strict ? " " : "= ") + right;
  }
};

std::string box_in_words(const std::vector<InputRange>& box) {
  if (box.size() > inputs_named)
    return "all " + std::to_string(box.size()) + " inputs within the ranges of box";
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < box.size(); ++i) {
    parts.push_back("x" + std::to_string(i) + " from " + number(box[i].lower) + " to " +
                    number(box[i].upper));
  }
  return joined(parts, ", ");
}

std::string box_as_formula(const std::vector<InputRange>& box) {
  if (box.size() > inputs_named) return "x in box";
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < box.size(); ++i) {
    parts.push_back(number(box[i].lower) + " <= x" + std::to_string(i) +
                    " <= " + number(box[i].upper));
  }
  return joined(parts, " and ");
}

/// What of `goal` is said of which executions.
Reading about_executions(const Case& of, std::string_view semantics, const std::string& words,
                         const std::string& formula) {
  const std::string box = box_in_words(of.box);
  const std::string premise = box_as_formula(of.box);
  if (semantics == core::semantics_id) {
    return {"for all binary32 inputs with " + box +
                ", the outputs that isonum-1 computes are finite, and " + words,
            "forall x in binary32^" + std::to_string(of.box.size()) + ", " + premise +
                " implies y = run(program, x) is finite and (" + formula + ")"};
  }
  const std::string how =
      semantics == "real"
          ? ", in real arithmetic, "
          : ", whatever the order of summation and the rounding errors of binary32 are, ";
  return {"for all inputs with " + box + how + words,
          "forall x y, " + premise + " and exec(net, x, y) implies (" + formula + ")"};
}

}  // namespace

Reading reading_of_case(const Case& of, std::string_view semantics) {
  std::vector<std::string> words;
  std::vector<std::string> formulas;
  for (const LinearRow& row : of.rows) {
    const Comparison comparison(row);
    words.push_back(comparison.in_words());
    formulas.push_back(comparison.as_formula());
  }
  if (of.rows.empty()) return about_executions(of, semantics, "there is no execution", "false");
  return about_executions(of, semantics, joined(words, ", or "), joined(formulas, " or "));
}

Reading reading_of_claim(const FunctionClaim& claim) {
  const std::string f = comment_text(claim.function);
  const std::string g = comment_text(claim.other);
  const auto bound = [&](std::uint64_t bits) {
    return claim.is_signed ? std::to_string(static_cast<std::int64_t>(bits)) : std::to_string(bits);
  };
  Reading reading;
  switch (claim.property) {
    case FunctionProperty::never_traps:
      reading = {"every call of " + f + " returns", "exists r, " + f + "(a) returns r"};
      break;
    case FunctionProperty::range:
      reading = {"every call of " + f + " returns a " + (claim.is_signed ? "signed" : "unsigned") +
                     " number from " + bound(claim.low) + " to " + bound(claim.high),
                 "exists r, " + f + "(a) returns r and " + bound(claim.low) +
                     " <= r <= " + bound(claim.high)};
      break;
    case FunctionProperty::equivalent:
    case FunctionProperty::effects:
      reading = {
          "for equal arguments " + f + " and " + g + " both trap, or both return the same",
          f + "(a) and " + g + "(a) trap, or exists r, " + f + "(a) and " + g + "(a) return r"};
      break;
    case FunctionProperty::post:
      reading = {"every call of " + f + " returns, and " + g +
                     " of its arguments and results returns what is not 0",
                 "exists r, " + f + "(a) returns r and " + g + "(a, r) returns p and p != 0"};
      break;
  }
  const std::string assume = comment_text(claim.assume);
  if (!assume.empty()) {
    reading.words += "; only arguments count for which " + assume + " returns what is not 0";
    reading.formula = assume + "(a) != 0 implies " + reading.formula;
  }
  reading.words += "; memory and globals are as the module's instantiation leaves them";
  reading.formula = "forall a, " + reading.formula;
  return reading;
}

std::string reading_text(const Reading& reading) {
  return "In words: " + reading.words + ".\n   As a formula: " + reading.formula + ".";
}

}  // namespace isotrace::proofs
