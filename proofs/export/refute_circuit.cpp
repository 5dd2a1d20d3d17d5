#include "refute_circuit.hpp"

#include <isotrace/bits/blast.hpp>
#include <isotrace/bits/lrat.hpp>
#include <isotrace/smt/answer.hpp>
#include <isotrace/smt/solve_gates.hpp>

namespace isotrace::proofs {
namespace {

using core::RefusalCode;
using core::Result;

/// Coq parses a string by recursion, and many short ones slowly.
constexpr std::size_t text_bytes_max = 1000;

/// Writes numbers as Certificate.v reads them.
class NumberTexts {
 public:
  void add(std::uint64_t number) {
    constexpr std::uint64_t base = 32;
    for (; number >= base; number /= base) put(number % base + base);
    put(number);
  }
  std::vector<std::string> take() { return std::move(texts_); }

 private:
  void put(std::uint64_t digit) {
    if (texts_.empty() || texts_.back().size() >= text_bytes_max) texts_.emplace_back();
    texts_.back() += static_cast<char>('?' + digit);
  }

  std::vector<std::string> texts_;
};

class Translation {
 public:
  Translation(const FunctionCircuit& circuit, core::ByteView lrat)
      : circuit_(circuit), lrat_(lrat) {}

  Result<std::vector<std::string>> run() {
    while (at_ < lrat_.size()) {
      const std::uint8_t kind = lrat_[at_++];
      // What is forgotten may stay.
      const bool done = kind == 'a' ? add() : kind == 'd' && skip();
      if (!done) return core::refuse(RefusalCode::proof_malformed, "refutation", "no LRAT proof");
    }
    return texts_.take();
  }

 private:
  std::optional<std::uint64_t> number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 63 && at_ < lrat_.size(); shift += 7) {
      const std::uint64_t byte = lrat_[at_++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    return std::nullopt;
  }

  bool skip() {
    for (;;) {
      const auto distance = number();
      if (!distance) return false;
      if (*distance == 0) return true;
    }
  }

  bool add() {
    for (;;) {
      const auto literal = number();
      if (!literal || *literal / 2 >= circuit_.variables.size()) return false;
      if (*literal == 0) break;
      texts_.add(2 * std::uint64_t{circuit_.variables[*literal / 2]} + *literal % 2);
    }
    texts_.add(0);
    ++added_;
    const std::uint64_t given = circuit_.clause_numbers.size();
    for (;;) {
      const auto distance = number();
      if (!distance || *distance >= given + added_) return false;
      if (*distance == 0) break;
      const std::uint64_t clause = given + added_ - *distance;
      texts_.add(clause > given ? 2 * *distance : 2 * circuit_.clause_numbers[clause - 1] + 1);
    }
    texts_.add(0);
    return true;
  }

  const FunctionCircuit& circuit_;
  core::ByteView lrat_;
  std::size_t at_ = 0;
  std::uint64_t added_ = 0;
  NumberTexts texts_;
};

}  // namespace

Result<core::Bytes> refute_circuit(const FunctionCircuit& circuit,
                                   const smt::SandboxLimits& limits) {
  const auto solve = [&] {
    bits::Blasted blasted;
    blasted.cnf = circuit.cnf;
    return smt::write_answer(smt::solve_gates(bits::TermPool(1), blasted, 0));
  };
  ISOTRACE_TRY(const smt::SandboxOutcome outcome, smt::run_sandboxed(solve, limits));
  if (outcome.end != smt::SandboxOutcome::End::finished) {
    return core::refuse(RefusalCode::export_unsupported, "refutation", smt::describe(outcome));
  }
  ISOTRACE_TRY(smt::Answer answer, smt::read_answer(outcome.output));
  if (answer.kind == smt::Answer::Kind::sat) {
    return core::refuse(RefusalCode::export_unsupported, "refutation",
                        "within these bounds Coq's definitions do not prove the claim");
  }
  if (answer.kind != smt::Answer::Kind::unsat) {
    return core::refuse(RefusalCode::export_unsupported, "refutation", answer.detail);
  }
  const bits::LratOutcome checked = bits::check_lrat(circuit.cnf, answer.lrat);
  if (!checked.accepted) {
    return core::refuse(RefusalCode::solver_answer_wrong, "refutation", checked.reason);
  }
  return std::move(answer.lrat);
}

Result<std::vector<std::string>> coq_refutation(const FunctionCircuit& circuit,
                                                core::ByteView lrat) {
  return Translation(circuit, lrat).run();
}

}  // namespace isotrace::proofs
