#include "coq_text.hpp"

#include <algorithm>
#include <cmath>

#include "coq_numbers.hpp"

namespace isotrace::proofs {
namespace {

using core::Integer;
using core::Rational;
using core::RefusalCode;
using core::Result;

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
    text += coq_number(coq_scaled(row.terms[i].weight, scale));
    next = operand + 1;
  }
  return text + (row.terms.empty() ? "]" : "])]") + ", " + coq_number(coq_scaled(row.bias, scale)) +
         ")";
}

std::string layer_text(const AffineLayer& layer) {
  const int scale = coq_scale(layer);
  return "Layer " + std::to_string(scale) + "%N " + std::to_string(layer.roundings) + "%N " +
         (layer.relu ? "true" : "false") + " " +
         coq_list(layer.rows, ";\n  ", [&](const AffineRow& row) { return row_text(row, scale); });
}

tl::unexpected<core::Refusal> malformed(std::size_t node, std::string detail) {
  return core::refuse(RefusalCode::proof_malformed, "node " + std::to_string(node),
                      std::move(detail));
}

/// A leaf's numbers for Coq: integers, at most 48 bits in proportion to the largest multiplier.
class LeafNumbers {
 public:
  static Result<LeafNumbers> of(const ProofNode& node, std::size_t index,
                                const std::vector<LinearRow>& rows, std::size_t signs) {
    const std::size_t count = node.multipliers.size();
    if (count > rows.size() + signs) {
      return core::refuse(RefusalCode::export_unsupported, "node " + std::to_string(index),
                          "a leaf in rational numbers; prove with --plain-splits");
    }
    if (count != rows.size() && count != rows.size() + signs)
      return malformed(index, "number of multipliers");
    LeafNumbers numbers;
    for (std::size_t i = 0; i < count; ++i) {
      const double multiplier = node.multipliers[i];
      if (!std::isfinite(multiplier) || multiplier < 0) return malformed(index, "multiplier");
      const Rational weight = core::exact_rational(multiplier);
      // The proof gives multipliers for rows as they stand; Coq's are for their numerators.
      if (i < rows.size()) {
        numbers.rows_.push_back(weight / denominator_of(rows[i]));
        numbers.largest_ = std::max(numbers.largest_, numbers.rows_.back());
      } else {
        numbers.signs_.push_back(weight);
      }
    }
    const auto positive = std::count_if(numbers.rows_.begin(), numbers.rows_.end(),
                                        [](const Rational& w) { return w > 0; });
    // A single multiplier may as well be 1.
    numbers.scale_ = positive == 1 && numbers.signs_.empty() ? Integer(1) : Integer(1) << 48;
    return numbers;
  }

  [[nodiscard]] std::string rows() const { return text(rows_); }
  [[nodiscard]] std::string signs() const { return text(signs_); }

 private:
  [[nodiscard]] std::string text(const std::vector<Rational>& weights) const {
    return coq_list(weights, "; ", [&](const Rational& weight) {
      if (largest_ == 0) return std::string("0");
      const Rational share = weight / largest_ * scale_;
      return coq_number(numerator(share) / denominator(share));
    });
  }

  std::vector<Rational> rows_;
  std::vector<Rational> signs_;
  Rational largest_ = 0;
  Integer scale_ = 1;
};

Result<std::string> leaf_text(const ProofNode& node, std::size_t index, const Case& of,
                              std::size_t signs) {
  ISOTRACE_TRY(const LeafNumbers numbers, LeafNumbers::of(node, index, of.rows, signs));
  return "Leaf " + numbers.rows() + " " +
         coq_list(node.slopes, "; ", [](std::uint8_t slope) { return std::to_string(slope); }) +
         " " + numbers.signs();
}

/// The layer and the row of a ReLU element.
Result<std::string> sign_split_text(const ProofNode& node, std::size_t index,
                                    const AffineChain& chain) {
  std::size_t element = node.dimension;
  for (std::size_t k = 0; k < chain.layers.size(); ++k) {
    const AffineLayer& layer = chain.layers[k];
    if (!layer.relu) continue;
    if (element < layer.rows.size()) {
      const std::size_t row = layer.relu_rows.empty() ? element : layer.relu_rows[element];
      return "SignSplit " + std::to_string(k) + " " + std::to_string(row);
    }
    element -= layer.rows.size();
  }
  return malformed(index, "split of no ReLU");
}

Result<std::string> split_text(const ProofNode& node, std::size_t index, const Case& of) {
  if (node.kind == ProofNode::Kind::clipped_split) {
    return core::refuse(RefusalCode::export_unsupported, "node " + std::to_string(index),
                        "clips its box; prove with --plain-splits");
  }
  if (node.kind == ProofNode::Kind::bound) {
    return core::refuse(RefusalCode::export_unsupported, "node " + std::to_string(index),
                        "names a bound of a ReLU's input; prove with --plain-splits");
  }
  if (node.dimension >= of.box.size()) return malformed(index, "split at no input");
  if (!std::isfinite(node.at)) return malformed(index, "split at no number");
  return "Split " + std::to_string(node.dimension) + " (" +
         coq_rational(core::exact_rational(node.at)) + ")%Q";
}

}  // namespace

std::string coq_network(const AffineChain& chain) {
  return coq_list(chain.layers, ";\n ", layer_text);
}

std::string coq_box(const std::vector<InputRange>& box) {
  return coq_list(box, ";\n  ", [](const InputRange& range) {
    return "(" + coq_rational(range.lower) + ", " + coq_rational(range.upper) + ")%Q";
  });
}

std::string coq_constraints(const std::vector<LinearRow>& rows, std::size_t outputs) {
  return coq_list(rows, ";\n  ", [&](const LinearRow& row) {
    const Integer common = denominator_of(row);
    std::vector<Integer> coefficients(outputs, 0);
    for (const Term& term : row.terms) {
      coefficients[term.index] =
          numerator(term.coefficient) * (common / denominator(term.coefficient));
    }
    return "Constraint " + coq_list(coefficients, "; ", coq_number) + " " +
           coq_number(numerator(row.bound) * (common / denominator(row.bound))) + " " +
           common.str() + (row.strict ? " true" : " false");
  });
}

Result<std::string> coq_tree(const CaseProof& proof, const Case& of, const AffineChain& chain) {
  struct Open {
    int children;  // still to come
    bool sign;
  };
  std::string text;
  std::vector<Open> open;  // the splits on the way to here
  std::size_t signs = 0;   // the sign splits among them
  for (std::size_t i = 0; i < proof.nodes.size(); ++i) {
    if (i != 0 && open.empty()) return malformed(i, "after the end of the tree");
    const ProofNode& node = proof.nodes[i];
    text += i == 0 ? "(" : "\n  (";
    if (node.kind != ProofNode::Kind::leaf) {
      const bool sign = node.kind == ProofNode::Kind::sign_split;
      ISOTRACE_TRY(const std::string split,
                   sign ? sign_split_text(node, i, chain) : split_text(node, i, of));
      text += split;
      open.push_back({2, sign});
      signs += sign ? 1 : 0;
      continue;
    }
    ISOTRACE_TRY(const std::string leaf, leaf_text(node, i, of, signs));
    text += leaf + ")";
    while (!open.empty() && --open.back().children == 0) {
      signs -= open.back().sign ? 1 : 0;
      open.pop_back();
      text += ")";
    }
  }
  if (proof.nodes.empty() || !open.empty())
    return malformed(proof.nodes.size(), "the tree is not complete");
  return text;
}

}  // namespace isotrace::proofs
