// One execution of a program, step by step (internal to the executor): binds inputs, checks each
// step's cost before it runs, frees values after their last use. A control-flow node executes the
// programs inside it with runs of their own (control_flow.cpp).
#pragma once

#include <map>
#include <memory>

#include <isotrace/executor/infer_shapes.hpp>
#include <isotrace/executor/plan.hpp>

namespace isotrace::executor {

class Run {
 public:
  /// All references must outlive the run.
  Run(const core::Program& program, backends::Backend& backend, const ExecuteLimits& limits);
  /// One of many runs by the same plan.
  Run(Plan& plan, const ExecuteLimits& limits);
  /// A program inside another, in the same execution.
  Run(const core::Program& program, Spending& spending);
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// Refuses input_missing, input_unknown, input_mismatch, and with all of them listed the steps
  /// that the backend does not support. The tensors must outlive the run.
  core::Result<core::Done> bind(std::span<const NamedTensor> inputs);
  /// Plan::know_constants
  void know_constants(const core::ProgramIdentity& identity) { plan_.know_constants(identity); }
  /// Executes node `index`, whose operands must exist, and shows it to the observer.
  core::Result<core::Done> step(std::size_t index, const StepObserver& observer);
  /// Executes all nodes in order, their operands being bound. Without an observer some may run as
  /// one (chains.hpp).
  core::Result<core::Done> run_all(const StepObserver& observer);
  /// Executes the whole program on these inputs, in order; what an earlier call left is dropped.
  core::Result<core::Done> execute(std::span<const ValuePtr> inputs, std::string path,
                                   const StepObserver& observer);
  /// The value of an input; bound.
  [[nodiscard]] const ValuePtr& input(std::size_t index) const { return values_[index]; }
  /// The value of output `index`; its node must have run.
  [[nodiscard]] const ValuePtr& output(std::size_t index) const {
    return values_[program_.outputs[index].value];
  }
  /// Counts a step that is not executed.
  void skip_step() { ++spending_.steps; }
  /// Steps executed so far, those of programs inside included.
  [[nodiscard]] std::uint64_t steps() const { return spending_.steps; }
  /// Lets results stay with the backend; for observers that ask only values for what they need.
  void keep_remote() { spending_.keeps_remote = spending_.backend.keeps_results(); }
  /// What the runs of this execution have spent.
  [[nodiscard]] Spending& spending() { return spending_; }
  /// The program's outputs, in order; all nodes must have run. All other values are dropped.
  [[nodiscard]] std::vector<ValuePtr> take_outputs();
  /// The same as tensors, by name. Refuses limit_exceeded where memory does not suffice.
  [[nodiscard]] core::Result<std::vector<NamedTensor>> take_named_outputs();

 private:
  /// Either of each pair.
  Run(std::unique_ptr<Spending> own_spending, std::unique_ptr<Plan> own_plan, Spending* spending,
      Plan* plan);
  core::Result<core::Done> bind_input(std::size_t index, ValuePtr given);
  /// Gets the operands that this node cannot take from where the backend has left them.
  core::Result<core::Done> fetch_operands(const core::Node& node,
                                          std::span<const ValuePtr> operands) const;
  /// What is known of the results; gets more operands where that depends on their elements.
  core::Result<std::vector<ValueInfo>> check_cost(const core::Node& node,
                                                  std::span<const ValuePtr> operands,
                                                  bool makes_tensors);
  core::Result<std::vector<ValuePtr>> run_on_backend(const core::Node& node,
                                                     std::span<const ValuePtr> operands);
  /// Results that stay with the backend, or nothing.
  std::optional<std::vector<ValuePtr>> run_remote(const core::Node& node,
                                                  std::span<const ValuePtr> operands);
  core::Result<std::vector<ValuePtr>> compute(const core::Node& node,
                                              std::span<const ValuePtr> operands,
                                              const StepObserver& observer);
  core::Result<std::vector<ValuePtr>> compute_plain(const core::Node& node,
                                                    std::span<const ValuePtr> operands);
  core::Result<core::Done> execute_node(std::size_t index, const StepObserver& observer);
  core::Result<core::Done> show(const StepObserver& observer, const core::Node& node,
                                std::span<const ValuePtr> operands,
                                std::span<const ValuePtr> results);
  /// Runs the chain that begins at a node, if there is one, as one step of the backend; returns how
  /// many nodes that were, 0 if they are to run one by one.
  std::size_t run_chain(std::size_t index);
  /// Drops what nobody reads after node `index`.
  void drop_read(std::size_t index);
  /// Forgets inputs and results; constants stay.
  void clear();

  std::unique_ptr<Plan> own_plan_;
  Plan& plan_;
  const core::Program& program_;
  std::unique_ptr<Spending> own_spending_;  // of the outermost program
  Spending& spending_;
  std::string path_;
  std::vector<ValuePtr> values_;  // by ValueId; bound, constant or computed, else nullptr
  std::size_t first_result_;
  // Kept: records of their constants stay.
  std::map<const core::Program*, std::unique_ptr<Run>> inside_;
};

}  // namespace isotrace::executor
