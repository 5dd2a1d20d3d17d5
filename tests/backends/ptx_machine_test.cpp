// The machine that runs translated PTX finds what is wrong with copies to shared memory that go on
// while threads compute, although their bytes would be right: on a kernel written as the
// translation writes them.
#include <gtest/gtest.h>

#include <tests/backends/ptx_machine.hpp>

namespace {

enum class Fault : std::uint32_t {
  none,
  no_wait,         ///< the barrier alone brings no bytes
  wait_for_older,  ///< leaves the group of the copy under way
  read_own_early,  ///< by the thread that copies
  write_under_way,
  copy_over_reads,  ///< to where another thread reads in the same phase
  off_its_multiple
};

struct Arguments {
  Fault fault;
  const std::uint32_t* from;
  std::uint32_t* out;
};

/// out[i] = from[i + 1], through shared memory.
Meeting rotate(Block& block, const Place& at, Thread& thread, Parameters parameters) {
  const auto arguments = read<Arguments>(reinterpret_cast<std::uint64_t>(parameters[0]));
  const std::uint64_t own = 4 * at.thread;
  const std::uint64_t next = 4 * ((at.thread + 1) % 32);
  const auto source = reinterpret_cast<std::uint64_t>(arguments.from) + own;
  const auto fault = arguments.fault;
  if (thread.state == 0) {
    block.start_copy(own, source + (fault == Fault::off_its_multiple ? 2 : 0), 4, at.thread);
    block.commit_copies(at.thread);
    if (fault == Fault::read_own_early) block.shared.read(own, 4, at.thread);
    if (fault == Fault::write_under_way) block.shared.write(own, 4, at.thread);
    if (fault == Fault::wait_for_older) {
      block.wait_for_copies(at.thread, 1, false);
    } else if (fault != Fault::no_wait) {
      block.wait_for_copies(at.thread, 0, false);
    }
    thread.state = 1;
    return at_barrier;
  }
  write(reinterpret_cast<std::uint64_t>(arguments.out + at.thread),
        read<std::uint32_t>(block.shared.read(next, 4, at.thread)));
  if (fault == Fault::copy_over_reads) block.start_copy(own, source, 4, at.thread);
  return finished;
}

}  // namespace

const Kernel ptx_kernels[] = {
    {"rotate", 32, 128, sizeof(Arguments), &rotate, &make_threads<Thread>, nullptr, 0}};
const std::size_t ptx_kernel_count = 1;

namespace {

std::string run(Fault fault, bool backwards, std::vector<std::uint32_t>& out) {
  std::vector<std::uint32_t> from(33);
  for (std::uint32_t i = 0; i < 33; ++i) from[i] = 100 + i;
  out.assign(32, 0);
  const Arguments arguments = {fault, from.data(), out.data()};
  const std::uint32_t grid[] = {1, 1, 1};
  return device_launch("rotate", grid, reinterpret_cast<const std::uint8_t*>(&arguments),
                       sizeof(arguments), backwards ? 1 : 0);
}

TEST(PtxMachine, finds_what_is_wrong_with_copies_under_way) {
  std::vector<std::uint32_t> out;
  for (const bool backwards : {false, true}) {
    EXPECT_EQ(run(Fault::none, backwards, out), "");
    for (std::uint32_t i = 0; i < 32; ++i) EXPECT_EQ(out[i], 100 + (i + 1) % 32);
    const auto found = [&](Fault fault) { return run(fault, backwards, out); };
    const std::string early = "reads shared memory before a copy has arrived";
    EXPECT_EQ(found(Fault::no_wait), early);
    EXPECT_EQ(found(Fault::wait_for_older), early);
    EXPECT_EQ(found(Fault::read_own_early), early);
    EXPECT_EQ(found(Fault::write_under_way), "writes where a copy is under way");
    EXPECT_NE(found(Fault::copy_over_reads), "");
    EXPECT_EQ(found(Fault::off_its_multiple), "a copy of an address off its multiple");
  }
}

}  // namespace
