// fork and execve rather than posix_spawn, because limits and the folder must be set in the child.
// Between fork and execve only async-signal-safe calls are made.
#include "child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace isotrace::proofs {
namespace {

using core::RefusalCode;
using core::Result;
using Clock = std::chrono::steady_clock;

constexpr int could_not_start = 127;

/// An open file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

void limit(__rlimit_resource resource, rlim_t value) {
  struct rlimit current {};
  getrlimit(resource, &current);
  current.rlim_cur = std::min(value, current.rlim_max);
  setrlimit(resource, &current);
}

/// In the child; never returns.
[[noreturn]] void become(char* const* arguments, char* const* environment, const char* directory,
                         int output, const ChildLimits& limits) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  limit(RLIMIT_AS, limits.memory_bytes_max);
  limit(RLIMIT_STACK, RLIM_INFINITY);
  limit(RLIMIT_CORE, 0);
  const int nothing = open("/dev/null", O_RDONLY);
  if (nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
      dup2(output, STDERR_FILENO) >= 0 && chdir(directory) == 0) {
    execve(arguments[0], arguments, environment);
  }
  _exit(could_not_start);
}

int milliseconds_until(Clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1000));
}

/// Reads until the end of output; false at the deadline.
bool collect(int fd, Clock::time_point deadline, std::size_t bytes_max, std::string& output) {
  std::array<char, 4096> buffer;
  while (Clock::now() < deadline) {
    struct pollfd waiting {
      fd, POLLIN, 0
    };
    if (poll(&waiting, 1, milliseconds_until(deadline)) <= 0) continue;
    const ssize_t size = read(fd, buffer.data(), buffer.size());
    if (size == 0) return true;
    if (size < 0 && errno != EINTR) return true;
    const std::size_t room = bytes_max - std::min(bytes_max, output.size());
    if (size > 0) output.append(buffer.data(), std::min(room, static_cast<std::size_t>(size)));
  }
  return false;
}

/// Waits for the child; false at the deadline.
bool wait_for(pid_t child, Clock::time_point deadline, int& status) {
  while (true) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) return true;
    if (ended < 0 && errno != EINTR) return true;
    if (Clock::now() >= deadline) return false;
    usleep(1000);
  }
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

}  // namespace

Result<ChildOutcome> run_child(const std::vector<std::string>& arguments,
                               const std::string& directory, const ChildLimits& limits,
                               const std::vector<std::string>& added_environment) {
  const auto absent = [&] {
    return core::refuse(RefusalCode::assistant_absent, arguments[0], std::strerror(errno));
  };
  if (access(arguments[0].c_str(), X_OK) != 0) return absent();
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return absent();
  Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  std::vector<std::string> environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C",
                                          "HOME=" + directory};
  environment.insert(environment.end(), added_environment.begin(), added_environment.end());
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> environment_pointers = pointers(environment);
  const pid_t child = fork();
  if (child < 0) return absent();
  if (child == 0) {
    become(argument_pointers.data(), environment_pointers.data(), directory.c_str(), writing.get(),
           limits);
  }
  writing.close();
  setpgid(child, child);  // in both processes: whoever comes first
  const double seconds = std::clamp(limits.seconds_max, 0.0, 1e6);
  const auto deadline =
      Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  ChildOutcome outcome;
  int status = 0;
  outcome.timed_out = !collect(reading.get(), deadline, limits.output_bytes_max, outcome.output) ||
                      !wait_for(child, deadline, status);
  kill(-child, SIGKILL);
  if (outcome.timed_out) waitpid(child, &status, 0);
  if (WIFEXITED(status)) outcome.exit_status = WEXITSTATUS(status);
  if (outcome.exit_status == could_not_start) return absent();
  return outcome;
}

}  // namespace isotrace::proofs
