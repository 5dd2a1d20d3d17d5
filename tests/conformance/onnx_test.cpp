// The ONNX backend test suite: models by other hands with results by other implementations.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include <isotrace/executor/conform.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/infer_shapes.hpp>
#include <isotrace/executor/onnx_writer.hpp>

#include "tests/support/data.hpp"

namespace isotrace::tests {
namespace {

using executor::ConformanceOutcome;

std::vector<std::string> folders_below(const std::string& root) {
  std::vector<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (entry.is_directory()) folders.push_back(entry.path().string());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

struct Summary {
  std::size_t cases = 0;
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::map<std::string, std::size_t> refused;  // by name of the refusal
};

Summary run_suite(const std::string& root, backends::Backend& backend) {
  core::PosixFiles files;
  Summary summary;
  for (const std::string& folder : folders_below(root)) {
    const ConformanceOutcome outcome = executor::check_conformance(files, folder, backend);
    ++summary.cases;
    switch (outcome.kind) {
      case ConformanceOutcome::Kind::passed: ++summary.passed; break;
      case ConformanceOutcome::Kind::failed:
        ++summary.failed;
        ADD_FAILURE() << folder << ": " << outcome.mismatch;
        break;
      case ConformanceOutcome::Kind::refused:
        ++summary.refused[std::string(core::refusal_info(outcome.refusal->code).name)];
        break;
    }
  }
  std::cout << root << " on " << backend.info().name << ": " << summary.passed << " of "
            << summary.cases << " passed, " << summary.failed << " failed, refused:";
  for (const auto& [name, count] : summary.refused) std::cout << ' ' << name << ' ' << count;
  std::cout << '\n';
  return summary;
}

/// Every backend against one suite; nothing may fail and `least` must pass.
void check_suite(const std::string& suite, std::size_t least) {
  const auto root = find_onnx_testdata(suite);
  if (!root) GTEST_SKIP() << "ONNX test data " << suite << " is absent";
  for (const char* name : {"reference", "cpu"}) {
    const auto backend = backends::make_backend(name, {});
    ASSERT_TRUE(backend.has_value()) << core::describe(backend.error());
    const Summary summary = run_suite(*root, **backend);
    EXPECT_GE(summary.passed, least) << name;
    EXPECT_EQ(summary.failed, 0U) << name;
  }
}

TEST(OnnxSuite, PytorchConverted) { check_suite("pytorch-converted", 82); }
TEST(OnnxSuite, PytorchOperator) { check_suite("pytorch-operator", 35); }
TEST(OnnxSuite, Simple) { check_suite("simple", 15); }
TEST(OnnxSuite, Node) { check_suite("node", 903); }

/// Roots of the traces that a backend records for a case's data sets.
std::vector<core::Digest> roots_on(const executor::ConformanceCase& loaded, const char* name) {
  const auto backend = *backends::make_backend(name, {});
  core::PosixFiles files;
  const std::string path = testing::TempDir() + "conformance_" + name + ".isotrace";
  std::vector<core::Digest> roots;
  for (const executor::ConformanceData& data : loaded.data) {
    const auto recording =
        executor::record(loaded.program, data.inputs, *backend, files, {.path = path, .tool = {}});
    if (!recording) return {};
    roots.push_back(recording->root);
  }
  std::filesystem::remove(path);
  return roots;
}

TEST(OnnxSuite, BackendsRecordTheSameRoots) {
  const auto root = find_onnx_testdata("pytorch-converted");
  if (!root) GTEST_SKIP() << "ONNX test data is absent";
  core::PosixFiles files;
  std::size_t compared = 0;
  for (const std::string& folder : folders_below(*root)) {
    const auto loaded = executor::load_conformance(files, folder);
    if (!loaded) continue;
    const auto reference = roots_on(*loaded, "reference");
    if (reference.empty()) continue;
    EXPECT_EQ(reference, roots_on(*loaded, "cpu")) << folder;
    ++compared;
  }
  EXPECT_EQ(compared, 82U);
}

/// Why the model of one step is not that step, or nothing.
std::string find_writer_mistake(const executor::StepView& step,
                                const executor::OnnxStepModel& written,
                                backends::Backend& backend) {
  const auto program = executor::import_onnx(written.bytes);
  if (!program) return core::describe(program.error());
  if (program->nodes.size() != 1) return std::to_string(program->nodes.size()) + " nodes";
  const core::Node& node = program->nodes[0];
  if (node.op != step.node.op) return "another operation";
  if (core::attribute_digest(node) != core::attribute_digest(step.node)) return "other attributes";
  std::vector<executor::NamedTensor> inputs;
  for (std::size_t i = 0; i < written.inputs.size(); ++i) {
    if (written.inputs[i].empty()) continue;
    const core::TensorView& operand = *step.operands[i];
    inputs.push_back({written.inputs[i],
                      *core::Tensor::from_bytes(
                          operand.dtype(), program->inputs[inputs.size()].shape, operand.bytes())});
  }
  const auto outputs = executor::execute(*program, inputs, backend);
  if (!outputs) return core::describe(outputs.error());
  std::size_t next = 0;
  for (std::size_t i = 0; i < step.results.size(); ++i) {
    if (written.outputs[i].empty()) continue;
    if (!core::identical((*outputs)[next++].value, step.results[i])) return "another result";
  }
  return {};
}

/// Every step of every model of the suite, written as a model of its own and read again.
TEST(OnnxSuite, StepsWrittenAsModelsAreTheSameSteps) {
  const auto backend = *backends::make_backend("cpu", {});
  core::PosixFiles files;
  std::size_t same = 0;
  std::size_t refused = 0;
  std::set<core::Op> operations;
  for (const char* suite : {"pytorch-converted", "pytorch-operator", "node"}) {
    const auto root = find_onnx_testdata(suite);
    if (!root) GTEST_SKIP() << "ONNX test data is absent";
    for (const std::string& folder : folders_below(*root)) {
      const auto loaded = executor::load_conformance(files, folder);
      if (!loaded) continue;
      const auto check = [&](const executor::StepView& step) -> core::Result<core::Done> {
        const auto written =
            executor::write_onnx_step({step.node, step.operands, executor::infos_of(step.results)});
        if (!written) {
          EXPECT_EQ(written.error().code, core::RefusalCode::onnx_inexpressible) << folder;
          ++refused;
          return core::Done{};
        }
        const std::string mistake = find_writer_mistake(step, *written, *backend);
        EXPECT_EQ(mistake, "") << folder << " " << core::op_info(step.node.op).name;
        if (mistake.empty()) ++same;
        operations.insert(step.node.op);
        return core::Done{};
      };
      (void)executor::execute(loaded->program, loaded->data[0].inputs, *backend, check);
    }
  }
  std::cout << same << " steps of " << operations.size() << " operations, " << refused
            << " refused\n";
  EXPECT_GE(operations.size(), 147U);
}

/// Shapes inferred from input shapes alone never contradict the tensors of a run.
TEST(OnnxSuite, InferredShapesAreTheExecutedOnes) {
  const auto backend = *backends::make_backend("reference", {});
  core::PosixFiles files;
  std::size_t compared = 0;
  for (const char* suite : {"pytorch-converted", "pytorch-operator", "node"}) {
    const auto root = find_onnx_testdata(suite);
    if (!root) GTEST_SKIP() << "ONNX test data is absent";
    for (const std::string& folder : folders_below(*root)) {
      const auto loaded = executor::load_conformance(files, folder);
      if (!loaded) continue;
      std::vector<core::Shape> shapes;
      for (const auto& input : loaded->data[0].inputs) shapes.push_back(input.value.shape());
      if (shapes.size() != loaded->program.inputs.size()) continue;
      const auto inferred = executor::infer_shapes(loaded->program, shapes);
      const executor::StepObserver observer =
          [&](const executor::StepView& step) -> core::Result<core::Done> {
        if (!step.path.empty()) return core::Done{};  // inside a node, with values of its own
        for (std::size_t i = 0; i < step.results.size(); ++i) {
          const core::ValueId value = step.node.outputs[i];
          if (value == core::no_value) continue;
          const auto& info = inferred->values[value];
          EXPECT_EQ(info.dtype, step.results[i].dtype()) << folder;
          if (info.shape) {
            EXPECT_TRUE(std::equal(info.shape->begin(), info.shape->end(),
                                   step.results[i].shape().begin(), step.results[i].shape().end(),
                                   [](auto a, auto b) { return a < 0 || a == b; }))
                << folder;
          }
          ++compared;
        }
        return core::Done{};
      };
      const auto outputs =
          executor::execute(loaded->program, loaded->data[0].inputs, *backend, observer);
      EXPECT_TRUE(inferred.has_value() || !outputs.has_value()) << folder;
    }
  }
  EXPECT_GT(compared, 100U);
}

}  // namespace
}  // namespace isotrace::tests
