// ONNX Runtime in a process of its own: `node` with npm's onnxruntime-node, one request per run, so
// that its runs can take turns with ours (measure.hpp). The times are taken inside, around
// session.run: they include the call from JavaScript, some tens of microseconds.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <isotrace/core/digest.hpp>
#include <isotrace/tools/bench/line_process.hpp>

namespace isotrace::tools::bench {

class OnnxRuntime {
 public:
  /// `modules` is the folder node_modules that has onnxruntime-node. Nothing if it or node is not
  /// there.
  static std::unique_ptr<OnnxRuntime> find(const std::string& modules, unsigned threads);
  [[nodiscard]] const std::string& version() const { return version_; }
  /// Loads a model from its bytes or from a file; false if ONNX Runtime cannot.
  bool load(core::ByteView model);
  bool load_file(const std::string& path);
  /// Seconds of one run of the model loaded last, on inputs made up by the script.
  std::optional<double> run();
  /// The process itself, for requests that only whole models need (onnx_runtime.js).
  LineProcess& process() { return *process_; }

 private:
  explicit OnnxRuntime(std::unique_ptr<LineProcess> process) : process_(std::move(process)) {}

  std::unique_ptr<LineProcess> process_;
  std::string version_;
};

}  // namespace isotrace::tools::bench
