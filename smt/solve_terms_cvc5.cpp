#include <isotrace/smt/solve_terms.hpp>

#include <cvc5/cvc5.h>

#include <vector>

#include <isotrace/core/check.hpp>
#include <isotrace/smt/read_model.hpp>
#include <isotrace/smt/stopwatch.hpp>

namespace isotrace::smt {
namespace {

using bits::Operation;
using bits::Term;

cvc5::Kind kind_of(Operation operation) {
  switch (operation) {
    case Operation::bool_not: return cvc5::NOT;
    case Operation::bool_and: return cvc5::AND;
    case Operation::bool_or: return cvc5::OR;
    case Operation::bool_xor: return cvc5::XOR;
    case Operation::equal: return cvc5::EQUAL;
    case Operation::ite: return cvc5::ITE;
    case Operation::bvnot: return cvc5::BITVECTOR_NOT;
    case Operation::bvneg: return cvc5::BITVECTOR_NEG;
    case Operation::bvand: return cvc5::BITVECTOR_AND;
    case Operation::bvor: return cvc5::BITVECTOR_OR;
    case Operation::bvxor: return cvc5::BITVECTOR_XOR;
    case Operation::bvadd: return cvc5::BITVECTOR_ADD;
    case Operation::bvsub: return cvc5::BITVECTOR_SUB;
    case Operation::bvmul: return cvc5::BITVECTOR_MULT;
    case Operation::bvudiv: return cvc5::BITVECTOR_UDIV;
    case Operation::bvurem: return cvc5::BITVECTOR_UREM;
    case Operation::bvsdiv: return cvc5::BITVECTOR_SDIV;
    case Operation::bvsrem: return cvc5::BITVECTOR_SREM;
    case Operation::bvshl: return cvc5::BITVECTOR_SHL;
    case Operation::bvlshr: return cvc5::BITVECTOR_LSHR;
    case Operation::bvashr: return cvc5::BITVECTOR_ASHR;
    case Operation::bvult: return cvc5::BITVECTOR_ULT;
    case Operation::bvule: return cvc5::BITVECTOR_ULE;
    case Operation::bvslt: return cvc5::BITVECTOR_SLT;
    case Operation::bvsle: return cvc5::BITVECTOR_SLE;
    case Operation::concat: return cvc5::BITVECTOR_CONCAT;
    case Operation::select: return cvc5::SELECT;
    case Operation::store: return cvc5::STORE;
    default: ISOTRACE_CHECK(false, bits::name(operation));
  }
  return cvc5::NULL_TERM;
}

class Cvc5Terms {
 public:
  Cvc5Terms(cvc5::Solver& solver, const bits::TermPool& pool)
      : solver_(solver),
        pool_(pool),
        memory_sort_(solver.mkArraySort(solver.mkBitVectorSort(bits::address_width),
                                        solver.mkBitVectorSort(bits::byte_width))),
        made_(pool.size()) {}

  cvc5::Term make(Term root) {
    order_ = pool_.post_order({root});
    for (const Term term : order_) made_[term.index] = make_one(term);
    return at(root);
  }

  bits::Assignment model() const {
    return read_model(
        pool_, order_, [&](Term term) { return value(at(term)); },
        [&](Term memory, Term address) {
          return value(solver_.mkTerm(cvc5::SELECT, {at(memory), at(address)}));
        });
  }

 private:
  [[nodiscard]] const cvc5::Term& at(Term term) const { return made_[term.index]; }

  bits::Value value(const cvc5::Term& term) const {
    const cvc5::Term result = solver_.getValue(term);
    if (result.isBooleanValue()) return result.getBooleanValue() ? 1 : 0;
    bits::Value number = 0;
    for (const char digit : result.getBitVectorValue(2)) {
      number = number << 1 | static_cast<unsigned>(digit - '0');
    }
    return number;
  }

  cvc5::Term constant(Term term) {
    const bits::Value value = *pool_.constant_value(term);
    if (pool_.sort(term) == bits::boolean_sort) return solver_.mkBoolean(value != 0);
    return solver_.mkBitVector(pool_.width(term), bits::hex(value).substr(2), 16);
  }

  cvc5::Term variable(Term term) {
    const bits::Sort sort = pool_.sort(term);
    const std::string& name = pool_.variable_name(term);
    if (sort == bits::boolean_sort) return solver_.mkConst(solver_.getBooleanSort(), name);
    if (sort == bits::memory_sort) return solver_.mkConst(memory_sort_, name);
    return solver_.mkConst(solver_.mkBitVectorSort(sort.width), name);
  }

  cvc5::Term make_one(Term term) {
    const unsigned width = pool_.width(term);
    switch (pool_.operation(term)) {
      case Operation::constant: return constant(term);
      case Operation::variable: return variable(term);
      case Operation::extract:
        return indexed(cvc5::BITVECTOR_EXTRACT,
                       {pool_.low_bit(term) + width - 1, pool_.low_bit(term)}, term);
      case Operation::zero_extend:
        return indexed(cvc5::BITVECTOR_ZERO_EXTEND, {width - narrow_width(term)}, term);
      case Operation::sign_extend:
        return indexed(cvc5::BITVECTOR_SIGN_EXTEND, {width - narrow_width(term)}, term);
      case Operation::array_constant:
        return solver_.mkConstArray(memory_sort_, at(pool_.operand(term, 0)));
      default: break;
    }
    std::vector<cvc5::Term> operands;
    for (unsigned i = 0; i < pool_.operand_count(term); ++i) {
      operands.push_back(at(pool_.operand(term, i)));
    }
    return solver_.mkTerm(kind_of(pool_.operation(term)), operands);
  }

  [[nodiscard]] unsigned narrow_width(Term term) const {
    return pool_.width(pool_.operand(term, 0));
  }

  cvc5::Term indexed(cvc5::Kind kind, const std::vector<std::uint32_t>& numbers, Term term) {
    return solver_.mkTerm(solver_.mkOp(kind, numbers), {at(pool_.operand(term, 0))});
  }

  cvc5::Solver& solver_;
  const bits::TermPool& pool_;
  cvc5::Sort memory_sort_;
  std::vector<Term> order_;
  std::vector<cvc5::Term> made_;  // by term
};

Answer ask(const bits::TermPool& pool, Term assertion, std::uint64_t steps) {
  Answer answer;
  cvc5::Solver solver;
  solver.setLogic("QF_ABV");
  solver.setOption("produce-models", "true");
  if (steps != 0) solver.setOption("rlimit", std::to_string(steps));
  Cvc5Terms terms(solver, pool);
  solver.assertFormula(terms.make(assertion));
  const cvc5::Result result = solver.checkSat();
  if (result.isSat()) {
    answer.kind = Answer::Kind::sat;
    answer.model = terms.model();
  } else if (result.isUnsat()) {
    answer.kind = Answer::Kind::unsat;
  } else {
    answer.detail = result.toString();
    if (result.getUnknownExplanation() == cvc5::MEMOUT) answer.kind = Answer::Kind::memory;
  }
  return answer;
}

}  // namespace

Answer solve_terms_cvc5(const bits::TermPool& pool, Term assertion, std::uint64_t steps) {
  const Stopwatch watch;
  Answer answer;
  try {
    answer = ask(pool, assertion, steps);
  } catch (const cvc5::CVC5ApiException& error) {
    answer.kind = Answer::Kind::rejected;
    answer.detail = error.getMessage();
  }
  answer.solve_milliseconds = watch.milliseconds();
  return answer;
}

std::string cvc5_version() { return cvc5::Solver().getVersion(); }

}  // namespace isotrace::smt
