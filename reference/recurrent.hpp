// What RNN, GRU and LSTM share (docs/spec/recurrent.md): operands and their sizes, the gate
// products in the order of every contraction, and the walk over time. A cell is a function that
// takes one step for one sequence of the batch.
#pragma once

#include <isotrace/reference/recurrent_activation.hpp>
#include <isotrace/reference/scalar.hpp>

namespace isotrace::reference {

/// Sizes of a layer; `gates` is what the operation stacks in its weights.
struct RecurrentSizes {
  std::int64_t steps;
  std::int64_t batch;
  std::int64_t input;
  std::int64_t hidden;
  std::int64_t directions;
  std::int64_t gates;
};

/// 1 or 2 directions; refuses operation_attribute_invalid.
Result<std::int64_t> recurrent_directions(const core::Node& node);

/// Sizes of X [steps, batch, input], W [directions, gates * hidden, input], R [directions, gates *
/// hidden, hidden], and the shapes of the operands that may be left out. Refuses shape_mismatch.
Result<RecurrentSizes> recurrent_sizes(const Call& call, std::int64_t gates);

/// Steps of each sequence if `sequence_lens` is there. Refuses operand_value_invalid.
Result<std::optional<std::vector<std::int64_t>>> recurrent_lengths(const Call& call,
                                                                   const RecurrentSizes& sizes);

/// A matrix [outputs, inputs] that rows are multiplied with from the right, transposed.
template <class R>
class GateWeights {
 public:
  GateWeights() = default;
  GateWeights(std::vector<R> weights, std::size_t outputs, std::size_t inputs,
              std::int64_t k_segment);
  /// row * weights^T for outputs [first, first + count), as [contract.matmul].
  [[nodiscard]] std::vector<R> times(std::span<const R> row, std::size_t first,
                                     std::size_t count) const;

 private:
  std::vector<R> transposed_;
  std::size_t outputs_ = 0;
  std::int64_t k_segment_ = 1;
};

/// One direction of a layer, widened to R: f32, or f64 for that type itself.
template <class R>
struct RecurrentDirection {
  GateWeights<R> input;
  GateWeights<R> recurrent;
  std::vector<R> input_bias;      ///< empty without B
  std::vector<R> recurrent_bias;  ///< empty without B
  std::vector<R> peepholes;       ///< LSTM: i, o, f; empty without P
  std::span<const RecurrentActivation> activations;
  std::size_t hidden;
  R clip;

  /// x W^T + Wb for `count` gates from gate `first` on.
  [[nodiscard]] std::vector<R> from_input(std::span<const R> x, std::size_t first,
                                          std::size_t count) const;
  /// h R^T + Rb likewise.
  [[nodiscard]] std::vector<R> from_state(std::span<const R> h, std::size_t first,
                                          std::size_t count) const;
  /// Activation `index` of the argument brought into [-clip, clip].
  [[nodiscard]] R activate(std::size_t index, R x) const {
    return activations[index](minimum(maximum(x, -clip), clip));
  }
};

/// What a sequence carries from step to step; `cell` is empty but for LSTM.
template <class R>
struct RecurrentState {
  std::vector<R> hidden;
  std::vector<R> cell;
};

/// Takes a step: reads x and the state, writes the new state. `narrowed` rounds to the element
/// type and back.
template <class R>
using RecurrentStep = void (*)(const Call& call, const RecurrentDirection<R>& direction,
                               std::span<const R> x, RecurrentState<R>& state, R (*narrowed)(R));

struct RecurrentCell {
  std::int64_t gates;
  std::size_t activations;  ///< per direction
  bool has_cell;            ///< LSTM: operands initial_c and P, result Y_c
  RecurrentStep<float> step;
  RecurrentStep<double> wide_step;
};

/// Y [steps, directions, batch, hidden], Y_h (and Y_c) [directions, batch, hidden].
Outcome run_recurrent(const Call& call, const RecurrentCell& cell);

}  // namespace isotrace::reference
