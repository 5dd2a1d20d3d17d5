// The search for counterexamples: corners, centre, sign-gradient descent and a (1+1) evolution
// strategy, all on binary32 inputs inside the exact box. Points are candidates only.
#pragma once

#include <optional>

#include <isotrace/core/philox.hpp>
#include <isotrace/proofs/search/float_model.hpp>

namespace isotrace::proofs::search {

struct Candidate {
  std::vector<float> x;
  double excess;  ///< FloatModel::excess at x
};

/// How many evaluations are worth their time: among thousands of inputs random steps rarely find
/// what gradients do not.
inline std::size_t worthwhile(const Network& network, std::size_t evaluations) {
  constexpr std::size_t wide = 1024;
  return network.inputs > wide ? (evaluations + 31) / 32 : evaluations;
}

class Attack {
 public:
  Attack(const Network& network, const FloatModel& model, const Problem& problem)
      : network_(network), model_(model), problem_(problem) {}

  /// The point rounded into the box.
  Candidate probe(std::span<const double> point);
  /// Corners, centre and a few random points: where rounding alone may break a property.
  Candidate probe_landmarks(core::PhiloxStream& random);
  /// Restarting (1+1)-ES with about this many evaluations; ends early at a point without excess.
  Candidate evolve(core::PhiloxStream& random, std::size_t evaluations);
  /// One (1+1)-ES from a point, with steps of about `sigma` of the box at first. Returns how many
  /// evaluations it took.
  std::size_t climb(Candidate& current, double sigma, core::PhiloxStream& random,
                    std::size_t evaluations);
  /// Sign-gradient descent from random starts; ends early likewise.
  Candidate descend(core::PhiloxStream& random, std::size_t starts);

 private:
  Candidate random_point(core::PhiloxStream& random);
  void measure(Candidate& candidate);
  void mutate(const Candidate& from, Candidate& to, double sigma, core::PhiloxStream& random) const;
  std::vector<double> gradient(const Candidate& at) const;

  const Network& network_;
  const FloatModel& model_;
  const Problem& problem_;
  std::vector<float> scratch_;
};

}  // namespace isotrace::proofs::search
