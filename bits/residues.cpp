#include <isotrace/bits/residues.hpp>

#include <algorithm>
#include <bit>

namespace isotrace::bits {
namespace {
constexpr std::size_t moduli_max = 8;
constexpr std::size_t same_max = 8;
constexpr std::size_t work_max = std::size_t{1} << 22;
}  // namespace

Residues::Residues(const TermPool& pool, const std::vector<Term>& order) : pool_(pool) {
  const auto take = [&](std::optional<Value> k) {
    if (!k || *k < 2 || *k >> 32 != 0 || moduli_.size() == moduli_max) return;
    if (std::ranges::find(moduli_, *k) == moduli_.end()) moduli_.push_back(*k);
  };
  for (const Term term : order) {
    const Operation operation = pool.operation(term);
    if (operation == Operation::bvudiv || operation == Operation::bvurem) {
      take(pool.constant_value(pool.operand(term, 1)));
    }
    for (unsigned i = 0; operation == Operation::bvadd && i < 2; ++i) {
      const Term part = pool.operand(term, i);
      if (pool.operation(part) != Operation::bvlshr) continue;
      const Value by = pool.constant_value(pool.operand(part, 1)).value_or(0);
      if (by <= 32) take((Value{1} << by) - 1);
    }
  }
}

/// A negated wire is 1 less the wire.
void Residues::add(Residue& sum, Wire wire, Value weight, Value k) {
  const bool negated = (wire & 1) != 0;
  if (negated) add(sum, wire_true, weight, k);
  Value& there = sum[wire & ~1U];
  there = (there + (negated ? k - weight % k : weight % k)) % k;
  if (there == 0) sum.erase(wire & ~1U);
}

std::optional<Residues::Digits> Residues::find_digits(Gates& gates, Wire top, Value k) const {
  const auto known = learned_.find({k, top});
  if (known != learned_.end()) return known->second;
  const WireSum* const exact = gates.digit_sums()->find_top(top);
  if (exact == nullptr) return std::nullopt;
  Digits digits{*gates.digit_sums()->find(*exact), {}};
  for (const auto& [wire, weight] : exact->weights) {
    const auto modulus = static_cast<WireSum::Integer>(k);
    add(digits.worth, wire, static_cast<Value>((weight % modulus + modulus) % modulus), k);
  }
  return digits;
}

/// If digits d0 + 2 d1 + 4 d2 ... stand in the sum a number of times, their worth as many times:
/// their worth less the digits is 0 modulo k, so that any multiple may be added.
void Residues::replace(Residue& sum, const Digits& digits, Value k) {
  const auto weight_of = [&](Wire wire) {
    const auto place = sum.find(wire & ~1U);
    const Value there = place == sum.end() ? 0 : place->second;
    return (wire & 1) != 0 ? (k - there) % k : there;
  };
  Value times = weight_of(digits.word[0]);
  if (k % 2 != 0) {  // by the highest one, as there is a half of everything
    times = weight_of(digits.word.back());
    for (std::size_t i = 1; i < digits.word.size(); ++i) times = times * ((k + 1) / 2) % k;
  }
  Value weight = times;
  for (const Wire wire : digits.word) {
    if (wire > wire_false && weight_of(wire) != weight) return;
    weight = weight * 2 % k;
  }
  weight = k - times;
  for (const Wire wire : digits.word) {
    add(sum, wire, weight, k);
    weight = weight * 2 % k;
  }
  for (const auto& [wire, worth] : digits.worth) add(sum, wire, worth * times, k);
}

/// The latest wires first, since what they are worth stands before them.
Residues::Residue Residues::residue(Gates& gates, const Word& word, Value k) {
  Residue sum;
  for (std::size_t i = 0; i < word.size(); ++i) add(sum, word[i], Value{1} << i, k);
  for (auto next = sum.end(); next != sum.begin() && work_ < work_max;) {
    const Wire top = (--next)->first;
    const auto digits = find_digits(gates, top, k);
    if (digits) replace(sum, *digits, k);
    work_ += sum.size() + (digits ? digits->worth.size() : 0);
    next = sum.lower_bound(top);
  }
  return sum;
}

/// That one word is congruent to the other.
void Residues::learn(Gates& gates, const Word& word, const Word& congruent, Value k) {
  Digits digits{word, residue(gates, congruent, k)};
  digits.word.resize(length_of(word));
  if (digits.word.empty() || digits.word.back() <= wire_false) return;
  const Wire top = digits.word.back() & ~1U;
  learned_.try_emplace({k, top}, std::move(digits));
  compare(gates, word, k);
}

/// Of two congruent numbers in 0..k-1, or in 1..k, one is the other.
void Residues::compare(Gates& gates, const Word& word, Value k) {
  const auto width = static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(k))) + 8;
  if (length_of(word) < 2 || length_of(word) >= width || work_ >= work_max) return;
  std::vector<Word>& others = same_[{k, residue(gates, word, k)}];
  Word first = word;
  first.resize(width, wire_false);
  if (others.size() == same_max || std::ranges::find(others, first) != others.end()) return;
  const Word limit = constant_word(k, width);
  const Word none(width, wire_false);
  const auto less = [&](const Word& a, const Word& b) {
    return operation_gates(gates, Operation::bvult, {a, b}, 0, 1)[0];
  };
  for (const Word& second : others) {
    const Wire equal = equal_words(gates, first, second);
    gates.demand({invert(less(first, limit)), invert(less(second, limit)), equal});
    gates.demand({equal_words(gates, first, none), equal_words(gates, second, none),
                  less(limit, first), less(limit, second), equal});
  }
  others.push_back(first);
}

/// S, if the term is S - k where something holds of which S >= k follows, else S; or is 0 where S
/// is k, else S.
std::optional<Term> Residues::find_reduced(Term term, Value k) const {
  const bool sum = pool_.operation(term) == Operation::bvadd;
  const Term choice = sum ? pool_.operand(term, 1) : term;
  if (pool_.operation(choice) != Operation::ite) return std::nullopt;
  const Value reduced = sum ? (0 - k) & mask(pool_.width(term)) : 0;
  const bool holds = pool_.constant_value(pool_.operand(choice, 1)) == reduced;
  const Term other = pool_.operand(choice, holds ? 2 : 1);
  if (!holds && pool_.constant_value(pool_.operand(choice, 2)) != reduced) return std::nullopt;
  if (sum && pool_.constant_value(other) != Value{0}) return std::nullopt;
  const Term from = sum ? pool_.operand(term, 0) : other;
  const Term condition = pool_.operand(choice, 0);
  const Operation test = pool_.operation(condition);
  if (pool_.operand_count(condition) != 2) return std::nullopt;
  // k <= S, or not S < k: with signs too, if no number here has one.
  const bool strict = test == Operation::bvult || test == Operation::bvslt;
  const bool ordered = strict || test == Operation::bvule || test == Operation::bvsle;
  const bool equal = !sum && holds && test == Operation::equal;
  const unsigned side = holds && !equal ? 1 : 0;
  if ((!equal && !(sum && ordered)) || pool_.operand(condition, side) != from) return std::nullopt;
  const auto bound = pool_.constant_value(pool_.operand(condition, 1 - side));
  if (equal) return bound == k ? std::optional(from) : std::nullopt;
  const Value least = bound.value_or(0) + (strict == holds ? 1 : 0);
  const bool positive = least >> (pool_.width(term) - 1) == 0;
  return least >= k && positive ? std::optional(from) : std::nullopt;
}

void Residues::note(Gates& gates, Term term, std::vector<Word>& words) {
  if (gates.full() || pool_.width(term) < 8 || pool_.width(term) > 64) return;
  const Operation operation = pool_.operation(term);
  const bool divides = operation == Operation::bvudiv || operation == Operation::bvurem;
  Word& word = words[term.index];
  for (const Value k : moduli_) {
    if (divides && pool_.constant_value(pool_.operand(term, 1)) == k) {
      const Word& a = words[pool_.operand(term, 0).index];
      const Word by = constant_word(k, pool_.width(term));
      learn(gates, operation_gates(gates, Operation::bvurem, {a, by}, 0, pool_.width(term)), a, k);
    } else if (const auto from = find_reduced(term, k)) {
      const Word& before = words[from->index];
      for (std::size_t i = length_of(before); i < word.size(); ++i) {  // it is not larger
        gates.demand({invert(word[i])});
        word[i] = wire_false;
      }
      learn(gates, word, before, k);
    } else if (operation == Operation::bvadd) {
      compare(gates, word, k);
    }
  }
}

}  // namespace isotrace::bits
