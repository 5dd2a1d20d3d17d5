#include "lean_text.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "coq_numbers.hpp"

namespace isotrace::proofs {
namespace {

using core::Integer;
using core::Rational;
using core::RefusalCode;
using core::Result;

/// From the first operand to the last; operands that the row leaves out weigh 0.
std::string row_text(const AffineRow& row, int scale) {
  const std::size_t first = row.terms.empty() ? 0 : row.terms.front().operand;
  std::string text = "⟨" + std::to_string(first) + ", [";
  std::size_t next = first;
  for (const AffineTerm& term : row.terms) {
    for (; next < term.operand; ++next) text += "0, ";
    text += coq_scaled(term.weight, scale).str();
    if (&term != &row.terms.back()) text += ", ";
    ++next;
  }
  return text + "], " + coq_scaled(row.bias, scale).str() + "⟩";
}

std::string layer_text(const AffineLayer& layer) {
  const int scale = coq_scale(layer);
  return "⟨" + Integer(Integer(1) << scale).str() + ", " + std::to_string(layer.roundings) + ", " +
         (layer.relu ? "true" : "false") + ", " +
         coq_list(layer.rows, ",\n    ",
                  [&](const AffineRow& row) { return row_text(row, scale); }) +
         "⟩";
}

tl::unexpected<core::Refusal> malformed(std::size_t node, std::string detail) {
  return core::refuse(RefusalCode::proof_malformed, "node " + std::to_string(node),
                      std::move(detail));
}

Integer rounded_down(const Rational& value) {
  Integer quotient;
  Integer remainder;
  divide_qr(numerator(value), denominator(value), quotient, remainder);
  return remainder < 0 ? Integer(quotient - 1) : quotient;
}

/// A split by the sign of a ReLU's input, on the way to a node.
struct Sign {
  std::size_t layer;
  std::size_t neuron;
};

/// Where a ReLU element stands, if there is one of that number.
std::optional<Sign> find_sign(std::size_t element, const AffineChain& chain) {
  for (std::size_t k = 0; k < chain.layers.size(); ++k) {
    const AffineLayer& layer = chain.layers[k];
    if (!layer.relu) continue;
    if (element < layer.rows.size())
      return Sign{k, layer.relu_rows.empty() ? element : layer.relu_rows[element]};
    element -= layer.rows.size();
  }
  return std::nullopt;
}

/// Walks a tree in preorder and writes it.
class TreeText {
 public:
  TreeText(const CaseProof& proof, const Case& of, const AffineChain& chain, const Integer& grain)
      : proof_(proof), case_(of), chain_(chain), grain_(grain) {
    // Coefficients of layer k carry the denominators of all later layers.
    scales_.assign(chain.layers.size(), 1);
    for (std::size_t k = chain.layers.size() - 1; k > 0; --k)
      scales_[k - 1] = scales_[k] << coq_scale(chain.layers[k]);
  }

  Result<std::string> write() {
    for (std::size_t i = 0; i < proof_.nodes.size(); ++i) {
      if (i != 0 && open_.empty()) return malformed(i, "after the end of the tree");
      text_ += i == 0 ? "(" : "\n    (";
      ISOTRACE_TRY_DONE(add(proof_.nodes[i], i));
    }
    if (proof_.nodes.empty() || !open_.empty())
      return malformed(proof_.nodes.size(), "the tree is not complete");
    return text_;
  }

 private:
  struct Open {
    int children = 2;  ///< still to come
    std::optional<Sign> sign;
  };

  Result<core::Done> add(const ProofNode& node, std::size_t index) {
    switch (node.kind) {
      case ProofNode::Kind::leaf: return add_leaf(node, index);
      case ProofNode::Kind::split: return add_split(node, index);
      case ProofNode::Kind::sign_split: return add_sign_split(node, index);
      default: break;
    }
    return core::refuse(RefusalCode::export_unsupported, "node " + std::to_string(index),
                        "a kind of split that Lean's checker does not know");
  }

  Result<core::Done> add_split(const ProofNode& node, std::size_t index) {
    if (node.dimension >= case_.box.size()) return malformed(index, "split at no input");
    if (!std::isfinite(node.at)) return malformed(index, "split at no number");
    const Integer point = rounded_down(core::exact_rational(node.at) * grain_);
    text_ += "Tree.split " + std::to_string(node.dimension) + " " + coq_number(point);
    open_.push_back({});
    return core::Done{};
  }

  Result<core::Done> add_sign_split(const ProofNode& node, std::size_t index) {
    const auto sign = find_sign(node.dimension, chain_);
    if (!sign) return malformed(index, "split of no ReLU");
    text_ += "Tree.sign " + std::to_string(sign->layer) + " " + std::to_string(sign->neuron);
    open_.push_back({2, sign});
    return core::Done{};
  }

  Result<core::Done> add_leaf(const ProofNode& node, std::size_t index) {
    const std::size_t rows = case_.rows.size();
    const auto signs = static_cast<std::size_t>(
        std::count_if(open_.begin(), open_.end(), [](const Open& o) { return o.sign; }));
    if (node.multipliers.size() > rows + signs) {
      return core::refuse(RefusalCode::export_unsupported, "node " + std::to_string(index),
                          "a leaf in rational numbers; prove with --plain-splits");
    }
    if (node.multipliers.size() != rows && node.multipliers.size() != rows + signs)
      return malformed(index, "number of multipliers");
    std::vector<Rational> weights;
    Rational largest = 0;
    for (const double multiplier : node.multipliers) {
      if (!std::isfinite(multiplier) || multiplier < 0) return malformed(index, "multiplier");
      weights.push_back(core::exact_rational(multiplier));
      // The proof gives multipliers for rows as they stand; Lean's are for their numerators.
      if (weights.size() > rows) continue;
      weights.back() /= denominator_of(case_.rows[weights.size() - 1]);
      largest = std::max(largest, weights.back());
    }
    if (largest == 0) largest = 1;
    for (Rational& weight : weights) weight *= Rational(Integer(1) << 48) / largest;
    text_ += "Tree.leaf ";
    text_ += coq_list(std::span(weights).first(rows), ", ",
                      [](const Rational& weight) { return rounded_down(weight).str(); });
    text_ +=
        " " + coq_list(node.slopes, ", ", [](std::uint8_t slope) { return std::to_string(slope); });
    text_ += " " + extras(std::span(weights).subspan(rows)) + ")";
    close();
    return core::Done{};
  }

  /// What the weights of sign splits add to the coefficients of their neurons: a coefficient too
  /// large by w uses z <= 0, one too small z >= 0.
  [[nodiscard]] std::string extras(std::span<const Rational> weights) const {
    std::vector<std::string> texts;
    std::size_t next = 0;
    for (const Open& open : open_) {
      if (!open.sign || next == weights.size()) continue;
      Integer amount = rounded_down(weights[next++] * scales_[open.sign->layer]);
      if (open.children == 1) amount = -amount;
      if (amount == 0) continue;
      texts.push_back("⟨" + std::to_string(open.sign->layer) + ", " +
                      std::to_string(open.sign->neuron) + ", " + amount.str() + "⟩");
    }
    return coq_list(texts, ", ", [](const std::string& text) { return text; });
  }

  /// After a leaf: closes what is complete.
  void close() {
    while (!open_.empty() && --open_.back().children == 0) {
      open_.pop_back();
      text_ += ")";
    }
  }

  const CaseProof& proof_;
  const Case& case_;
  const AffineChain& chain_;
  const Integer& grain_;
  std::vector<Integer> scales_;
  std::vector<Open> open_;  ///< the splits on the way to here
  std::string text_;
};

}  // namespace

Result<std::string> lean_network(const AffineChain& chain) {
  std::size_t weights = 0;
  for (std::size_t k = 0; k < chain.layers.size(); ++k) {
    for (const AffineRow& row : chain.layers[k].rows) {
      if (!row.terms.empty()) weights += row.terms.back().operand - row.terms.front().operand + 1;
    }
    if (weights > lean_weights_max) {
      return core::refuse(RefusalCode::limit_exceeded, "layer " + std::to_string(k),
                          "more than " + std::to_string(lean_weights_max) +
                              " weights, zeros between them included");
    }
  }
  return coq_list(chain.layers, ",\n   ", layer_text);
}

std::string lean_box(const std::vector<InputRange>& box) {
  return coq_list(box, ",\n   ", [](const InputRange& range) {
    return "⟨" + numerator(range.lower).str() + ", " + denominator(range.lower).str() + ", " +
           numerator(range.upper).str() + ", " + denominator(range.upper).str() + "⟩";
  });
}

std::string lean_constraints(const std::vector<LinearRow>& rows, std::size_t outputs) {
  return coq_list(rows, ",\n   ", [&](const LinearRow& row) {
    const Integer common = denominator_of(row);
    std::vector<Integer> coefficients(outputs, 0);
    for (const Term& term : row.terms) {
      coefficients[term.index] =
          numerator(term.coefficient) * (common / denominator(term.coefficient));
    }
    return "⟨" + coq_list(coefficients, ", ", [](const Integer& value) { return value.str(); }) +
           ", " + Integer(numerator(row.bound) * (common / denominator(row.bound))).str() +
           (row.strict ? ", true⟩" : ", false⟩");
  });
}

Integer lean_grain(const std::vector<InputRange>& box) {
  constexpr unsigned bits = 64;
  Rational largest = 0;
  for (const InputRange& range : box)
    largest = std::max({largest, Rational(abs(range.lower)), Rational(abs(range.upper))});
  if (largest == 0 || largest >= 1) return Integer(1) << bits;
  return Integer(1) << (bits + msb(Integer(denominator(largest) / numerator(largest))));
}

Result<std::string> lean_tree(const CaseProof& proof, const Case& of, const AffineChain& chain,
                              const Integer& grain) {
  return TreeText(proof, of, chain, grain).write();
}

}  // namespace isotrace::proofs
