#include <isotrace/tools/bench/line_process.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace isotrace::tools::bench {
namespace {

/// In the child: standard streams to the pipes, then the program.
[[noreturn]] void become(std::vector<char*> words, int request, int answer) {
  dup2(request, STDIN_FILENO);
  dup2(answer, STDOUT_FILENO);
  const int null = open("/dev/null", O_WRONLY);
  if (null >= 0) dup2(null, STDERR_FILENO);
  execvp(words[0], words.data());
  _exit(127);
}

}  // namespace

std::unique_ptr<LineProcess> LineProcess::start(const std::vector<std::string>& words) {
  int request[2];
  int answer[2];
  if (pipe2(request, O_CLOEXEC) != 0) return nullptr;
  if (pipe2(answer, O_CLOEXEC) != 0) {
    close(request[0]);
    close(request[1]);
    return nullptr;
  }
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a child that ended shows as an empty answer
  std::unique_ptr<LineProcess> process(new LineProcess);
  process->child_ = fork();
  if (process->child_ == 0) become(std::move(pointers), request[0], answer[1]);
  close(request[0]);
  close(answer[1]);
  process->to_child_ = fdopen(request[1], "w");
  process->from_child_ = fdopen(answer[0], "r");
  const bool started =
      process->child_ > 0 && process->to_child_ != nullptr && process->from_child_ != nullptr;
  return started ? std::move(process) : nullptr;
}

LineProcess::~LineProcess() {
  if (to_child_ != nullptr) std::fclose(to_child_);
  if (from_child_ != nullptr) std::fclose(from_child_);
  if (child_ > 0) waitpid(child_, nullptr, 0);
}

std::string LineProcess::ask(const std::string& request) {
  if (std::fputs((request + "\n").c_str(), to_child_) < 0 || std::fflush(to_child_) != 0) return {};
  std::string line;
  for (int c = std::fgetc(from_child_); c != EOF && c != '\n'; c = std::fgetc(from_child_)) {
    line.push_back(static_cast<char>(c));
  }
  return line;
}

}  // namespace isotrace::tools::bench
