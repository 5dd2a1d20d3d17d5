// Random calls of every operation and type that devices serve, on the kernels compiled for the
// host, against the reference: the same results, and the same refusals. ISOTRACE_RANDOM_CALLS is
// how many per pair of operation and type (4), ISOTRACE_RANDOM_SEED where to begin (1).
#include <cstdlib>
#include <iostream>
#include <map>

#include <isotrace/backends/capability.hpp>
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/core/float_environment.hpp>
#include <tests/backends/gpu_on_host.hpp>
#include <tests/backends/random_calls.hpp>

namespace isotrace::backends::gpu {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// Nothing new would come of it, and the host takes its time.
bool is_large(const std::vector<core::Tensor>& results) {
  return std::ranges::any_of(results, [](const auto& result) { return result.elements() > 60000; });
}

/// What is wrong with what the backend makes of a call; empty if nothing is.
std::string find_problem(Backend& backend, const Sample& call, bool& accepted) {
  const auto views = call.views();
  const auto expected = reference::evaluate(call.node, views);
  if (expected && is_large(*expected)) return {};
  const auto actual = backend.run(call.node, views);
  accepted = expected.has_value();
  if (expected.has_value() != actual.has_value()) {
    return expected ? "refused: " + core::describe(actual.error())
                    : "not refused: " + core::describe(expected.error());
  }
  if (!expected) {
    if (actual.error().code == expected.error().code) return {};
    return "refused otherwise: " + core::describe(actual.error());
  }
  if (actual->size() != expected->size()) return "another number of results";
  for (std::size_t i = 0; i < expected->size(); ++i) {
    if ((*actual)[i].shape() != (*expected)[i].shape()) return "another shape";
    if (!core::identical((*actual)[i], (*expected)[i])) return "other bits";
  }
  return {};
}

TEST(GpuRandom, calls_have_the_results_and_refusals_of_the_reference) {
  const std::uint64_t calls = from_environment("ISOTRACE_RANDOM_CALLS", 4);
  const std::uint64_t seed = from_environment("ISOTRACE_RANDOM_SEED", 1);
  const core::FloatEnvironment environment;
  OnHost host(6, HostOrder::forwards);
  std::map<core::Op, std::size_t> accepted;
  std::size_t count = 0;
  const CapabilityMatrix matrix = *capability_matrix("cuda");
  for (const Capability& entry : matrix) {
    if (entry.support != Support::device) continue;
    accepted[entry.op];
    for (std::uint64_t i = 0; i < calls; ++i) {
      core::PhiloxStream random(seed + i, static_cast<std::uint32_t>(entry.op),
                                static_cast<std::uint32_t>(entry.dtype));
      const Sample call = tests::make_random_call(random, entry.op, entry.dtype);
      bool taken = false;
      const std::string problem = find_problem(*host.backend, call, taken);
      EXPECT_TRUE(problem.empty())
          << "seed " << seed + i << ": " << tests::describe_call(call) << ": " << problem;
      accepted[entry.op] += taken;
      ++count;
    }
  }
  EXPECT_EQ(host.device->held(), 0U);
  std::size_t total = 0;
  std::cout << "always refused:";
  for (const auto& [op, number] : accepted) {
    if (number == 0) std::cout << ' ' << core::op_info(op).name;
    total += number;
  }
  std::cout << "\n" << count << " calls, " << total << " not refused\n";
  EXPECT_GT(2 * total, count);
}

/// Of a device with so little memory that one allocation or another fails: the results, or a
/// refusal, and nothing stays allocated.
TEST(GpuRandom, calls_without_enough_memory_are_refused_or_have_the_results_of_the_reference) {
  const std::uint64_t seed = from_environment("ISOTRACE_RANDOM_SEED", 1);
  const core::FloatEnvironment environment;
  OnHost host(6, HostOrder::forwards);
  std::size_t refused = 0;
  std::size_t done = 0;
  for (const core::OpInfo& info : core::all_ops()) {
    if (info.control || !is_on_device(info.op, core::Dtype::f32)) continue;
    core::PhiloxStream random(seed, static_cast<std::uint32_t>(info.op), 1000);
    const Sample call = tests::make_random_call(random, info.op, core::Dtype::f32);
    const auto views = call.views();
    const auto expected = reference::evaluate(call.node, views);
    if (!expected || is_large(*expected)) continue;
    for (const std::size_t bytes : {0, 1, 8, 40, 100, 300, 1000, 4000, 20000, 100000, 600000}) {
      host.device->limit_memory(bytes);
      const auto actual = host.backend->run(call.node, views);
      EXPECT_EQ(host.device->held(), 0U) << tests::describe_call(call);
      if (!actual) {
        EXPECT_EQ(actual.error().code, core::RefusalCode::limit_exceeded)
            << tests::describe_call(call);
        ++refused;
        continue;
      }
      ++done;
      for (std::size_t i = 0; i < expected->size(); ++i) {
        EXPECT_TRUE(core::identical((*actual)[i], (*expected)[i])) << tests::describe_call(call);
      }
    }
  }
  EXPECT_GT(refused, 100U);
  EXPECT_GT(done, 100U);
}

}  // namespace
}  // namespace isotrace::backends::gpu
