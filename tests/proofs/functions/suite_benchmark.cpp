// What proofs about functions cost: functions_benchmark [FOLDER [WORD]] proves the rows of
// FOLDER/SUITE (those with WORD in them) with all solvers as `isotrace prove` asks them, without a
// cache, has every file checked, and prints a table with its totals.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>

#include "tests/proofs/functions/suite.hpp"

namespace isotrace::proofs::tests {
namespace {

using Kind = FunctionOutcome::Kind;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Measured {
  std::string verdict;
  bool right = false;
  bool checked = false;      ///< the trusted checker accepts the file
  double seconds = 0;        ///< of the clock, all of it
  double solve_seconds = 0;  ///< CaDiCaL in the engine `gates`
  double trim_seconds = 0;
  double check_seconds = 0;  ///< following proofs
  std::size_t proof_bytes = 0;
};

Measured measure(const SuiteRow& row) {
  Measured measured;
  FunctionOptions options;
  options.decide.limits.wall_milliseconds = 60'000;
  options.on_attempt = [&](const FunctionAttempt& attempt) {
    for (const smt::EngineRun& run : attempt.decision.runs) {
      if (run.engine != smt::Engine::gates || run.outcome != smt::Outcome::unsat) continue;
      measured.solve_seconds += run.solve_milliseconds / 1e3;
      measured.trim_seconds += run.trim_milliseconds / 1e3;
      measured.check_seconds += run.check_milliseconds / 1e3;
    }
  };
  const Clock::time_point start = Clock::now();
  const auto outcome = prove_function(row.claim, options);
  measured.seconds = seconds_since(start);
  if (!outcome || outcome->kind == Kind::undecided) {
    measured.verdict = outcome ? "undecided" : "refused";
    return measured;
  }
  measured.verdict = outcome_name(outcome->proof.outcome);
  measured.right = outcome->kind == row.verdict;
  const core::Bytes file = write_function_proof(outcome->proof);
  measured.proof_bytes = file.size();
  const auto proof = parse_function_proof(file);
  const auto report = proof ? check_function_proof(*proof) : core::Result<FunctionReport>();
  measured.checked = proof && report && report->verdict.accepted();
  return measured;
}

int run(const std::string& folder, const std::string& word) {
  std::vector<double> times;
  Measured sum;
  std::size_t right = 0;
  std::size_t checked = 0;
  std::printf("%-64s %-16s %8s %8s %8s %8s %9s\n", "claim", "verdict", "s", "solve", "trim",
              "check", "bytes");
  for (const SuiteRow& row : read_suite(folder, "")) {
    if (row.line.find(word) == std::string::npos) continue;
    const Measured m = measure(row);
    times.push_back(m.seconds);
    right += m.right ? 1 : 0;
    checked += m.checked ? 1 : 0;
    sum.solve_seconds += m.solve_seconds;
    sum.trim_seconds += m.trim_seconds;
    sum.check_seconds += m.check_seconds;
    std::printf("%-64s %-16s %8.3f %8.3f %8.3f %8.3f %9zu%s\n", row.line.substr(0, 64).c_str(),
                m.verdict.c_str(), m.seconds, m.solve_seconds, m.trim_seconds, m.check_seconds,
                m.proof_bytes, m.right ? (m.checked ? "" : " UNCHECKED") : " WRONG");
    std::fflush(stdout);
  }
  if (times.empty()) return 2;
  std::ranges::sort(times);
  const auto within = std::ranges::count_if(times, [](double seconds) { return seconds <= 10; });
  std::printf(
      "%zu rows: %zu right, %zu checked; median %.3f s, 90 %% within %.3f s, worst %.3f s, "
      "%.1f %% within 10 s\n",
      times.size(), right, checked, times[times.size() / 2], times[times.size() * 9 / 10],
      times.back(), 100.0 * static_cast<double>(within) / static_cast<double>(times.size()));
  std::printf("proofs: solving %.2f s, trimming %.2f s, checking %.2f s (%.1f %% of solving)\n",
              sum.solve_seconds, sum.trim_seconds, sum.check_seconds,
              100 * sum.check_seconds / std::max(sum.solve_seconds, 1e-9));
  return right == times.size() && checked == times.size() ? 0 : 1;
}

}  // namespace
}  // namespace isotrace::proofs::tests

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : ISOTRACE_FIXTURES "/wasm/functions";
  return isotrace::proofs::tests::run(folder + "/", argc > 2 ? argv[2] : "");
}
