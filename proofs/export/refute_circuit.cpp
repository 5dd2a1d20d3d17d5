#include "refute_circuit.hpp"

#include <algorithm>

#include <isotrace/bits/blast.hpp>
#include <isotrace/bits/lrat.hpp>
#include <isotrace/smt/answer.hpp>
#include <isotrace/smt/leb128.hpp>
#include <isotrace/smt/solve_gates.hpp>

namespace isotrace::proofs {
namespace {

using core::RefusalCode;
using core::Result;

/// Deeper terms would need more stack than coqc has.
constexpr std::size_t word_groups_max = 125;

/// Writes numbers as Certificate.v reads them.
class NumberTexts {
 public:
  void add(std::uint64_t number) {
    constexpr std::uint64_t base = 128;
    for (; number >= base; number /= base) put(number % base + base);
    put(number);
  }

  std::vector<std::string> take() {
    while (words_.size() % words_per_group != 0 || bytes_ != 0) put(0);
    std::vector<std::string> texts;
    const std::size_t groups = words_.size() / words_per_group;
    for (std::size_t begin = 0; begin < groups; begin += word_groups_max)
      texts.push_back(groups_text(begin, std::min(groups, begin + word_groups_max)));
    return texts;
  }

 private:
  static constexpr std::size_t words_per_group = 8;
  static constexpr unsigned bytes_per_word = 7;

  void put(std::uint64_t byte) {
    if (bytes_ == 0) words_.push_back(0);
    words_.back() |= byte << (8 * bytes_);
    bytes_ = (bytes_ + 1) % bytes_per_word;
  }

  [[nodiscard]] std::string groups_text(std::size_t begin, std::size_t end) const {
    std::string text;
    for (std::size_t i = begin * words_per_group; i < end * words_per_group; ++i) {
      if (i % words_per_group == 0) text += "(Words";
      text += " " + std::to_string(words_[i]);
      if (i % words_per_group == words_per_group - 1) text += "\n";
    }
    return text + "NoWords" + std::string(end - begin, ')');
  }

  std::vector<std::uint64_t> words_;
  unsigned bytes_ = 0;  ///< of the last word, in use; 0: all
};

class Translation {
 public:
  Translation(const FunctionCircuit& circuit, core::ByteView lrat) : circuit_(circuit), in_(lrat) {}

  Result<std::vector<std::string>> run() {
    while (!in_.at_end()) {
      const std::uint8_t kind = in_.byte();
      // What is forgotten may stay.
      const bool done = kind == 'a' ? add() : kind == 'd' && in_.skip_numbers();
      if (!done) return core::refuse(RefusalCode::proof_malformed, "refutation", "no LRAT proof");
    }
    return texts_.take();
  }

 private:
  bool add() {
    for (;;) {
      const auto literal = in_.number();
      if (!literal || *literal / 2 >= circuit_.variables.size()) return false;
      if (*literal == 0) break;
      texts_.add(2 * std::uint64_t{circuit_.variables[*literal / 2]} + *literal % 2);
    }
    texts_.add(0);
    ++added_;
    const std::uint64_t given = circuit_.clause_numbers.size();
    for (;;) {
      const auto distance = in_.number();
      if (!distance || *distance >= given + added_) return false;
      if (*distance == 0) break;
      const std::uint64_t clause = given + added_ - *distance;
      texts_.add(clause > given ? 2 * *distance : 2 * circuit_.clause_numbers[clause - 1] + 1);
    }
    texts_.add(0);
    return true;
  }

  const FunctionCircuit& circuit_;
  smt::Leb128Reader in_;
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
