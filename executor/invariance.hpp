// What must not change a bit of a model's results: the batch that a row stands in, the number of
// threads, the instruction set. Checked on inputs by running the model, step by step.
#pragma once

#include <isotrace/executor/execute.hpp>
#include <isotrace/trace/compare.hpp>

namespace isotrace::executor {

/// The first step whose results are not those that they should be.
struct BrokenStep {
  std::uint64_t step = 0;
  std::string operation;
  std::string name;        ///< display
  std::size_t output = 0;  ///< which result
};

/// The answer to one comparison.
struct InvarianceCase {
  std::string name;  ///< "row 2 of 4 alone", "cpu, avx512, 3 threads"
  bool held = false;
  std::string output;               ///< the first output of the program that differs
  std::optional<BrokenStep> first;  ///< nothing where no step can be told
};

/// The inputs that the batch axis runs through: tensors whose first dimension the program leaves
/// open, or which may have any rank. Refuses input_mismatch, naming the input and its first
/// dimension, if there is none: then the model is made for one batch size.
core::Result<std::vector<std::string>> find_batch_inputs(const core::Program& program);

/// Runs all rows together and each alone; every row must have the same bits. `inputs` hold as many
/// rows, at least 2, in each input that find_batch_inputs names. Refuses what find_batch_inputs and
/// execute() refuse, input_mismatch (inputs of different batch sizes), and shape_mismatch (an
/// output without the batch axis: its rows cannot be told apart).
core::Result<std::vector<InvarianceCase>> check_batch_invariance(
    const core::Program& program, std::span<const NamedTensor> inputs, backends::Backend& backend,
    const ExecuteLimits& limits = {});

/// A backend as it is set up, with the name to show.
struct Machine {
  std::string name;
  std::unique_ptr<backends::Backend> backend;
};

/// Runs the model on every machine; all must give the trace root of the first one. One case for
/// each but the first. Refuses what execute() refuses; `where` names the machine.
core::Result<std::vector<InvarianceCase>> check_machine_invariance(
    const core::Program& program, std::span<const NamedTensor> inputs,
    std::span<const Machine> machines, const ExecuteLimits& limits = {});

}  // namespace isotrace::executor
