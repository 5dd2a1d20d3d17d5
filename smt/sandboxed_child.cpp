#include <isotrace/smt/sandboxed_child.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <isotrace/core/check.hpp>

namespace isotrace::smt {

using End = SandboxOutcome::End;

SandboxedChild::SandboxedChild(pid_t pid, int output, const SandboxLimits& limits)
    : pid_(pid),
      output_(output),
      output_bytes_max_(limits.output_bytes_max),
      deadline_(start_ + std::chrono::milliseconds(limits.wall_milliseconds)) {
  ::fcntl(output_, F_SETFL, O_NONBLOCK);
}

SandboxedChild::~SandboxedChild() {
  if (!has_ended()) stop();
  close_output();
}

void SandboxedChild::give_way() const {
  constexpr int behind = 10;
  if (pid_ < 0) return;
  const auto who = static_cast<id_t>(pid_);
  ::setpriority(PRIO_PROCESS, who, ::getpriority(PRIO_PROCESS, who) + behind);
}

void SandboxedChild::close_output() {
  if (output_ >= 0) ::close(output_);
  output_ = -1;
}

void SandboxedChild::end_by_force(End end) {
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  outcome_.end = end;
  close_output();
}

void SandboxedChild::read_output() {
  char buffer[1 << 16];
  for (;;) {
    const ssize_t size = ::read(output_, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return close_output();
    const char* text = buffer;
    auto count = static_cast<std::size_t>(size);
    if (!is_ready_) {
      if (*text != sandbox_ready) return end_by_force(End::failed);
      is_ready_ = true;
      start_milliseconds_ =
          std::chrono::duration<double, std::milli>(Clock::now() - start_).count();
      ++text;
      --count;
    }
    outcome_.output.append(text, count);
    if (outcome_.output.size() > output_bytes_max_) return end_by_force(End::output_limit);
  }
}

/// Whether it has ended of itself.
void SandboxedChild::reap() {
  int status = 0;
  const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return;
  pid_ = -1;
  if (WIFSIGNALED(status)) {
    outcome_.end = End::killed;
    outcome_.code = WTERMSIG(status);
  } else if (WEXITSTATUS(status) != 0) {
    outcome_.end = End::failed;
    outcome_.code = WEXITSTATUS(status);
  }
}

void SandboxedChild::advance() {
  if (output_ >= 0) read_output();
  // A child that has closed its output may still be running: it has nothing more to say.
  if (!has_ended() && output_ < 0) reap();
  if (!has_ended() && Clock::now() >= deadline_) end_by_force(End::wall_limit);
}

void SandboxedChild::wait_for_one(const std::vector<SandboxedChild*>& children,
                                  std::chrono::milliseconds at_most) {
  const Clock::time_point end = Clock::now() + at_most;
  for (;;) {
    std::vector<pollfd> waiting;
    auto timeout = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    timeout = std::min(timeout, std::chrono::milliseconds(60'000));
    for (SandboxedChild* child : children) {
      if (!child->has_ended()) child->advance();
      if (child->has_ended()) return;
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(child->deadline_ - Clock::now());
      timeout = std::min(timeout, left);
      if (child->output_ >= 0) {
        waiting.push_back({child->output_, POLLIN, 0});
      } else {
        timeout = std::min(timeout, std::chrono::milliseconds(1));
      }
    }
    if (children.empty() || Clock::now() >= end) return;
    ::poll(waiting.data(), waiting.size(),
           static_cast<int>(std::max<std::chrono::milliseconds::rep>(timeout.count(), 0)));
  }
}

core::Result<SandboxOutcome> SandboxedChild::take_outcome() {
  ISOTRACE_CHECK(has_ended());
  if (!is_ready_ && outcome_.end != End::stopped) {
    return core::refuse(core::RefusalCode::sandbox_failed, "child", describe(outcome_));
  }
  return std::move(outcome_);
}

}  // namespace isotrace::smt
