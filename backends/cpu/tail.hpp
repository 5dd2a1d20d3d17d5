// Element-wise steps that follow an operation (Backend::run_chain), applied to one part of its
// result after another while the part is in the cache. Every step is the array kernel of the
// operation, on the same elements in the same order, so no bit depends on the parts.
#pragma once

#include <array>
#include <optional>
#include <variant>
#include <vector>

#include <isotrace/backends/backend.hpp>
#include <isotrace/backends/cpu/gemm.hpp>

namespace isotrace::backends::cpu {

using Steps = std::span<const ChainStep>;

/// Whether the operation can be a step of a tail.
bool is_tail_operation(core::Op op);

class Tail {
 public:
  /// `result` is seen as a matrix whose rows are its last axes, `columns` elements together.
  /// Nothing if a step is not well-formed in f32, changes the shape, or takes operands that do not
  /// follow the rows and columns evenly. Result and operands must outlive the tail.
  /// A matrix of one column counts as one row.
  static std::optional<Tail> make(Steps steps, core::Tensor& result, Index columns,
                                  const Engine& engine);

  /// This, or nullptr if there is no step.
  [[nodiscard]] const Tail* if_any() const { return steps_.empty() ? nullptr : this; }
  /// Columns of the matrix as which the result is seen.
  [[nodiscard]] Index columns() const { return columns_; }

  /// rows x columns elements of the result, `stride` from one row to the next (any if there is but
  /// one), in place.
  void apply(float* out, Index stride, Index rows, Index columns) const;
  /// The same without the first `steps`.
  void apply_from(std::size_t steps, float* out, Index stride, Index rows, Index columns) const;
  /// Lets a tile do the steps from `step` on, as many as it can do, on `rows` rows from `out` on.
  /// Returns the first that it does not do.
  std::size_t join(std::size_t step, const float* out, Index rows, TileEnd& end) const;
  /// The same for a step that is the same wherever a tile lies: bounds.
  std::size_t join_bounds(TileEnd& end) const;
  /// The same from `x` to `out`.
  void apply(const float* x, Index x_stride, float* out, Index stride, Index rows,
             Index columns) const;

 private:
  /// How an operand follows the result: element (row, column) stands at
  /// row % period * row_stride + (per_column ? column : 0).
  struct Spread {
    Index period;
    Index row_stride;
    bool per_column;
  };
  struct Zip {
    BinaryKernel kernel;
    const float* other;
    Spread spread;
    bool other_first;
    bool adds;
  };
  struct Map {
    UnaryKernel kernel;
    float first;
    float second;
    bool bounds;  ///< only keeps what lies between the two, neither of which is NaN or -0
  };
  struct Call {
    ArrayFunction function;
  };
  struct Normalise {
    void (*kernel)(const NormaliseArguments&);
    const float* mean;
    std::vector<float> r;
    const float* scale;
    const float* bias;
  };
  using Step = std::variant<Zip, Map, Call, Normalise>;
  struct Block {
    const float* x;
    Index x_stride;
    float* out;
    Index out_stride;
    MatrixPart part;
  };

  Tail(core::Tensor& result, Index columns);
  [[nodiscard]] std::optional<Step> make_step(const ChainStep& step, const Engine& engine) const;
  static Step make_map(core::Op op, UnaryKernel kernel, std::array<float, 2> parameters);
  [[nodiscard]] std::optional<Step> make_zip(BinaryKernel kernel, const ChainStep& step) const;
  [[nodiscard]] std::optional<Step> make_normalise(const ChainStep& step,
                                                   const Engine& engine) const;
  [[nodiscard]] std::optional<Spread> find_spread(const core::TensorView& operand) const;

  [[nodiscard]] MatrixPart part_at(const float* out, Index rows, Index columns) const;
  static void run_steps(std::span<const Step> steps, Block block);

  /// Whether a tile can do the step on this part after what it does already; then it does.
  static bool join(const Zip& step, const MatrixPart& part, TileEnd& end);
  static bool join(const Map& step, const MatrixPart& part, TileEnd& end);
  static bool join(const Call& step, const MatrixPart& part, TileEnd& end);
  static bool join(const Normalise& step, const MatrixPart& part, TileEnd& end);

  static void run(const Zip& step, const Block& block);
  static void run(const Map& step, const Block& block);
  static void run(const Call& step, const Block& block);
  static void run(const Normalise& step, const Block& block);

  core::Tensor& result_;
  const float* base_;
  Index columns_;
  Index rows_;
  std::vector<Step> steps_;
};

}  // namespace isotrace::backends::cpu
