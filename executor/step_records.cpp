#include <isotrace/executor/step_records.hpp>

#include <algorithm>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/tensor_pieces.hpp>

namespace isotrace::executor {
namespace {

using core::Result;

/// Smaller tensors are hashed sooner than a thread is told of them.
constexpr std::uint64_t hashed_beside_bytes_min = 16 << 10;
/// The most that tensors may hold which wait for their digests, before the run's thread helps.
constexpr std::uint64_t waiting_bytes_max = 32 << 20;

/// Tensors that the backend's threads hash at a time: far more work than calling them is, and still
/// in a cache.
constexpr std::uint64_t together_bytes_min = 1 << 20;

/// Whether the backend's threads are to hash, rather than `beside` other threads.
bool hashes_together(const backends::Backend& backend, unsigned beside) {
  const unsigned shared = backend.shared_threads();
  return beside != 0 && shared > 1 && count_processors() < shared + beside;
}

const trace::TensorRecord& record_value(RunValue& value) {
  if (!value.record) value.record = trace::record_of(value.view());
  return *value.record;
}

/// All of a step's record but its tensors.
trace::StepRecord begin_record(const StepView& step) {
  trace::StepRecord record;
  record.index = step.index;
  record.op = step.node.op;
  record.attributes = core::attribute_digest(step.node);
  // Names inside names can become longer than a trace takes.
  record.name = display_name(step.node, step.path).substr(0, core::limits::name_bytes_max);
  return record;
}

}  // namespace

std::vector<trace::NamedRecord> record_inputs(const core::Program& program, const Run& run) {
  std::vector<trace::NamedRecord> inputs;
  for (std::size_t i = 0; i < program.inputs.size(); ++i) {
    inputs.push_back({program.inputs[i].name, record_value(*run.input(i))});
  }
  return inputs;
}

std::vector<trace::NamedRecord> record_outputs(const core::Program& program, const Run& run) {
  std::vector<trace::NamedRecord> outputs;
  for (std::size_t i = 0; i < program.outputs.size(); ++i) {
    outputs.push_back({program.outputs[i].name, record_value(*run.output(i))});
  }
  return outputs;
}

bool StepRecorder::Step::is_ready() const {
  return std::all_of(wanted.begin(), wanted.end(),
                     [](const auto& entry) { return entry.second->is_done(); });
}

StepRecorder::StepRecorder(Run& run, unsigned threads, Sink sink)
    : spending_(run.spending()),
      sink_(std::move(sink)),
      together_(hashes_together(spending_.backend, threads)),
      hasher_(together_ ? 0 : threads) {
  spending_.reclaim = [this] { (void)finish(); };
}

StepRecorder::~StepRecorder() { spending_.reclaim = nullptr; }

Result<core::Done> StepRecorder::want(const ValuePtr& value, Step& step) {
  if (!value || value->record || value->record_awaited) return core::Done{};
  const core::TensorView& outline = value->outline();
  const std::uint64_t bytes = outline.bytes().size();
  if (!value->is_here() || bytes < hashed_beside_bytes_min) {
    ISOTRACE_TRY(const core::Digest digest, value->find_digest());
    value->record = {digest, outline.dtype(), {outline.shape().begin(), outline.shape().end()}};
    return core::Done{};
  }
  auto wanted = std::make_shared<DigestWanted>(value->view());
  value->record_awaited = true;
  step.wanted.emplace_back(value, wanted);
  step.bytes += bytes;
  hasher_.add(std::move(wanted));
  return core::Done{};
}

Result<core::Done> StepRecorder::add(const StepView& view) {
  while (!failure_ && bytes_ > waiting_bytes_max) advance();
  if (failure_) return outcome();
  Step step{.record = begin_record(view),
            .node = &view.node,
            .path = view.path,
            .operands = {view.operand_values.begin(), view.operand_values.end()},
            .results = {view.result_values.begin(), view.result_values.end()},
            .wanted = {}};
  for (const ValuePtr& operand : step.operands) ISOTRACE_TRY_DONE(want(operand, step));
  // A result that nobody reads still belongs to the computation.
  for (const ValuePtr& result : step.results) ISOTRACE_TRY_DONE(want(result, step));
  bytes_ += step.bytes;
  steps_.push_back(std::move(step));
  if (together_ ? bytes_ >= together_bytes_min : hasher_.threads() == 0) return finish();
  while (!failure_ && !steps_.empty() && steps_.front().is_ready()) hand_over_first();
  return outcome();
}

Result<core::Done> StepRecorder::finish() {
  if (together_) hash_together();
  while (!failure_ && !steps_.empty()) advance();
  return outcome();
}

void StepRecorder::advance() {
  if (steps_.front().is_ready() || !find_one()) hand_over_first();
}

void StepRecorder::hash_together() {
  std::vector<std::pair<DigestWanted*, TensorPieces>> tensors;
  std::vector<std::pair<std::size_t, std::size_t>> tasks;  // a tensor, a piece of it
  for (const Step& step : steps_) {
    for (const auto& [value, wanted] : step.wanted) {
      if (wanted->is_done()) continue;
      tensors.emplace_back(wanted.get(), wanted->tensor());
      for (std::size_t i = 0; i < tensors.back().second.count(); ++i) {
        tasks.emplace_back(tensors.size() - 1, i);
      }
    }
  }
  spending_.backend.share(
      tasks.size(), [&](std::size_t i) { tensors[tasks[i].first].second.hash(tasks[i].second); });
  for (const auto& [wanted, pieces] : tensors) wanted->set(pieces.digest());
}

bool StepRecorder::find_one() {
  for (const Step& step : steps_) {
    for (const auto& entry : step.wanted) {
      if (entry.second->find()) return true;
    }
  }
  return false;
}

void StepRecorder::hand_over_first() {
  const Step step = std::move(steps_.front());
  steps_.pop_front();
  bytes_ -= step.bytes;
  for (const auto& [value, wanted] : step.wanted) {
    const core::TensorView& view = value->view();
    value->record = {wanted->get(), view.dtype(), {view.shape().begin(), view.shape().end()}};
  }
  trace::StepRecord record = step.record;
  for (const ValuePtr& operand : step.operands) {
    record.inputs.push_back(operand ? operand->record : std::nullopt);
  }
  for (const ValuePtr& result : step.results) record.outputs.push_back(*result->record);
  auto taken = sink_(record, step.results);
  if (taken) return;
  failure_ = core::refuse_within(node_place("step", record.index, *step.node, step.path),
                                 std::move(taken).error())
                 .value();
}

Result<core::Done> StepRecorder::outcome() const {
  if (failure_) return tl::make_unexpected(*failure_);
  return core::Done{};
}

}  // namespace isotrace::executor
