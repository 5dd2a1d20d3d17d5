#include <isotrace/executor/invariance.hpp>

#include <algorithm>
#include <cstring>

#include <isotrace/core/blake3.hpp>
#include <isotrace/executor/infer_shapes.hpp>
#include <isotrace/executor/memory_trace.hpp>

namespace isotrace::executor {
namespace {

using core::RefusalCode;
using core::Result;
using core::Shape;
using core::TensorView;

/// Where a tensor of the batch holds a row: the shapes are the same but for one axis, which is
/// `rows` times as long.
std::optional<std::size_t> find_batch_axis(std::span<const std::int64_t> batch,
                                           std::span<const std::int64_t> row, std::size_t rows) {
  if (batch.size() != row.size()) return std::nullopt;
  std::optional<std::size_t> axis;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (batch[i] == row[i]) continue;
    if (axis || batch[i] != row[i] * static_cast<std::int64_t>(rows)) return std::nullopt;
    axis = i;
  }
  return axis;
}

/// Part `index` of `parts` equal ones along an axis.
core::Bytes part_of(const TensorView& tensor, std::size_t axis, std::size_t index,
                    std::size_t parts) {
  const auto dims = tensor.shape();
  std::size_t outer = 1;
  for (std::size_t i = 0; i < axis; ++i) outer *= static_cast<std::size_t>(dims[i]);
  const std::size_t block = outer == 0 ? 0 : tensor.bytes().size() / outer;  // all parts of one
  const std::size_t piece = block / parts;
  core::Bytes out;
  out.reserve(outer * piece);
  for (std::size_t i = 0; i < outer; ++i) {
    const auto from = tensor.bytes().subspan(i * block + index * piece, piece);
    out.insert(out.end(), from.begin(), from.end());
  }
  return out;
}

/// A result of a step of the row's run, without its elements.
struct RowResult {
  Shape shape;
  core::Digest digest;  // of the elements alone
};

/// Steps of one run of a row, and its outputs.
struct RowRun {
  std::vector<std::vector<RowResult>> steps;
  std::vector<NamedTensor> outputs;
};

Result<RowRun> run_row(const core::Program& program, std::span<const NamedTensor> inputs,
                       backends::Backend& backend, const ExecuteLimits& limits) {
  RowRun run;
  const StepObserver observer = [&](const StepView& step) {
    run.steps.emplace_back();
    for (const TensorView& result : step.results) {
      run.steps.back().push_back(
          {{result.shape().begin(), result.shape().end()}, core::blake3(result.bytes())});
    }
    return core::Done{};
  };
  ISOTRACE_TRY(run.outputs, execute(program, inputs, backend, observer, limits));
  return run;
}

/// Follows the run of the batch and remembers, for each row, the first step that differs from the
/// row's own run. Results without the batch axis, and steps that the row's run has elsewhere, say
/// nothing.
class BatchObserver {
 public:
  explicit BatchObserver(std::span<const RowRun> rows) : rows_(rows), first_(rows.size()) {}

  void observe(const StepView& step) {
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      if (first_[row] || step.index >= rows_[row].steps.size()) continue;
      const auto& expected = rows_[row].steps[step.index];
      for (std::size_t i = 0; i < std::min(expected.size(), step.results.size()); ++i) {
        if (agrees(step.results[i], expected[i], row)) continue;
        first_[row] = BrokenStep{step.index, std::string(core::op_info(step.node.op).name),
                                 display_name(step.node, step.path), i};
        break;
      }
    }
  }

  [[nodiscard]] const std::optional<BrokenStep>& first(std::size_t row) const {
    return first_[row];
  }

 private:
  [[nodiscard]] bool agrees(const TensorView& result, const RowResult& expected,
                            std::size_t row) const {
    if (core::is_structured(result.dtype())) return true;
    const auto axis = find_batch_axis(result.shape(), expected.shape, rows_.size());
    if (!axis) return true;
    return core::blake3(part_of(result, *axis, row, rows_.size())) == expected.digest;
  }

  std::span<const RowRun> rows_;
  std::vector<std::optional<BrokenStep>> first_;
};

/// Refuses outputs whose rows cannot be told apart.
Result<core::Done> check_outputs(const std::vector<NamedTensor>& batch,
                                 const std::vector<NamedTensor>& row, std::size_t rows) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const bool tensor = !core::is_structured(batch[i].value.dtype());
    if (tensor && find_batch_axis(batch[i].value.shape(), row[i].value.shape(), rows)) continue;
    return core::refuse(RefusalCode::shape_mismatch, "output " + batch[i].name,
                        core::shape_text(batch[i].value.shape()) + " for a batch of " +
                            std::to_string(rows) + ", " + core::shape_text(row[i].value.shape()) +
                            " for one row: no axis is the batch");
  }
  return core::Done{};
}

/// The first output of a row that differs from the batch's. Shapes may depend on the data, so a row
/// may also have another one.
std::string find_output(const std::vector<NamedTensor>& batch, const std::vector<NamedTensor>& row,
                        std::size_t index, std::size_t rows) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const core::Tensor& alone = row[i].value;
    const auto axis = find_batch_axis(batch[i].value.shape(), alone.shape(), rows);
    if (!axis) return batch[i].name;
    const core::Bytes part = part_of(batch[i].value, *axis, index, rows);
    if (!std::ranges::equal(part, alone.bytes())) return batch[i].name;
  }
  return {};
}

/// How many rows the inputs hold.
Result<std::size_t> count_rows(std::span<const NamedTensor> inputs,
                               const std::vector<std::string>& batched) {
  std::optional<std::int64_t> rows;
  for (const NamedTensor& input : inputs) {
    if (std::ranges::find(batched, input.name) == batched.end()) continue;
    const std::int64_t here = input.value.rank() == 0 ? 0 : input.value.dim(0);
    if (here < 2 || here != rows.value_or(here)) {
      return core::refuse(RefusalCode::input_mismatch, "input " + input.name,
                          core::shape_text(input.value.shape()) +
                              ": a batch of 2 rows or more is needed, the same in every input");
    }
    rows = here;
  }
  if (!rows) return core::refuse(RefusalCode::input_missing, "input " + batched.front());
  return static_cast<std::size_t>(*rows);
}

std::vector<NamedTensor> take_rows(std::span<const NamedTensor> inputs,
                                   const std::vector<std::string>& batched, std::size_t row,
                                   std::size_t rows) {
  std::vector<NamedTensor> out(inputs.begin(), inputs.end());
  for (NamedTensor& input : out) {
    if (std::ranges::find(batched, input.name) == batched.end()) continue;
    Shape shape = input.value.shape();
    shape[0] = 1;
    input.value =
        *core::Tensor::from_bytes(input.value.dtype(), shape, part_of(input.value, 0, row, rows));
  }
  return out;
}

}  // namespace

Result<std::vector<std::string>> find_batch_inputs(const core::Program& program) {
  std::vector<std::string> batched;
  std::string seen;
  for (const core::ProgramInput& input : program.inputs) {
    const bool open = input.shape == core::any_rank || (!input.shape.empty() && input.shape[0] < 0);
    if (open && !core::is_structured(input.dtype)) {
      batched.push_back(input.name);
    } else {
      seen += (seen.empty() ? "" : ", ") + input.name + " " + core::shape_text(input.shape);
    }
  }
  if (!batched.empty()) return batched;
  return core::refuse(
      RefusalCode::input_mismatch, "batch",
      "no input has an open first dimension (" + seen + "): the model is made for one batch size");
}

Result<std::vector<InvarianceCase>> check_batch_invariance(const core::Program& program,
                                                           std::span<const NamedTensor> inputs,
                                                           backends::Backend& backend,
                                                           const ExecuteLimits& limits) {
  ISOTRACE_TRY(const std::vector<std::string> batched, find_batch_inputs(program));
  ISOTRACE_TRY(const std::size_t rows, count_rows(inputs, batched));
  std::vector<RowRun> alone;
  for (std::size_t row = 0; row < rows; ++row) {
    ISOTRACE_TRY(RowRun run,
                 run_row(program, take_rows(inputs, batched, row, rows), backend, limits));
    alone.push_back(std::move(run));
  }
  BatchObserver observer(alone);
  ISOTRACE_TRY(const auto together, execute(
                                        program, inputs, backend,
                                        [&](const StepView& step) {
                                          observer.observe(step);
                                          return core::Done{};
                                        },
                                        limits));
  ISOTRACE_TRY_DONE(check_outputs(together, alone.front().outputs, rows));
  std::vector<InvarianceCase> cases;
  for (std::size_t row = 0; row < rows; ++row) {
    InvarianceCase one{"row " + std::to_string(row) + " of " + std::to_string(rows) + " alone",
                       true, find_output(together, alone[row].outputs, row, rows),
                       observer.first(row)};
    one.held = one.output.empty();
    if (one.held) one.first.reset();
    cases.push_back(std::move(one));
  }
  return cases;
}

Result<std::vector<InvarianceCase>> check_machine_invariance(const core::Program& program,
                                                             std::span<const NamedTensor> inputs,
                                                             std::span<const Machine> machines,
                                                             const ExecuteLimits& limits) {
  std::optional<trace::Trace> expected;
  std::vector<InvarianceCase> cases;
  for (const Machine& machine : machines) {
    auto recorded =
        record_in_memory(program, inputs, *machine.backend,
                         {.path = {}, .embed_program = false, .tool = {}, .limits = limits});
    if (!recorded) return core::refuse_within(machine.name, std::move(recorded).error());
    if (!expected) {
      expected = *std::move(recorded);
      continue;
    }
    const auto divergence = trace::find_divergence(*expected, *recorded);
    InvarianceCase one{machine.name, !divergence.has_value(), {}, {}};
    for (std::size_t i = 0; i < expected->outputs.size() && one.output.empty(); ++i) {
      const bool same = expected->outputs[i].tensor == recorded->outputs[i].tensor;
      if (!same) one.output = expected->outputs[i].name;
    }
    if (divergence) {
      const bool inside = divergence->step < expected->steps.size();
      one.first = BrokenStep{divergence->step, divergence->operation,
                             inside ? expected->steps[divergence->step].name : std::string(),
                             divergence->operand};
    }
    cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace isotrace::executor
