#include <isotrace/smt/circuit.hpp>

#include <algorithm>
#include <bitset>
#include <cstdlib>
#include <numeric>
#include <utility>

namespace isotrace::smt {
namespace {

using Kind = CircuitGate::Kind;

class GateReader {
 public:
  explicit GateReader(const bits::Cnf& cnf) : cnf_(cnf) {
    circuit_.gates.resize(cnf.variables + std::size_t{1});
  }

  Circuit read() {
    while (read_conjunction() || read_exclusive()) {
    }
    return std::move(circuit_);
  }

 private:
  [[nodiscard]] bool is_clause(std::size_t offset,
                               std::initializer_list<std::int32_t> wanted) const {
    const std::size_t number = circuit_.gate_clauses + offset;
    return number <= cnf_.size() && std::ranges::equal(cnf_.clause(number), wanted);
  }

  /// The next clause's literals, if it begins with a negated variable beyond all gates so far and
  /// the others are of variables before that.
  bool read_head(std::size_t size) {
    if (circuit_.gate_clauses >= cnf_.size()) return false;
    const auto clause = cnf_.clause(circuit_.gate_clauses + 1);
    if (clause.size() != size || clause[0] >= 0 || -clause[0] <= newest_) return false;
    out_ = -clause[0];
    return std::ranges::all_of(clause.subspan(1), [this](auto a) { return std::abs(a) < out_; });
  }

  bool define(Kind kind, std::int32_t a, std::int32_t b, std::size_t clauses) {
    circuit_.gates[static_cast<std::size_t>(out_)] = {kind, a, b};
    circuit_.gate_clauses += clauses;
    newest_ = out_;
    return true;
  }

  bool read_conjunction() {
    if (!read_head(2) || circuit_.gate_clauses + 2 > cnf_.size()) return false;
    const std::int32_t a = cnf_.clause(circuit_.gate_clauses + 1)[1];
    const auto second = cnf_.clause(circuit_.gate_clauses + 2);
    if (second.size() != 2 || second[0] != -out_ || std::abs(second[1]) >= out_) return false;
    const std::int32_t b = second[1];
    return is_clause(3, {out_, -a, -b}) && define(Kind::conjunction, a, b, 3);
  }

  bool read_exclusive() {
    if (!read_head(3)) return false;
    const auto first = cnf_.clause(circuit_.gate_clauses + 1);
    const std::int32_t a = first[1];
    const std::int32_t b = first[2];
    return is_clause(2, {-out_, -a, -b}) && is_clause(3, {out_, -a, b}) &&
           is_clause(4, {out_, a, -b}) && define(Kind::exclusive, a, b, 4);
  }

  const bits::Cnf& cnf_;
  Circuit circuit_;
  std::int32_t newest_ = 0;
  std::int32_t out_ = 0;
};

}  // namespace

Circuit find_gates(const bits::Cnf& cnf) { return GateReader(cnf).read(); }

std::vector<int> stages_of(const Circuit& circuit) {
  // Where there are more inputs, some share a place: sets of inputs still grow with the circuit.
  constexpr std::size_t places = 512;
  using Inputs = std::bitset<places>;
  const std::size_t size = circuit.gates.size();
  std::vector<Inputs> inputs(size);
  std::vector<std::pair<std::size_t, std::uint32_t>> stages(size);  // inputs, gates between
  std::size_t next = 0;
  for (std::size_t v = 1; v < size; ++v) {
    const CircuitGate& gate = circuit.gates[v];
    if (gate.kind == Kind::input) {
      inputs[v].set(next++ % places);
    } else {
      const auto a = static_cast<std::size_t>(std::abs(gate.a));
      const auto b = static_cast<std::size_t>(std::abs(gate.b));
      inputs[v] = inputs[a] | inputs[b];
      stages[v].second = std::max(stages[a].second, stages[b].second) + 1;
    }
    stages[v].first = inputs[v].count();
  }
  std::vector<int> order(size - 1);
  std::iota(order.begin(), order.end(), 1);
  std::ranges::stable_sort(
      order, {}, [&](int v) -> const auto& { return stages[static_cast<std::size_t>(v)]; });
  return order;
}

void compute_signals(const Circuit& circuit, Signals& signals) {
  for (std::size_t v = 1; v < circuit.gates.size(); ++v) {
    const CircuitGate& gate = circuit.gates[v];
    if (gate.kind == Kind::input) continue;
    const std::uint64_t a = signal_of(signals, gate.a);
    const std::uint64_t b = signal_of(signals, gate.b);
    signals[v] = gate.kind == Kind::conjunction ? a & b : a ^ b;
  }
}

}  // namespace isotrace::smt
