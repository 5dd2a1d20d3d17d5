#include <isotrace/proofs/functions/float_meaning.hpp>

#include <algorithm>

#include <isotrace/core/check.hpp>
#include <isotrace/smt/import_terms.hpp>

namespace isotrace::proofs {
namespace {

using obligation::FloatApplication;
using smt::Rounding;
using smt::sorted::Operation;
using smt::sorted::Pool;
using smt::sorted::Term;

/// "add" of f32.add and f64.add.
std::string_view short_name(wasm::Opcode opcode) {
  return wasm::find_opcode(static_cast<std::uint32_t>(opcode))->text.substr(4);
}

std::optional<Operation> arithmetic(std::string_view name) {
  if (name == "sqrt") return Operation::fp_sqrt;
  if (name == "add") return Operation::fp_add;
  if (name == "sub") return Operation::fp_sub;
  if (name == "mul") return Operation::fp_mul;
  if (name == "div") return Operation::fp_div;
  return std::nullopt;
}

std::optional<Rounding> rounding_of(std::string_view name) {
  if (name == "ceil") return Rounding::up;
  if (name == "floor") return Rounding::down;
  if (name == "trunc") return Rounding::to_zero;
  if (name == "nearest") return Rounding::nearest_even;
  return std::nullopt;
}

class Meaning {
 public:
  Meaning(Pool& pool, const bits::TermPool& from) : pool_(pool), from_(from), import_(from, pool) {}

  core::Result<Term> state(const FunctionObligation& made, bits::Term term) {
    // What an operation takes was made before its result.
    std::vector<FloatApplication> in_order = made.floats;
    std::sort(in_order.begin(), in_order.end(),
              [](const auto& a, const auto& b) { return a.value < b.value; });
    for (const FloatApplication& application : in_order) ISOTRACE_TRY_DONE(define(application));
    ISOTRACE_TRY(const Term copied, import_.copy(term));
    ISOTRACE_TRY_DONE(pool_.check());
    return pool_.bool_and(facts_, copied);
  }

 private:
  /// Puts what an operation computes in the place of the variables that stand for it.
  core::Result<core::Done> define(const FloatApplication& application) {
    const std::string_view name = short_name(application.opcode);
    if (name.starts_with("convert_")) return define_from_integer(application);
    std::vector<Term> x;
    for (const bits::Term operand : application.operands) {
      ISOTRACE_TRY(const Term number, float_of(operand));
      x.push_back(number);
    }
    if (name.starts_with("trunc_")) {
      define_to_integer(application, x[0]);
    } else if (const auto comparison = compare(name, x)) {
      // The value is 1 or 0, by a variable.
      import_.replace(from_.operand(application.value, 0), *comparison);
    } else {
      define_float(application, compute(name, x, from_.width(application.value)));
    }
    return core::Done{};
  }

  core::Result<core::Done> define_from_integer(const FloatApplication& application) {
    ISOTRACE_TRY(const Term integer, import_.copy(application.operands[0]));
    const bool is_signed = short_name(application.opcode).ends_with("_s");
    define_float(application,
                 pool_.fp_from_integer(integer, is_signed, from_.width(application.value)));
    return core::Done{};
  }

  /// Trunc traps where the number does not fit; trunc_sat takes what is nearest, of NaN 0.
  void define_to_integer(const FloatApplication& application, Term x) {
    const std::string_view name = short_name(application.opcode);
    const bool is_signed = name.ends_with("_s");
    const unsigned width = from_.width(application.value);
    const Term fits = pool_.fp_fits(x, Rounding::to_zero, is_signed, width);
    Term value = pool_.fp_to_integer(x, Rounding::to_zero, is_signed, width);
    if (name.starts_with("trunc_sat_")) {
      const bits::Value least = is_signed ? bits::Value{1} << (width - 1) : 0;
      const bits::Value most = bits::mask(width) ^ least;
      const Term nearest = pool_.ite(pool_.make(Operation::fp_is_negative, {x}),
                                     pool_.vector(least, width), pool_.vector(most, width));
      const Term is_nan = pool_.make(Operation::fp_is_nan, {x});
      value = pool_.ite(is_nan, pool_.vector(0, width), pool_.ite(fits, value, nearest));
    } else {
      import_.replace(application.trap, pool_.bool_not(fits));
    }
    import_.replace(application.value, value);
  }

  std::optional<Term> compare(std::string_view name, const std::vector<Term>& x) {
    const auto made = [&](Operation operation, bool swapped) {
      return pool_.make(operation, {x[swapped ? 1 : 0], x[swapped ? 0 : 1]});
    };
    if (name == "eq") return made(Operation::fp_eq, false);
    if (name == "ne") return pool_.bool_not(made(Operation::fp_eq, false));
    if (name == "lt" || name == "gt") return made(Operation::fp_lt, name == "gt");
    if (name == "le" || name == "ge") return made(Operation::fp_leq, name == "ge");
    return std::nullopt;
  }

  Term compute(std::string_view name, const std::vector<Term>& x, unsigned width) {
    if (const auto operation = arithmetic(name)) return pool_.make(*operation, x);
    if (const auto mode = rounding_of(name)) {
      return pool_.make(Operation::fp_to_integral, x, *mode);
    }
    if (name == "demote_f64" || name == "promote_f32") return pool_.fp_from_float(x[0], width);
    ISOTRACE_CHECK(name == "min" || name == "max", name);
    const Term chosen = name == "min" ? pool_.fp_min(x[0], x[1]) : pool_.fp_max(x[0], x[1]);
    // Unlike in SMT-LIB, a NaN is not left out.
    const auto is_nan = [&](Term a) { return pool_.make(Operation::fp_is_nan, {a}); };
    return pool_.ite(is_nan(x[0]), x[0], pool_.ite(is_nan(x[1]), x[1], chosen));
  }

  /// The result stays a variable, which has the bits of the float.
  void define_float(const FloatApplication& application, Term number) {
    const Term bits = pool_.variable(from_.variable_name(application.value),
                                     smt::sorted::vector_sort(from_.width(application.value)));
    facts_ = pool_.bool_and(facts_, pool_.fp_has_bits(number, bits));
    numbers_.emplace(application.value.index, number);
  }

  /// The float of a vector: of a result what was computed, of a choice a choice.
  core::Result<Term> float_of(bits::Term root) {
    std::vector<bits::Term> open = {root};
    while (!open.empty()) {
      const bits::Term term = open.back();
      if (numbers_.contains(term.index)) {
        open.pop_back();
        continue;
      }
      if (from_.operation(term) != bits::Operation::ite) {
        ISOTRACE_TRY(const Term vector, import_.copy(term));
        numbers_.emplace(term.index, pool_.fp_from_bits(vector));
        continue;
      }
      const auto then = numbers_.find(from_.operand(term, 1).index);
      const auto otherwise = numbers_.find(from_.operand(term, 2).index);
      if (then == numbers_.end()) open.push_back(from_.operand(term, 1));
      if (otherwise == numbers_.end()) open.push_back(from_.operand(term, 2));
      if (then == numbers_.end() || otherwise == numbers_.end()) continue;
      ISOTRACE_TRY(const Term condition, import_.copy(from_.operand(term, 0)));
      numbers_.emplace(term.index, pool_.ite(condition, then->second, otherwise->second));
    }
    return numbers_.at(root.index);
  }

  Pool& pool_;
  const bits::TermPool& from_;
  smt::TermImport import_;
  Term facts_ = pool_.boolean(true);
  std::map<std::uint32_t, Term> numbers_;  // floats, by the vector of their bits
};

}  // namespace

core::Result<Term> state_floats(Pool& pool, const FunctionObligation& made, bits::Term term) {
  return Meaning(pool, made.pool).state(made, term);
}

}  // namespace isotrace::proofs
