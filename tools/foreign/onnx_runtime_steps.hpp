// ONNX Runtime as a foreign engine: npm's onnxruntime-node in a process of its own. Models and
// tensors travel in files of a temporary folder; a process that dies is started again for the next
// step.
#pragma once

#include <isotrace/executor/foreign.hpp>
#include <isotrace/tools/bench/line_process.hpp>
#include <isotrace/tools/bench/temporary_folder.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

class OnnxRuntimeSteps final : public executor::ForeignEngine {
 public:
  /// `modules` is the folder node_modules that has onnxruntime-node. Refuses foreign_engine_absent
  /// if Node.js or the package is not there, and file_write_failed.
  static core::Result<std::unique_ptr<OnnxRuntimeSteps>> start(const std::string& modules);

  [[nodiscard]] std::string name() const override { return "ONNX Runtime " + version_; }
  core::Result<std::vector<std::optional<core::Tensor>>> run(
      const executor::OnnxStep& step) override;

 private:
  OnnxRuntimeSteps(std::string modules, std::unique_ptr<bench::TemporaryFolder> folder)
      : modules_(std::move(modules)), folder_(std::move(folder)) {}

  core::Result<core::Done> start_process();
  /// The answer to a request; refuses foreign_step_failed.
  core::Result<Json> ask(const std::string& request);
  core::Result<core::Done> write_file(const std::string& name, core::ByteView bytes) const;
  core::Result<core::Tensor> read_result(const Json& found, const std::string& name) const;

  std::string modules_;
  std::unique_ptr<bench::TemporaryFolder> folder_;
  std::string version_;
  std::unique_ptr<bench::LineProcess> process_;  ///< ends before its folder goes
};

}  // namespace isotrace::tools
