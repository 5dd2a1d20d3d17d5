#include <isotrace/tools/bench/onnx_runtime.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "onnx_runtime_script.hpp"

namespace isotrace::tools::bench {

std::unique_ptr<OnnxRuntime> OnnxRuntime::find(const std::string& modules, unsigned threads) {
  if (modules.empty()) return nullptr;
  std::unique_ptr<OnnxRuntime> runtime(new OnnxRuntime);
  if (!runtime->start(modules, threads)) return nullptr;
  runtime->version_ = runtime->ask("version");
  if (runtime->version_.empty() || runtime->version_.starts_with("error")) return nullptr;
  return runtime;
}

bool OnnxRuntime::start(const std::string& modules, unsigned threads) {
  int request[2];
  int answer[2];
  if (pipe2(request, O_CLOEXEC) != 0) return false;
  if (pipe2(answer, O_CLOEXEC) != 0) {
    close(request[0]);
    close(request[1]);
    return false;
  }
  const std::string count = std::to_string(threads);
  std::signal(SIGPIPE, SIG_IGN);  // a child that ended shows as an empty answer
  child_ = fork();
  if (child_ == 0) {
    dup2(request[0], STDIN_FILENO);
    dup2(answer[1], STDOUT_FILENO);
    const int null = open("/dev/null", O_WRONLY);
    if (null >= 0) dup2(null, STDERR_FILENO);
    execlp("node", "node", "-e", onnx_runtime_script, modules.c_str(), count.c_str(),
           static_cast<char*>(nullptr));
    _exit(127);
  }
  close(request[0]);
  close(answer[1]);
  to_child_ = fdopen(request[1], "w");
  from_child_ = fdopen(answer[0], "r");
  return child_ > 0 && to_child_ != nullptr && from_child_ != nullptr;
}

OnnxRuntime::~OnnxRuntime() {
  if (to_child_ != nullptr) std::fclose(to_child_);
  if (from_child_ != nullptr) std::fclose(from_child_);
  if (child_ > 0) waitpid(child_, nullptr, 0);
}

std::string OnnxRuntime::ask(const std::string& request) {
  if (std::fputs((request + "\n").c_str(), to_child_) < 0 || std::fflush(to_child_) != 0) return {};
  std::string line;
  for (int c = std::fgetc(from_child_); c != EOF && c != '\n'; c = std::fgetc(from_child_)) {
    line.push_back(static_cast<char>(c));
  }
  return line;
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

bool OnnxRuntime::load_file(const std::string& path) { return ask("load " + path + " 1") == "ok"; }

std::optional<double> OnnxRuntime::run() {
  const std::string answer = ask("run");
  char* end = nullptr;
  const double nanoseconds = std::strtod(answer.c_str(), &end);
  if (answer.empty() || end != answer.c_str() + answer.size()) return std::nullopt;
  return nanoseconds * 1e-9;
}

}  // namespace isotrace::tools::bench
