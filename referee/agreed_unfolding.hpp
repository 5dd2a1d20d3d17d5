// Where a run with control flow stands before the step at which two parties part: what both state
// of it, or what follows at the step at which they begin to state different things (internal to the
// referee).
#pragma once

#include <isotrace/referee/hearing.hpp>
#include <isotrace/referee/unfolding.hpp>

namespace isotrace::referee {

class AgreedUnfolding {
 public:
  /// `contents` gives values that steer (Unfolding::Contents).
  AgreedUnfolding(Hearing& hearing, Unfolding::Contents contents)
      : hearing_(hearing), contents_(std::move(contents)) {}

  /// Before this step, settled. Both must agree on all steps before. nullptr: it cannot be had, or
  /// a side has stated that another step follows one of these than the program has.
  const Unfolding* find(std::uint64_t step);

 private:
  bool fetch_program();
  bool begin();
  std::optional<Unfolding> fetch_state(std::uint64_t step, const core::Digest& root);
  std::optional<std::vector<trace::TensorRecord>> open_results(std::uint64_t step,
                                                               const core::Node& node);
  void judge_successor(std::uint64_t step, const core::Digest& root,
                       const std::array<core::Digest, 2>& stated);

  Hearing& hearing_;
  Unfolding::Contents contents_;
  std::optional<core::Program> program_;
  std::optional<Unfolding> at_;
};

}  // namespace isotrace::referee
