// Makes every allocation and every file operation of a program fail once. Loaded with LD_PRELOAD:
// from the first open() of the file that FAULT_START names, the process forks at each such call; in
// the child the call fails and the program goes on to its end, in the parent it succeeds. So one
// run tries every single fault. The parent writes how children ended to the file that FAULT_REPORT
// names: one line "NUMBER CALL STATUS" each, with the exit status or, for signals, 128 and more.
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* old, size_t size);
}

namespace {

bool armed = false;  // in the parent, between the first open and the end
int report = -1;
unsigned long point = 0;

long own_open(const char* path, int flags, unsigned mode) {
  return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/// Whether this call is to fail: true in a new child, false in the parent, after the child's end.
bool fails(const char* call) {
  if (!armed) return false;
  armed = false;
  const unsigned long number = ++point;
  const pid_t child = fork();
  if (child == 0) {
    const int quiet = static_cast<int>(own_open("/dev/null", O_WRONLY, 0));
    dup2(quiet, STDOUT_FILENO);
    dup2(quiet, STDERR_FILENO);
    alarm(2);  // a library that waits for ever without memory does not succeed either
    return true;
  }
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  const int code = child < 0             ? 255
                   : WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                                         : WEXITSTATUS(status);
  char line[96];
  const int size = std::snprintf(line, sizeof line, "%lu %s %d\n", number, call, code);
  if (syscall(SYS_write, report, line, static_cast<size_t>(size)) != size) _exit(99);
  armed = true;
  return false;
}

bool is_start(const char* path) {
  const char* start = std::getenv("FAULT_START");
  return report < 0 && start != nullptr && std::strcmp(path, start) == 0;
}

void begin_at(const char* path) {
  if (!is_start(path)) return;
  report = static_cast<int>(
      own_open(std::getenv("FAULT_REPORT"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  armed = report >= 0;
}

template <class Result>
Result failed(int error, Result result) {
  errno = error;
  return result;
}

}  // namespace

extern "C" {

void* malloc(size_t size) {
  return fails("malloc") ? failed<void*>(ENOMEM, nullptr) : __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  return fails("calloc") ? failed<void*>(ENOMEM, nullptr) : __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) {
  return fails("realloc") ? failed<void*>(ENOMEM, nullptr) : __libc_realloc(old, size);
}

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = (flags & O_CREAT) != 0 ? va_arg(arguments, unsigned) : 0;
  va_end(arguments);
  begin_at(path);
  return fails("open") ? failed(EMFILE, -1) : static_cast<int>(own_open(path, flags, mode));
}
int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = (flags & O_CREAT) != 0 ? va_arg(arguments, unsigned) : 0;
  va_end(arguments);
  begin_at(path);
  return fails("open") ? failed(EMFILE, -1) : static_cast<int>(own_open(path, flags, mode));
}
ssize_t read(int file, void* buffer, size_t size) {
  return fails("read") ? failed<ssize_t>(EIO, -1) : syscall(SYS_read, file, buffer, size);
}
ssize_t pread(int file, void* buffer, size_t size, off_t at) {
  return fails("pread") ? failed<ssize_t>(EIO, -1) : syscall(SYS_pread64, file, buffer, size, at);
}
int fstat(int file, struct stat* status) {
  return fails("fstat") ? failed(EIO, -1) : static_cast<int>(syscall(SYS_fstat, file, status));
}

}  // extern "C"
