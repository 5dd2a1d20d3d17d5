// What two parties agree on before the step at which they part: the program, by its digest, and so
// every step before, by its digest (internal to the referee).
#pragma once

#include <map>

#include <isotrace/core/program_graph.hpp>
#include <isotrace/referee/hearing.hpp>

namespace isotrace::referee {

class AgreedValues {
 public:
  explicit AgreedValues(Hearing& hearing) : hearing_(hearing) {}

  /// Has the program's graph shown. False: that cannot be had, or it is none.
  bool fetch_graph();
  [[nodiscard]] const core::Program& program() const { return graph_.program; }

  /// Has the steps shown that made these values, which must be before the parting. False: that
  /// cannot be had, or both state steps that the program does not have.
  bool know(std::span<const core::ValueId> values);

  /// A value: always its digest, and the whole record unless it is a constant.
  struct Known {
    core::Digest digest;
    std::optional<trace::TensorRecord> record;
  };
  /// Only what is known.
  [[nodiscard]] Known find(core::ValueId value) const;

 private:
  void find_makers();
  bool keep_step(std::uint64_t index, const LeafRecord& record);
  [[nodiscard]] std::size_t first_result() const {
    return graph_.program.inputs.size() + graph_.constants.size();
  }

  Hearing& hearing_;
  core::ProgramGraph graph_;
  std::vector<std::pair<std::uint64_t, std::size_t>> makers_;  // by value, from the first result on
  std::map<std::uint64_t, trace::StepRecord> steps_;           // by number
};

}  // namespace isotrace::referee
