// Disjunctive normal form of a property. Trusted base: a disjunct lost here would be a hole in
// every proof, so the two rules (concatenate under `or`, cross under `and`) stand alone.
#include <isotrace/proofs/checker/property.hpp>

#include <algorithm>

#include <isotrace/core/limits.hpp>

#include "vnnlib_formula.hpp"

namespace isotrace::proofs {
namespace {

using core::Rational;
using core::RefusalCode;
using core::Result;

constexpr std::size_t ranges_max = std::size_t{1} << 22;  // input ranges of all cases together
constexpr std::size_t atoms_max = std::size_t{1} << 23;   // atoms of all cases together

using Conjunction = std::vector<const Atom*>;

/// How large the normal form of a formula is; saturates.
struct Extent {
  std::size_t disjuncts;
  std::size_t atoms;
};

std::size_t saturate(std::size_t value) { return std::min(value, std::size_t{1} << 31); }

Extent extent_of(const Formula& formula) {
  if (formula.kind == Formula::Kind::atom) return {1, 1};
  const bool any = formula.kind == Formula::Kind::any;
  Extent total{any ? 0U : 1U, 0};
  for (const Formula& child : formula.children) {
    const Extent part = extent_of(child);
    if (any) {
      total = {saturate(total.disjuncts + part.disjuncts), saturate(total.atoms + part.atoms)};
    } else {
      total = {saturate(total.disjuncts * part.disjuncts),
               saturate(saturate(total.atoms * part.disjuncts) +
                        saturate(part.atoms * total.disjuncts))};
    }
  }
  return total;
}

std::vector<Conjunction> disjuncts_of(const Formula& formula);

/// Every disjunct of `left` together with every one of `right`, the left one varying slowest.
std::vector<Conjunction> cross(std::vector<Conjunction> left,
                               const std::vector<Conjunction>& right) {
  if (right.size() == 1) {
    for (auto& a : left) a.insert(a.end(), right[0].begin(), right[0].end());
    return left;
  }
  std::vector<Conjunction> product;
  product.reserve(left.size() * right.size());
  for (const auto& a : left) {
    for (const auto& b : right) {
      product.push_back(a);
      product.back().insert(product.back().end(), b.begin(), b.end());
    }
  }
  return product;
}

std::vector<Conjunction> disjuncts_of(const Formula& formula) {
  if (formula.kind == Formula::Kind::atom) return {{&formula.atom}};
  std::vector<Conjunction> all;
  if (formula.kind == Formula::Kind::all) all.emplace_back();
  for (const Formula& child : formula.children) {
    std::vector<Conjunction> part = disjuncts_of(child);
    if (formula.kind == Formula::Kind::all) {
      all = cross(std::move(all), part);
    } else {
      std::move(part.begin(), part.end(), std::back_inserter(all));
    }
  }
  return all;
}

/// One side of a range while the atoms are collected.
struct Side {
  const Rational* bound = nullptr;
  bool strict = false;

  /// Keeps the tighter bound; of equal ones the strict one.
  void tighten(const Atom& atom) {
    const bool lower = atom.kind == Atom::Kind::input_lower;
    const Rational& offered = atom.row.bound;
    if (bound == nullptr || (lower ? offered > *bound : offered < *bound)) {
      *this = {&offered, atom.row.strict};
    } else if (offered == *bound) {
      strict = strict || atom.row.strict;
    }
  }
};

bool is_empty(const InputRange& range) {
  return range.lower > range.upper ||
         (range.lower == range.upper && (range.lower_strict || range.upper_strict));
}

/// Nothing if the box is empty.
Result<std::optional<Case>> case_of(const Conjunction& atoms, std::size_t inputs) {
  std::vector<Side> lower(inputs);
  std::vector<Side> upper(inputs);
  Case made;
  for (const Atom* atom : atoms) {
    switch (atom->kind) {
      case Atom::Kind::row: made.rows.push_back(atom->row); break;
      case Atom::Kind::input_lower: lower[atom->input].tighten(*atom); break;
      case Atom::Kind::input_upper: upper[atom->input].tighten(*atom); break;
    }
  }
  made.box.reserve(inputs);
  bool empty = false;
  for (std::size_t i = 0; i < inputs; ++i) {
    if (lower[i].bound == nullptr || upper[i].bound == nullptr) {
      return core::refuse(
          RefusalCode::property_input_unbounded, "X_" + std::to_string(i),
          lower[i].bound == nullptr ? "no lower bound in a case" : "no upper bound in a case");
    }
    made.box.push_back({*lower[i].bound, *upper[i].bound, lower[i].strict, upper[i].strict});
    empty = empty || is_empty(made.box.back());
  }
  if (empty) return std::nullopt;
  return made;
}

}  // namespace

Result<Property> parse_vnnlib(std::string_view text) {
  ISOTRACE_TRY(const VnnlibFile file, read_vnnlib(text));
  const Extent extent = extent_of(file.formula);
  if (extent.disjuncts > core::limits::property_disjuncts_max || extent.atoms > atoms_max ||
      extent.disjuncts * file.inputs > ranges_max) {
    return core::refuse(
        RefusalCode::limit_exceeded, "property",
        std::to_string(extent.disjuncts) + " cases of " + std::to_string(file.inputs) + " inputs");
  }
  Property property{file.inputs, file.outputs, {}};
  for (const Conjunction& atoms : disjuncts_of(file.formula)) {
    ISOTRACE_TRY(auto made, case_of(atoms, file.inputs));
    if (made) property.cases.push_back(*std::move(made));
  }
  return property;
}

}  // namespace isotrace::proofs
