// One execution of a program, step by step (internal to the executor): binds inputs, checks each
// step's cost before it runs, frees values after their last use. A control-flow node executes the
// programs inside it with runs of their own (control_flow.cpp).
#pragma once

#include <map>
#include <memory>

#include <isotrace/executor/execute.hpp>
#include <isotrace/executor/infer_shapes.hpp>

namespace isotrace::executor {

/// A value that somebody else owns.
struct Value {
  core::TensorView view;
  RecordCell* record;
};

/// Results of a step, and what is already recorded of them.
struct StepResults {
  std::vector<core::Tensor> tensors;
  std::vector<RecordCell> records;  ///< one per tensor
};

/// What the runs of one execution share: the backend, and what has been spent.
struct Spending {
  backends::Backend& backend;
  ExecuteLimits limits;
  std::uint64_t bytes = 0;  ///< of tensors alive
  std::uint64_t work = 0;
  std::uint64_t steps = 0;

  /// Refuse limit_exceeded.
  core::Result<core::Done> spend_work(std::uint64_t amount);
  core::Result<core::Done> take_bytes(std::uint64_t amount);
  void return_bytes(std::uint64_t amount) { bytes -= amount; }
};

class Run {
 public:
  /// All references must outlive the run.
  Run(const core::Program& program, backends::Backend& backend, const ExecuteLimits& limits);
  /// A program inside another, in the same execution.
  Run(const core::Program& program, Spending& spending);
  ~Run() { clear(); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// Refuses input_missing, input_unknown, input_mismatch, and with all of them listed the steps
  /// that the backend does not support. The tensors must outlive the run.
  core::Result<core::Done> bind(std::span<const NamedTensor> inputs);
  /// Records of the constants, from the program's identity, so that they are not read again.
  void know_constants(const core::ProgramIdentity& identity);
  /// Executes node `index`, whose operands must exist, and shows it to the observer.
  core::Result<core::Done> step(std::size_t index, const StepObserver& observer);
  /// Executes the whole program on these inputs, in order; what an earlier call left is dropped.
  core::Result<core::Done> execute(std::span<const Value> inputs, std::string path,
                                   const StepObserver& observer);
  /// The value of an input; bound.
  [[nodiscard]] Value input(std::size_t index) { return value(static_cast<core::ValueId>(index)); }
  /// The value of output `index`; its node must have run.
  [[nodiscard]] Value output(std::size_t index) { return value(program_.outputs[index].value); }
  /// Counts a step that is not executed.
  void skip_step() { ++spending_.steps; }
  /// Steps executed so far, those of programs inside included.
  [[nodiscard]] std::uint64_t steps() const { return spending_.steps; }
  /// Copies of the program's outputs, in order; all nodes must have run.
  [[nodiscard]] core::Result<std::vector<NamedTensor>> copy_outputs();
  /// The outputs themselves where the run owns them; their bytes stay taken. Call once.
  [[nodiscard]] core::Result<StepResults> take_outputs();

 private:
  Run(const core::Program& program, std::unique_ptr<Spending> own);
  [[nodiscard]] Value value(core::ValueId id) { return {*values_[id], find_record(id)}; }
  [[nodiscard]] RecordCell* find_record(core::ValueId id);
  core::Result<core::Done> bind_input(std::size_t index, const Value& given);
  [[nodiscard]] core::Result<core::Done> check_supported() const;
  core::Result<core::Done> check_cost(const core::Node& node,
                                      std::span<const std::optional<core::TensorView>> operands);
  core::Result<StepResults> compute(const core::Node& node,
                                    std::span<const std::optional<Value>> operands,
                                    const StepObserver& observer);
  core::Result<core::Done> execute_node(std::size_t index, const StepObserver& observer);
  void keep(const core::Node& node, StepResults results);
  void free_operands(std::size_t index);
  void free_value(core::ValueId id);
  /// Forgets inputs and results; records of constants stay.
  void clear();

  const core::Program& program_;
  std::unique_ptr<Spending> own_;  // of the outermost program
  Spending& spending_;
  backends::ConstantsHold hold_;
  std::string path_;
  std::vector<std::optional<core::TensorView>> values_;  // by ValueId; bound, constant or computed
  std::vector<core::Tensor> owned_;                      // results, by ValueId less first_result_
  std::vector<RecordCell> records_;                      // by ValueId, of constants and results
  std::vector<RecordCell*> input_records_;               // of inputs; the owner's
  std::vector<std::size_t> last_use_;                    // by ValueId: node that reads it last
  std::size_t first_result_;
  std::map<const core::Program*, std::unique_ptr<Run>> inside_;  // kept for their records
};

/// A copy; refuses limit_exceeded where memory does not suffice.
core::Result<core::Tensor> copy_tensor(const core::TensorView& view);

}  // namespace isotrace::executor
