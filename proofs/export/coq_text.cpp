#include "coq_text.hpp"

#include <algorithm>
#include <cmath>

#include <boost/multiprecision/cpp_int.hpp>

namespace isotrace::proofs {
namespace {

using core::Integer;
using core::Rational;
using core::RefusalCode;
using core::Result;

std::string number(const Integer& value) {
  return value < 0 ? "(" + value.str() + ")" : value.str();
}

std::string rational(const Rational& value) {
  return number(numerator(value)) + " # " + denominator(value).str();
}

template <class Range, class Text>
std::string list(const Range& range, std::string_view separator, Text text) {
  std::string result = "[";
  for (std::size_t i = 0; i < range.size(); ++i) {
    if (i != 0) result += separator;
    result += text(range[i]);
  }
  return result + "]";
}

/// How many times a finite binary64 number must be doubled to become an integer.
int fraction_bits(double value) {
  if (value == 0) return 0;
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  const auto mantissa = static_cast<std::int64_t>(std::ldexp(fraction, 53));
  return std::max(0, 53 - exponent - __builtin_ctzll(static_cast<unsigned long long>(mantissa)));
}

/// value * 2^scale, which must be an integer.
Integer scaled(double value, int scale) {
  if (value == 0) return 0;
  int exponent = 0;
  const Integer mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(value, &exponent), 53));
  const int shift = exponent - 53 + scale;
  return shift >= 0 ? Integer(mantissa * (Integer(1) << shift))
                    : Integer(mantissa / (Integer(1) << -shift));
}

/// Runs of consecutive operands, each with the gap before it.
std::string row_text(const AffineRow& row, int scale) {
  std::string text = "([";
  std::size_t next = 0;
  for (std::size_t i = 0; i < row.terms.size(); ++i) {
    const std::size_t operand = row.terms[i].operand;
    if (i == 0 || operand != next) {
      if (i != 0) text += "]); ";
      text += "(" + std::to_string(operand - next) + "%N, [";
    } else {
      text += "; ";
    }
    text += number(scaled(row.terms[i].weight, scale));
    next = operand + 1;
  }
  return text + (row.terms.empty() ? "]" : "])]") + ", " + number(scaled(row.bias, scale)) + ")";
}

std::string layer_text(const AffineLayer& layer) {
  int scale = 0;
  for (const AffineRow& row : layer.rows) {
    scale = std::max(scale, fraction_bits(row.bias));
    for (const AffineTerm& term : row.terms) scale = std::max(scale, fraction_bits(term.weight));
  }
  return "Layer " + std::to_string(scale) + "%N " + std::to_string(layer.roundings) + "%N " +
         (layer.relu ? "true" : "false") + " " +
         list(layer.rows, ";\n  ", [&](const AffineRow& row) { return row_text(row, scale); });
}

tl::unexpected<core::Refusal> malformed(std::size_t node, std::string detail) {
  return core::refuse(RefusalCode::proof_malformed, "node " + std::to_string(node),
                      std::move(detail));
}

/// Common denominator of a row's numbers; a constraint's integers are its numerators.
Integer denominator_of(const LinearRow& row) {
  Integer common = denominator(row.bound);
  for (const Term& term : row.terms) common = lcm(common, denominator(term.coefficient));
  return common;
}

/// The multipliers, which the proof gives for the rows as they stand in the property, for their
/// integer numerators: as integers of at most 48 bits (a single one becomes 1). Any are sound.
Result<std::string> multipliers_text(const ProofNode& node, std::size_t index,
                                     const std::vector<LinearRow>& rows) {
  if (node.multipliers.size() != rows.size()) return malformed(index, "number of multipliers");
  std::vector<Rational> weights;
  Rational largest = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double multiplier = node.multipliers[i];
    if (!std::isfinite(multiplier) || multiplier < 0) return malformed(index, "multiplier");
    weights.push_back(core::exact_rational(multiplier) / denominator_of(rows[i]));
    largest = std::max(largest, weights.back());
  }
  const auto positive =
      std::count_if(weights.begin(), weights.end(), [](const Rational& w) { return w > 0; });
  const Integer scale = positive == 1 ? Integer(1) : Integer(1) << 48;
  return list(weights, "; ", [&](const Rational& weight) {
    if (largest == 0) return std::string("0");
    const Rational share = weight / largest * scale;
    return number(numerator(share) / denominator(share));
  });
}

Result<std::string> leaf_text(const ProofNode& node, std::size_t index, const Case& of) {
  ISOTRACE_TRY(std::string text, multipliers_text(node, index, of.rows));
  return "Leaf " + text + " " +
         list(node.slopes, "; ", [](std::uint8_t slope) { return std::to_string(slope); });
}

Result<std::string> split_text(const ProofNode& node, std::size_t index, const Case& of) {
  if (node.dimension >= of.box.size()) return malformed(index, "split at no input");
  if (!std::isfinite(node.at)) return malformed(index, "split at no number");
  return "Split " + std::to_string(node.dimension) + " (" +
         rational(core::exact_rational(node.at)) + ")%Q";
}

}  // namespace

std::string coq_network(const AffineChain& chain) { return list(chain.layers, ";\n ", layer_text); }

std::string coq_box(const std::vector<InputRange>& box) {
  return list(box, ";\n  ", [](const InputRange& range) {
    return "(" + rational(range.lower) + ", " + rational(range.upper) + ")%Q";
  });
}

std::string coq_constraints(const std::vector<LinearRow>& rows, std::size_t outputs) {
  return list(rows, ";\n  ", [&](const LinearRow& row) {
    const Integer common = denominator_of(row);
    std::vector<Integer> coefficients(outputs, 0);
    for (const Term& term : row.terms) {
      coefficients[term.index] =
          numerator(term.coefficient) * (common / denominator(term.coefficient));
    }
    return "Constraint " + list(coefficients, "; ", number) + " " +
           number(numerator(row.bound) * (common / denominator(row.bound))) + " " + common.str() +
           (row.strict ? " true" : " false");
  });
}

Result<std::string> coq_tree(const CaseProof& proof, const Case& of) {
  std::string text;
  std::vector<int> open;  // for each split on the way to here: children still to come
  for (std::size_t i = 0; i < proof.nodes.size(); ++i) {
    if (i != 0 && open.empty()) return malformed(i, "after the end of the tree");
    const ProofNode& node = proof.nodes[i];
    text += i == 0 ? "" : "\n  ";
    if (node.kind == ProofNode::Kind::split) {
      ISOTRACE_TRY(const std::string split, split_text(node, i, of));
      text += "(" + split;
      open.push_back(2);
      continue;
    }
    ISOTRACE_TRY(const std::string leaf, leaf_text(node, i, of));
    text += "(" + leaf + ")";
    while (!open.empty() && --open.back() == 0) {
      open.pop_back();
      text += ")";
    }
  }
  if (proof.nodes.empty() || !open.empty())
    return malformed(proof.nodes.size(), "the tree is not complete");
  return text;
}

}  // namespace isotrace::proofs
