#include <isotrace/smt/sandbox.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>

#include <isotrace/smt/sandbox_filter.hpp>

namespace isotrace::smt {
namespace {

using core::RefusalCode;

constexpr int exit_setup_failed = 125;
constexpr int exit_body_threw = 1;
/// The executable's descriptor in the child; 0 to 2 are the standard ones.
constexpr int program_descriptor = 3;
/// Written by the child once every limit is in force; not part of the output.
constexpr char ready = 'R';

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  void reset() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

auto failed(const char* call) {
  return core::refuse(RefusalCode::sandbox_failed, call, std::strerror(errno));
}

bool limit(__rlimit_resource resource, std::uint64_t value) {
  const rlimit both{value, value};
  return ::setrlimit(resource, &both) == 0;
}

/// Bytes of address space that this process has now.
std::uint64_t address_space() {
  unsigned long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%lu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

bool set_limits(const SandboxLimits& limits, std::uint64_t inherited_bytes) {
#if !defined(__SANITIZE_ADDRESS__)  // which reserves terabytes of address space
  if (!limit(RLIMIT_AS, inherited_bytes + limits.memory_bytes)) return false;
#else
  (void)inherited_bytes;
#endif
  return limit(RLIMIT_CPU, limits.cpu_seconds) && limit(RLIMIT_FSIZE, 0) &&
         limit(RLIMIT_NPROC, 0) && limit(RLIMIT_CORE, 0) && limit(RLIMIT_NOFILE, 64);
}

/// What a child is to do once it is locked in.
struct Child {
  const SandboxBody* body = nullptr;  ///< or:
  int program = -1;                   ///< executable
  const std::vector<char*>* argv = nullptr;
  int input = -1;
  int output = -1;
};

/// Standard descriptors as given, everything else closed.
bool arrange_descriptors(const Child& child) {
  const int silence = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  // Copies above the range that is about to be overwritten.
  const int input = ::fcntl(child.input >= 0 ? child.input : silence, F_DUPFD_CLOEXEC, 16);
  const int output = ::fcntl(child.output, F_DUPFD_CLOEXEC, 16);
  const int errors = ::fcntl(silence, F_DUPFD_CLOEXEC, 16);
  const int program = child.program >= 0 ? ::fcntl(child.program, F_DUPFD_CLOEXEC, 16) : -1;
  if (::dup2(input, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(errors, 2) < 0) return false;
  unsigned first_closed = program_descriptor;
  if (child.program >= 0) {
    if (::dup3(program, program_descriptor, O_CLOEXEC) < 0) return false;
    ++first_closed;
  }
  return ::close_range(first_closed, ~0U, 0) == 0;
}

bool write_all(int descriptor, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(descriptor, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

[[noreturn]] void run_child(const Child& child, const SandboxLimits& limits, const Filter& filter,
                            std::uint64_t inherited_bytes) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int signal : {SIGPIPE, SIGTERM, SIGINT, SIGXCPU, SIGXFSZ, SIGSYS, SIGABRT}) {
    ::signal(signal, SIG_DFL);
  }
  if (!arrange_descriptors(child) || ::prctl(PR_SET_DUMPABLE, 0) != 0 ||
      !set_limits(limits, inherited_bytes) || !install_filter(filter) || !write_all(1, &ready, 1)) {
    ::_exit(exit_setup_failed);
  }
  if (child.body == nullptr) {
    char* const no_environment[] = {nullptr};
    ::execveat(program_descriptor, "", child.argv->data(), no_environment, AT_EMPTY_PATH);
    ::_exit(exit_setup_failed);
  }
  try {
    const std::string output = (*child.body)();
    ::_exit(write_all(1, output.data(), output.size()) ? 0 : exit_body_threw);
  } catch (...) {
    ::_exit(exit_body_threw);
  }
}

/// Collects the child's output until it ends, the time is up or it writes too much.
SandboxOutcome watch(pid_t pid, int output, const SandboxLimits& limits) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::milliseconds(limits.wall_milliseconds);
  SandboxOutcome outcome{SandboxOutcome::End::finished, 0, {}};
  bool stopped = false;
  char buffer[1 << 14];
  while (!stopped) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waiting{output, POLLIN, 0};
    const int events = left > 0 ? ::poll(&waiting, 1, static_cast<int>(left)) : 0;
    if (events < 0 && errno == EINTR) continue;
    if (events == 0) {
      outcome.end = SandboxOutcome::End::wall_limit;
      stopped = true;
      break;
    }
    const ssize_t size = ::read(output, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    outcome.output.append(buffer, static_cast<std::size_t>(size));
    if (outcome.output.size() > limits.output_bytes_max + 1) {
      outcome.end = SandboxOutcome::End::output_limit;
      stopped = true;
    }
  }
  // A child that has closed its output may still be running: it has nothing more to say.
  if (stopped) ::kill(pid, SIGKILL);
  int status = 0;
  for (;;) {
    const pid_t ended = ::waitpid(pid, &status, stopped ? 0 : WNOHANG);
    if (ended == pid) break;
    if (ended < 0 && errno != EINTR) break;
    if (stopped) continue;
    if (Clock::now() >= deadline) {
      outcome.end = SandboxOutcome::End::wall_limit;
      ::kill(pid, SIGKILL);
      stopped = true;
    } else {
      ::poll(nullptr, 0, 1);
    }
  }
  if (stopped) return outcome;
  if (WIFSIGNALED(status)) {
    outcome.end = SandboxOutcome::End::killed;
    outcome.code = WTERMSIG(status);
  } else if (WEXITSTATUS(status) != 0) {
    outcome.end = SandboxOutcome::End::failed;
    outcome.code = WEXITSTATUS(status);
  }
  return outcome;
}

core::Result<SandboxOutcome> run(Child child, const SandboxLimits& limits) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed("pipe2");
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  child.output = writing.get();
  const Filter filter =
      make_filter(child.body == nullptr ? std::optional<int>(program_descriptor) : std::nullopt);
  if (!filter) return core::refuse(RefusalCode::sandbox_failed, "seccomp", "no filter");
  const std::uint64_t inherited_bytes = address_space();
  const pid_t pid = ::fork();
  if (pid < 0) return failed("fork");
  if (pid == 0) run_child(child, limits, filter, inherited_bytes);
  writing.reset();
  SandboxOutcome outcome = watch(pid, reading.get(), limits);
  if (outcome.output.empty() || outcome.output[0] != ready) {
    return core::refuse(RefusalCode::sandbox_failed, "child", describe(outcome));
  }
  outcome.output.erase(0, 1);
  return outcome;
}

}  // namespace

core::Result<SandboxOutcome> run_sandboxed(const SandboxBody& body, const SandboxLimits& limits) {
  Child child;
  child.body = &body;
  return run(child, limits);
}

core::Result<SandboxOutcome> run_sandboxed_program(const std::string& path,
                                                   const std::vector<std::string>& arguments,
                                                   const std::string& input,
                                                   const SandboxLimits& limits) {
  const Descriptor program(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (program.get() < 0) {
    return core::refuse(RefusalCode::solver_absent, path, std::strerror(errno));
  }
  // Memory rather than a pipe: nothing blocks, and a child that dies early harms nobody.
  const Descriptor text(::memfd_create("input", MFD_CLOEXEC));
  if (text.get() < 0) return failed("memfd_create");
  if (!write_all(text.get(), input.data(), input.size()) || ::lseek(text.get(), 0, SEEK_SET) != 0) {
    return failed("write");
  }
  std::vector<std::string> words = {path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  Child child;
  child.program = program.get();
  child.argv = &argv;
  child.input = text.get();
  return run(child, limits);
}

std::string describe(const SandboxOutcome& outcome) {
  switch (outcome.end) {
    case SandboxOutcome::End::finished: return "finished";
    case SandboxOutcome::End::failed: return "exit code " + std::to_string(outcome.code);
    case SandboxOutcome::End::killed:
      return "killed by signal " + std::to_string(outcome.code) + " (" + ::strsignal(outcome.code) +
             ")";
    case SandboxOutcome::End::wall_limit: return "stopped: wall-clock limit";
    case SandboxOutcome::End::output_limit: return "stopped: too much output";
  }
  return "finished";
}

}  // namespace isotrace::smt
