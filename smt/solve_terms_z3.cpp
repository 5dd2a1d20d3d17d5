#include <isotrace/smt/solve_terms.hpp>

#include <z3++.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include <isotrace/smt/read_model.hpp>
#include <isotrace/smt/stopwatch.hpp>

namespace isotrace::smt {
namespace {

using bits::Operation;
using bits::Term;

class Z3Terms {
 public:
  Z3Terms(z3::context& context, const bits::TermPool& pool)
      : context_(context), pool_(pool), made_(pool.size()) {}

  z3::expr make(Term root) {
    order_ = pool_.post_order({root});
    for (const Term term : order_) made_[term.index] = make_one(term);
    return at(root);
  }

  bits::Assignment model_of(const z3::model& model) const {
    return read_model(
        pool_, order_, [&](Term term) { return value(model, at(term)); },
        [&](Term memory, Term address) {
          return value(model, z3::select(at(memory), at(address)));
        });
  }

 private:
  [[nodiscard]] const z3::expr& at(Term term) const { return *made_[term.index]; }

  static bits::Value value(const z3::model& model, const z3::expr& term) {
    const z3::expr result = model.eval(term, true);
    if (result.is_bool()) return result.is_true() ? 1 : 0;
    bits::Value number = 0;
    for (const char digit : result.get_decimal_string(0)) {
      number = number * 10 + static_cast<unsigned>(digit - '0');
    }
    return number;
  }

  z3::expr constant(Term term) {
    const bits::Value value = *pool_.constant_value(term);
    if (pool_.sort(term) == bits::boolean_sort) return context_.bool_val(value != 0);
    const unsigned width = pool_.width(term);
    const z3::expr low = context_.bv_val(static_cast<std::uint64_t>(value), std::min(width, 64U));
    if (width <= 64) return low;
    return z3::concat(context_.bv_val(static_cast<std::uint64_t>(value >> 64), width - 64), low);
  }

  z3::expr variable(Term term) {
    const std::string& name = pool_.variable_name(term);
    const bits::Sort sort = pool_.sort(term);
    if (sort == bits::boolean_sort) return context_.bool_const(name.c_str());
    if (sort == bits::memory_sort) return context_.constant(name.c_str(), memory_sort());
    return context_.bv_const(name.c_str(), sort.width);
  }

  z3::sort memory_sort() {
    return context_.array_sort(context_.bv_sort(bits::address_width),
                               context_.bv_sort(bits::byte_width));
  }

  z3::expr make_one(Term term) {
    const unsigned count = pool_.operand_count(term);
    switch (pool_.operation(term)) {
      case Operation::constant: return constant(term);
      case Operation::variable: return variable(term);
      default: break;
    }
    const z3::expr& a = at(pool_.operand(term, 0));
    if (count == 1) return unary(term, a);
    const z3::expr& b = at(pool_.operand(term, 1));
    if (count == 2) return binary(pool_.operation(term), a, b);
    const z3::expr& c = at(pool_.operand(term, 2));
    return pool_.operation(term) == Operation::ite ? z3::ite(a, b, c) : z3::store(a, b, c);
  }

  z3::expr unary(Term term, const z3::expr& a) {
    const unsigned width = pool_.width(term);
    switch (pool_.operation(term)) {
      case Operation::bool_not: return !a;
      case Operation::bvnot: return ~a;
      case Operation::bvneg: return -a;
      case Operation::extract:
        return a.extract(pool_.low_bit(term) + width - 1, pool_.low_bit(term));
      case Operation::zero_extend: return z3::zext(a, width - a.get_sort().bv_size());
      case Operation::sign_extend: return z3::sext(a, width - a.get_sort().bv_size());
      default: return z3::const_array(context_.bv_sort(bits::address_width), a);
    }
  }

  static z3::expr binary(Operation operation, const z3::expr& a, const z3::expr& b) {
    switch (operation) {
      case Operation::bool_and: return a && b;
      case Operation::bool_or: return a || b;
      case Operation::bool_xor: return a != b;
      case Operation::equal: return a == b;
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
  const bits::TermPool& pool_;
  std::vector<Term> order_;
  std::vector<std::optional<z3::expr>> made_;  // by term
};

Answer ask(z3::context& context, const bits::TermPool& pool, Term assertion, std::uint64_t steps) {
  Answer answer;
  Z3Terms terms(context, pool);
  z3::solver solver(context, "QF_ABV");
  if (steps != 0) {
    z3::params parameters(context);
    parameters.set("rlimit", static_cast<unsigned>(std::min<std::uint64_t>(
                                 steps, std::numeric_limits<unsigned>::max())));
    solver.set(parameters);
  }
  solver.add(terms.make(assertion));
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

Answer solve_terms_z3(const bits::TermPool& pool, Term assertion, std::uint64_t steps) {
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
