// Linear bounds by backward substitution (CROWN; Zhang et al., NeurIPS 2018) with the float error
// of every layer charged to the constant. In round-to-nearest binary64: good enough to search with;
// what counts is the checker's own computation.
#pragma once

#include <functional>
#include <vector>

#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/search/kernels.hpp>
#include <isotrace/proofs/search/network.hpp>

namespace isotrace::proofs::search {

struct Box {
  std::vector<double> lower;  ///< [padded(inputs)], padding zero
  std::vector<double> upper;

  bool operator==(const Box&) const = default;
};

/// Per layer with a ReLU: bounds on the value before it, [padded(out)]. Other layers: empty.
struct Bounds {
  std::vector<std::vector<double>> lower;
  std::vector<std::vector<double>> upper;
};

/// Bounds that say nothing: what the root of a tree inherits.
Bounds unknown_bounds(const Network& network);

/// Per layer and neuron; see ReluPass.
using Slopes = std::vector<std::vector<double>>;

/// Whether the relaxation of the ReLU behind a neuron loses something.
bool is_unstable(const Network& network, const Bounds& bounds, std::size_t layer,
                 std::size_t neuron);

/// A linear form over the last layer's neurons and the inputs.
struct RowForm {
  std::vector<double> outputs;  ///< [padded(outputs)]
  std::vector<double> inputs;   ///< [padded(inputs)], or empty: all zero
};

/// What a split of a ReLU's input says: sign * (value of the neuron before the ReLU) >= 0.
struct SignSplit {
  std::uint32_t element;  ///< number of the ReLU element, as proofs count them
  std::size_t layer;
  std::uint32_t neuron;
  double sign;    ///< 1 or -1
  double weight;  ///< with which it takes part in a bound: that much is taken off
};

/// What the root of a case tells the boxes below it about bounds of inner ReLUs, by the numbers of
/// bounds in proofs (ProofNode::dimension).
struct InnerRows {
  std::vector<std::vector<std::uint8_t>> slopes;  ///< of all ReLU elements before; or none
  std::vector<std::vector<float>> reach;          ///< coefficients of these; or none
};

/// The relaxation of all layers over one box, and the passes that use it. One per thread.
class Relaxation {
 public:
  Relaxation(const Network& network, const Kernels& kernels);

  /// Asked (often, if it is not null) whether whatever the passes find is no longer wanted: then
  /// they end soon, with bounds that are as true, and wider.
  void ask_whether_unwanted(const std::function<bool()>* unwanted) { unwanted_ = unwanted; }
  [[nodiscard]] const std::function<bool()>* who_is_asked() const { return unwanted_; }
  [[nodiscard]] bool is_unwanted() const { return unwanted_ != nullptr && (*unwanted_)(); }

  /// Sets the box and tightens `bounds` (inherited from a box around it): every neuron that is
  /// still unstable is bounded again, layer by layer. Those of the first `settled` layers are
  /// already what this comes to.
  void tighten(Bounds& bounds, const Box& box, std::size_t settled = 0);
  /// The same, and then the bounds of open ReLUs behind others with slopes of their own. Returns
  /// those that gained by it, as a proof names them; what boxes below need goes to `rows`.
  std::vector<ProofNode> tighten_named(Bounds& bounds, const Box& box, InnerRows& rows);
  /// For a box below one with named bounds: only open ReLUs from layer `settled` on are bounded
  /// again, each side with the slopes that the root has found for it. Returns those that gained.
  std::vector<ProofNode> tighten_below(Bounds& bounds, const Box& box, std::size_t settled,
                                       const InnerRows& rows);

  /// A linear lower bound of rows over the last layer's results: value >= coefficients * x +
  /// constant over the box, hence >= least.
  struct Row {
    std::vector<double> coefficients;  ///< [padded(inputs)]
    double constant = 0;
    double least = 0;
    /// Sum over all layers of |coefficient| * (sum |w| H + |b|): every rounding of the passes, here
    /// and in the checker, is relative to a term of it.
    double magnitude = 0;
  };
  /// One row ([padded(outputs)]) with the given lower slopes; `coefficients_after`, if wanted,
  /// receives its coefficients of each layer's results.
  Row bound_row(const RowForm& row, const Slopes& lower_slopes, Slopes* coefficients_after,
                const std::vector<SignSplit>& signs = {});

  /// What bound_row's `least` is where a split's ReLU is linear, all of its input or 0: for each of
  /// `halves` alone. Behind a bound_row with the same signs.
  std::vector<double> least_beyond(const std::vector<SignSplit>& halves, const RowForm& row,
                                   Slopes& lower_slopes, const std::vector<SignSplit>& signs);

  /// The point of the relaxed network that attains a row's least value: the values before each
  /// ReLU, given the coefficients that bound_row() saw.
  Slopes relaxed_values(const Row& row, const Slopes& lower_slopes,
                        const Slopes& coefficients_after);

  [[nodiscard]] const Box& box() const { return box_; }
  [[nodiscard]] const Slopes& default_slopes() const { return lower_slopes_; }
  [[nodiscard]] const Slopes& upper_slopes() const { return upper_slopes_; }
  /// A lower bound of a row from the interval of each output and input alone.
  struct Sum {
    double least = 0;
    double magnitude = 0;
  };
  [[nodiscard]] Sum least_of_intervals(const RowForm& row) const;
  /// Sum |w| H + |b| of a neuron: the scale of the rounding errors of its bounds.
  [[nodiscard]] const Slopes& magnitudes() const { return magnitudes_; }
  /// How far apart outputs may lie, by interval arithmetic.
  [[nodiscard]] double spread_by_intervals() const;
  /// False if some value may overflow binary32.
  [[nodiscard]] bool finite() const { return finite_; }

 private:
  struct Climb;
  /// The open ReLUs of a layer; those with the widest gaps where `passes` over the layers below
  /// for each of them are more than `work_max` multiplications.
  [[nodiscard]] std::vector<std::uint32_t> choose_climbers(std::size_t k, const Bounds& bounds,
                                                           int passes, double work_max) const;
  [[nodiscard]] Climb begin_climb(std::size_t k, std::uint32_t first,
                                  const std::vector<std::uint32_t>& neurons,
                                  std::size_t start) const;
  void descend_rows(Climb& climb);
  void raise_slopes(Climb& climb, const Bounds& bounds, double step);
  [[nodiscard]] std::vector<std::uint8_t> slope_bytes(const Climb& climb, std::size_t row) const;
  [[nodiscard]] std::vector<float> reach_of(const Climb& climb, std::size_t row) const;
  void climb_layer(std::size_t k, std::uint32_t first, Bounds& bounds,
                   std::vector<ProofNode>& named, InnerRows& rows);
  void start_from(Climb& climb, const Bounds& bounds, const InnerRows& rows) const;
  void bound_layer_below(std::size_t k, std::uint32_t first, Bounds& bounds, const InnerRows& rows,
                         std::vector<ProofNode>& named);
  void relax_beyond(const SignSplit& split, double* row, Slopes& lower_slopes);
  void enter_box(const Box& box);
  void enter_layer(std::size_t k);
  void charge_errors(std::size_t k);
  void narrow_by_interval(std::size_t k, Bounds& bounds) const;
  void bound_layer(std::size_t k, Bounds& bounds);
  void relax_layer(std::size_t k, const Bounds& bounds);
  void bound_by_interval(std::size_t k);
  void start_rows(std::size_t k, const std::vector<std::uint32_t>& unstable);
  void pass_affine(std::size_t k, std::size_t rows);
  void substitute(std::size_t layers, std::size_t rows);
  void reserve(std::size_t rows);

  const Network& network_;
  const Kernels& kernels_;
  Box box_;
  std::size_t stride_;
  std::vector<LayerError> error_rules_;
  std::vector<double> zeros_;
  Slopes lower_slopes_, lower_shifts_, upper_slopes_, upper_shifts_, errors_, magnitudes_;
  Slopes heights_;                                  ///< [k]: bound on |value| entering layer k
  Slopes low_, high_;                               ///< [k]: interval of the value entering layer k
  std::vector<std::vector<std::uint32_t>> active_;  ///< [k]: results of layer k that can matter
  std::vector<std::uint32_t> every_;                ///< 0, 1, 2, ...
  std::vector<double> rows_, next_rows_, constants_, sparse_sums_;
  std::vector<std::uint32_t> unstable_;
  bool finite_ = true;
  const std::function<bool()>* unwanted_ = nullptr;
};

}  // namespace isotrace::proofs::search
