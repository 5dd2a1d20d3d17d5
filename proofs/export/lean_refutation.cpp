#include "lean_refutation.hpp"

#include <algorithm>
#include <optional>

#include <isotrace/core/rational.hpp>
#include <isotrace/smt/leb128.hpp>

#include "lean_execution.hpp"

namespace isotrace::proofs {
namespace {

using core::Integer;
using core::RefusalCode;
using core::Result;
using Kind = LeanEnd::Kind;

/// What numbers of 24 bits in certificates can name.
constexpr std::size_t variables_max = std::size_t{1} << 20;

LeanLit truth(bool value) { return value ? lean_yes : lean_no; }

/// The definitions `good_...` of Claims.lean.
class LeanClaim {
 public:
  LeanClaim(const CodeClaim& claim, std::uint32_t fuel, std::uint32_t inputs)
      : claim_(claim),
        fuel_(fuel),
        gates_(inputs),
        runs_(gates_, *claim.module),
        other_(gates_, *claim.other_module) {
    std::uint32_t variable = 0;
    for (const unsigned width : claim.module->functions[claim.function].parameters) {
      LeanWord word;
      for (unsigned bit = 0; bit < width; ++bit) word.push_back(2 + 2 * variable++);
      arguments_.push_back(std::move(word));
    }
  }

  /// The definition `assuming`.
  LeanLit good() {
    const LeanLit claimed = claim();
    if (!claim_.assume) return claimed;
    const LeanTreePtr ends = call(runs_, *claim_.module, *claim_.assume);
    const LeanLit admitted = runs_.folded(ends, [&](const LeanEnd& end) {
      return end.kind == Kind::unfinished ? lean_yes : nonzero(end);
    });
    return gates_.either(inverse(admitted), claimed);
  }

  LeanGates& gates() { return gates_; }
  [[nodiscard]] bool unfinished() const { return runs_.unfinished() || other_.unfinished(); }
  [[nodiscard]] bool exhausted() const {
    return runs_.exhausted() || other_.exhausted() || gates_.gates().size() > variables_max;
  }

 private:
  LeanLit claim() {
    const LeanTreePtr ends = call(runs_, *claim_.module, claim_.function);
    switch (claim_.property) {
      case FunctionProperty::never_traps:
        return runs_.folded(ends,
                            [](const LeanEnd& end) { return truth(end.kind == Kind::normal); });
      case FunctionProperty::range:
        return runs_.folded(ends, [&](const LeanEnd& end) { return within(end); });
      case FunctionProperty::equivalent: return agreeing(ends);
      case FunctionProperty::post: return ensured(ends);
      case FunctionProperty::effects: break;
    }
    return lean_no;
  }

  LeanTreePtr call(LeanExecution& runs, const CodeModule& module, std::uint32_t function) {
    LeanState state{arguments_, {}, {}};
    for (const auto& [width, value] : module.globals)
      state.globals.push_back(lean_constant(width, value));
    return runs.call(function, fuel_, std::move(state));
  }

  LeanLit within(const LeanEnd& end) {
    if (end.kind != Kind::normal || end.state.stack.size() != 1) return lean_no;
    LeanWord word = end.state.stack[0];
    const std::uint64_t raise =
        claim_.is_signed && !word.empty() ? std::uint64_t{1} << (word.size() - 1) : 0;
    if (claim_.is_signed) word = lean_raised(std::move(word));
    const LeanLit above =
        lean_ordered(gates_, lean_constant(64, claim_.low ^ raise), word, lean_yes);
    const LeanLit below =
        lean_ordered(gates_, word, lean_constant(64, claim_.high ^ raise), lean_yes);
    return gates_.both(above, below);
  }

  LeanLit agree(const LeanEnd& a, const LeanEnd& b) {
    if (a.kind == Kind::trap && b.kind == Kind::trap) return lean_yes;
    if (a.kind != Kind::normal || b.kind != Kind::normal) return lean_no;
    if (a.state.stack.size() != b.state.stack.size()) return lean_no;
    LeanLit all = lean_yes;
    for (std::size_t i = 0; i < a.state.stack.size(); ++i) {
      // The topmost pair is the last one that Lean adds.
      all = gates_.both(lean_same(gates_, a.state.stack[i], b.state.stack[i]), all);
    }
    return all;
  }

  LeanLit agreeing(const LeanTreePtr& ends) {
    const LeanTreePtr others = call(other_, *claim_.other_module, claim_.other);
    return runs_.folded(ends, [&](const LeanEnd& a) {
      return other_.folded(others, [&](const LeanEnd& b) { return agree(a, b); });
    });
  }

  LeanLit ensured(const LeanTreePtr& ends) {
    const LeanTreePtr behind = runs_.follow(ends, [&](const LeanEnd& end) -> LeanTreePtr {
      if (end.kind != Kind::normal) return std::make_shared<const LeanTree>();
      LeanState state{arguments_, {}, end.state.globals, end.state.written};
      state.stack.insert(state.stack.end(), end.state.stack.begin(), end.state.stack.end());
      return runs_.call(claim_.other, fuel_, std::move(state));
    });
    return runs_.folded(behind, [&](const LeanEnd& end) { return nonzero(end); });
  }

  /// Whether it is a return of one value that is not 0.
  LeanLit nonzero(const LeanEnd& end) {
    if (end.kind != Kind::normal || end.state.stack.size() != 1) return lean_no;
    return inverse(lean_zero(gates_, end.state.stack[0]));
  }

  const CodeClaim& claim_;
  std::uint32_t fuel_;
  LeanGates gates_;
  LeanExecution runs_;
  LeanExecution other_;
  std::vector<LeanWord> arguments_;
};

std::uint32_t nesting(const std::vector<CodeNode>& code) {
  std::uint32_t most = 0;
  for (const CodeNode& node : code) most = std::max({most, nesting(node.body), nesting(node.no)});
  return most + 1;
}

/// Enough for everything but loops.
std::uint32_t least_fuel(const CodeModule& module) {
  std::uint32_t sum = 2;
  for (const CodeFunction& function : module.functions) sum += nesting(function.body) + 1;
  return sum;
}

bits::Cnf formula_of(const LeanCircuit& circuit) {
  bits::Cnf cnf;
  const auto literal = [](LeanLit a) {
    const auto variable = static_cast<std::int32_t>(a / 2);
    return a % 2 == 0 ? variable : -variable;
  };
  cnf.variables = circuit.inputs + static_cast<std::uint32_t>(circuit.gates.size());
  auto out = static_cast<std::int32_t>(circuit.inputs);
  for (const LeanGate& gate : circuit.gates) {
    ++out;
    const std::int32_t a = literal(gate.a);
    const std::int32_t b = literal(gate.b);
    if (gate.is_xor) {
      cnf.add({-out, a, b});
      cnf.add({-out, -a, -b});
      cnf.add({out, -a, b});
      cnf.add({out, a, -b});
    } else {
      cnf.add({-out, a});
      cnf.add({-out, b});
      cnf.add({out, -a, -b});
    }
  }
  cnf.add({literal(inverse(circuit.good))});
  return cnf;
}

std::string hex_of(const Integer& number) { return "0x" + number.str(0, std::ios_base::hex); }

// ---- gates as text

/// Gates in one number; a multiple of 2, less 1.
constexpr std::size_t chunk_depth = 7;

Integer packed(const LeanGate& gate) {
  Integer value = gate.a - 2;
  value = 2 * value + (gate.is_xor ? 1 : 0);
  return (value << 24) + (gate.b - 1);
}

std::string gates_text(const LeanCircuit& circuit, std::size_t from, std::size_t to) {
  constexpr std::size_t chunk = (std::size_t{1} << chunk_depth) - 1;
  const std::string out = std::to_string(circuit.inputs + from);
  if (from == to) return "Gates.tip";
  if (to - from <= chunk) {
    Integer data = 0;
    for (std::size_t i = to; i-- > from;) data = (data << 48) + packed(circuit.gates[i]);
    return "(gates_of " + std::to_string(chunk_depth) + " " + out + " " + hex_of(data) + ")";
  }
  const std::size_t middle = from + (to - from) / 2;
  return "(gate_at " + gates_text(circuit, from, middle) + "\n " +
         std::to_string(circuit.inputs + middle) + " " + hex_of(packed(circuit.gates[middle])) +
         "\n " + gates_text(circuit, middle + 1, to) + ")";
}

// ---- steps as text

struct Step {
  std::vector<std::uint64_t> clause;  ///< codes of literals
  std::vector<std::uint64_t> hints;   ///< clauses by their numbers in the proof
  bool used = false;
};

class StepReader {
 public:
  StepReader(const LeanCircuit& circuit, core::ByteView lrat)
      : circuit_(circuit), in_(lrat), given_(circuit.formula.cnf.size()) {
    std::uint64_t variable = circuit.inputs;
    for (const LeanGate& gate : circuit.gates) {
      for (std::uint64_t j = 0; j < (gate.is_xor ? 4 : 3); ++j) names_.push_back(8 * variable + j);
      ++variable;
    }
    names_.push_back(5);
  }

  /// Those that the last one needs, in order; hints as Refutation.lean names clauses, or, of
  /// `numbered` ones, with their numbers behind those of the formula.
  Result<std::vector<Step>> run(bool numbered) {
    while (!in_.at_end()) {
      const std::uint8_t kind = in_.byte();
      // What is forgotten may stay.
      if (!(kind == 'a' ? add() : kind == 'd' && in_.skip_numbers()))
        return core::refuse(RefusalCode::proof_malformed, "refutation", "no LRAT proof");
    }
    return kept(numbered);
  }

 private:
  bool add() {
    Step step;
    for (;;) {
      const auto literal = in_.number();
      if (!literal || *literal / 2 > circuit_.formula.cnf.variables || *literal == 1) return false;
      if (*literal == 0) break;
      step.clause.push_back(*literal - 2);
    }
    const std::uint64_t own = given_ + steps_.size() + 1;
    for (;;) {
      const auto distance = in_.number();
      if (!distance || *distance >= own) return false;
      if (*distance == 0) break;
      step.hints.push_back(own - *distance);
    }
    steps_.push_back(std::move(step));
    return true;
  }

  std::vector<Step> kept(bool numbered) {
    if (!steps_.empty()) steps_.back().used = true;
    for (std::size_t i = steps_.size(); i-- > 0;) {
      if (!steps_[i].used) continue;
      for (const std::uint64_t hint : steps_[i].hints)
        if (hint > given_) steps_[hint - given_ - 1].used = true;
    }
    std::vector<std::uint64_t> places(steps_.size());
    std::vector<Step> out;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (!steps_[i].used) continue;
      places[i] = out.size();
      for (std::uint64_t& hint : steps_[i].hints) hint = name_of(hint, places, numbered);
      out.push_back(std::move(steps_[i]));
    }
    return out;
  }

  [[nodiscard]] std::uint64_t name_of(std::uint64_t hint, const std::vector<std::uint64_t>& places,
                                      bool numbered) const {
    if (hint <= given_) return numbered ? hint : names_[hint - 1];
    const std::uint64_t place = places[hint - given_ - 1];
    return numbered ? given_ + place + 1 : 8 * place + 4;
  }

  const LeanCircuit& circuit_;
  smt::Leb128Reader in_;
  std::uint64_t given_;
  std::vector<std::uint64_t> names_;  ///< of the formula's clauses, from the first
  std::vector<Step> steps_;
};

std::string numbers_text(const std::vector<std::uint64_t>& numbers) {
  Integer data = 0;
  for (std::size_t i = numbers.size(); i-- > 0;) data = (data << 24) + (numbers[i] + 1);
  return hex_of(data);
}

std::string steps_text(const std::vector<Step>& steps, std::size_t from, std::size_t to) {
  if (from == to) return "Steps.tip";
  const std::size_t middle = from + (to - from) / 2;
  return "(step " + steps_text(steps, from, middle) + "\n " + std::to_string(middle) + " " +
         numbers_text(steps[middle].clause) + " " + numbers_text(steps[middle].hints) + "\n " +
         steps_text(steps, middle + 1, to) + ")";
}

}  // namespace

Result<LeanCircuit> make_lean_circuit(const CodeClaim& claim, const CircuitLimits& limits) {
  LeanCircuit circuit;
  for (const unsigned width : claim.module->functions[claim.function].parameters)
    circuit.inputs += width;
  const std::uint32_t least =
      std::max(least_fuel(*claim.module), least_fuel(*claim.other_module)) + limits.unwind;
  // Loops whose ends do not depend on the arguments may need more; others are cut off.
  std::unique_ptr<LeanClaim> made;
  for (const std::uint32_t more : {0U, 16U, 64U, 256U, 1024U, 0U}) {
    made = std::make_unique<LeanClaim>(claim, circuit.fuel = least + more, circuit.inputs);
    circuit.good = made->good();
    if (!made->unfinished()) break;
  }
  if (made->exhausted()) {
    return core::refuse(RefusalCode::export_unsupported, "circuit",
                        "too many gates or paths for Lean; export to coq");
  }
  if (circuit.good == lean_no) {
    return core::refuse(RefusalCode::export_unsupported, "refutation",
                        "within these bounds Lean's definitions do not prove the claim");
  }
  circuit.good = made->gates().sort(circuit.good);
  circuit.gates = made->gates().gates();
  if (circuit.good != lean_yes) circuit.formula.cnf = formula_of(circuit);
  return circuit;
}

std::string lean_gates_text(const LeanCircuit& circuit) {
  return gates_text(circuit, 0, circuit.gates.size());
}

Result<std::string> lean_steps_text(const LeanCircuit& circuit, core::ByteView lrat) {
  if (circuit.good == lean_yes) return std::string("Steps.tip");
  ISOTRACE_TRY(const std::vector<Step> steps, StepReader(circuit, lrat).run(false));
  return steps_text(steps, 0, steps.size());
}

Result<std::string> lean_lrat_text(const LeanCircuit& circuit, core::ByteView lrat) {
  ISOTRACE_TRY(const std::vector<Step> steps, StepReader(circuit, lrat).run(true));
  std::uint64_t own = circuit.formula.cnf.size();
  std::string text;
  for (const Step& step : steps) {
    text += std::to_string(++own);
    for (const std::uint64_t code : step.clause)
      text += (code % 2 == 0 ? " " : " -") + std::to_string(code / 2 + 1);
    text += " 0";
    for (const std::uint64_t hint : step.hints) text += " " + std::to_string(hint);
    text += " 0\n";
  }
  return text;
}

}  // namespace isotrace::proofs
