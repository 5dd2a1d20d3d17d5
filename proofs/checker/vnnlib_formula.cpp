// Recursive descent over the tokens; the depth is limited, so recursion is too. Every construct
// that is not listed here is refused.
#include "vnnlib_formula.hpp"

#include <algorithm>
#include <set>

#include <isotrace/core/limits.hpp>

#include "linear_form.hpp"
#include "vnnlib_lexer.hpp"

namespace isotrace::proofs {
namespace {

using core::Done;
using core::Rational;
using core::RefusalCode;
using core::Result;

constexpr std::size_t variable_digits_max = 8;

auto malformed(const Token& at, const std::string& detail) {
  return core::refuse(RefusalCode::property_malformed, at.place(), detail);
}
auto unsupported(const Token& at, const std::string& detail) {
  return core::refuse(RefusalCode::property_unsupported, at.place(), detail);
}
auto over_limit(const Token& at, const std::string& detail) {
  return core::refuse(RefusalCode::limit_exceeded, at.place(), detail);
}

bool is_decimal(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// "X_12" or "Y_0": decimal without leading zeros.
std::optional<Variable> variable_named(std::string_view name) {
  if (name.size() < 3 || (name[0] != 'X' && name[0] != 'Y') || name[1] != '_') return std::nullopt;
  const std::string_view digits = name.substr(2);
  if (digits.size() > variable_digits_max || !is_decimal(digits)) return std::nullopt;
  if (digits.size() > 1 && digits[0] == '0') return std::nullopt;
  return Variable{name[0] == 'Y', std::stoul(std::string(digits))};
}

bool starts_number(std::string_view text) {
  const char c = text[0];
  return (c >= '0' && c <= '9') || c == '.' || ((c == '-' || c == '+') && text.size() > 1);
}

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Result<VnnlibFile> read_file();

 private:
  Result<Done> read_command(VnnlibFile& file);
  Result<Done> read_declaration();
  /// Negations are pushed down to the comparisons while reading.
  Result<Formula> read_formula(bool negated);
  Result<Formula> read_connective(const Token& name, bool negated);
  Result<Formula> read_negation(bool negated);
  Result<Formula> read_comparison(const Token& name, bool negated);
  Result<Formula> compare(const Token& name, LinearForm left, const LinearForm& right,
                          bool negated);
  Result<LinearForm> read_term();
  Result<LinearForm> read_leaf(const Token& token);
  Result<LinearForm> read_operation(const Token& name);
  Result<Done> combine(const Token& name, LinearForm& value, const LinearForm& operand);
  Result<Atom> atom_of(const Token& at, const LinearForm& difference, bool upper, bool strict,
                       bool negated);
  Result<std::size_t> count_declared(bool outputs) const;

  /// Consumes a token of one kind.
  Result<Token> take(Token::Kind kind, const char* expected);
  Result<Token> take_open() {
    ISOTRACE_TRY(Token token, take(Token::Kind::open, "'('"));
    if (++depth_ > core::limits::text_nesting_max) return over_limit(token, "nesting");
    return token;
  }
  Result<Token> take_close() {
    --depth_;
    return take(Token::Kind::close, "')'");
  }
  /// Whether the list at hand ends here (its ')' is consumed).
  Result<bool> at_close() {
    ISOTRACE_TRY_DONE(look());
    if (ahead_->kind != Token::Kind::close) return false;
    ISOTRACE_TRY_DONE(take_close());
    return true;
  }
  Result<Done> look() {
    if (ahead_) return Done{};
    ISOTRACE_TRY(ahead_, lexer_.next());
    return Done{};
  }

  Lexer lexer_;
  std::optional<Token> ahead_;
  std::size_t depth_ = 0;
  std::set<Variable> declared_;
  LinearArithmetic arithmetic_;
};

Result<Token> Parser::take(Token::Kind kind, const char* expected) {
  ISOTRACE_TRY_DONE(look());
  if (ahead_->kind != kind) {
    return malformed(*ahead_, "expected " + std::string(expected) + ", found " + ahead_->shown());
  }
  const Token token = *ahead_;
  ahead_.reset();
  return token;
}

Result<VnnlibFile> Parser::read_file() {
  VnnlibFile file;
  for (;;) {
    ISOTRACE_TRY_DONE(look());
    if (ahead_->kind == Token::Kind::end) break;
    ISOTRACE_TRY_DONE(read_command(file));
  }
  ISOTRACE_TRY(file.inputs, count_declared(false));
  ISOTRACE_TRY(file.outputs, count_declared(true));
  return file;
}

/// The number of declared variables of one kind, which must be 0, 1, 2, ...
Result<std::size_t> Parser::count_declared(bool outputs) const {
  std::size_t next = 0;
  for (const Variable& variable : declared_) {
    if (variable.is_output != outputs) continue;
    if (variable.index != next++) {
      return malformed(*ahead_, std::string(outputs ? "Y_" : "X_") + std::to_string(next - 1) +
                                    " is not declared");
    }
  }
  if (next == 0) return malformed(*ahead_, outputs ? "no output declared" : "no input declared");
  return next;
}

Result<Done> Parser::read_command(VnnlibFile& file) {
  ISOTRACE_TRY_DONE(take_open());
  ISOTRACE_TRY(const Token name, take(Token::Kind::symbol, "a command"));
  if (name.text == "declare-const") return read_declaration();
  if (name.text != "assert") return unsupported(name, "command " + name.shown());
  ISOTRACE_TRY(Formula formula, read_formula(false));
  file.formula.children.push_back(std::move(formula));
  ISOTRACE_TRY_DONE(take_close());
  return Done{};
}

Result<Done> Parser::read_declaration() {
  ISOTRACE_TRY(const Token name, take(Token::Kind::symbol, "a name"));
  const auto variable = variable_named(name.text);
  if (!variable) return unsupported(name, "name " + name.shown());
  ISOTRACE_TRY(const Token sort, take(Token::Kind::symbol, "a sort"));
  if (sort.text != "Real") return unsupported(sort, "sort " + sort.shown());
  if (!declared_.insert(*variable).second) return malformed(name, "declared twice");
  ISOTRACE_TRY_DONE(take_close());
  return Done{};
}

Result<Formula> Parser::read_formula(bool negated) {
  ISOTRACE_TRY_DONE(take_open());
  ISOTRACE_TRY(const Token name, take(Token::Kind::symbol, "a connective or comparison"));
  if (name.text == "and" || name.text == "or") return read_connective(name, negated);
  if (name.text == "not") return read_negation(negated);
  if (name.text == "<=" || name.text == ">=" || name.text == "<" || name.text == ">" ||
      name.text == "=") {
    return read_comparison(name, negated);
  }
  return unsupported(name, "formula " + name.shown());
}

Result<Formula> Parser::read_negation(bool negated) {
  ISOTRACE_TRY(Formula formula, read_formula(!negated));
  ISOTRACE_TRY_DONE(take_close());
  return formula;
}

Result<Formula> Parser::read_connective(const Token& name, bool negated) {
  Formula formula;
  formula.kind = (name.text == "and") != negated ? Formula::Kind::all : Formula::Kind::any;
  for (;;) {
    ISOTRACE_TRY(const bool closed, at_close());
    if (closed) break;
    ISOTRACE_TRY(Formula child, read_formula(negated));
    formula.children.push_back(std::move(child));
  }
  if (formula.children.empty()) return malformed(name, name.shown() + " of nothing");
  return formula;
}

/// a <= b <= c: every neighbouring pair.
Result<Formula> Parser::read_comparison(const Token& name, bool negated) {
  Formula formula;
  formula.kind = negated ? Formula::Kind::any : Formula::Kind::all;
  ISOTRACE_TRY(LinearForm left, read_term());
  do {
    ISOTRACE_TRY(LinearForm right, read_term());
    ISOTRACE_TRY(Formula pair, compare(name, std::move(left), right, negated));
    formula.children.push_back(std::move(pair));
    left = std::move(right);
    ISOTRACE_TRY_DONE(look());
  } while (ahead_->kind != Token::Kind::close);
  ISOTRACE_TRY_DONE(take_close());
  return formula;
}

/// One comparison. Not (a <= b) is a > b, and holds where one of them is not a number.
Result<Formula> Parser::compare(const Token& name, LinearForm left, const LinearForm& right,
                                bool negated) {
  if (!arithmetic_.add(left, right, -1)) return over_limit(name, "length of numbers");
  const bool equal = name.text == "=";
  const bool strict = (name.text.size() == 1 && !equal) != negated;
  Formula formula;
  formula.kind = equal && negated ? Formula::Kind::any : Formula::Kind::all;
  for (const bool upper : {true, false}) {
    if (!equal && upper != ((name.text[0] == '<') != negated)) continue;
    ISOTRACE_TRY(Atom atom, atom_of(name, left, upper, strict, negated));
    Formula single;
    single.kind = Formula::Kind::atom;
    single.atom = std::move(atom);
    formula.children.push_back(std::move(single));
  }
  return formula;
}

/// difference <= 0 (upper) or difference >= 0.
Result<Atom> Parser::atom_of(const Token& at, const LinearForm& difference, bool upper, bool strict,
                             bool negated) {
  const auto& terms = difference.terms;
  if (terms.empty()) return unsupported(at, "comparison without a variable");
  Atom atom;
  atom.row.strict = strict;
  // Variables are ordered inputs first.
  const auto& [first, coefficient] = *terms.begin();
  if (terms.size() == 1 && !first.is_output) {
    atom.kind = upper == (coefficient > 0) ? Atom::Kind::input_upper : Atom::Kind::input_lower;
    atom.input = first.index;
    atom.row.bound = -difference.constant / coefficient;
    if (!arithmetic_.charge(atom.row.bound)) return over_limit(at, "length of numbers");
    return atom;
  }
  const Rational sign = upper ? 1 : -1;
  for (const auto& [variable, factor] : terms) {
    auto& side = variable.is_output ? atom.row.terms : atom.row.input_terms;
    side.push_back({variable.index, sign * factor});
  }
  atom.row.bound = -sign * difference.constant;
  atom.row.negated = negated;
  return atom;
}

Result<LinearForm> Parser::read_term() {
  ISOTRACE_TRY_DONE(look());
  if (ahead_->kind == Token::Kind::symbol) {
    ISOTRACE_TRY(const Token token, take(Token::Kind::symbol, "a term"));
    return read_leaf(token);
  }
  ISOTRACE_TRY_DONE(take_open());
  ISOTRACE_TRY(const Token name, take(Token::Kind::symbol, "an operation"));
  if (name.text != "+" && name.text != "-" && name.text != "*" && name.text != "/") {
    return unsupported(name, "operation " + name.shown());
  }
  return read_operation(name);
}

Result<LinearForm> Parser::read_leaf(const Token& token) {
  LinearForm form;
  if (starts_number(token.text)) {
    auto value = core::parse_rational(token.text);
    if (!value && value.error().code == RefusalCode::limit_exceeded) {
      return over_limit(token, "number " + token.shown());
    }
    if (!value) return malformed(token, "number " + token.shown());
    form.constant = *std::move(value);
    if (!arithmetic_.charge(form.constant)) return over_limit(token, "length of numbers");
    return form;
  }
  const auto variable = variable_named(token.text);
  if (!variable) return unsupported(token, "term " + token.shown());
  if (!declared_.contains(*variable)) return malformed(token, token.shown() + " is not declared");
  form.terms.emplace(*variable, 1);
  return form;
}

Result<LinearForm> Parser::read_operation(const Token& name) {
  ISOTRACE_TRY(LinearForm value, read_term());
  std::size_t operands = 1;
  for (;; ++operands) {
    ISOTRACE_TRY(const bool closed, at_close());
    if (closed) break;
    ISOTRACE_TRY(const LinearForm operand, read_term());
    ISOTRACE_TRY_DONE(combine(name, value, operand));
  }
  if (operands == 1 && name.text == "/") return malformed(name, "quotient of one term");
  if (operands == 1 && name.text == "-" && !arithmetic_.scale(value, -1)) {
    return over_limit(name, "length of numbers");
  }
  return value;
}

/// value = value NAME operand.
Result<Done> Parser::combine(const Token& name, LinearForm& value, const LinearForm& operand) {
  bool within = true;
  if (name.text == "+" || name.text == "-") {
    within = arithmetic_.add(value, operand, name.text == "+" ? 1 : -1);
  } else if (name.text == "/") {
    if (!operand.is_constant()) return unsupported(name, "division by a variable");
    if (operand.constant == 0) return malformed(name, "division by zero");
    within = arithmetic_.scale(value, 1 / operand.constant);
  } else if (operand.is_constant()) {
    within = arithmetic_.scale(value, operand.constant);
  } else {
    if (!value.is_constant()) return unsupported(name, "product of variables");
    const Rational factor = value.constant;
    value = operand;
    within = arithmetic_.scale(value, factor);
  }
  if (!within) return over_limit(name, "length of numbers");
  return Done{};
}

}  // namespace

Result<VnnlibFile> read_vnnlib(std::string_view text) {
  if (text.size() > core::limits::property_bytes_max) {
    return core::refuse(RefusalCode::limit_exceeded, "property",
                        std::to_string(text.size()) + " bytes");
  }
  return Parser(text).read_file();
}

}  // namespace isotrace::proofs
