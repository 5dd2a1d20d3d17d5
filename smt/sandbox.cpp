#include <isotrace/smt/sandbox.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>
#include <optional>
#include <utility>

#include <isotrace/smt/sandbox_filter.hpp>
#include <isotrace/smt/sandboxed_child.hpp>

namespace isotrace::smt {
namespace {

using core::RefusalCode;

constexpr int exit_setup_failed = 125;
constexpr int exit_body_threw = 1;
/// The executable's descriptor in the child; 0 to 2 are the standard ones.
constexpr int program_descriptor = 3;
/// Deep terms make solvers recurse deeply.
constexpr std::uint64_t stack_bytes = std::uint64_t{64} << 20;

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
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

auto failed(const char* call) {
  return core::refuse(RefusalCode::sandbox_failed, call, std::strerror(errno));
}

/// A limit that this process has already and that is lower stays: nobody may raise it.
bool limit(__rlimit_resource resource, std::uint64_t value) {
  rlimit both{};
  if (::getrlimit(resource, &both) != 0) return false;
  both.rlim_cur = both.rlim_max = std::min<rlim_t>(value, both.rlim_max);
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

/// More stack, if the hard limit allows it.
void raise_stack() {
  rlimit stack{};
  if (::getrlimit(RLIMIT_STACK, &stack) != 0) return;
  stack.rlim_cur = std::min<rlim_t>(std::max<rlim_t>(stack.rlim_cur, stack_bytes), stack.rlim_max);
  ::setrlimit(RLIMIT_STACK, &stack);
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
  raise_stack();
  if (!arrange_descriptors(child) || ::prctl(PR_SET_DUMPABLE, 0) != 0 ||
      !set_limits(limits, inherited_bytes) || !install_filter(filter) ||
      !write_all(1, &sandbox_ready, 1)) {
    ::_exit(exit_setup_failed);
  }
  if (child.body == nullptr) {
    char* const no_environment[] = {nullptr};
    ::execveat(program_descriptor, "", child.argv->data(), no_environment, AT_EMPTY_PATH);
    ::_exit(exit_setup_failed);
  }
  // Also where no exception would get through: in libraries that are compiled without them.
  std::set_new_handler([] { ::_exit(sandbox_exit_memory); });
  try {
    const std::string output = (*child.body)();
    ::_exit(write_all(1, output.data(), output.size()) ? 0 : exit_body_threw);
  } catch (const std::bad_alloc&) {
    ::_exit(sandbox_exit_memory);
  } catch (...) {
    ::_exit(exit_body_threw);
  }
}

core::Result<std::unique_ptr<SandboxedChild>> start(Child child, const SandboxLimits& limits) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed("pipe2");
  Descriptor reading(ends[0]);
  const Descriptor writing(ends[1]);
  child.output = writing.get();
  const Filter filter =
      make_filter(child.body == nullptr ? std::optional<int>(program_descriptor) : std::nullopt);
  if (!filter) return core::refuse(RefusalCode::sandbox_failed, "seccomp", "no filter");
  const std::uint64_t inherited_bytes = address_space();
  const pid_t pid = ::fork();
  if (pid < 0) return failed("fork");
  if (pid == 0) run_child(child, limits, filter, inherited_bytes);
  return std::make_unique<SandboxedChild>(pid, reading.release(), limits);
}

core::Result<SandboxOutcome> run(const Child& child, const SandboxLimits& limits) {
  ISOTRACE_TRY(const std::unique_ptr<SandboxedChild> running, start(child, limits));
  SandboxedChild::wait_for_one({running.get()});
  return running->take_outcome();
}

}  // namespace

core::Result<std::unique_ptr<SandboxedChild>> start_sandboxed(const SandboxBody& body,
                                                              const SandboxLimits& limits) {
  Child child;
  child.body = &body;
  return start(child, limits);
}

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
    case SandboxOutcome::End::stopped: return "stopped: no longer wanted";
  }
  return "finished";
}

}  // namespace isotrace::smt
