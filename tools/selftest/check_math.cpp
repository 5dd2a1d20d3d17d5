#include <isotrace/tools/selftest/check_math.hpp>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <ctime>
#include <mutex>
#include <numeric>
#include <span>
#include <thread>

#include <isotrace/core/check.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/tools/selftest/math_samples.hpp>
#include <isotrace/tools/selftest/oracle.hpp>

namespace isotrace::tools {
namespace {

constexpr std::uint32_t sign_bit = 0x80000000;

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

const OracleFunction& find_oracle(std::string_view name) {
  const auto all = oracle_functions();
  const auto found = std::ranges::find(all, name, &OracleFunction::name);
  ISOTRACE_CHECK(found != all.end(), name);
  return *found;
}

std::vector<MathRow> make_rows(std::string_view function,
                               const std::vector<Implementation>& implementations) {
  std::vector<MathRow> rows;
  for (const Implementation& implementation : implementations) {
    rows.push_back({std::string(function), std::string(implementation.name), 0, 0, {}, 0});
  }
  return rows;
}

void add(const MathRow& from, MathRow& to) {
  to.checked += from.checked;
  to.wrong += from.wrong;
  to.seconds += from.seconds;
  if (from.first_wrong && (!to.first_wrong || *from.first_wrong < *to.first_wrong)) {
    to.first_wrong = from.first_wrong;
  }
}

/// Runs every implementation on arguments and counts results that are not the expected bits.
class Comparison {
 public:
  Comparison(std::string_view function, std::vector<Implementation> implementations)
      : implementations_(std::move(implementations)),
        rows_(make_rows(function, implementations_)) {}

  void compare(std::span<const float> x, std::span<const float> expected) {
    actual_.resize(x.size());
    for (std::size_t i = 0; i < implementations_.size(); ++i) {
      const double start = thread_seconds();
      implementations_[i].run(x.data(), actual_.data(), x.size());
      rows_[i].seconds += thread_seconds() - start;
      count(x, expected, rows_[i]);
    }
  }

  [[nodiscard]] const std::vector<MathRow>& rows() const { return rows_; }

 private:
  void count(std::span<const float> x, std::span<const float> expected, MathRow& row) const {
    row.checked += x.size();
    if (std::memcmp(expected.data(), actual_.data(), expected.size_bytes()) == 0) return;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (std::bit_cast<std::uint32_t>(expected[i]) == std::bit_cast<std::uint32_t>(actual_[i])) {
        continue;
      }
      ++row.wrong;
      const auto bits = std::bit_cast<std::uint32_t>(x[i]);
      if (!row.first_wrong || bits < *row.first_wrong) row.first_wrong = bits;
    }
  }

  std::vector<Implementation> implementations_;
  std::vector<MathRow> rows_;
  std::vector<float> actual_;
};

/// One thread's share of an exhaustive check.
class Worker {
 public:
  explicit Worker(std::string_view function)
      : oracle_(find_oracle(function)), comparison_(function, find_implementations(function)) {}

  /// All arguments of one exponent; of both signs if the function is symmetric.
  void check(std::uint32_t first) {
    const double start = thread_seconds();
    oracle_.sweep(first, [this](std::uint32_t at, std::span<const float> expected) {
      compare_from(at, expected);
      if (oracle_.function().symmetry != Symmetry::none) compare_mirrored(at, expected);
    });
    seconds_ += thread_seconds() - start;
  }

  [[nodiscard]] const std::vector<MathRow>& rows() const { return comparison_.rows(); }
  [[nodiscard]] double seconds() const { return seconds_; }

 private:
  void compare_from(std::uint32_t first, std::span<const float> expected) {
    arguments_.resize(expected.size());
    for (std::uint32_t i = 0; i < expected.size(); ++i) {
      arguments_[i] = std::bit_cast<float>(first + i);
    }
    comparison_.compare(arguments_, expected);
  }

  void compare_mirrored(std::uint32_t first, std::span<const float> expected) {
    mirrored_.assign(expected.begin(), expected.end());
    if (oracle_.function().symmetry == Symmetry::odd) {
      for (float& value : mirrored_) value = value != value ? value : -value;
    }
    compare_from(first | sign_bit, mirrored_);
  }

  Oracle oracle_;
  Comparison comparison_;
  double seconds_ = 0;
  std::vector<float> arguments_;
  std::vector<float> mirrored_;
};

}  // namespace

std::vector<std::string> math_function_names() {
  std::vector<std::string> names;
  for (const OracleFunction& function : oracle_functions()) names.emplace_back(function.name);
  return names;
}

MathReport check_every_argument(std::string_view function, unsigned jobs) {
  const bool symmetric = find_oracle(function).symmetry != Symmetry::none;
  const std::uint32_t sweeps = symmetric ? 256 : 512;
  MathReport report{make_rows(function, find_implementations(function)), 0};
  std::atomic<std::uint32_t> next = 0;
  std::mutex mutex;
  const auto work = [&] {
    const core::FloatEnvironment environment;
    Worker worker(function);
    for (std::uint32_t i = next++; i < sweeps; i = next++) worker.check(i * Oracle::sweep_size);
    const std::lock_guard lock(mutex);
    double implementations = 0;
    for (std::size_t i = 0; i < report.rows.size(); ++i) {
      add(worker.rows()[i], report.rows[i]);
      implementations += worker.rows()[i].seconds;
    }
    report.oracle_seconds += worker.seconds() - implementations;
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < jobs; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  return report;
}

MathReport check_samples(std::string_view function, std::uint64_t samples,
                         std::vector<Implementation> implementations) {
  const core::FloatEnvironment environment;
  const double start = thread_seconds();
  MpfrFunction mpfr(find_oracle(function));
  Comparison comparison(function, std::move(implementations));
  const std::vector<float> arguments = math_samples(samples);
  std::vector<float> expected;
  for (const float x : arguments) expected.push_back(mpfr.rounded(x));
  const double spent = thread_seconds() - start;
  comparison.compare(arguments, expected);
  return {comparison.rows(), spent};
}

MathReport check_samples(std::string_view function, std::uint64_t samples) {
  if (function != "pow") return check_samples(function, samples, find_implementations(function));
  const core::FloatEnvironment environment;
  return check_power_samples(samples);
}

}  // namespace isotrace::tools
