#include <isotrace/backends/plugin/process.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <isotrace/backends/plugin/wire.hpp>

namespace isotrace::backends::plugin {
namespace {

using core::RefusalCode;
using core::Result;

/// For a process that has been told to go, or that closed its end of the socket.
constexpr std::chrono::milliseconds grace(2000);

auto failed(const std::string& call, int error) {
  return core::refuse(RefusalCode::sandbox_failed, call, std::strerror(error));
}

/// The same file under a number above those that the child gets, so that none is overwritten
/// before it is copied.
Descriptor out_of_the_way(const Descriptor& descriptor) {
  return Descriptor(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 16));
}

struct SpawnActions {
  SpawnActions() { ::posix_spawn_file_actions_init(&actions); }
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  posix_spawn_file_actions_t actions;
};

struct SpawnAttributes {
  SpawnAttributes() {
    ::posix_spawnattr_init(&attributes);
    // A group of its own, no signals blocked or ignored.
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  posix_spawnattr_t attributes;
};

/// Starts the program with these descriptors, the second for what it prints; returns its process
/// number.
Result<int> spawn(const std::vector<std::string>& words, const Descriptor& channel,
                  const Descriptor& output, const Descriptor& operands, const Descriptor& results) {
  SpawnActions spawn_actions;
  posix_spawn_file_actions_t* actions = &spawn_actions.actions;
  ::posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(actions, output.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(actions, output.get(), STDERR_FILENO);
  ::posix_spawn_file_actions_adddup2(actions, channel.get(), channel_descriptor);
  ::posix_spawn_file_actions_adddup2(actions, operands.get(), operands_descriptor);
  ::posix_spawn_file_actions_adddup2(actions, results.get(), results_descriptor);
  ::posix_spawn_file_actions_addclosefrom_np(actions, results_descriptor + 1);
  const SpawnAttributes attributes;
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  char* const no_environment[] = {nullptr};
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, words[0].c_str(), actions, &attributes.attributes,
                                  argv.data(), no_environment);
  if (error != 0) return failed(words[0], error);
  return pid;
}

std::string describe_status(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    return "killed by signal " + std::to_string(number) + " (" + ::strsignal(number) + ")";
  }
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Result<Process> Process::start(const std::string& plugin_path, const PluginOptions& options) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return failed("socketpair", errno);
  }
  Descriptor ours(ends[0]);
  const Descriptor theirs(ends[1]);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) return failed("pipe", errno);
  Output output{Descriptor(pipe[0])};
  const Descriptor printed(pipe[1]);
  Descriptor operands(::memfd_create("operands", MFD_CLOEXEC));
  Descriptor results(::memfd_create("results", MFD_CLOEXEC));
  if (operands.get() < 0 || results.get() < 0) return failed("memfd_create", errno);
  if (::fcntl(ours.get(), F_SETFL, O_NONBLOCK) != 0) return failed("fcntl", errno);
  const std::vector<std::string> words = {
      options.host_program, plugin_path, std::to_string(options.memory_bytes),
      options.access == PluginAccess::device ? "device" : "compute"};
  ISOTRACE_TRY(const int pid, spawn(words, out_of_the_way(theirs), out_of_the_way(printed),
                                    out_of_the_way(operands), out_of_the_way(results)));
  Descriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  Process process(pid, std::move(handle), Channel(std::move(ours)), std::move(output),
                  std::move(operands), std::move(results));
  if (process.handle_.get() < 0) return failed("pidfd_open", errno);
  return process;
}

Process::Process(int pid, Descriptor handle, Channel channel, Output output, Descriptor operands,
                 Descriptor results)
    : pid_(pid),
      handle_(std::move(handle)),
      channel_(std::move(channel)),
      output_(std::move(output)),
      operands_(std::move(operands)),
      results_(std::move(results)) {}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      handle_(std::move(other.handle_)),
      channel_(std::move(other.channel_)),
      output_(std::move(other.output_)),
      operands_(std::move(other.operands_)),
      results_(std::move(other.results_)) {}

Process::~Process() {
  if (pid_ < 0) return;
  channel_ = Channel(Descriptor());  // which the other side sees, and closes the plugin
  wait(grace);
}

std::string Process::end() {
  if (pid_ < 0) return "ended before";
  return describe_status(wait(grace));
}

void Process::kill() {
  if (pid_ >= 0) wait(std::chrono::milliseconds(0));
}

int Process::wait(std::chrono::milliseconds span) {
  const auto deadline = Deadline::make(span);
  const bool ended = deadline && handle_.get() >= 0 && deadline->wait(handle_.get(), POLLIN);
  // The group: nobody of it outlives the plugin.
  ::kill(-pid_, SIGKILL);
  if (!ended) ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  output_.forward();  // its last words
  return status;
}

}  // namespace isotrace::backends::plugin
