// Random modules on all engines side by side. ISOTRACE_RANDOM_MODULES: how many (100,000), from the
// seed ISOTRACE_RANDOM_SEED (0) on.
#include <cstdlib>
#include <iostream>
#include <thread>

#include <gtest/gtest.h>

#include "tests/wasm/random/compare.hpp"
#include "tests/wasm/random/module.hpp"

namespace isotrace::wasm::tests {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t usual) {
  const char* text = std::getenv(variable);
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

struct Totals {
  std::uint64_t modules = 0;
  std::uint64_t linked = 0;
  std::uint64_t steps = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t unfinished = 0;
  std::vector<std::string> differences;
};

/// The seeds begin, begin + stride, ...
void compare_seeds(std::uint64_t begin, std::uint64_t end, std::uint64_t stride, Totals& totals) {
  for (std::uint64_t seed = begin; seed < end; seed += stride) {
    const Edition edition = seed % 4 == 0 ? Edition::mvp : Edition::v2;
    const Comparison found =
        compare_engines(random_module(seed, {.edition = edition}), edition, seed);
    if (found.valid) ++totals.modules;
    if (found.linked) ++totals.linked;
    totals.steps += found.steps;
    totals.checkpoints += found.checkpoints;
    totals.unfinished += found.unfinished;
    if (!found.difference) continue;
    totals.differences.push_back("seed " + std::to_string(seed) + ": " + *found.difference);
    if (totals.differences.size() == 10) return;
  }
}

TEST(WasmDifferential, engines_agree_at_every_checkpoint_of_random_modules) {
  const std::uint64_t begin = number_from("ISOTRACE_RANDOM_SEED", 0);
  const std::uint64_t end = begin + number_from("ISOTRACE_RANDOM_MODULES", 100'000);
  const std::uint64_t workers = std::max(1U, std::thread::hardware_concurrency());
  std::vector<Totals> parts(workers);
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i < workers; ++i) {
      threads.emplace_back([&, i] { compare_seeds(begin + i, end, workers, parts[i]); });
    }
  }
  Totals all;
  for (const Totals& part : parts) {
    all.modules += part.modules;
    all.linked += part.linked;
    all.steps += part.steps;
    all.checkpoints += part.checkpoints;
    all.unfinished += part.unfinished;
    for (const std::string& difference : part.differences) ADD_FAILURE() << difference;
  }
  std::cout << all.modules << " modules, " << all.steps << " steps, " << all.checkpoints
            << " checkpoints, " << all.unfinished << " runs stopped\n";
  EXPECT_EQ(all.modules, end - begin);
  EXPECT_GT(all.linked, all.modules / 2);
  EXPECT_GT(all.checkpoints, 2 * all.modules);
}

/// An engine with a fault of one kind.
class Faulty : public Stepper {
 public:
  enum class Fault { unmarked_write, lost_operand, late_stop };
  Faulty(Store& store, Fault fault) : Stepper(store), store_(store), fault_(fault) {}

  bool run_to_suspend_point(std::uint64_t steps_min) override {
    if (fault_ == Fault::unmarked_write && !store_.memories.empty()) {
      auto bytes = store_.memories.back().data.bytes();
      if (!bytes.empty()) bytes.back() ^= 1;
    }
    return Stepper::run_to_suspend_point(steps_min + (fault_ == Fault::late_stop ? 1 : 0));
  }

  void restore(const Execution& state) override {
    Execution other = state;
    if (fault_ == Fault::lost_operand && !other.slots.empty()) other.slots.back() = 0;
    Stepper::restore(other);
  }

 private:
  Store& store_;
  Fault fault_;
};

template <Faulty::Fault fault>
std::unique_ptr<Engine> make_faulty(Store& store) {
  return std::make_unique<Relay>(std::make_unique<Faulty>(store, fault),
                                 std::make_unique<Faulty>(store, fault), 1);
}

template <Faulty::Fault fault>
std::size_t count_differences(const Effort& effort) {
  const EngineKind engines[] = {engine_kinds[0], {"faulty", make_faulty<fault>}};
  std::size_t found = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const core::Bytes bytes = random_module(seed, {});
    if (compare_engines(bytes, Edition::v2, seed, engines, effort).difference) ++found;
  }
  return found;
}

TEST(WasmDifferential, faults_of_engines_are_found) {
  for (const std::uint64_t hash_every : {0, 1, 4}) {
    SCOPED_TRACE(hash_every);
    const Effort effort{.hash_every = hash_every};
    EXPECT_GT(count_differences<Faulty::Fault::unmarked_write>(effort), 50U);
    EXPECT_GT(count_differences<Faulty::Fault::lost_operand>(effort), 20U);
    EXPECT_GT(count_differences<Faulty::Fault::late_stop>(effort), 10U);
  }
}

}  // namespace
}  // namespace isotrace::wasm::tests
