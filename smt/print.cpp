#include <isotrace/smt/print.hpp>

#include <unordered_map>

#include <isotrace/core/check.hpp>
#include <isotrace/smt/import_terms.hpp>

namespace isotrace::smt {
namespace {

using sorted::Operation;
using sorted::Sort;
using sorted::Term;

std::string digits(bits::Value value, unsigned width) {
  const unsigned step = width % 4 == 0 ? 4 : 1;
  std::string text = step == 4 ? "#x" : "#b";
  for (unsigned at = width; at > 0; at -= step) {
    text += "0123456789abcdef"[static_cast<unsigned>(value >> (at - step)) & ((1U << step) - 1)];
  }
  return text;
}

/// "(fp #b0 #x7f #b000...)"; of NaN "(_ NaN 8 24)".
std::string float_text(bits::Value value, unsigned width) {
  const FloatFormat format = float_format(width);
  if (ExactFloat(format, static_cast<std::uint64_t>(value)).is_nan()) {
    return "(_ NaN " + std::to_string(format.exponent_bits) + " " +
           std::to_string(format.precision) + ")";
  }
  const unsigned fraction = format.fraction_bits();
  const bits::Value exponent = value >> fraction & bits::mask(format.exponent_bits);
  return "(fp " + digits(value >> (width - 1) & 1U, 1) + " " +
         digits(exponent, format.exponent_bits) + " " +
         digits(value & bits::mask(fraction), fraction) + ")";
}

/// "(- (/ 1.0 2.0))"; of an integer "(- 1)".
std::string number_text(const core::Rational& value, bool is_integer) {
  const std::string point = is_integer ? "" : ".0";
  const core::Integer above = numerator(value);
  const core::Integer below = denominator(value);
  std::string text = core::Integer(abs(above)).str() + point;
  if (below != 1) text = "(/ " + text + " " + below.str() + point + ")";
  return above < 0 ? "(- " + text + ")" : text;
}

std::string constant_text(const sorted::Value& value, Sort sort) {
  if (sorted::is_number(sort)) {
    return number_text(std::get<core::Rational>(value), sort == sorted::integer_sort);
  }
  const bits::Value bits = std::get<bits::Value>(value);
  if (sort == sorted::boolean_sort) return bits != 0 ? "true" : "false";
  return sorted::is_float(sort) ? float_text(bits, sort.width) : digits(bits, sort.width);
}

std::string_view rounding_text(Rounding rounding) {
  constexpr std::string_view names[] = {"RNE", "RTP", "RTN", "RTZ"};
  return names[static_cast<std::size_t>(rounding)];
}

class Printer {
 public:
  Printer(const sorted::Pool& pool, const std::function<bool()>& stop) : pool_(pool), stop_(stop) {}

  core::Result<std::string> run(Term assertion) {
    const std::vector<Term> order = pool_.post_order(assertion);
    text_ = "(set-logic " + logic_of(pool_, order) + ")\n";
    std::size_t written = 0;
    for (const Term term : order) {
      write(term);
      if (++written % 64 == 0 && stop_ && stop_()) {
        return core::refuse(core::RefusalCode::limit_exceeded, "query", "out of time");
      }
      if (text_.size() > core::limits::smt_query_bytes_max) {
        return core::refuse(
            core::RefusalCode::limit_exceeded, "query",
            "more than " + std::to_string(core::limits::smt_query_bytes_max) + " bytes of SMT-LIB");
      }
    }
    text_ += "(assert " + names_.at(assertion.index) + ")\n(check-sat)\n";
    return std::move(text_);
  }

 private:
  void write(Term term) {
    const Operation operation = pool_.node(term).operation;
    const Sort sort = pool_.sort(term);
    std::string& name = names_[term.index];
    if (operation == Operation::constant) {
      name = constant_text(pool_.constant_value(term), sort);
      return;
    }
    if (operation == Operation::variable) {
      // No word of SMT-LIB begins with this character.
      name = "$" + pool_.variable_name(term);
      text_ += "(declare-fun " + name + " () " + sorted::sort_text(sort) + ")\n";
      return;
    }
    // No name of a variable begins with this one.
    name = "?" + std::to_string(names_.size());
    text_ += "(define-fun " + name + " () " + sorted::sort_text(sort) + " (" + head(term);
    for (const Term operand : pool_.operands(term)) {
      text_ += ' ';
      text_ += names_.at(operand.index);
    }
    text_ += "))\n";
  }

  [[nodiscard]] std::string head(Term term) const {
    const sorted::Node& node = pool_.node(term);
    const std::string plain(sorted::name(node.operation));
    const std::string rounding(rounding_text(node.rounding));
    const FloatFormat format = float_format(node.sort.width);
    const std::string to_format = "(_ " + plain + " " + std::to_string(format.exponent_bits) + " " +
                                  std::to_string(format.precision) + ")";
    switch (node.operation) {
      case Operation::over_bits: return head_over_bits(term);
      case Operation::fp_from_bits: return to_format;
      case Operation::fp_from_float:
      case Operation::fp_from_signed:
      case Operation::fp_from_unsigned: return to_format + " " + rounding;
      case Operation::fp_to_signed:
      case Operation::fp_to_unsigned:
        return "(_ " + plain + " " + std::to_string(node.sort.width) + ") " + rounding;
      default: return takes_rounding(node.operation) ? plain + " " + rounding : plain;
    }
  }

  [[nodiscard]] std::string head_over_bits(Term term) const {
    const sorted::Node& node = pool_.node(term);
    const std::string plain(bits::name(node.bits));
    switch (node.bits) {
      case bits::Operation::extract:
        return "(_ extract " + std::to_string(node.low + node.sort.width - 1) + " " +
               std::to_string(node.low) + ")";
      case bits::Operation::zero_extend:
      case bits::Operation::sign_extend: {
        const unsigned narrow = pool_.sort(pool_.operands(term)[0]).width;
        return "(_ " + plain + " " + std::to_string(node.sort.width - narrow) + ")";
      }
      case bits::Operation::array_constant:
        return "(as const " + sorted::sort_text(sorted::memory_sort) + ")";
      default: return plain;
    }
  }

  const sorted::Pool& pool_;
  const std::function<bool()>& stop_;
  std::unordered_map<std::uint32_t, std::string> names_;
  std::string text_;
};

}  // namespace

bool takes_rounding(Operation operation) {
  switch (operation) {
    case Operation::fp_add:
    case Operation::fp_sub:
    case Operation::fp_mul:
    case Operation::fp_div:
    case Operation::fp_sqrt:
    case Operation::fp_fma:
    case Operation::fp_to_integral: return true;
    default: return false;
  }
}

std::string logic_of(const sorted::Pool& pool, const std::vector<Term>& order) {
  bool floats = false;
  bool memories = false;
  bool vectors = false;
  bool integers = false;
  bool reals = false;
  bool products = false;
  bool constant_arrays = false;
  for (const Term term : order) {
    const sorted::Node& node = pool.node(term);
    const auto operands = pool.operands(term);
    floats |= sorted::is_float(node.sort);
    memories |= node.sort == sorted::memory_sort;
    vectors |= node.sort.kind == Sort::Kind::vector;
    integers |= node.sort == sorted::integer_sort;
    reals |= node.sort == sorted::real_sort;
    products |= node.operation == Operation::product && !pool.is_constant(operands[0]) &&
                !pool.is_constant(operands[1]);
    constant_arrays |= node.bits == bits::Operation::array_constant;
  }
  // Z3 knows no constant arrays in the logics of arrays, and none of floats with arrays.
  if (constant_arrays || (floats && memories)) return "ALL";
  if (integers || reals) {
    if (floats || memories || vectors) return "ALL";
    return std::string("QF_") + (products ? "N" : "L") + (integers ? "I" : "") +
           (reals ? "R" : "") + "A";
  }
  return floats ? "QF_BVFP" : "QF_ABV";
}

core::Result<std::string> print_query(const sorted::Pool& pool, Term assertion,
                                      const std::function<bool()>& stop) {
  ISOTRACE_TRY_DONE(pool.check());
  ISOTRACE_CHECK(pool.sort(assertion) == sorted::boolean_sort, assertion.index);
  return Printer(pool, stop).run(assertion);
}

core::Result<std::string> print_query(const bits::TermPool& pool, bits::Term assertion) {
  ISOTRACE_TRY_DONE(pool.check());
  ISOTRACE_CHECK(pool.sort(assertion) == bits::boolean_sort, assertion.index);
  sorted::Pool copy;
  ISOTRACE_TRY(const Term copied, TermImport(pool, copy).copy(assertion));
  return print_query(copy, copied, [&pool] { return pool.is_stopped(); });
}

}  // namespace isotrace::smt
