// What a party says of where its run with control flow stands: from the steps of its trace and, for
// values that steer, by executing the program again (internal to the referee).
#pragma once

#include <isotrace/executor/replay.hpp>
#include <isotrace/referee/unfolding.hpp>

namespace isotrace::referee {

class OwnUnfolding {
 public:
  /// References must outlive it.
  OwnUnfolding(const trace::Trace& trace, const executor::EmbeddedRun& run,
               backends::Backend& backend)
      : trace_(trace), run_(run), backend_(backend) {}

  /// SHA-256 of the state before a step; nothing where the trace does not come to it.
  std::optional<core::Digest> root(std::uint64_t step);
  std::optional<core::Bytes> state(std::uint64_t step);
  /// The contents of a value that steers.
  std::optional<core::Tensor> content(const core::Digest& digest);

 private:
  /// Shows every state up to the one before step `last`.
  void walk(std::uint64_t last, const std::function<void(const Unfolding&)>& see);
  void gather();

  const trace::Trace& trace_;
  const executor::EmbeddedRun& run_;
  backends::Backend& backend_;
  std::optional<std::vector<core::Digest>> roots_;  // by step
  std::optional<std::map<core::Digest, core::Tensor>> steering_;
};

}  // namespace isotrace::referee
