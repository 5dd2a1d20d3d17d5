// ONNX Runtime in a process of its own: `node` with npm's onnxruntime-node, one request per run, so
// that its runs can take turns with ours (measure.hpp). The times are taken inside, around
// session.run: they include the call from JavaScript, some tens of microseconds.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include <isotrace/core/digest.hpp>

namespace isotrace::tools::bench {

class OnnxRuntime {
 public:
  /// `modules` is the folder node_modules that has onnxruntime-node. Nothing if it or node is not
  /// there.
  static std::unique_ptr<OnnxRuntime> find(const std::string& modules, unsigned threads);
  ~OnnxRuntime();
  OnnxRuntime(const OnnxRuntime&) = delete;
  OnnxRuntime& operator=(const OnnxRuntime&) = delete;

  [[nodiscard]] const std::string& version() const { return version_; }
  /// Loads a model from its bytes or from a file; false if ONNX Runtime cannot.
  bool load(core::ByteView model);
  bool load_file(const std::string& path);
  /// Seconds of one run of the model loaded last, on inputs made up by the script.
  std::optional<double> run();

 private:
  OnnxRuntime() = default;
  bool start(const std::string& modules, unsigned threads);
  /// One line for one line; empty if the process is gone.
  std::string ask(const std::string& request);

  pid_t child_ = -1;
  FILE* to_child_ = nullptr;
  FILE* from_child_ = nullptr;
  std::string version_;
};

}  // namespace isotrace::tools::bench
