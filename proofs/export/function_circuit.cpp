#include "function_circuit.hpp"

#include <isotrace/core/limits.hpp>

#include "code_execution.hpp"
#include "code_words.hpp"

namespace isotrace::proofs {
namespace {

using bits::invert;
using bits::Wire;
using bits::wire_false;
using bits::wire_true;
using bits::Word;
using core::RefusalCode;
using core::Result;

/// The definitions `bad_...` of Claims.v.
class ClaimCircuit {
 public:
  ClaimCircuit(const CodeClaim& claim, const CircuitLimits& limits)
      : claim_(claim), limits_(limits), gates_(core::limits::cnf_clauses_max) {
    for (const unsigned width : claim.module->functions[claim.function].parameters) {
      Word word;
      for (unsigned bit = 0; bit < width; ++bit) word.push_back(gates_.input());
      arguments_.push_back(std::move(word));
    }
  }

  Result<FunctionCircuit> make() {
    ISOTRACE_TRY(const Wire refuted, bad());
    const std::uint32_t nodes = gates_.input() / 2;
    gates_.demand({refuted});
    FunctionCircuit circuit;
    ISOTRACE_TRY(circuit.cnf, gates_.formula());
    number(circuit, nodes);
    return circuit;
  }

 private:
  Result<Wire> bad() {
    switch (claim_.property) {
      case FunctionProperty::never_traps: return bad_never_traps();
      case FunctionProperty::range: return bad_range();
      case FunctionProperty::equivalent: return bad_equivalent();
      case FunctionProperty::post: return bad_ensures();
      case FunctionProperty::effects: break;
    }
    return wire_true;
  }

  Result<CodeEnds> call(const CodeModule& module, std::uint32_t function) {
    CodePath path;
    path.state.stack = arguments_;
    for (const auto& [width, value] : module.globals) {
      path.state.globals.push_back(bits::constant_word(value, width));
    }
    return CodeExecution(gates_, module, limits_).call(function, std::move(path));
  }

  static Result<Word> single(const MaybePath& path) {
    if (!path || path->state.stack.size() != 1) {
      return core::refuse(RefusalCode::export_unsupported, "function",
                          "it returns no value, or never returns");
    }
    return path->state.stack[0];
  }

  Wire fails(const CodeEnds& ends) { return gates_.disjunction(ends.trapped, ends.cut); }

  Result<Wire> counting() {
    if (!claim_.assume) return wire_true;
    ISOTRACE_TRY(const CodeEnds ends, call(*claim_.module, *claim_.assume));
    ISOTRACE_TRY(const Word word, single(ends.normal));
    Wire counts = nonzero(gates_, word);
    counts = gates_.conjunction(invert(ends.trapped), counts);
    return gates_.disjunction(ends.cut, counts);
  }

  Result<Wire> if_counting(Wire wrong) {
    ISOTRACE_TRY(const Wire counts, counting());
    return gates_.conjunction(counts, wrong);
  }

  Result<Wire> bad_never_traps() {
    ISOTRACE_TRY(const CodeEnds ends, call(*claim_.module, claim_.function));
    return if_counting(fails(ends));
  }

  Wire outside(const Word& word) {
    const auto width = static_cast<unsigned>(word.size());
    const Word low = bits::constant_word(claim_.low, width);
    const Word high = bits::constant_word(claim_.high, width);
    const std::uint32_t less = claim_.is_signed ? 2 : 3;  // lt_s, lt_u
    const Wire below = compare_words(gates_, less, word, low);
    const Wire above = compare_words(gates_, less, high, word);
    return gates_.disjunction(below, above);
  }

  Result<Wire> bad_range() {
    ISOTRACE_TRY(const CodeEnds ends, call(*claim_.module, claim_.function));
    ISOTRACE_TRY(const Word word, single(ends.normal));
    const Wire wrong = outside(word);
    const Wire failed = fails(ends);
    return if_counting(gates_.disjunction(failed, wrong));
  }

  /// Whether some pair of words is not equal; the first pair stands outermost.
  Wire differ(const std::vector<Word>& a, const std::vector<Word>& b) {
    std::vector<Wire> equal;
    for (std::size_t i = a.size(); i-- > 0;) equal.push_back(bits::equal_words(gates_, a[i], b[i]));
    Wire different = wire_false;
    while (!equal.empty()) {
      different = gates_.disjunction(invert(equal.back()), different);
      equal.pop_back();
    }
    return different;
  }

  Result<Wire> bad_equivalent() {
    ISOTRACE_TRY(const CodeEnds a, call(*claim_.module, claim_.function));
    ISOTRACE_TRY(const CodeEnds b, call(*claim_.other_module, claim_.other));
    Wire wrong = wire_false;
    if (a.normal && b.normal) wrong = differ(a.normal->state.stack, b.normal->state.stack);
    wrong = gates_.conjunction(invert(a.trapped), wrong);
    const Wire one_traps = gates_.exclusive(a.trapped, b.trapped);
    wrong = gates_.disjunction(one_traps, wrong);
    const Wire cut = gates_.disjunction(a.cut, b.cut);
    return if_counting(gates_.disjunction(cut, wrong));
  }

  Result<Wire> bad_ensures() {
    ISOTRACE_TRY(const CodeEnds a, call(*claim_.module, claim_.function));
    MaybePath after = a.normal;
    if (after) {
      std::vector<Word> stack = arguments_;
      stack.insert(stack.end(), after->state.stack.begin(), after->state.stack.end());
      after->state.stack = std::move(stack);
      after->state.locals.clear();
    }
    ISOTRACE_TRY(const CodeEnds b,
                 CodeExecution(gates_, *claim_.module, limits_).call(claim_.other, after));
    ISOTRACE_TRY(const Word word, single(b.normal));
    const Wire held = nonzero(gates_, word);
    const Wire failed = fails(a);
    Wire wrong = fails(b);
    wrong = gates_.disjunction(wrong, invert(held));
    return if_counting(gates_.disjunction(failed, wrong));
  }

  /// What clauses and variables are called in Gates.v, where node n is variable n + 1.
  void number(FunctionCircuit& circuit, std::uint32_t nodes) const {
    circuit.variables.assign(circuit.cnf.variables + std::size_t{1}, 0);
    for (std::uint32_t node = 1; node < nodes; ++node) {
      const std::int32_t variable = gates_.literal(2 * node);
      if (variable > 0) circuit.variables[static_cast<std::size_t>(variable)] = node + 1;
    }
    // The clauses of a gate begin with its output and stand together; the demand is the last one.
    std::int32_t gate = 0;
    std::uint64_t place = 0;
    for (std::size_t i = 1; i < circuit.cnf.size(); ++i) {
      const std::int32_t out = std::abs(circuit.cnf.clause(i)[0]);
      place = out == gate ? place + 1 : 0;
      gate = out;
      circuit.clause_numbers.push_back(
          4 * std::uint64_t{circuit.variables[static_cast<std::size_t>(out)]} + place);
    }
    if (circuit.cnf.size() > 0) circuit.clause_numbers.push_back(1);
  }

  const CodeClaim& claim_;
  const CircuitLimits& limits_;
  bits::Gates gates_;
  std::vector<Word> arguments_;
};

}  // namespace

Result<FunctionCircuit> make_function_circuit(const CodeClaim& claim, const CircuitLimits& limits) {
  return ClaimCircuit(claim, limits).make();
}

}  // namespace isotrace::proofs
