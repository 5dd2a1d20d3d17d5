// The watch over shared memory (host_block.hpp) finds what a device would make of a kernel that
// breaks its rules, although its results on the host are right. HostDevice runs every kernel of
// kernels.def under it.
#include <gtest/gtest.h>

#include <isotrace/backends/gpu/kernels/all.hpp>
#include <tests/backends/host_block.hpp>

namespace isotrace::backends::gpu {
namespace {

enum class Fault {
  none,
  no_barrier_after_write,  ///< reads the neighbour's word in the phase that writes it
  no_barrier_before_write,
  two_writers,
  not_written,
  uneven_phases
};

/// out[i] = the number of the next thread, through shared memory.
struct Rotate {
  struct Arguments {
    Fault fault;
    std::uint32_t* out;
  };
  static constexpr unsigned threads = 64;
  template <template <class> class Cell>
  struct Shared {
    Cell<std::uint32_t> words[threads + 1];
  };
  using Own = Nothing;

  static std::uint32_t phases(const Arguments& a, At at) {
    return a.fault == Fault::uneven_phases && at.thread == 63 ? 1 : 2;
  }
  template <class Memory>
  static void run(const Arguments& a, At at, std::uint32_t phase, Memory& shared, Own&) {
    const std::uint32_t next = (at.thread + 1) % threads;
    if (phase == 0) {
      shared.words[at.thread] = at.thread;
      if (a.fault == Fault::two_writers) shared.words[threads] = 7;
      if (a.fault == Fault::no_barrier_after_write) a.out[at.thread] = shared.words[next];
      return;
    }
    if (a.fault == Fault::no_barrier_after_write) return;
    a.out[at.thread] = shared.words[a.fault == Fault::not_written ? threads : next];
    if (a.fault == Fault::no_barrier_before_write) shared.words[at.thread] = at.thread;
  }
};

std::string run(Fault fault, HostOrder order, std::vector<std::uint32_t>& out) {
  out.assign(Rotate::threads, 0);
  return run_block<Rotate>({fault, out.data()}, {0, 0, 0, 0}, order);
}

class Races : public testing::TestWithParam<HostOrder> {};

TEST_P(Races, are_found_in_either_order_of_the_threads) {
  std::vector<std::uint32_t> out;
  const auto found = [&](Fault fault) { return run(fault, GetParam(), out); };
  EXPECT_EQ(found(Fault::none), "");
  for (std::uint32_t i = 0; i < Rotate::threads; ++i) EXPECT_EQ(out[i], (i + 1) % Rotate::threads);
  EXPECT_NE(found(Fault::no_barrier_after_write), "");
  EXPECT_NE(found(Fault::no_barrier_before_write), "");
  // The results do not show it.
  for (std::uint32_t i = 0; i < Rotate::threads; ++i) EXPECT_EQ(out[i], (i + 1) % Rotate::threads);
  EXPECT_NE(found(Fault::two_writers).find("writes what another one writes"), std::string::npos);
  EXPECT_NE(found(Fault::not_written).find("reads what nobody wrote"), std::string::npos);
  EXPECT_EQ(found(Fault::uneven_phases), "phases differ within the block");
}

/// A kernel of ours with one of its barriers left out.
template <class Kernel>
struct WithoutBarrier : Kernel {
  static std::uint32_t phases(const typename Kernel::Arguments& a, At at) {
    return Kernel::phases(a, at) - 1;
  }
  template <class Memory>
  static void run(const typename Kernel::Arguments& a, At at, std::uint32_t phase, Memory& shared,
                  typename Kernel::Own& own) {
    Kernel::run(a, at, phase, shared, own);
    if (phase + 1 == phases(a, at)) Kernel::run(a, at, phase + 1, shared, own);
  }
};

TEST_P(Races, show_every_barrier_of_a_reduction_and_of_a_product_to_be_needed) {
  const std::vector<float> x(4096, 1.0F);
  std::vector<float> out(4096, 0.0F);
  const ReduceChunks<float>::Arguments rows = {4,    1024,     1,         Reduction::sum,
                                               0.0F, x.data(), out.data()};
  EXPECT_EQ(run_block<ReduceChunks<float>>(rows, {0, 0, 0, 0}, GetParam()), "");
  EXPECT_EQ(out[3], 1024.0F);
  EXPECT_NE(run_block<WithoutBarrier<ReduceChunks<float>>>(rows, {0, 0, 0, 0}, GetParam()), "");

  const std::int64_t start = 0;
  ProductArguments<Floats, MatrixColumns> p{};
  p.rows = p.columns = p.depth = 32;
  p.segment = 256;
  p.segments = p.groups = 1;
  p.a = p.b = x.data();
  p.a_row_stride = 32;
  p.a_depth_stride = 1;
  p.a_starts = p.b_starts = &start;
  p.b_columns = {32, 1};
  p.c = out.data();
  p.finish.alpha = 1;
  using Small = SmallProduct<Floats, MatrixColumns>;
  EXPECT_EQ(run_block<Small>(p, {0, 0, 0, 0}, GetParam()), "");
  EXPECT_EQ(out[1023], 32.0F);
  EXPECT_NE(run_block<WithoutBarrier<Small>>(p, {0, 0, 0, 0}, GetParam()), "");
}

INSTANTIATE_TEST_SUITE_P(Gpu, Races, testing::Values(HostOrder::forwards, HostOrder::backwards));

}  // namespace
}  // namespace isotrace::backends::gpu
