#include <isotrace/smt/solve_terms.hpp>

#include <cvc5/cvc5.h>

#include <vector>

#include <isotrace/core/check.hpp>
#include <isotrace/smt/number_text.hpp>
#include <isotrace/smt/print.hpp>
#include <isotrace/smt/read_model.hpp>
#include <isotrace/smt/stopwatch.hpp>

namespace isotrace::smt {
namespace {

using sorted::Operation;
using sorted::Sort;
using sorted::Term;

cvc5::Kind kind_of(bits::Operation operation) {
  using bits::Operation;
  switch (operation) {
    case Operation::bool_not: return cvc5::NOT;
    case Operation::bool_and: return cvc5::AND;
    case Operation::bool_or: return cvc5::OR;
    case Operation::bool_xor: return cvc5::XOR;
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

cvc5::Kind kind_of(Operation operation) {
  switch (operation) {
    case Operation::equal: return cvc5::EQUAL;
    case Operation::ite: return cvc5::ITE;
    case Operation::sum: return cvc5::ADD;
    case Operation::product: return cvc5::MULT;
    case Operation::at_most: return cvc5::LEQ;
    case Operation::below: return cvc5::LT;
    case Operation::to_real: return cvc5::TO_REAL;
    case Operation::fp_abs: return cvc5::FLOATINGPOINT_ABS;
    case Operation::fp_neg: return cvc5::FLOATINGPOINT_NEG;
    case Operation::fp_add: return cvc5::FLOATINGPOINT_ADD;
    case Operation::fp_sub: return cvc5::FLOATINGPOINT_SUB;
    case Operation::fp_mul: return cvc5::FLOATINGPOINT_MULT;
    case Operation::fp_div: return cvc5::FLOATINGPOINT_DIV;
    case Operation::fp_sqrt: return cvc5::FLOATINGPOINT_SQRT;
    case Operation::fp_fma: return cvc5::FLOATINGPOINT_FMA;
    case Operation::fp_rem: return cvc5::FLOATINGPOINT_REM;
    case Operation::fp_to_integral: return cvc5::FLOATINGPOINT_RTI;
    case Operation::fp_min: return cvc5::FLOATINGPOINT_MIN;
    case Operation::fp_max: return cvc5::FLOATINGPOINT_MAX;
    case Operation::fp_leq: return cvc5::FLOATINGPOINT_LEQ;
    case Operation::fp_lt: return cvc5::FLOATINGPOINT_LT;
    case Operation::fp_eq: return cvc5::FLOATINGPOINT_EQ;
    case Operation::fp_is_nan: return cvc5::FLOATINGPOINT_IS_NAN;
    case Operation::fp_is_infinite: return cvc5::FLOATINGPOINT_IS_INF;
    case Operation::fp_is_zero: return cvc5::FLOATINGPOINT_IS_ZERO;
    case Operation::fp_is_negative: return cvc5::FLOATINGPOINT_IS_NEG;
    case Operation::fp_from_bits: return cvc5::FLOATINGPOINT_TO_FP_FROM_IEEE_BV;
    case Operation::fp_from_float: return cvc5::FLOATINGPOINT_TO_FP_FROM_FP;
    case Operation::fp_from_signed: return cvc5::FLOATINGPOINT_TO_FP_FROM_SBV;
    case Operation::fp_from_unsigned: return cvc5::FLOATINGPOINT_TO_FP_FROM_UBV;
    case Operation::fp_to_signed: return cvc5::FLOATINGPOINT_TO_SBV;
    case Operation::fp_to_unsigned: return cvc5::FLOATINGPOINT_TO_UBV;
    default: ISOTRACE_CHECK(false, sorted::name(operation));
  }
  return cvc5::NULL_TERM;
}

cvc5::RoundingMode mode_of(Rounding rounding) {
  switch (rounding) {
    case Rounding::up: return cvc5::ROUND_TOWARD_POSITIVE;
    case Rounding::down: return cvc5::ROUND_TOWARD_NEGATIVE;
    case Rounding::to_zero: return cvc5::ROUND_TOWARD_ZERO;
    case Rounding::nearest_even: break;
  }
  return cvc5::ROUND_NEAREST_TIES_TO_EVEN;
}

class Cvc5Terms {
 public:
  Cvc5Terms(cvc5::Solver& solver, const sorted::Pool& pool, std::vector<Term> order)
      : solver_(solver), pool_(pool), order_(std::move(order)), made_(pool.size()) {}

  cvc5::Term make(Term root) {
    for (const Term term : order_) made_[term.index] = make_one(term);
    return at(root);
  }

  [[nodiscard]] Model model() const {
    return read_model(
        pool_, order_, [&](Term term) { return value(at(term)); },
        [&](Term memory, Term address) {
          return value(solver_.mkTerm(cvc5::SELECT, {at(memory), at(address)}));
        });
  }

 private:
  [[nodiscard]] const cvc5::Term& at(Term term) const { return made_[term.index]; }

  [[nodiscard]] sorted::Value value(const cvc5::Term& term) const {
    const cvc5::Term result = solver_.getValue(term);
    if (result.isBooleanValue()) return bits::Value{result.getBooleanValue() ? 1U : 0U};
    if (result.isIntegerValue()) return *read_number_text(result.getIntegerValue());
    if (result.isRealValue()) return *read_number_text(result.getRealValue());
    const cvc5::Term bits =
        result.isFloatingPointValue() ? std::get<2>(result.getFloatingPointValue()) : result;
    bits::Value number = 0;
    for (const char digit : bits.getBitVectorValue(2)) {
      number = number << 1 | static_cast<unsigned>(digit - '0');
    }
    return number;
  }

  [[nodiscard]] cvc5::Sort sort_of(Sort sort) const {
    switch (sort.kind) {
      case Sort::Kind::boolean: return solver_.getBooleanSort();
      case Sort::Kind::vector: return solver_.mkBitVectorSort(sort.width);
      case Sort::Kind::memory:
        return solver_.mkArraySort(solver_.mkBitVectorSort(bits::address_width),
                                   solver_.mkBitVectorSort(bits::byte_width));
      case Sort::Kind::integer: return solver_.getIntegerSort();
      case Sort::Kind::real: return solver_.getRealSort();
      case Sort::Kind::floating: break;
    }
    const FloatFormat format = float_format(sort.width);
    return solver_.mkFloatingPointSort(format.exponent_bits, format.precision);
  }

  [[nodiscard]] cvc5::Term constant(Term term) const {
    const Sort sort = pool_.sort(term);
    const sorted::Value& value = pool_.constant_value(term);
    if (sorted::is_number(sort)) {
      const std::string text = std::get<core::Rational>(value).str();
      return sort == sorted::real_sort ? solver_.mkReal(text) : solver_.mkInteger(text);
    }
    const bits::Value bits = std::get<bits::Value>(value);
    if (sort == sorted::boolean_sort) return solver_.mkBoolean(bits != 0);
    const cvc5::Term vector = solver_.mkBitVector(sort.width, bits::hex(bits).substr(2), 16);
    if (!sorted::is_float(sort)) return vector;
    const FloatFormat format = float_format(sort.width);
    return solver_.mkFloatingPoint(format.exponent_bits, format.precision, vector);
  }

  cvc5::Term make_one(Term term) {
    const sorted::Node& node = pool_.node(term);
    if (node.operation == Operation::constant) return constant(term);
    if (node.operation == Operation::variable) {
      return solver_.mkConst(sort_of(node.sort), pool_.variable_name(term));
    }
    std::vector<cvc5::Term> operands;
    if (takes_rounding(node.operation) || converts(node.operation)) {
      operands.push_back(solver_.mkRoundingMode(mode_of(node.rounding)));
    }
    for (const Term operand : pool_.operands(term)) operands.push_back(at(operand));
    if (node.operation == Operation::over_bits) return make_over_bits(term, operands);
    return solver_.mkTerm(operator_of(node), operands);
  }

  /// Between formats, or from or to vectors: with a rounding mode, and indexed.
  static bool converts(Operation operation) {
    return operation >= Operation::fp_from_float && operation <= Operation::fp_to_unsigned;
  }

  [[nodiscard]] cvc5::Op operator_of(const sorted::Node& node) const {
    const cvc5::Kind kind = kind_of(node.operation);
    const bool to_vector =
        node.operation == Operation::fp_to_signed || node.operation == Operation::fp_to_unsigned;
    if (to_vector) return solver_.mkOp(kind, {node.sort.width});
    if (node.operation != Operation::fp_from_bits && !converts(node.operation)) {
      return solver_.mkOp(kind);
    }
    const FloatFormat format = float_format(node.sort.width);
    return solver_.mkOp(kind, {format.exponent_bits, format.precision});
  }

  cvc5::Term make_over_bits(Term term, const std::vector<cvc5::Term>& operands) {
    const sorted::Node& node = pool_.node(term);
    const std::uint32_t width = node.sort.width;
    const std::uint32_t narrow = pool_.sort(pool_.operands(term)[0]).width;
    const auto indexed = [&](cvc5::Kind kind, const std::vector<std::uint32_t>& numbers) {
      return solver_.mkTerm(solver_.mkOp(kind, numbers), operands);
    };
    switch (node.bits) {
      case bits::Operation::extract:
        return indexed(cvc5::BITVECTOR_EXTRACT, {node.low + width - 1, node.low});
      case bits::Operation::zero_extend:
        return indexed(cvc5::BITVECTOR_ZERO_EXTEND, {width - narrow});
      case bits::Operation::sign_extend:
        return indexed(cvc5::BITVECTOR_SIGN_EXTEND, {width - narrow});
      case bits::Operation::array_constant:
        return solver_.mkConstArray(sort_of(sorted::memory_sort), operands[0]);
      default: return solver_.mkTerm(kind_of(node.bits), operands);
    }
  }

  cvc5::Solver& solver_;
  const sorted::Pool& pool_;
  std::vector<Term> order_;
  std::vector<cvc5::Term> made_;  // by term
};

Answer ask(const sorted::Pool& pool, Term assertion, std::uint64_t steps) {
  Answer answer;
  std::vector<Term> order = pool.post_order(assertion);
  cvc5::Solver solver;
  solver.setLogic(logic_of(pool, order));
  solver.setOption("produce-models", "true");
  if (steps != 0) solver.setOption("rlimit", std::to_string(steps));
  Cvc5Terms terms(solver, pool, std::move(order));
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

Answer solve_terms_cvc5(const sorted::Pool& pool, Term assertion, std::uint64_t steps) {
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
