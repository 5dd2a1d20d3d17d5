// Another engine as a backend, so that a whole run can be its: each step on its own results, in the
// program's order. Control flow, and what only changes a shape, is the executor's. The recording
// says in its identity whose results it holds (trace::foreign_prefix).
#pragma once

#include <set>

#include <isotrace/executor/foreign.hpp>

namespace isotrace::executor {

class ForeignBackend final : public backends::Backend {
 public:
  explicit ForeignBackend(std::unique_ptr<ForeignEngine> engine) : engine_(std::move(engine)) {}

  /// "foreign:ONNX Runtime 1.20.0": record() takes that for the semantics of the run.
  [[nodiscard]] backends::BackendInfo info() const override;
  /// What the engine can do shows when it is asked to.
  [[nodiscard]] core::Result<core::Done> supports(const core::Node&,
                                                  std::span<const core::Dtype>) const override {
    return core::Done{};
  }
  /// Every result is asked for, also those that nobody reads. Refuses what ForeignEngine::run
  /// refuses.
  core::Result<std::vector<core::Tensor>> run(const core::Node& node,
                                              core::Operands operands) override;
  /// Tensors that are held are constants for the engine, which may prepare them.
  void hold_constants(std::span<const core::Tensor> constants) override;
  void release_constants(std::span<const core::Tensor> constants) override;

 private:
  [[nodiscard]] core::Result<OnnxStep> make_step(const core::Node& node,
                                                 core::Operands operands) const;

  std::unique_ptr<ForeignEngine> engine_;
  std::multiset<const std::uint8_t*> held_;  // by where their bytes are
};

}  // namespace isotrace::executor
