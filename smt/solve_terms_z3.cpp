#include <isotrace/smt/solve_terms.hpp>

#include <z3++.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include <isotrace/smt/number_text.hpp>
#include <isotrace/smt/print.hpp>
#include <isotrace/smt/read_model.hpp>
#include <isotrace/smt/stopwatch.hpp>

namespace isotrace::smt {
namespace {

using sorted::Operation;
using sorted::Sort;
using sorted::Term;

class Z3Terms {
 public:
  Z3Terms(z3::context& context, const sorted::Pool& pool)
      : context_(context), pool_(pool), made_(pool.size()) {}

  z3::expr make(Term root) {
    order_ = pool_.post_order(root);
    for (const Term term : order_) made_[term.index] = make_one(term);
    return at(root);
  }

  [[nodiscard]] std::string logic() const { return logic_of(pool_, order_); }

  Model model_of(const z3::model& model) const {
    return read_model(
        pool_, order_, [&](Term term) { return value(model, at(term)); },
        [&](Term memory, Term address) {
          return value(model, z3::select(at(memory), at(address)));
        });
  }

 private:
  [[nodiscard]] const z3::expr& at(Term term) const { return *made_[term.index]; }

  sorted::Value value(const z3::model& model, const z3::expr& term) const {
    if (term.is_fpa()) return float_value(model, term);
    const z3::expr result = model.eval(term, true);
    if (result.is_bool()) return bits::Value{result.is_true() ? 1U : 0U};
    if (!result.is_numeral()) throw z3::exception("a value that is no rational number");
    if (result.is_arith()) return *read_number_text(Z3_get_numeral_string(context_, result));
    bits::Value number = 0;
    for (const char digit : result.get_decimal_string(0))
      number = number * 10 + static_cast<unsigned>(digit - '0');
    return number;
  }

  /// The bits; Z3 gives those of a NaN any value.
  [[nodiscard]] sorted::Value float_value(const z3::model& model, const z3::expr& term) const {
    const z3::expr bits = wrap(Z3_mk_fpa_to_ieee_bv(context_, term));
    if (!Z3_fpa_is_numeral_nan(context_, model.eval(term, true))) return value(model, bits);
    return bits::Value{float_format(bits.get_sort().bv_size()).nan()};
  }

  [[nodiscard]] z3::expr wrap(Z3_ast made) const {
    context_.check_error();
    return {context_, made};
  }

  [[nodiscard]] z3::sort sort_of(Sort sort) const {
    switch (sort.kind) {
      case Sort::Kind::boolean: return context_.bool_sort();
      case Sort::Kind::vector: return context_.bv_sort(sort.width);
      case Sort::Kind::memory:
        return context_.array_sort(context_.bv_sort(bits::address_width),
                                   context_.bv_sort(bits::byte_width));
      case Sort::Kind::integer: return context_.int_sort();
      case Sort::Kind::real: return context_.real_sort();
      case Sort::Kind::floating: break;
    }
    const FloatFormat format = float_format(sort.width);
    return context_.fpa_sort(format.exponent_bits, format.precision);
  }

  [[nodiscard]] z3::expr vector(bits::Value value, unsigned width) const {
    const z3::expr low = context_.bv_val(static_cast<std::uint64_t>(value), std::min(width, 64U));
    if (width <= 64) return low;
    return z3::concat(context_.bv_val(static_cast<std::uint64_t>(value >> 64), width - 64), low);
  }

  [[nodiscard]] z3::expr constant(Term term) const {
    const Sort sort = pool_.sort(term);
    const sorted::Value& value = pool_.constant_value(term);
    if (sorted::is_number(sort)) {
      const std::string text = std::get<core::Rational>(value).str();
      return wrap(Z3_mk_numeral(context_, text.c_str(), sort_of(sort)));
    }
    const bits::Value bits = std::get<bits::Value>(value);
    if (sort == sorted::boolean_sort) return context_.bool_val(bits != 0);
    const z3::expr made = vector(bits, sort.width);
    return sorted::is_float(sort) ? wrap(Z3_mk_fpa_to_fp_bv(context_, made, sort_of(sort))) : made;
  }

  z3::expr make_one(Term term) {
    const sorted::Node& node = pool_.node(term);
    if (node.operation == Operation::constant) return constant(term);
    if (node.operation == Operation::variable) {
      return context_.constant(pool_.variable_name(term).c_str(), sort_of(node.sort));
    }
    std::vector<Z3_ast> operands;
    for (const Term operand : pool_.operands(term)) operands.push_back(at(operand));
    if (node.operation != Operation::over_bits) return wrap(make_sorted(node, operands));
    const z3::expr& a = at(pool_.operands(term)[0]);
    if (operands.size() == 1) return unary(node, a);
    const z3::expr& b = at(pool_.operands(term)[1]);
    if (operands.size() == 2) return binary(node.bits, a, b);
    return z3::store(a, b, at(pool_.operands(term)[2]));
  }

  [[nodiscard]] Z3_ast rounding(Rounding mode) const {
    switch (mode) {
      case Rounding::up: return Z3_mk_fpa_rtp(context_);
      case Rounding::down: return Z3_mk_fpa_rtn(context_);
      case Rounding::to_zero: return Z3_mk_fpa_rtz(context_);
      case Rounding::nearest_even: break;
    }
    return Z3_mk_fpa_rne(context_);
  }

  [[nodiscard]] Z3_ast make_sorted(const sorted::Node& node, const std::vector<Z3_ast>& x) const {
    const auto count = static_cast<unsigned>(x.size());
    switch (node.operation) {
      case Operation::equal: return Z3_mk_eq(context_, x[0], x[1]);
      case Operation::ite: return Z3_mk_ite(context_, x[0], x[1], x[2]);
      case Operation::sum: return Z3_mk_add(context_, count, x.data());
      case Operation::product: return Z3_mk_mul(context_, count, x.data());
      case Operation::at_most: return Z3_mk_le(context_, x[0], x[1]);
      case Operation::below: return Z3_mk_lt(context_, x[0], x[1]);
      case Operation::to_real: return Z3_mk_int2real(context_, x[0]);
      default: return make_float(node, x);
    }
  }

  [[nodiscard]] Z3_ast make_float(const sorted::Node& node, const std::vector<Z3_ast>& x) const {
    const Z3_ast mode = rounding(node.rounding);
    switch (node.operation) {
      case Operation::fp_abs: return Z3_mk_fpa_abs(context_, x[0]);
      case Operation::fp_neg: return Z3_mk_fpa_neg(context_, x[0]);
      case Operation::fp_add: return Z3_mk_fpa_add(context_, mode, x[0], x[1]);
      case Operation::fp_sub: return Z3_mk_fpa_sub(context_, mode, x[0], x[1]);
      case Operation::fp_mul: return Z3_mk_fpa_mul(context_, mode, x[0], x[1]);
      case Operation::fp_div: return Z3_mk_fpa_div(context_, mode, x[0], x[1]);
      case Operation::fp_sqrt: return Z3_mk_fpa_sqrt(context_, mode, x[0]);
      case Operation::fp_fma: return Z3_mk_fpa_fma(context_, mode, x[0], x[1], x[2]);
      case Operation::fp_rem: return Z3_mk_fpa_rem(context_, x[0], x[1]);
      case Operation::fp_to_integral: return Z3_mk_fpa_round_to_integral(context_, mode, x[0]);
      case Operation::fp_min: return Z3_mk_fpa_min(context_, x[0], x[1]);
      case Operation::fp_max: return Z3_mk_fpa_max(context_, x[0], x[1]);
      case Operation::fp_leq: return Z3_mk_fpa_leq(context_, x[0], x[1]);
      case Operation::fp_lt: return Z3_mk_fpa_lt(context_, x[0], x[1]);
      case Operation::fp_eq: return Z3_mk_fpa_eq(context_, x[0], x[1]);
      case Operation::fp_is_nan: return Z3_mk_fpa_is_nan(context_, x[0]);
      case Operation::fp_is_infinite: return Z3_mk_fpa_is_infinite(context_, x[0]);
      case Operation::fp_is_zero: return Z3_mk_fpa_is_zero(context_, x[0]);
      case Operation::fp_is_negative: return Z3_mk_fpa_is_negative(context_, x[0]);
      case Operation::fp_from_bits: return Z3_mk_fpa_to_fp_bv(context_, x[0], sort_of(node.sort));
      case Operation::fp_from_float:
        return Z3_mk_fpa_to_fp_float(context_, mode, x[0], sort_of(node.sort));
      case Operation::fp_from_signed:
        return Z3_mk_fpa_to_fp_signed(context_, mode, x[0], sort_of(node.sort));
      case Operation::fp_from_unsigned:
        return Z3_mk_fpa_to_fp_unsigned(context_, mode, x[0], sort_of(node.sort));
      case Operation::fp_to_signed: return Z3_mk_fpa_to_sbv(context_, mode, x[0], node.sort.width);
      default: return Z3_mk_fpa_to_ubv(context_, mode, x[0], node.sort.width);
    }
  }

  [[nodiscard]] z3::expr unary(const sorted::Node& node, const z3::expr& a) const {
    const unsigned width = node.sort.width;
    switch (node.bits) {
      case bits::Operation::bool_not: return !a;
      case bits::Operation::bvnot: return ~a;
      case bits::Operation::bvneg: return -a;
      case bits::Operation::extract: return a.extract(node.low + width - 1, node.low);
      case bits::Operation::zero_extend: return z3::zext(a, width - a.get_sort().bv_size());
      case bits::Operation::sign_extend: return z3::sext(a, width - a.get_sort().bv_size());
      default: return z3::const_array(context_.bv_sort(bits::address_width), a);
    }
  }

  static z3::expr binary(bits::Operation operation, const z3::expr& a, const z3::expr& b) {
    using bits::Operation;
    switch (operation) {
      case Operation::bool_and: return a && b;
      case Operation::bool_or: return a || b;
      case Operation::bool_xor: return a != b;
      case Operation::bvand: return a & b;
      case Operation::bvor: return a | b;
      case Operation::bvxor: return a ^ b;
      case Operation::bvadd: return a + b;
      case Operation::bvsub: return a - b;
      case Operation::bvmul: return a * b;
      case Operation::bvudiv: return z3::udiv(a, b);
      case Operation::bvurem: return z3::urem(a, b);
      case Operation::bvsdiv: return a / b;
      case Operation::bvsrem: return z3::srem(a, b);
      case Operation::bvshl: return z3::shl(a, b);
      case Operation::bvlshr: return z3::lshr(a, b);
      case Operation::bvashr: return z3::ashr(a, b);
      case Operation::bvult: return z3::ult(a, b);
      case Operation::bvule: return z3::ule(a, b);
      case Operation::bvslt: return z3::slt(a, b);
      case Operation::bvsle: return z3::sle(a, b);
      case Operation::concat: return z3::concat(a, b);
      default: return z3::select(a, b);
    }
  }

  z3::context& context_;
  const sorted::Pool& pool_;
  std::vector<Term> order_;
  std::vector<std::optional<z3::expr>> made_;  // by term
};

Answer ask(z3::context& context, const sorted::Pool& pool, Term assertion, std::uint64_t steps) {
  Answer answer;
  Z3Terms terms(context, pool);
  const z3::expr made = terms.make(assertion);
  // Where it has no logic for the sorts it chooses by itself. What it does for integers by logic
  // has clocks in threads of their own, which the sandbox forbids.
  const std::string logic = terms.logic();
  const bool integers = logic.find('I') != std::string::npos;
  z3::solver solver = integers         ? z3::solver(context, z3::solver::simple())
                      : logic == "ALL" ? z3::solver(context)
                                       : z3::solver(context, logic.c_str());
  if (steps != 0) {
    z3::params parameters(context);
    parameters.set("rlimit", static_cast<unsigned>(std::min<std::uint64_t>(
                                 steps, std::numeric_limits<unsigned>::max())));
    solver.set(parameters);
  }
  solver.add(made);
  switch (solver.check()) {
    case z3::sat:
      answer.kind = Answer::Kind::sat;
      answer.model = terms.model_of(solver.get_model());
      break;
    case z3::unsat: answer.kind = Answer::Kind::unsat; break;
    default: answer.detail = solver.reason_unknown();
  }
  return answer;
}

}  // namespace

Answer solve_terms_z3(const sorted::Pool& pool, Term assertion, std::uint64_t steps) {
  const Stopwatch watch;
  Answer answer;
  try {
    z3::context context;
    answer = ask(context, pool, assertion, steps);
  } catch (const z3::exception& error) {
    answer.detail = error.msg();
    const bool memory = answer.detail.find("memory") != std::string::npos;
    answer.kind = memory ? Answer::Kind::memory : Answer::Kind::rejected;
  }
  answer.solve_milliseconds = watch.milliseconds();
  return answer;
}

std::string z3_version() {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned build = 0;
  unsigned revision = 0;
  Z3_get_version(&major, &minor, &build, &revision);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(build);
}

}  // namespace isotrace::smt
