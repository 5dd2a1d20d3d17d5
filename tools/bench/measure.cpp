#include <isotrace/tools/bench/measure.hpp>

#include <time.h>

#include <algorithm>

namespace isotrace::tools::bench {
namespace {

constexpr int rounds_min = 3;

double now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

Contender timed(unsigned threads, std::function<void()> work) {
  const clockid_t clock = threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
  return [clock, work = std::move(work)]() -> std::optional<double> {
    const double start = now(clock);
    work();
    return now(clock) - start;
  };
}

Contender timed_pipeline(std::function<void()> work) {
  return [work = std::move(work)]() -> std::optional<double> {
    const double own_start = now(CLOCK_THREAD_CPUTIME_ID);
    const double all_start = now(CLOCK_PROCESS_CPUTIME_ID);
    work();
    const double own = now(CLOCK_THREAD_CPUTIME_ID) - own_start;
    return std::max(own, now(CLOCK_PROCESS_CPUTIME_ID) - all_start - own);
  };
}

std::vector<std::optional<double>> best_of(std::span<const Contender> contenders, double seconds) {
  std::vector<std::optional<double>> best(contenders.size());
  const double start = now(CLOCK_MONOTONIC);
  for (int round = 0; round < rounds_min || now(CLOCK_MONOTONIC) - start < seconds; ++round) {
    for (std::size_t i = 0; i < best.size(); ++i) {
      const bool runs = contenders[i] && (round == 0 || best[i]) && contenders[i]();
      const auto taken = runs ? contenders[i]() : std::nullopt;
      best[i] = taken && round != 0 ? std::min(best[i], taken) : taken;
    }
  }
  return best;
}

std::vector<std::optional<double>> median_of(std::span<const Contender> contenders,
                                             std::size_t rounds) {
  std::vector<std::vector<double>> runs(contenders.size());
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (runs[i].size() < round) continue;  // it failed
      if (const auto taken = contenders[i]()) runs[i].push_back(*taken);
    }
  }
  std::vector<std::optional<double>> medians(contenders.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].size() < rounds) continue;
    std::ranges::sort(runs[i]);
    medians[i] = (runs[i][rounds / 2] + runs[i][(rounds - 1) / 2]) / 2;
  }
  return medians;
}

}  // namespace isotrace::tools::bench
