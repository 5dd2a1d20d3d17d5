#include <isotrace/smt/sweep.hpp>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <unordered_map>

#include <isotrace/smt/circuit.hpp>
#include <isotrace/smt/gate_solver.hpp>
#include <isotrace/smt/noise.hpp>

namespace isotrace::smt {
namespace {

constexpr int words_first = 16;  ///< of 64 inputs each
constexpr int conflicts_per_question = 300;
constexpr int questions_max = 60'000;
constexpr int undecided_max = 2'000;

class Sweeper {
 public:
  Sweeper(const bits::Blasted& blasted, ProofStream& proof)
      : blasted_(blasted),
        proof_(proof),
        circuit_(find_gates(blasted.cnf)),
        size_(circuit_.gates.size()),
        signals_(size_),
        hashes_(size_),
        flipped_(size_) {}

  std::vector<std::vector<int>> run() {
    find_constraints();
    start();
    for (int i = 0; i < words_first; ++i) {
      make_inputs();
      take_signals(i == 0);
    }
    order_ = stages_of(circuit_);
    for (std::size_t i = 0; i < order_.size() && !is_over(); ++i) sweep(i);
    solver_.close_proof_trace();
    return std::move(clauses_);
  }

 private:
  [[nodiscard]] bool is_over() const {
    return questions_ > questions_max || undecided_ > undecided_max;
  }

  /// The demand that the term is true comes last. Where that is a conjunction, parts of it that are
  /// small against the whole are mostly what is assumed of the inputs: gates are compared under it.
  void find_constraints() {
    if (blasted_.cnf.size() == 0) return;
    const auto root = blasted_.cnf.clause(blasted_.cnf.size());
    if (root.size() != 1) return;
    std::vector<int> open = {root[0]};
    while (!open.empty()) {
      const int literal = open.back();
      open.pop_back();
      const CircuitGate& gate = circuit_.gates[static_cast<std::size_t>(std::abs(literal))];
      if (literal > 0 && gate.kind == CircuitGate::Kind::conjunction) {
        open.push_back(gate.a);
        open.push_back(gate.b);
      } else if (cone_size(literal) * 8 < size_) {
        constraints_.push_back(literal);
      }
    }
  }

  std::size_t cone_size(int literal) const {
    std::vector<bool> in(size_);
    auto v = static_cast<std::size_t>(std::abs(literal));
    in[v] = true;
    std::size_t count = 0;
    for (; v > 0; --v) {
      if (!in[v]) continue;
      ++count;
      if (circuit_.gates[v].kind == CircuitGate::Kind::input) continue;
      in[static_cast<std::size_t>(std::abs(circuit_.gates[v].a))] = true;
      in[static_cast<std::size_t>(std::abs(circuit_.gates[v].b))] = true;
    }
    return count;
  }

  /// Without what is to be refuted: each question is one about the gates below it.
  void start() {
    // What was removed by inprocessing would have to come back, and the proof does not say so.
    solver_.set("inprocessing", 0);
    start_solver(solver_, blasted_.cnf, std::max<std::size_t>(blasted_.cnf.size(), 1) - 1, proof_);
    for (const int literal : constraints_) {
      add({literal});
    }
  }

  /// A clause that follows by unit propagation.
  void add(const std::vector<int>& clause) {
    proof_.add(clause);
    for (const int a : clause) solver_.add(a);
    solver_.add(0);
  }

  // ---- signals

  /// Numbers of every size; and each input flipped that made two gates differ.
  void make_inputs() {
    for (std::size_t v = 1; v < size_; ++v) {
      if (circuit_.gates[v].kind == CircuitGate::Kind::input) signals_[v] = noise_.next();
    }
    for (const bits::Blasted::Input& input : blasted_.inputs) {
      std::uint64_t on = ~std::uint64_t{0};
      const std::size_t width = input.literals.size();
      for (std::size_t bit = 0; bit < width; ++bit) {
        // Sample i keeps its lowest (i mod 16 + 1) / 16 of all bits, the last ones all.
        for (unsigned i = 0; i < 64; ++i) {
          if (bit * 16 >= width * (i % 16 + 1)) on &= ~(std::uint64_t{1} << i);
        }
        const std::int32_t literal = input.literals[bit];
        if (literal > 0 && literal != bits::literal_true) {
          signals_[static_cast<std::size_t>(literal)] &= on;
        }
      }
    }
  }

  /// The solver's last model, and its neighbours.
  void make_inputs_of_model() {
    for (std::size_t v = 1; v < size_; ++v) {
      if (circuit_.gates[v].kind != CircuitGate::Kind::input) continue;
      const bool value = solver_.val(static_cast<int>(v)) > 0;
      const std::uint64_t flips = noise_.next() & noise_.next() & noise_.next() & ~std::uint64_t{1};
      signals_[v] = (value ? ~std::uint64_t{0} : 0) ^ flips;
    }
  }

  /// Inputs that violate the constraints count as none.
  void take_signals(bool first) {
    compute_signals(circuit_, signals_);
    std::uint64_t valid = ~std::uint64_t{0};
    for (const int literal : constraints_) valid &= signal_of(signals_, literal);
    if (valid == 0) return;
    const bool choose_sides = first || !sides_chosen_;
    sides_chosen_ = true;
    const int lowest = std::countr_zero(valid);
    for (std::size_t v = 1; v < size_; ++v) {
      if (choose_sides) flipped_[v] = (signals_[v] >> lowest & 1) != 0;
      const std::uint64_t seen = (flipped_[v] ? ~signals_[v] : signals_[v]) & valid;
      hashes_[v] = (hashes_[v] ^ seen) * 0x9E3779B97F4A7C15ULL;
      hashes_[v] ^= hashes_[v] >> 29;
      if (seen != 0) varies_[v] = true;
    }
  }

  void rebuild(std::size_t end) {
    first_of_.clear();
    for (std::size_t i = 0; i < end; ++i) remember(order_[i]);
  }

  void remember(int v) {
    if (!merged_[static_cast<std::size_t>(v)]) {
      first_of_.try_emplace(hashes_[static_cast<std::size_t>(v)], v);
    }
  }

  // ---- questions

  [[nodiscard]] int literal(int v) const { return flipped_[static_cast<std::size_t>(v)] ? -v : v; }

  void sweep(std::size_t place) {
    const int v = order_[place];
    if (circuit_.gates[static_cast<std::size_t>(v)].kind == CircuitGate::Kind::input) {
      return remember(v);
    }
    for (int tries = 0; tries < 64 && !is_over(); ++tries) {
      const auto index = static_cast<std::size_t>(v);
      int result = 0;
      if (!varies_[index]) {
        result = show({-literal(v)});
      } else {
        const auto first = first_of_.find(hashes_[index]);
        if (first == first_of_.end()) break;
        const int same = literal(first->second);
        result = show({-same, literal(v)});
        if (result == unsatisfiable) result = show({same, -literal(v)});
      }
      if (result == unsatisfiable) {
        merged_[index] = true;
        return;
      }
      if (result != satisfiable) break;
      make_inputs_of_model();
      take_signals(false);
      rebuild(place);
    }
    remember(v);
  }

  /// Whether the clause follows: unsatisfiable if so.
  int show(const std::vector<int>& clause) {
    ++questions_;
    for (const int a : clause) solver_.assume(-a);
    solver_.limit("conflicts", conflicts_per_question);
    const int result = solver_.solve();
    if (result == unsatisfiable) {
      add(clause);
      clauses_.push_back(clause);
    } else if (result != satisfiable) {
      ++undecided_;
    }
    return result;
  }

  const bits::Blasted& blasted_;
  ProofStream& proof_;
  Circuit circuit_;
  std::size_t size_;
  Signals signals_;
  std::vector<std::uint64_t> hashes_;
  std::vector<bool> flipped_;
  std::vector<bool> varies_ = std::vector<bool>(size_);
  std::vector<bool> merged_ = std::vector<bool>(size_);
  std::vector<int> order_;
  std::unordered_map<std::uint64_t, int> first_of_;
  std::vector<int> constraints_;
  Noise noise_;
  bool sides_chosen_ = false;
  int questions_ = 0;
  int undecided_ = 0;
  CaDiCaL::Solver solver_;
  std::vector<std::vector<int>> clauses_;
};

}  // namespace

std::vector<std::vector<int>> sweep_gates(const bits::Blasted& blasted, ProofStream& proof) {
  return Sweeper(blasted, proof).run();
}

}  // namespace isotrace::smt
