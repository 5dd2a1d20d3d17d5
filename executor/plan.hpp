// What every run of a program on a backend has in common (internal to the executor).
#pragma once

#include <vector>

#include <isotrace/executor/infer_shapes.hpp>
#include <isotrace/executor/run_value.hpp>

namespace isotrace::executor {

/// What the steps of a chain cost one by one, if nothing is freed between them.
struct ChainCost {
  std::uint64_t bytes = 0;
  std::uint64_t work = 0;
  core::Shape result = {};
};

/// The cost of a chain as it was when its operands had these types and shapes, on which alone it
/// depends.
struct KnownCost {
  std::vector<std::optional<ValueInfo>> operands;  // of all its steps
  ChainCost cost;
};

/// Made anew for a single run, kept by a PreparedProgram. One run at a time.
struct Plan {
  /// Both must outlive the plan.
  Plan(const core::Program& program, backends::Backend& backend);

  /// Records of the constants, from the program's identity, so that they are not read again.
  void know_constants(const core::ProgramIdentity& identity);
  /// Refuses, with all of them listed, the steps that the backend does not support.
  core::Result<core::Done> check_supported();

  const core::Program& program;
  backends::Backend& backend;
  backends::ConstantsHold hold;
  std::vector<ValuePtr> constants;
  std::vector<std::size_t> last_use;            // by ValueId: node that reads it last, or makes it
  std::vector<std::size_t> chains;              // by node: how many run as one from there on
  std::vector<std::optional<KnownCost>> costs;  // by node with which a chain begins

 private:
  bool supported_ = false;  // all steps, as was found
};

}  // namespace isotrace::executor
