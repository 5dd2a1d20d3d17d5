// One execution of a program, step by step (internal to the executor): binds inputs, checks each
// step's cost before it runs, frees values after their last use.
#pragma once

#include <isotrace/executor/execute.hpp>
#include <isotrace/executor/infer_shapes.hpp>

namespace isotrace::executor {

class Run {
 public:
  /// All references must outlive the run.
  Run(const core::Program& program, backends::Backend& backend, const ExecuteLimits& limits);

  /// Refuses input_missing, input_unknown, input_mismatch. The tensors must outlive the run.
  core::Result<core::Done> bind(std::span<const NamedTensor> inputs);
  /// Executes node `index`, whose operands must exist, and shows it to the observer.
  core::Result<core::Done> step(std::size_t index, const StepObserver& observer);
  /// The value of an input; bound.
  [[nodiscard]] core::TensorView input(std::size_t index) const { return *values_[index]; }
  /// The program's outputs, in order; all nodes must have run.
  [[nodiscard]] core::Result<std::vector<NamedTensor>> take_outputs();

 private:
  core::Result<core::Done> check_cost(const core::Node& node,
                                      std::span<const std::optional<core::TensorView>> operands);
  core::Result<core::Done> execute_node(std::size_t index, const StepObserver& observer);
  void keep(const core::Node& node, std::vector<core::Tensor> results);
  void free_operands(std::size_t index);

  const core::Program& program_;
  backends::Backend& backend_;
  backends::ConstantsHold hold_;
  ExecuteLimits limits_;
  std::vector<std::optional<core::TensorView>> values_;  // by ValueId; bound, constant or computed
  std::vector<core::Tensor> owned_;                      // results, by ValueId less first_result_
  std::vector<std::size_t> last_use_;                    // by ValueId: node that reads it last
  std::size_t first_result_;
  std::uint64_t bytes_ = 0;
  std::uint64_t work_ = 0;
};

}  // namespace isotrace::executor
