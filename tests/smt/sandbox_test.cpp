#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include <isotrace/smt/sandbox.hpp>

namespace isotrace::smt {
namespace {

using End = SandboxOutcome::End;

SandboxLimits small_limits() {
  SandboxLimits limits;
  limits.memory_bytes = std::uint64_t{256} << 20;
  limits.cpu_seconds = 5;
  limits.wall_milliseconds = 5000;
  limits.output_bytes_max = 1 << 20;
  return limits;
}

SandboxOutcome run_body(const SandboxBody& body, const SandboxLimits& limits = small_limits()) {
  auto outcome = run_sandboxed(body, limits);
  EXPECT_TRUE(outcome.has_value()) << (outcome ? "" : core::describe(outcome.error()));
  return outcome ? *outcome : SandboxOutcome{End::failed, -1, {}};
}

void expect_forbidden(const SandboxBody& body) {
  const SandboxOutcome outcome = run_body(body);
  EXPECT_EQ(outcome.end, End::killed) << describe(outcome);
  EXPECT_EQ(outcome.code, SIGSYS) << describe(outcome);
}

TEST(Sandbox, output_of_the_body_comes_back_whole) {
  const std::string text(700'000, 'x');
  const SandboxOutcome outcome = run_body([&] { return text + "end"; });
  EXPECT_EQ(outcome.end, End::finished) << describe(outcome);
  EXPECT_EQ(outcome.output, text + "end");
}

TEST(Sandbox, child_cannot_change_our_memory) {
  int value = 1;
  run_body([&] {
    value = 2;
    return std::string();
  });
  EXPECT_EQ(value, 1);
}

TEST(Sandbox, exception_ends_the_child_with_a_code) {
  const SandboxOutcome outcome = run_body([]() -> std::string { throw 1; });
  EXPECT_EQ(outcome.end, End::failed);
  EXPECT_EQ(outcome.code, 1);
}

TEST(Sandbox, socket_kills_the_child) {
  expect_forbidden([] { return std::to_string(::socket(AF_INET, SOCK_STREAM, 0)); });
}

TEST(Sandbox, opening_a_file_for_writing_kills_the_child) {
  const std::string path = testing::TempDir() + "isotrace_sandbox_file";
  for (const int flags :
       {O_WRONLY | O_CREAT, O_RDWR, O_WRONLY, O_RDONLY | O_CREAT, O_RDONLY | O_TRUNC}) {
    expect_forbidden([&] { return std::to_string(::open(path.c_str(), flags, 0600)); });
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

TEST(Sandbox, opening_a_file_for_reading_is_allowed) {
  const SandboxOutcome outcome =
      run_body([] { return std::to_string(::open("/dev/null", O_RDONLY)); });
  EXPECT_EQ(outcome.end, End::finished) << describe(outcome);
}

TEST(Sandbox, new_process_program_or_signal_to_others_kills_the_child) {
  expect_forbidden([] { return std::to_string(::fork()); });
  expect_forbidden([] {
    ::execl("/bin/true", "true", nullptr);
    return std::string();
  });
  const pid_t parent = ::getpid();
  expect_forbidden([parent] { return std::to_string(::kill(parent, SIGUSR1)); });
}

TEST(Sandbox, removing_or_renaming_a_file_kills_the_child) {
  expect_forbidden([] { return std::to_string(::unlink("/tmp/isotrace-absent")); });
  expect_forbidden([] { return std::to_string(::rename("/tmp/isotrace-a", "/tmp/isotrace-b")); });
}

TEST(Sandbox, raising_its_own_limits_kills_the_child) {
  expect_forbidden([] {
    const rlimit more{RLIM_INFINITY, RLIM_INFINITY};
    return std::to_string(::setrlimit(RLIMIT_AS, &more));
  });
}

TEST(Sandbox, other_descriptors_are_closed) {
  const int open_here = ::open("/dev/null", O_RDONLY);
  ASSERT_GE(open_here, 0);
  const SandboxOutcome outcome = run_body([open_here] {
    char byte = 0;
    return std::to_string(::read(open_here, &byte, 1));
  });
  ::close(open_here);
  EXPECT_EQ(outcome.output, "-1");
}

TEST(Sandbox, wall_clock_limit_stops_the_child) {
  SandboxLimits limits = small_limits();
  limits.wall_milliseconds = 100;
  const SandboxOutcome outcome = run_body(
      [] {
        ::usleep(10'000'000);
        return std::string();
      },
      limits);
  EXPECT_EQ(outcome.end, End::wall_limit) << describe(outcome);
}

TEST(Sandbox, wall_clock_limit_stops_a_child_that_closed_its_output) {
  SandboxLimits limits = small_limits();
  limits.wall_milliseconds = 100;
  const SandboxOutcome outcome = run_body(
      [] {
        ::close(1);
        ::usleep(10'000'000);
        return std::string();
      },
      limits);
  EXPECT_EQ(outcome.end, End::wall_limit) << describe(outcome);
}

TEST(Sandbox, processor_limit_stops_the_child) {
  SandboxLimits limits = small_limits();
  limits.cpu_seconds = 1;
  limits.wall_milliseconds = 60'000;
  const SandboxOutcome outcome = run_body(
      []() -> std::string {
        volatile unsigned i = 0;
        for (;;) i = i + 1;
      },
      limits);
  EXPECT_EQ(outcome.end, End::killed) << describe(outcome);
  EXPECT_TRUE(outcome.code == SIGXCPU || outcome.code == SIGKILL) << describe(outcome);
}

TEST(Sandbox, memory_limit_stops_the_child) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer reserves the address space itself";
#endif
  const SandboxOutcome outcome = run_body([] {
    std::string text;
    for (int i = 0; i < 64; ++i) text.append(std::size_t{16} << 20, 'x');
    return std::to_string(text.size());
  });
  EXPECT_EQ(outcome.end, End::failed) << describe(outcome);
}

TEST(Sandbox, too_much_output_stops_the_child) {
  const SandboxOutcome outcome = run_body([] { return std::string(std::size_t{2} << 20, 'x'); });
  EXPECT_EQ(outcome.end, End::output_limit) << describe(outcome);
}

TEST(Sandbox, sandbox_failed_without_descriptors) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto outcome = run_sandboxed([] { return std::string("ran"); }, small_limits());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code, core::RefusalCode::sandbox_failed);
}

TEST(SandboxedProgram, reads_its_input_and_writes_its_output) {
  const auto outcome = run_sandboxed_program("/bin/cat", {}, "some text", small_limits());
  ASSERT_TRUE(outcome.has_value()) << core::describe(outcome.error());
  EXPECT_EQ(outcome->end, End::finished) << describe(*outcome);
  EXPECT_EQ(outcome->output, "some text");
}

TEST(SandboxedProgram, cannot_start_another_program) {
  const auto outcome =
      run_sandboxed_program("/bin/sh", {"-c", "/bin/cat /dev/null"}, "", small_limits());
  ASSERT_TRUE(outcome.has_value());
  EXPECT_NE(outcome->end, End::finished) << describe(*outcome);
}

TEST(SandboxedProgram, solver_absent_where_there_is_none) {
  const auto outcome = run_sandboxed_program("/nonexistent/solver", {}, "", small_limits());
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code, core::RefusalCode::solver_absent);
  EXPECT_EQ(outcome.error().where, "/nonexistent/solver");
}

}  // namespace
}  // namespace isotrace::smt
