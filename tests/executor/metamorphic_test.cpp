// What must not change bits: threads, instruction sets, the batch a row stands in, the order of the
// rows, the layout that weights are stored in. On models of others: the converted PyTorch modules
// of ONNX's test data and the networks of VNN-COMP.
#include <algorithm>
#include <filesystem>
#include <iostream>

#include <gtest/gtest.h>

#include <isotrace/core/philox.hpp>
#include <isotrace/executor/conform.hpp>
#include <isotrace/executor/import_onnx.hpp>

#include "tests/executor/model_builder.hpp"
#include "tests/support/data.hpp"
#include "tests/support/simulated_files.hpp"

namespace isotrace::tests {
namespace {

namespace fs = std::filesystem;
using core::Tensor;
using executor::NamedTensor;

struct Machine {
  const char* backend;
  unsigned threads;
  const char* isa;
};
constexpr Machine machines[] = {{"cpu", 1, "avx2"},   {"cpu", 2, "avx2"},   {"cpu", 3, ""},
                                {"cpu", 1, "avx512"}, {"cpu", 2, "avx512"}, {"reference", 1, ""}};

/// Backends of the table that this processor has; the first is always there.
std::vector<std::unique_ptr<backends::Backend>> present_machines() {
  std::vector<std::unique_ptr<backends::Backend>> present;
  for (const Machine& machine : machines) {
    auto backend =
        backends::make_backend(machine.backend, {.threads = machine.threads, .isa = machine.isa});
    if (backend) present.push_back(*std::move(backend));
  }
  return present;
}

std::optional<core::Digest> root_on(const core::Program& program,
                                    std::span<const NamedTensor> inputs,
                                    backends::Backend& backend) {
  SimulatedFiles files;
  const auto run = executor::record(program, inputs, backend, files,
                                    {.path = "t", .embed_program = false, .tool = {}});
  if (!run) return std::nullopt;
  // A run that nobody watches, whose steps may run as one, gives the same outputs.
  const auto outputs = executor::execute(program, inputs, backend);
  EXPECT_TRUE(outputs.has_value());
  for (std::size_t i = 0; outputs && i < outputs->size(); ++i) {
    EXPECT_TRUE(core::identical((*outputs)[i].value, run->outputs[i].value));
  }
  return run->root;
}

Tensor random_tensor(const core::Shape& shape, std::uint64_t seed) {
  Tensor tensor(core::Dtype::f32, shape);
  core::PhiloxStream random(seed);
  for (float& element : tensor.data<float>()) element = 2 * random.next_f32() - 1;
  return tensor;
}

/// model.onnx of a suite's tests, or every .onnx of a folder.
std::vector<std::string> models_below(const std::string& root) {
  std::vector<std::string> models;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".onnx") models.push_back(entry.path().string());
  }
  std::sort(models.begin(), models.end());
  return models;
}

/// Models to test, each once; VNN-COMP has dozens of networks of the same shape, so every tenth.
std::vector<std::string> models_of_others() {
  std::vector<std::string> models;
  if (const auto suite = find_onnx_testdata("pytorch-converted")) models = models_below(*suite);
  if (const auto networks = find_data("vnncomp")) {
    const auto all = models_below(*networks);
    for (std::size_t i = 0; i < all.size(); i += 10) models.push_back(all[i]);
  }
  return models;
}

TEST(Metamorphic, ThreadsAndInstructionSetsGiveTheSameRoot) {
  const auto backends = present_machines();
  ASSERT_GE(backends.size(), 4U);
  std::size_t compared = 0;
  const auto models = models_of_others();
  if (models.empty()) GTEST_SKIP() << "no models of others here";
  for (const std::string& model : models) {
    const auto program = executor::import_onnx(read_file(model));
    if (!program) continue;
    std::vector<NamedTensor> inputs;
    for (const core::ProgramInput& input : program->inputs) {
      core::Shape shape = input.shape;
      std::replace(shape.begin(), shape.end(), std::int64_t{-1}, std::int64_t{2});
      if (input.dtype == core::Dtype::f32) inputs.push_back({input.name, random_tensor(shape, 1)});
    }
    const auto first = root_on(*program, inputs, *backends[0]);
    if (!first) continue;  // inputs of other types, which are indices: not for random numbers
    for (const auto& backend : backends) {
      EXPECT_EQ(root_on(*program, inputs, *backend), first) << model << backend->info().device;
    }
    ++compared;
  }
  std::cout << compared << " models on " << backends.size() << " machines\n";
  EXPECT_GE(compared, 70U);
}

/// The model with the first dimension of its one f32 input left open; nothing if it has another
/// kind of input.
std::optional<core::Program> with_free_batch(const std::string& path) {
  onnx::ModelProto model;
  const core::Bytes bytes = read_file(path);
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  const auto declared = executor::import_onnx(bytes);
  if (!declared || declared->inputs.size() != 1 || declared->inputs[0].shape.size() < 2 ||
      declared->inputs[0].dtype != core::Dtype::f32) {
    return std::nullopt;
  }
  for (auto& input : *model.mutable_graph()->mutable_input()) {
    if (input.name() != declared->inputs[0].name) continue;
    auto& shape = *input.mutable_type()->mutable_tensor_type()->mutable_shape();
    shape.mutable_dim(0)->set_dim_param("batch");
  }
  const std::string text = model.SerializeAsString();
  auto program = executor::import_onnx(core::as_bytes(text));
  if (!program) return std::nullopt;
  return *std::move(program);
}

std::optional<Tensor> output_of(const core::Program& program, const Tensor& input,
                                backends::Backend& backend) {
  const NamedTensor named{program.inputs[0].name, input};
  auto outputs = executor::execute(program, {&named, 1}, backend);
  if (!outputs || outputs->size() != 1) return std::nullopt;
  return std::move((*outputs)[0].value);
}

core::ByteView row_of(const Tensor& tensor, std::size_t row) {
  const std::size_t bytes = tensor.bytes().size() / static_cast<std::size_t>(tensor.dim(0));
  return tensor.bytes().subspan(row * bytes, bytes);
}

/// Rows of `tensor` in the order given.
Tensor rows(const Tensor& tensor, const std::vector<std::size_t>& order) {
  core::Shape shape = tensor.shape();
  shape[0] = static_cast<std::int64_t>(order.size());
  core::Bytes bytes;
  for (const std::size_t row : order) {
    const core::ByteView view = row_of(tensor, row);
    bytes.insert(bytes.end(), view.begin(), view.end());
  }
  return *Tensor::from_bytes(tensor.dtype(), shape, bytes);
}

bool has_rows(const std::optional<Tensor>& tensor, std::int64_t count) {
  return tensor && tensor->rank() > 0 && tensor->dim(0) == count;
}

TEST(Metamorphic, ARowDoesNotSeeItsBatch) {
  constexpr std::int64_t batch = 5;
  const std::vector<std::size_t> permuted = {3, 0, 4, 1, 2};
  const auto backends = present_machines();
  const auto models = models_of_others();
  if (models.empty()) GTEST_SKIP() << "no models of others here";
  std::size_t compared = 0;
  for (const std::string& model : models) {
    const auto program = with_free_batch(model);
    if (!program) continue;
    core::Shape shape = program->inputs[0].shape;
    std::replace(shape.begin() + 1, shape.end(), std::int64_t{-1}, std::int64_t{2});
    shape[0] = batch;
    const Tensor input = random_tensor(shape, 2);
    const auto whole = output_of(*program, input, *backends[0]);
    const auto first = output_of(*program, rows(input, {0}), *backends[0]);
    // Constants in some models tie them to the batch they were exported with.
    if (!has_rows(whole, batch) || !has_rows(first, 1)) continue;
    ++compared;
    for (const auto& backend : backends) {
      const auto together = output_of(*program, input, *backend);
      const auto shuffled = output_of(*program, rows(input, permuted), *backend);
      ASSERT_TRUE(together && shuffled) << model;
      EXPECT_TRUE(core::identical(rows(*together, permuted), *shuffled)) << model;
      for (std::size_t row = 0; row < batch; ++row) {
        const auto alone = output_of(*program, rows(input, {row}), *backend);
        ASSERT_TRUE(has_rows(alone, 1)) << model;
        EXPECT_TRUE(core::identical(*alone, rows(*together, {row}))) << model << " row " << row;
      }
    }
  }
  std::cout << compared << " models with a free batch\n";
  EXPECT_GE(compared, 70U);
}

Tensor transposed(const Tensor& matrix) {
  Tensor result(matrix.dtype(), {matrix.dim(1), matrix.dim(0)});
  const auto columns = static_cast<std::size_t>(matrix.dim(1));
  const auto height = static_cast<std::size_t>(matrix.dim(0));
  for (std::size_t i = 0; i < height; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      result.data<float>()[j * height + i] = matrix.data<float>()[i * columns + j];
    }
  }
  return result;
}

TEST(Metamorphic, TransposedStorageOfWeightsGivesTheSameBits) {
  for (const auto& [m, k, n] :
       {std::array<std::int64_t, 3>{1, 300, 17}, {5, 600, 33}, {64, 8, 1}}) {
    const Tensor w = random_tensor({k, n}, 3);
    const Tensor x = random_tensor({m, k}, 4);
    ModelBuilder direct;
    direct.input("x", {-1, k}).output("y").initializer("w", w);
    direct.node("MatMul", {"x", "w"}, {"y"});
    ModelBuilder moved;
    moved.input("x", {-1, k}).output("y").initializer("v", transposed(w));
    moved.node("Transpose", {"v"}, {"w"}).attribute("perm", Ints{1, 0});
    moved.node("MatMul", {"x", "w"}, {"y"});
    ModelBuilder gemm;
    gemm.input("x", {-1, k}).output("y").initializer("v", transposed(w));
    gemm.node("Gemm", {"x", "v"}, {"y"}).attribute("transB", 1);
    std::optional<Tensor> expected;
    for (const auto& backend : present_machines()) {
      for (const ModelBuilder* model : {&direct, &moved, &gemm}) {
        const auto program = executor::import_onnx(model->bytes());
        ASSERT_TRUE(program.has_value()) << core::describe(program.error());
        const auto found = output_of(*program, x, *backend);
        ASSERT_TRUE(found.has_value());
        if (!expected) expected = found;
        EXPECT_TRUE(core::identical(*expected, *found)) << m << " " << k << " " << n;
      }
    }
  }
}

}  // namespace
}  // namespace isotrace::tests
