#include <isotrace/smt/sample_inputs.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <set>

#include <isotrace/smt/circuit.hpp>
#include <isotrace/smt/noise.hpp>

namespace isotrace::smt {
namespace {

/// Gates of which a round costs what it is to cost at most.
constexpr std::size_t gates_of_round = std::size_t{1} << 16;
constexpr std::size_t constants_max = 1024;

class Sampler {
 public:
  Sampler(const bits::TermPool& pool, const bits::Blasted& blasted)
      : blasted_(blasted), circuit_(find_gates(blasted.cnf)), signals_(circuit_.gates.size()) {
    find_constants(pool);
  }

  std::optional<std::vector<bool>> run(std::size_t rounds_max) {
    const std::size_t clauses = blasted_.cnf.size();
    if (clauses == 0 || blasted_.cnf.clause(clauses).size() != 1) return std::nullopt;
    const int root = blasted_.cnf.clause(clauses)[0];
    const std::size_t rounds = std::min(rounds_max * gates_of_round / signals_.size(), rounds_max);
    for (std::size_t round = 0; round < rounds; ++round) {
      make_inputs();
      compute_signals(circuit_, signals_);
      const std::uint64_t found = signal_of(signals_, root);
      if (found == 0) continue;
      if (const std::uint64_t allowed = found & demanded(); allowed != 0) {
        return solution(std::countr_zero(allowed));
      }
    }
    return std::nullopt;
  }

 private:
  void find_constants(const bits::TermPool& pool) {
    std::set<std::uint64_t> found;
    for (std::uint32_t i = 0; i < pool.size() && found.size() < constants_max; ++i) {
      const auto value = pool.constant_value({i});
      if (value) found.insert(static_cast<std::uint64_t>(*value));
    }
    constants_.assign(found.begin(), found.end());
  }

  std::uint64_t number(unsigned width, std::uint64_t previous) {
    const std::uint64_t choice = noise_.next();
    const std::uint64_t bits = noise_.next() >> (64 - width);
    const auto places = static_cast<unsigned>((choice >> 8) % width);
    const std::uint64_t close = (choice >> 16) % 3 - 1;
    switch (choice % 8) {
      case 0: return bits;
      case 1: return ~(bits >> places);
      case 2: return (std::uint64_t{1} << places) + close;
      case 3: return previous + close;
      case 4: return constants_[(choice >> 20) % constants_.size()] + close;
      case 5: return bits >> places << (choice >> 24) % width;
      default: return bits >> places;
    }
  }

  void make_inputs() {
    for (std::size_t v = 1; v < signals_.size(); ++v) {
      if (circuit_.gates[v].kind == CircuitGate::Kind::input) signals_[v] = noise_.next();
    }
    std::array<std::uint64_t, 64> previous{};
    for (const bits::Blasted::Input& input : blasted_.inputs) {
      const std::size_t width = std::min<std::size_t>(input.literals.size(), 64);
      for (std::uint64_t& value : previous) value = number(static_cast<unsigned>(width), value);
      for (std::size_t bit = 0; bit < width; ++bit) {
        const std::int32_t literal = input.literals[bit];
        if (literal <= 0 || literal == bits::literal_true) continue;
        std::uint64_t signal = 0;
        for (unsigned i = 0; i < 64; ++i) signal |= (previous[i] >> bit & 1) << i;
        signals_[static_cast<std::size_t>(literal)] = signal;
      }
    }
  }

  /// Inputs under which every clause holds that is no gate's.
  [[nodiscard]] std::uint64_t demanded() const {
    std::uint64_t allowed = ~std::uint64_t{0};
    for (std::size_t number = circuit_.gate_clauses + 1; number <= blasted_.cnf.size(); ++number) {
      std::uint64_t holds = 0;
      for (const std::int32_t literal : blasted_.cnf.clause(number)) {
        holds |= signal_of(signals_, literal);
      }
      allowed &= holds;
    }
    return allowed;
  }

  [[nodiscard]] std::vector<bool> solution(int sample) const {
    std::vector<bool> values(signals_.size());
    for (std::size_t v = 1; v < values.size(); ++v) values[v] = (signals_[v] >> sample & 1) != 0;
    return values;
  }

  const bits::Blasted& blasted_;
  Circuit circuit_;
  Signals signals_;
  std::vector<std::uint64_t> constants_;
  Noise noise_;
};

}  // namespace

std::optional<std::vector<bool>> sample_inputs(const bits::TermPool& pool,
                                               const bits::Blasted& blasted, std::size_t rounds) {
  return Sampler(pool, blasted).run(rounds);
}

}  // namespace isotrace::smt
