#include <isotrace/proofs/search/exact_leaf.hpp>

#include <algorithm>
#include <cmath>

#include <isotrace/proofs/search/simplex.hpp>

namespace isotrace::proofs::search {
namespace {

using core::Integer;
using core::Rational;

/// Of the tableau: each pivot goes through all of them.
constexpr std::size_t entries_max = std::size_t{1} << 13;
/// Multipliers have so many bits in each part, and end above the least binary64 numbers.
constexpr std::size_t part_bits = 53;
constexpr std::size_t parts_max = 24;
constexpr int top_exponent = 380;

/// 1 or -1 where a split says so; 0 elsewhere.
int sign_above(const std::vector<SignSplit>& signs, std::size_t layer, std::size_t neuron) {
  for (const SignSplit& split : signs) {
    if (split.layer == layer && split.neuron == neuron) return split.sign > 0 ? 1 : -1;
  }
  return 0;
}

/// The box as the checker's exact rule sees it.
struct Sides {
  std::vector<Rational> lower, upper;

  Sides(const Case& unsafe, const Box& box) {
    for (std::size_t i = 0; i < unsafe.box.size(); ++i) {
      lower.push_back(std::max(core::exact_rational(box.lower[i]), unsafe.box[i].lower));
      upper.push_back(std::min(core::exact_rational(box.upper[i]), unsafe.box[i].upper));
    }
  }
};

/// Variables are the inputs less their lower sides, and s less a number that it surely exceeds: the
/// least s by which some point exceeds the rows, or, where there are any, the strict ones.
class ExactProgram {
 public:
  ExactProgram(const Network& network, const Case& unsafe, const Box& box,
               const std::vector<SignSplit>& signs)
      : network_(network),
        unsafe_(unsafe),
        signs_(signs),
        sides_(unsafe, box),
        tableau_(network.inputs + 1),
        sign_rows_(signs.size()) {
    for (std::size_t i = 0; i < network.inputs; ++i) {
      std::vector<Rational> row(network.inputs + 1);
      row[i] = 1;
      tableau_.add(std::move(row), sides_.upper[i] - sides_.lower[i]);
    }
  }

  ExactDecision decide(const Bounds& bounds) {
    const auto outputs = pass_exactly(network_, exact_variables(network_.inputs),
                                      [&](std::size_t k, std::size_t i, const ExactForms& given) {
                                        const int sign = sign_above(signs_, k, i);
                                        if (sign != 0) {
                                          add_sign(k, i, given);
                                          return sign;
                                        }
                                        return bounds.lower[k][i] >= 0 ? 1 : -1;
                                      });
    add_rows(*outputs);
    switch (tableau_.solve()) {
      case Simplex::End::unfinished: return {};
      case Simplex::End::infeasible: return closed();
      case Simplex::End::optimal: break;
    }
    const Rational least = tableau_.value(network_.inputs) - reach_;
    if (least > 0 || (any_strict_ && least == 0)) return closed();
    ExactDecision violated;
    violated.kind = ExactDecision::Kind::violated;
    for (std::size_t i = 0; i < network_.inputs; ++i) {
      const Rational x = sides_.lower[i] + tableau_.value(i);
      violated.point.push_back(x.convert_to<double>());
    }
    return violated;
  }

 private:
  using Simplex = Tableau<Rational>;
  using Form = std::vector<Rational>;  ///< over the inputs, then the constant

  [[nodiscard]] Form rational(const ExactForms& forms, std::size_t number) const {
    Form form;
    for (std::size_t j = 0; j <= network_.inputs; ++j) {
      form.push_back(forms.value(forms.row(number)[j]));
    }
    return form;
  }

  /// form - slack * s <= 0, in the program's variables.
  std::size_t add(Form form, int slack) {
    Rational limit = -form.back();
    for (std::size_t i = 0; i < network_.inputs; ++i) limit -= form[i] * sides_.lower[i];
    form.back() = -slack;
    return tableau_.add(std::move(form), limit - slack * reach_);
  }

  void add_sign(std::size_t layer, std::size_t neuron, const ExactForms& given) {
    for (std::size_t s = 0; s < signs_.size(); ++s) {
      if (signs_[s].layer != layer || signs_[s].neuron != neuron) continue;
      Form form = rational(given, neuron);
      for (Rational& number : form) number *= signs_[s].sign > 0 ? -1 : 1;
      sign_rows_[s] = add(std::move(form), 0);
    }
  }

  [[nodiscard]] Form row_form(const ExactForms& outputs, const LinearRow& row) const {
    Form form(network_.inputs + 1);
    form.back() = -row.bound;
    for (const Term& term : row.terms) {
      const Form y = rational(outputs, network_.output_neurons[term.index]);
      for (std::size_t j = 0; j < y.size(); ++j) form[j] += term.coefficient * y[j];
    }
    for (const Term& term : row.input_terms) form[term.index] += term.coefficient;
    return form;
  }

  void add_rows(const ExactForms& outputs) {
    std::vector<Form> forms;
    reach_ = 1;
    for (const LinearRow& row : unsafe_.rows) {
      any_strict_ = any_strict_ || row.strict;
      forms.push_back(row_form(outputs, row));
      Rational size = abs(forms.back().back());
      for (std::size_t i = 0; i < network_.inputs; ++i) {
        const Rational height =
            std::max(Rational(abs(sides_.lower[i])), Rational(abs(sides_.upper[i])));
        size += abs(forms.back()[i]) * height;
      }
      reach_ = std::max(reach_, Rational(size + 1));
    }
    for (std::size_t r = 0; r < forms.size(); ++r) {
      const bool counts = !any_strict_ || unsafe_.rows[r].strict;
      case_rows_.push_back(add(std::move(forms[r]), counts ? 1 : 0));
    }
    tableau_.set_cost(network_.inputs, 1);
  }

  /// The Farkas coefficients as integers without a common factor, in parts; nothing is lost.
  ExactDecision closed() const {
    std::vector<Rational> factors;
    for (const std::size_t row : case_rows_) factors.push_back(tableau_.dual_of_row(row));
    for (const std::size_t row : sign_rows_) factors.push_back(tableau_.dual_of_row(row));
    Integer common = 1;
    for (const Rational& factor : factors) common = lcm(common, denominator(factor));
    Integer shared = 0;
    std::vector<Integer> wholes;
    for (const Rational& factor : factors) {
      wholes.emplace_back(numerator(factor) * (common / denominator(factor)));
      shared = gcd(shared, wholes.back());
    }
    if (shared == 0) return {};
    std::size_t bits = 0;
    for (Integer& whole : wholes) {
      whole /= shared;
      if (whole != 0) bits = std::max<std::size_t>(bits, msb(whole) + 1);
    }
    // Two parts say that the multipliers are exact, however few bits there are.
    const std::size_t parts = std::max<std::size_t>(2, (bits + part_bits - 1) / part_bits);
    if (parts > parts_max) return {};
    ExactDecision made;
    made.kind = ExactDecision::Kind::closed;
    const auto length = static_cast<int>(parts * part_bits);
    const int down = std::max(0, length - top_exponent);
    const Integer mask = (Integer(1) << part_bits) - 1;
    for (std::size_t part = parts; part-- > 0;) {
      const auto shift = static_cast<unsigned>(part * part_bits);
      for (const Integer& whole : wholes) {
        const Integer digits = (whole >> shift) & mask;
        made.multipliers.push_back(
            std::ldexp(digits.convert_to<double>(), static_cast<int>(shift) - down));
      }
    }
    return made;
  }

  const Network& network_;
  const Case& unsafe_;
  const std::vector<SignSplit>& signs_;
  Sides sides_;
  Simplex tableau_;
  Rational reach_ = 0;
  bool any_strict_ = false;
  std::vector<std::size_t> sign_rows_;
  std::vector<std::size_t> case_rows_;
};

}  // namespace

std::optional<SignSplit> find_unknown_sign(const Network& network, const Bounds& bounds,
                                           const Slopes& magnitudes,
                                           const std::vector<SignSplit>& signs, double nearness) {
  std::uint32_t element = 0;
  for (std::size_t k = 0; k < network.layers.size(); ++k) {
    for (const std::uint32_t i : network.layers[k].relu_order) {
      const std::uint32_t number = element++;
      const double room = nearness * magnitudes[k][i];
      if (bounds.lower[k][i] >= room || bounds.upper[k][i] <= -room) continue;
      if (sign_above(signs, k, i) == 0) return SignSplit{number, k, i, 1, 0};
    }
  }
  return std::nullopt;
}

ExactDecision decide_exactly(const Network& network, const Case& unsafe, const Box& box,
                             const Bounds& bounds, const std::vector<SignSplit>& signs) {
  const std::size_t rows = network.inputs + unsafe.rows.size() + signs.size();
  if (rows * (network.inputs + 1) > entries_max || unsafe.rows.empty()) return {};
  return ExactProgram(network, unsafe, box, signs).decide(bounds);
}

}  // namespace isotrace::proofs::search
