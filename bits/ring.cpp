#include <isotrace/bits/ring.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace isotrace::bits {
namespace {

using Monomial = std::vector<std::uint32_t>;   // numbers of terms, ascending, with repetition
using Polynomial = std::map<Monomial, Value>;  // coefficients are not 0 modulo 2^width
using Maybe = std::optional<Polynomial>;       // nothing: beyond a limit

constexpr std::size_t monomials_max = 48;
constexpr std::size_t degree_max = 8;
constexpr std::size_t work_max = std::size_t{1} << 19;  ///< monomials of all polynomials together

class Merger {
 public:
  explicit Merger(TermPool& pool) : pool_(pool) {}

  std::vector<Term> run(std::vector<Term> roots) {
    merged_.resize(pool_.size());
    for (const Term term : pool_.post_order(roots)) {
      merged_[term.index] = solve(merge(rebuild(term)));
    }
    for (Term& root : roots) root = merged_[root.index];
    return roots;
  }

 private:
  Term rebuild(Term term) {
    std::array<Term, 3> operands{};
    bool same = true;
    for (unsigned i = 0; i < pool_.operand_count(term); ++i) {
      operands[i] = merged_[pool_.operand(term, i).index];
      same = same && operands[i] == pool_.operand(term, i);
    }
    return same ? term : pool_.remake(term, operands);
  }

  /// The term that stands for all with the polynomial of this one.
  Term merge(Term term) {
    if (pool_.full() || pool_.sort(term).kind != Sort::Kind::vector) return term;
    const Maybe made = expand(term);
    if (!made) return term;
    const unsigned width = pool_.width(term);
    if (made->empty()) return pool_.constant(0, width);
    if (made->size() == 1) {
      const auto& [monomial, factor] = *made->begin();
      if (monomial.empty()) return pool_.constant(factor, width);
      if (monomial.size() == 1 && factor == 1) return {monomial[0]};
    }
    const Term first = first_of_.try_emplace({width, *made}, term).first->second;
    known_.try_emplace(first.index, *made);
    return first;
  }

  /// An equation whose sides share parts: what they do not share, where that is two terms at most.
  Term solve(Term term) {
    if (pool_.operation(term) != Operation::equal) return term;
    const Polynomial a = polynomial(pool_.operand(term, 0));
    const Polynomial b = polynomial(pool_.operand(term, 1));
    const unsigned width = pool_.width(pool_.operand(term, 0));
    if (width == 0) return term;
    const Maybe rest = sum(a, b, mask(width), width);
    if (!rest || rest->size() > 2 || rest->size() >= a.size() + b.size()) return term;
    std::array<Term, 2> sides = {pool_.constant(0, width), pool_.constant(0, width)};
    for (const auto& [monomial, k] : *rest) {
      const bool negative = k == mask(width);
      if (monomial.size() > 1 || (monomial.size() == 1 && k != 1 && !negative)) return term;
      Term& side = sides[monomial.empty() || negative ? 1 : 0];
      side = pool_.bvadd(side, monomial.empty() ? pool_.constant(0 - k, width) : Term{monomial[0]});
    }
    return pool_.equal(sides[0], sides[1]);
  }

  /// What an operation of the ring makes of its operands' polynomials; nothing if it is another
  /// operation, or beyond a limit.
  Maybe expand(Term term) {
    const unsigned width = pool_.width(term);
    const auto part = [&](unsigned i) { return polynomial(pool_.operand(term, i)); };
    switch (pool_.operation(term)) {
      case Operation::bvadd: return sum(part(0), part(1), 1, width);
      case Operation::bvsub: return sum(part(0), part(1), mask(width), width);
      case Operation::bvneg: return sum({}, part(0), mask(width), width);
      case Operation::bvxor:
        if (pool_.constant_value(pool_.operand(term, 1)) != mask(width)) return std::nullopt;
        [[fallthrough]];
      case Operation::bvnot:  // -x - 1
        return sum(Polynomial{{{}, mask(width)}}, part(0), mask(width), width);
      case Operation::bvmul: return product(part(0), part(1), width);
      case Operation::bvshl: {
        const auto by = pool_.constant_value(pool_.operand(term, 1));
        if (!by || *by >= width) return std::nullopt;
        return sum({}, part(0), Value{1} << *by, width);
      }
      case Operation::bvand: {
        const auto ones = pool_.constant_value(pool_.operand(term, 1));
        if (!ones || (*ones & (*ones + 1)) != 0) return std::nullopt;
        unsigned count = 0;
        while (*ones >> count != 0) ++count;
        return low_part(pool_.operand(term, 0), count, width);
      }
      case Operation::zero_extend: {
        const Term bits = pool_.operand(term, 0);
        if (pool_.operation(bits) != Operation::extract || pool_.low_bit(bits) != 0 ||
            pool_.width(pool_.operand(bits, 0)) != width) {
          return std::nullopt;
        }
        return low_part(pool_.operand(bits, 0), pool_.width(bits), width);
      }
      case Operation::extract:  // the lowest bits of sums and products are those of the operands'
        if (pool_.low_bit(term) != 0) return std::nullopt;
        return lowest(part(0), width);
      default: return std::nullopt;
    }
  }

  /// The lowest `count` bits of a number are what its other bits leave of it.
  Maybe low_part(Term number, unsigned count, unsigned width) {
    const Term high = pool_.bvlshr(number, pool_.constant(count, width));
    return sum(polynomial(number), polynomial(high), 0 - (Value{1} << count), width);
  }

  [[nodiscard]] Polynomial polynomial(Term term) const {
    const auto known = known_.find(term.index);
    if (known != known_.end()) return known->second;
    const auto value = pool_.constant_value(term);
    if (!value) return {{{term.index}, 1}};
    return *value == 0 ? Polynomial{} : Polynomial{{{}, *value}};
  }

  [[nodiscard]] Maybe within(Polynomial made) {
    work_ += made.size();
    if (made.size() > monomials_max || work_ > work_max) return std::nullopt;
    return made;
  }

  static void add(Polynomial& to, const Monomial& monomial, Value factor, unsigned width) {
    Value& there = to[monomial];
    there = (there + factor) & mask(width);
    if (there == 0) to.erase(monomial);
  }

  /// a + factor * b
  Maybe sum(Polynomial a, const Polynomial& b, Value factor, unsigned width) {
    for (const auto& [monomial, k] : b) add(a, monomial, k * factor, width);
    return within(std::move(a));
  }

  Maybe product(const Polynomial& a, const Polynomial& b, unsigned width) {
    Polynomial result;
    for (const auto& [left, k] : a) {
      for (const auto& [right, l] : b) {
        if (left.size() + right.size() > degree_max) return std::nullopt;
        Monomial both;
        std::ranges::merge(left, right, std::back_inserter(both));
        add(result, both, k * l, width);
      }
    }
    return within(std::move(result));
  }

  Maybe lowest(const Polynomial& a, unsigned width) {
    Polynomial result;
    for (const auto& [monomial, k] : a) {
      Maybe narrow = sum({}, Polynomial{{{}, 1}}, k, width);
      for (const std::uint32_t factor : monomial) {
        if (!narrow) return std::nullopt;
        narrow = product(*narrow, polynomial(pool_.extract({factor}, width - 1, 0)), width);
      }
      if (!narrow) return std::nullopt;
      for (const auto& [inner, l] : *narrow) add(result, inner, l, width);
    }
    return within(std::move(result));
  }

  TermPool& pool_;
  std::vector<Term> merged_;                   // by term
  std::map<std::uint32_t, Polynomial> known_;  // by merged term
  std::map<std::pair<unsigned, Polynomial>, Term> first_of_;
  std::size_t work_ = 0;
};

}  // namespace

std::vector<Term> merge_polynomials(TermPool& pool, const std::vector<Term>& roots) {
  return Merger(pool).run(roots);
}

}  // namespace isotrace::bits
