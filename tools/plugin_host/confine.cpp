// Two filters. `compute` is the solvers' allow list (smt/sandbox_filter.hpp) and what threads need;
// whatever is not in it ends the process. `device` is a list of what would reach another process or
// start one: a driver gets an error from these, and everything else as it likes.
#include <isotrace/tools/plugin_host/confine.hpp>

#include <asm/ioctls.h>
#include <asm/sockios.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include <isotrace/smt/sandbox_filter.hpp>

namespace isotrace::tools {
namespace {

/// Keeps rules short; remembers whether one was refused.
class Rules {
 public:
  explicit Rules(void* filter) : filter_(filter) {}
  template <class... Conditions>
  void add(std::uint32_t action, int call, Conditions... conditions) {
    good_ =
        good_ && seccomp_rule_add(filter_, action, call, sizeof...(conditions), conditions...) == 0;
  }
  [[nodiscard]] bool good() const { return good_; }

 private:
  void* filter_;
  bool good_ = true;
};

constexpr int thread_calls[] = {
    SCMP_SYS(ftruncate),  SCMP_SYS(getdents64), SCMP_SYS(get_mempolicy),    SCMP_SYS(mbind),
    SCMP_SYS(membarrier), SCMP_SYS(poll),       SCMP_SYS(sched_setaffinity)};

smt::Filter compute_filter() {
  smt::Filter filter = smt::make_filter(std::nullopt);
  if (!filter) return nullptr;
  Rules rules(filter.get());
  for (const int call : thread_calls) rules.add(SCMP_ACT_ALLOW, call);
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(clone),
            SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
  // Whether it prints to a terminal, which the C library asks before it buffers.
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, TCGETS));
  // The C library then uses clone, whose flags can be seen.
  rules.add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  // abort(); a signal to itself and nobody else.
  const auto self = static_cast<scmp_datum_t>(::getpid());
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, self));
  return rules.good() ? std::move(filter) : nullptr;
}

constexpr int foreign_calls[] = {SCMP_SYS(execve),
                                 SCMP_SYS(execveat),
                                 SCMP_SYS(vfork),
                                 SCMP_SYS(fork),
                                 SCMP_SYS(ptrace),
                                 SCMP_SYS(process_vm_readv),
                                 SCMP_SYS(process_vm_writev),
                                 SCMP_SYS(process_madvise),
                                 SCMP_SYS(pidfd_getfd),
                                 SCMP_SYS(pidfd_send_signal),
                                 SCMP_SYS(tkill),
                                 SCMP_SYS(rt_sigqueueinfo),
                                 SCMP_SYS(rt_tgsigqueueinfo),
                                 SCMP_SYS(setpgid),
                                 SCMP_SYS(setsid),
                                 SCMP_SYS(setrlimit),
                                 SCMP_SYS(unshare),
                                 SCMP_SYS(setns),
                                 SCMP_SYS(mount),
                                 SCMP_SYS(umount2),
                                 SCMP_SYS(pivot_root),
                                 SCMP_SYS(chroot),
                                 SCMP_SYS(bpf),
                                 SCMP_SYS(init_module),
                                 SCMP_SYS(finit_module),
                                 SCMP_SYS(delete_module),
                                 SCMP_SYS(kexec_load),
                                 SCMP_SYS(reboot),
                                 SCMP_SYS(io_uring_setup),
                                 SCMP_SYS(keyctl)};

smt::Filter device_filter() {
  smt::Filter filter(seccomp_init(SCMP_ACT_ALLOW));
  if (!filter) return nullptr;
  Rules rules(filter.get());
  constexpr std::uint32_t no = SCMP_ACT_ERRNO(EPERM);
  for (const int call : foreign_calls) rules.add(no, call);
  rules.add(no, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
  rules.add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  const auto self = static_cast<scmp_datum_t>(::getpid());
  for (const int call : {SCMP_SYS(kill), SCMP_SYS(tgkill)}) {
    rules.add(no, call, SCMP_A0(SCMP_CMP_NE, self));
  }
  rules.add(no, SCMP_SYS(prlimit64), SCMP_A2(SCMP_CMP_NE, 0));
  // Signals that come by way of a file.
  for (const int command : {F_SETOWN, F_SETSIG, F_SETOWN_EX}) {
    rules.add(no, SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, static_cast<scmp_datum_t>(command)));
  }
  for (const unsigned request : {FIOSETOWN, SIOCSPGRP, TIOCSTI}) {
    rules.add(no, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xFFFFFFFFU, request));
  }
  return rules.good() ? std::move(filter) : nullptr;
}

bool limit(__rlimit_resource resource, std::uint64_t value) {
  const rlimit both{value, value};
  return ::setrlimit(resource, &both) == 0;
}

bool set_limits(std::uint64_t memory_bytes, backends::PluginAccess access) {
#if !defined(__SANITIZE_ADDRESS__)  // which reserves terabytes of address space
  // Private memory that can be written. Drivers reserve address space as they like.
  if (!limit(RLIMIT_DATA, memory_bytes)) return false;
  // Beside it: operands and results, shared memory, stacks of threads.
  const std::uint64_t address_space = 2 * memory_bytes + (std::uint64_t{4} << 30);
  if (access == backends::PluginAccess::compute && !limit(RLIMIT_AS, address_space)) return false;
#endif
  return limit(RLIMIT_FSIZE, memory_bytes) && limit(RLIMIT_CORE, 0);
}

}  // namespace

bool confine(std::uint64_t memory_bytes, backends::PluginAccess access) {
  // The run must not go on without its end of the socket, nor this process without the run.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || !set_limits(memory_bytes, access)) return false;
  const smt::Filter filter =
      access == backends::PluginAccess::compute ? compute_filter() : device_filter();
  return filter && smt::install_filter(filter);
}

}  // namespace isotrace::tools
