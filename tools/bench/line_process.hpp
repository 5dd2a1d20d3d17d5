// A process that answers one line for one line: the other side of a measurement, with memory of its
// own.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace isotrace::tools::bench {

class LineProcess {
 public:
  /// Starts a program (found as a shell finds it) with these words; what it says on stderr is
  /// dropped. Nothing if there are no pipes or processes left; a program that does not exist
  /// answers nothing.
  static std::unique_ptr<LineProcess> start(const std::vector<std::string>& words);
  ~LineProcess();
  LineProcess(const LineProcess&) = delete;
  LineProcess& operator=(const LineProcess&) = delete;

  /// The answer to one line; empty if the process is gone.
  std::string ask(const std::string& request);

 private:
  LineProcess() = default;

  pid_t child_ = -1;
  FILE* to_child_ = nullptr;
  FILE* from_child_ = nullptr;
};

}  // namespace isotrace::tools::bench
