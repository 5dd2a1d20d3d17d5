// The search for counterexamples: corners, centre, sign-gradient descent and a (1+1) evolution
// strategy, all on binary32 inputs inside the exact box. Points are candidates only.
#pragma once

#include <functional>
#include <optional>

#include <isotrace/core/philox.hpp>
#include <isotrace/proofs/search/float_model.hpp>

namespace isotrace::proofs::search {

struct Candidate {
  std::vector<float> x;
  double excess;  ///< FloatModel::excess at x
};

using Problems = std::vector<const Problem*>;

/// How many evaluations are worth their time: among thousands of inputs random steps rarely find
/// what gradients do not, and of a network of millions of weights each takes milliseconds.
std::size_t worthwhile(const Network& network, const Objective& model, std::size_t evaluations);

class Attack {
 public:
  Attack(const Network& network, const Objective& model, const Problem& problem)
      : Attack(network, model, Problems{&problem}) {}
  /// On all of them at once, at least one; they share one box. `stop`, asked now and
  /// then, ends every search early: what it has by then comes back.
  Attack(const Network& network, const Objective& model, Problems problems,
         std::function<bool()> stop = {})
      : network_(network),
        model_(model),
        problems_(std::move(problems)),
        floats_(problems_.front()->floats),
        stop_(std::move(stop)) {}

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
  /// Sign-gradient descent from random starts, the first towards what is nearest at each step, the
  /// others towards one problem each; ends early likewise.
  Candidate descend(core::PhiloxStream& random, std::size_t starts);
  /// From a random corner, turns runs of neighbouring inputs over to one side or the other, shorter
  /// and shorter ones, as long as that leads nearer; ends early likewise. Asks for no slopes.
  Candidate turn_runs(core::PhiloxStream& random, std::size_t evaluations);

 private:
  Candidate random_point(core::PhiloxStream& random);
  void measure(Candidate& candidate);
  /// Whether to stop: asked about each millisecond of evaluations, as they go by.
  bool stopped();
  void mutate(const Candidate& from, Candidate& to, double sigma, core::PhiloxStream& random) const;
  std::vector<double> gradient(const Candidate& at, const Problem* target) const;
  [[nodiscard]] std::vector<std::vector<double>> forward(std::vector<double> x) const;
  [[nodiscard]] std::vector<double> backward(const RowForm& row,
                                             const std::vector<std::vector<double>>& values) const;

  const Network& network_;
  const Objective& model_;
  const Problems problems_;
  const FloatBox& floats_;
  const std::function<bool()> stop_;
  std::size_t unasked_ = 0;  ///< products computed since stop_ was asked
  bool is_stopped_ = false;
  std::vector<float> scratch_;
};

}  // namespace isotrace::proofs::search
