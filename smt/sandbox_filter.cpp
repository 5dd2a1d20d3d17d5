#include <isotrace/smt/sandbox_filter.hpp>

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>

namespace isotrace::smt {
namespace {

/// Computing, memory, own descriptors, own signals, clocks.
constexpr int plain_calls[] = {SCMP_SYS(read),
                               SCMP_SYS(pread64),
                               SCMP_SYS(readv),
                               SCMP_SYS(write),
                               SCMP_SYS(writev),
                               SCMP_SYS(close),
                               SCMP_SYS(fstat),
                               SCMP_SYS(newfstatat),
                               SCMP_SYS(stat),
                               SCMP_SYS(lseek),
                               SCMP_SYS(access),
                               SCMP_SYS(faccessat),
                               SCMP_SYS(fadvise64),
                               SCMP_SYS(copy_file_range),
                               SCMP_SYS(readlink),
                               SCMP_SYS(readlinkat),
                               SCMP_SYS(getcwd),
                               SCMP_SYS(mmap),
                               SCMP_SYS(mremap),
                               SCMP_SYS(munmap),
                               SCMP_SYS(mprotect),
                               SCMP_SYS(madvise),
                               SCMP_SYS(brk),
                               SCMP_SYS(rt_sigaction),
                               SCMP_SYS(rt_sigprocmask),
                               SCMP_SYS(rt_sigreturn),
                               SCMP_SYS(sigaltstack),
                               SCMP_SYS(futex),
                               SCMP_SYS(sched_yield),
                               SCMP_SYS(clock_gettime),
                               SCMP_SYS(gettimeofday),
                               SCMP_SYS(time),
                               SCMP_SYS(clock_nanosleep),
                               SCMP_SYS(nanosleep),
                               SCMP_SYS(restart_syscall),
                               SCMP_SYS(getrusage),
                               SCMP_SYS(times),
                               SCMP_SYS(sysinfo),
                               SCMP_SYS(uname),
                               SCMP_SYS(getpid),
                               SCMP_SYS(gettid),
                               SCMP_SYS(getuid),
                               SCMP_SYS(geteuid),
                               SCMP_SYS(getgid),
                               SCMP_SYS(getegid),
                               SCMP_SYS(getrandom),
                               SCMP_SYS(arch_prctl),
                               SCMP_SYS(set_tid_address),
                               SCMP_SYS(set_robust_list),
                               SCMP_SYS(rseq),
                               SCMP_SYS(sched_getaffinity),
                               SCMP_SYS(getrlimit),
                               SCMP_SYS(exit),
                               SCMP_SYS(exit_group)};

bool allow_plain(scmp_filter_ctx filter) {
  for (const int call : plain_calls) {
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) != 0) return false;
  }
  return true;
}

/// Files may be opened for reading (shared libraries, the processor count): the access mode must be
/// O_RDONLY, and creating or truncating flags absent.
bool allow_opening_to_read(scmp_filter_ctx filter) {
  constexpr scmp_datum_t writing =
      O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY);
  return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                          SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY)) == 0 &&
         seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                          SCMP_A1(SCMP_CMP_MASKED_EQ, writing, O_RDONLY)) == 0;
}

/// Reading one's own limits is allowed (prlimit64 with no new limit); setting them is not.
bool allow_reading_limits(scmp_filter_ctx filter) {
  return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
                          SCMP_A2(SCMP_CMP_EQ, 0)) == 0;
}

bool allow_one_program(scmp_filter_ctx filter, int program) {
  return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(execveat), 1,
                          SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(program))) == 0;
}

}  // namespace

void FilterFree::operator()(void* context) const { seccomp_release(context); }

Filter make_filter(std::optional<int> program) {
  Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (!filter || !allow_plain(filter.get()) || !allow_opening_to_read(filter.get()) ||
      !allow_reading_limits(filter.get()) ||
      (program && !allow_one_program(filter.get(), *program))) {
    return nullptr;
  }
  return filter;
}

bool install_filter(const Filter& filter) { return seccomp_load(filter.get()) == 0; }

}  // namespace isotrace::smt
