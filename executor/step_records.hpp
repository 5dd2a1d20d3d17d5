// Step records of a run (internal to the executor). Every tensor is hashed once, when it appears,
// however often it is used: its record is kept beside it.
#pragma once

#include <deque>

#include <isotrace/executor/run.hpp>
#include <isotrace/executor/tensor_hasher.hpp>
#include <isotrace/trace/record.hpp>

namespace isotrace::executor {

/// Records of the bound inputs, by name, in the program's order.
std::vector<trace::NamedRecord> record_inputs(const core::Program& program, const Run& run);
/// Records of the program's outputs; all steps must have run.
std::vector<trace::NamedRecord> record_outputs(const core::Program& program, const Run& run);

/// Makes the records of a run's steps while the run goes on: threads hash the tensors of steps that
/// are over, and the run's thread hands over the records, in order. What waits is bounded, and is
/// taken from the run's own memory; at the bound the run's thread hashes, too. Where a backend with
/// several threads leaves no processors for others, these hash, between steps, a few tensors at a
/// time: threads beside them would only take turns with them.
class StepRecorder {
 public:
  /// Called in order of steps, on the run's thread, with the results of the step. A refusal ends
  /// the recording.
  using Sink = std::function<core::Result<core::Done>(const trace::StepRecord&,
                                                      std::span<const ValuePtr> results)>;
  /// The run must outlive the recorder. With 0 threads a step is handed over before add() returns.
  StepRecorder(Run& run, unsigned threads, Sink sink);
  ~StepRecorder();
  StepRecorder(const StepRecorder&) = delete;
  StepRecorder& operator=(const StepRecorder&) = delete;

  /// Refuses what the sink refused, of this step or an earlier one; `where` names that step. Also
  /// refuses what a backend refuses that is asked for the digest of a tensor it has kept.
  core::Result<core::Done> add(const StepView& step);
  /// Hands over everything; refuses as add(). What the sink refused comes before any refusal of
  /// the run that was met after.
  core::Result<core::Done> finish();

 private:
  /// A step that is over, and the digests that it was the first to want.
  struct Step {
    trace::StepRecord record;  // without tensors
    const core::Node* node;
    std::string path;
    std::vector<ValuePtr> operands;
    std::vector<ValuePtr> results;
    std::vector<std::pair<ValuePtr, std::shared_ptr<DigestWanted>>> wanted;
    std::uint64_t bytes = 0;  // of the tensors wanted

    [[nodiscard]] bool is_ready() const;
  };
  /// Refuses what a device refuses that is asked for a digest.
  core::Result<core::Done> want(const ValuePtr& value, Step& step);
  /// Hands over the first step if it is ready, else finds a digest or waits for one.
  void advance();
  /// Finds all digests that are wanted with the backend's threads.
  void hash_together();
  bool find_one();
  void hand_over_first();
  [[nodiscard]] core::Result<core::Done> outcome() const;

  Spending& spending_;
  Sink sink_;
  std::deque<Step> steps_;
  std::uint64_t bytes_ = 0;  // of all tensors wanted
  std::optional<core::Refusal> failure_;
  bool together_;        // with the backend's threads
  TensorHasher hasher_;  // the last: its threads end before the steps do
};

}  // namespace isotrace::executor
