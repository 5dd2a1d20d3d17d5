// The ONNX backend test suite on the kernels of backends/gpu, compiled for the host: what they do
// of models by other hands has the trace of the reference, and what they refuse is executed by it.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>

#include <gtest/gtest.h>

#include <isotrace/backends/fallback_backend.hpp>
#include <isotrace/backends/gpu/gpu_backend.hpp>
#include <isotrace/executor/conform.hpp>

#include "tests/backends/host_device.hpp"
#include "tests/support/data.hpp"
#include "tests/support/simulated_files.hpp"

namespace isotrace::tests {
namespace {

namespace gpu = backends::gpu;
using Roots = std::vector<core::Digest>;

/// Of the traces of a case's data sets; nothing if one is refused.
Roots record_all(const executor::ConformanceCase& loaded, backends::Backend& backend) {
  Roots roots;
  for (const executor::ConformanceData& data : loaded.data) {
    SimulatedFiles files(Fault{});
    const auto recording =
        executor::record(loaded.program, data.inputs, backend, files, {.path = "t", .tool = {}});
    if (!recording) return {};
    roots.push_back(recording->root);
  }
  return roots;
}

struct Summary {
  std::size_t compared = 0;
  std::size_t direct = 0;                               ///< without a step that fell back
  std::map<std::string_view, std::size_t> fallen_back;  ///< cases, by operation
};

void compare_case(const std::string& folder, Summary& summary) {
  core::PosixFiles files;
  const auto loaded = executor::load_conformance(files, folder);
  if (!loaded) return;
  const auto reference = *backends::make_backend("reference", {});
  const Roots expected = record_all(*loaded, *reference);
  if (expected.empty()) return;
  auto made = std::make_unique<gpu::HostDevice>(16, gpu::HostOrder::forwards);
  const gpu::HostDevice& device = *made;
  backends::FallbackBackend backend(*gpu::make_gpu_backend("cuda", std::move(made)),
                                    *backends::make_backend("reference", {}));
  EXPECT_EQ(record_all(*loaded, backend), expected) << folder;
  EXPECT_EQ(device.held(), 0U) << folder;
  ++summary.compared;
  if (backend.fallen_back().empty()) ++summary.direct;
  for (const auto& [operation, steps] : backend.fallen_back()) ++summary.fallen_back[operation];
}

/// No case needs the reference, and at least so many are there.
void compare_suite(const std::string& suite, std::size_t direct) {
  const auto root = find_onnx_testdata(suite);
  if (!root) GTEST_SKIP() << "ONNX test data " << suite << " is absent";
  std::vector<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(*root)) {
    if (entry.is_directory()) folders.push_back(entry.path().string());
  }
  std::sort(folders.begin(), folders.end());
  Summary summary;
  for (const std::string& folder : folders) compare_case(folder, summary);
  std::cout << suite << ": " << summary.compared << " compared, " << summary.direct
            << " without the reference; fallen back:";
  for (const auto& [operation, cases] : summary.fallen_back) {
    std::cout << ' ' << operation << ' ' << cases;
  }
  std::cout << '\n';
  EXPECT_GE(summary.direct, direct);
  EXPECT_TRUE(summary.fallen_back.empty());
}

TEST(GpuSuite, Node) { compare_suite("node", 903); }
TEST(GpuSuite, PytorchOperator) { compare_suite("pytorch-operator", 35); }
TEST(GpuSuite, Simple) { compare_suite("simple", 15); }

}  // namespace
}  // namespace isotrace::tests
