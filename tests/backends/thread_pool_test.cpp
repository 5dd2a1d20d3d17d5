#include <isotrace/backends/cpu/thread_pool.hpp>

#include <gtest/gtest.h>

#include <xmmintrin.h>
#include <atomic>

#include <isotrace/core/float_environment.hpp>

namespace isotrace::backends::cpu {
namespace {

TEST(ThreadPool, every_task_runs_exactly_once_for_any_number_of_threads) {
  for (unsigned threads = 1; threads <= 4; ++threads) {
    auto pool = *ThreadPool::make(threads);
    EXPECT_EQ(pool->threads(), threads);
    for (std::size_t count : {0, 1, 3, 100, 1000}) {
      std::vector<std::atomic<int>> runs(count);
      std::atomic<bool> worker_known = true;
      pool->run(count, [&](std::size_t index, unsigned worker) {
        ++runs[index];
        if (worker >= threads) worker_known = false;
      });
      for (const auto& run : runs) EXPECT_EQ(run, 1);
      EXPECT_TRUE(worker_known);
    }
  }
}

TEST(ThreadPool, one_worker_number_is_never_used_by_two_tasks_at_once) {
  auto pool = *ThreadPool::make(4);
  std::atomic<int> inside[4] = {};
  std::atomic<bool> shared = false;
  pool->run(2000, [&](std::size_t, unsigned worker) {
    if (++inside[worker] != 1) shared = true;
    --inside[worker];
  });
  EXPECT_FALSE(shared);
}

TEST(ThreadPool, workers_hold_the_float_environment_whatever_the_caller_has) {
  const unsigned saved = _mm_getcsr();
  _mm_setcsr(saved | 0x8040U);  // FTZ and DAZ: new threads inherit them
  auto pool = *ThreadPool::make(3);
  std::atomic<int> wrong = 0;
  std::atomic<int> seen = 0;
  pool->run(500, [&](std::size_t, unsigned worker) {
    if (worker != 0) {
      if (!core::check_float_environment()) ++wrong;
      ++seen;
    }
    // The caller leaves something for the others to do.
    while (worker == 0 && seen == 0) std::this_thread::yield();
  });
  _mm_setcsr(saved);
  EXPECT_GT(seen, 0);
  EXPECT_EQ(wrong, 0) << "of " << seen;
}

TEST(ThreadPool, starts_and_stops_without_work) {
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(ThreadPool::make(4));
}

TEST(ThreadPool, refuses_no_threads_as_value_out_of_range) {
  EXPECT_EQ(ThreadPool::make(0).error().code, core::RefusalCode::value_out_of_range);
}

TEST(ThreadPool, refuses_too_many_threads_as_limit_exceeded) {
  EXPECT_EQ(ThreadPool::make(ThreadPool::threads_max + 1).error().code,
            core::RefusalCode::limit_exceeded);
}

}  // namespace
}  // namespace isotrace::backends::cpu
