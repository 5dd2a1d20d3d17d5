#include <isotrace/tools/bench/onnx_runtime.hpp>

#include <unistd.h>

#include <cstdlib>

#include "onnx_runtime_script.hpp"

namespace isotrace::tools::bench {

std::unique_ptr<OnnxRuntime> OnnxRuntime::find(const std::string& modules, unsigned threads) {
  if (modules.empty()) return nullptr;
  auto process =
      LineProcess::start({"node", "-e", onnx_runtime_script, modules, std::to_string(threads)});
  if (process == nullptr) return nullptr;
  std::unique_ptr<OnnxRuntime> runtime(new OnnxRuntime(std::move(process)));
  runtime->version_ = runtime->process_->ask("version");
  if (runtime->version_.empty() || runtime->version_.starts_with("error")) return nullptr;
  return runtime;
}

bool OnnxRuntime::load(core::ByteView model) {
  char path[] = "/tmp/isotrace-bench-XXXXXX";
  const int file = mkstemp(path);
  if (file < 0) return false;
  std::size_t written = 0;
  while (written < model.size()) {
    const ssize_t count = write(file, model.data() + written, model.size() - written);
    if (count <= 0) break;
    written += static_cast<std::size_t>(count);
  }
  close(file);
  const bool loaded = written == model.size() && load_file(path);
  unlink(path);
  return loaded;
}

bool OnnxRuntime::load_file(const std::string& path) {
  return process_->ask("load " + path + " 1") == "ok";
}

std::optional<double> OnnxRuntime::run() {
  const std::string answer = process_->ask("run");
  char* end = nullptr;
  const double nanoseconds = std::strtod(answer.c_str(), &end);
  if (answer.empty() || end != answer.c_str() + answer.size()) return std::nullopt;
  return nanoseconds * 1e-9;
}

}  // namespace isotrace::tools::bench
