// The network evaluated in binary32, fast and close to the reference (not its order of operations):
// what the attack minimises. Only the reference backend decides whether a point is a
// counterexample.
#pragma once

#include <span>

#include <isotrace/proofs/search/problem.hpp>

namespace isotrace::proofs::search {

/// What an attack minimises.
class Objective {
 public:
  virtual ~Objective() = default;
  /// Largest row * y - limit at x, of the problem for which that is least: not above zero where
  /// every row of some problem is satisfied. Infinite if outputs are not numbers. `scratch` is the
  /// caller's, one per thread.
  virtual double excess(std::span<const Problem* const> problems, std::span<const float> x,
                        std::vector<float>& scratch) const = 0;
  /// Products that one call takes, about.
  [[nodiscard]] virtual std::size_t cost() const = 0;

 protected:
  static double nearest_excess(std::span<const Problem* const> problems, std::span<const float> x,
                               const float* outputs);
};

class FloatModel final : public Objective {
 public:
  FloatModel(const Network& network, const Kernels& kernels);

  double excess(std::span<const Problem* const> problems, std::span<const float> x,
                std::vector<float>& scratch) const override;
  [[nodiscard]] std::size_t cost() const override { return cost_; }

 private:
  struct FloatLayerData {
    std::size_t in, out, columns;
    bool activated, diagonal;
    Activation activation;
    std::vector<float> weights;          ///< dense: [in][columns]
    std::vector<float> bias;             ///< dense: [columns]
    std::vector<double> scales, shifts;  ///< diagonal: [padded(out)]
    std::vector<std::uint8_t> activated_on;
    const SparseRows* rows = nullptr;  ///< sparse: the network's, with these weights:
    std::vector<float> standing = {};
  };

  const Kernels& kernels_;
  std::vector<FloatLayerData> layers_;
  std::size_t widest_;
  std::size_t cost_ = 0;
};

}  // namespace isotrace::proofs::search
