// Damaged and hostile files: every mutant is refused or runs to its end within limits. A crash, a
// sanitizer report or a time-out fails the test.
#include <filesystem>
#include <map>

#include <gtest/gtest.h>

#include <isotrace/core/file.hpp>
#include <isotrace/executor/execute.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/infer_shapes.hpp>
#include <isotrace/executor/tensor_file.hpp>

#include "tests/executor/control_models.hpp"
#include "tests/support/mutate.hpp"

namespace isotrace::tests {
namespace {

// Enough for a few rounds of a loop.
constexpr executor::ExecuteLimits small_limits = {1 << 22, 1 << 26};

ModelBuilder convolution_model() {
  ModelBuilder model(11);
  model.input("x", {1, 2, 5, 5}).output("y");
  model.initializer("w", floats({2, 2, 2, 2}, std::vector<float>(16, 0.5F)));
  model.initializer("s", integers({1, -1}));
  model.node("Conv", {"x", "w"}, {"c"}).attribute("pads", Ints{1, 1, 1, 1}).attribute("group", 1);
  model.node("Relu", {"c"}, {"r"});
  model.node("MaxPool", {"r"}, {"p", "indices"})
      .attribute("kernel_shape", Ints{2, 2})
      .attribute("strides", Ints{2, 2})
      .attribute("ceil_mode", 1);
  model.node("Reshape", {"p", "s"}, {"f"});
  model.node("Softmax", {"f"}, {"y"}).attribute("axis", 1);
  model.output("indices");
  return model;
}

ModelBuilder movement_model() {
  ModelBuilder model(13);
  model.input("x", {-1, 4}).output("y").output("z");
  for (const auto& [name, values] :
       std::vector<std::pair<std::string, Ints>>{{"starts", {1}},
                                                 {"ends", {9}},
                                                 {"axes", {1}},
                                                 {"steps", {2}},
                                                 {"pads", {0, 1, 0, 2}},
                                                 {"wide", {3, 1, 1}},
                                                 {"parts", {1, 1}}}) {
    model.initializer(name, integers(values), Encoding::typed);
  }
  model.node("Slice", {"x", "starts", "ends", "axes", "steps"}, {"a"});
  model.node("Pad", {"x", "pads"}, {"b"}).attribute("mode", "reflect");
  model.node("Split", {"a", "parts"}, {"a0", "a1"}).attribute("axis", 1);
  model.node("Expand", {"a0", "wide"}, {"e"});
  model.node("Shape", {"b"}, {"n"});
  model.node("ConstantOfShape", {"n"}, {"k"}).attribute("value", floats({1}, {2}));
  model.node("Gather", {"k", "axes"}, {"g"}).attribute("axis", 1);
  model.node("Concat", {"g", "a1"}, {"y"}).attribute("axis", 1);
  model.node("ReduceSum", {"e", "axes"}, {"z"});
  return model;
}

ModelBuilder legacy_model() {
  ModelBuilder model(6);
  model.input("x", {2, 3, 2}).output("y");
  model.initializer("b", floats({3}, {1, 2, 3}))
      .initializer("w", floats({6, 2}, std::vector<float>(12, 1)));
  model.node("Add", {"x", "b"}, {"h"}).attribute("broadcast", 1).attribute("axis", 1);
  model.node("Clip", {"h"}, {"c"}).attribute("min", 0.0F).attribute("max", 6.0F);
  model.node("Flatten", {"c"}, {"f"}).attribute("axis", 1);
  model.node("Gemm", {"f", "w", "v"}, {"y"}).attribute("broadcast", 1).attribute("alpha", 0.5F);
  model.initializer("v", floats({2}, {1, 2}));
  return model;
}

ModelBuilder control_model() {
  ModelBuilder model = nested_model();
  // Constants in place of inputs, so that rounds are executed whatever the inputs are.
  model.proto().mutable_graph()->mutable_input()->DeleteSubrange(1, 2);
  model.initializer("n", count(3), Encoding::typed);
  model.initializer("flag", truth(true), Encoding::typed);
  ModelBuilder body;
  body.shapeless_input("sum").shapeless_input("row").output("next").output("next");
  body.node("Add", {"sum", "row"}, {"next"});
  model.initializer("first", floats({2}, {0, 0}));
  model.node("Scan", {"first", "all"}, {"end", "sums"})
      .attribute("num_scan_inputs", 1)
      .attribute("scan_input_axes", Ints{0})
      .attribute("scan_output_axes", Ints{-1})
      .attribute("body", body.graph());
  model.output("end").output("sums");
  return model;
}

ModelBuilder sequence_model() {
  ModelBuilder model(17);
  model.input("x", {2, 3}).output("y").output("n").output("z").output("s");
  model.initializer("at", integers({-1}), Encoding::typed);
  model.initializer("sizes", integers({1, 2}), Encoding::typed);
  model.node("SplitToSequence", {"x", "sizes"}, {"s"}).attribute("axis", 1);
  model.node("SequenceInsert", {"s", "x", "at"}, {"t"});
  model.node("SequenceErase", {"t", "at"}, {"u"});
  model.node("ConcatFromSequence", {"u"}, {"y"}).attribute("axis", -1).attribute("new_axis", 0);
  model.node("SequenceLength", {"u"}, {"n"});
  model.node("Optional", {"u"}, {"o"});
  model.node("OptionalGetElement", {"o"}, {"v"});
  model.node("SequenceAt", {"v", "at"}, {"z"});
  return model;
}

/// Small inputs of the declared types; nothing if a declared size is not small.
std::optional<std::vector<executor::NamedTensor>> tiny_inputs(const core::Program& program) {
  std::vector<executor::NamedTensor> inputs;
  for (const core::ProgramInput& input : program.inputs) {
    core::Shape shape = input.shape;
    // Zeros are the empty sequence, or the optional without a value.
    if (core::is_structured(input.dtype)) shape = {core::is_optional(input.dtype) ? 1 : 8};
    for (std::int64_t& dim : shape) dim = dim < 0 ? 2 : dim;
    const auto count = core::element_count(shape);
    if (!count || *count > 4096) return std::nullopt;
    inputs.push_back({input.name, core::Tensor(input.dtype, shape)});
  }
  return inputs;
}

struct Tally {
  std::size_t refused = 0;
  std::size_t imported = 0;
  std::size_t executed = 0;
};

void run_mutant(const core::Bytes& bytes, backends::Backend& backend, Tally& tally) {
  const auto program = executor::import_onnx(bytes);
  if (!program) {
    ++tally.refused;
    return;
  }
  ++tally.imported;
  const auto inputs = tiny_inputs(*program);
  if (!inputs) return;
  const auto outputs = executor::execute(*program, *inputs, backend, {}, small_limits);
  if (outputs) ++tally.executed;
}

/// A number that an attacker would try: small, or at the edge of a type.
std::int64_t hostile_number(core::PhiloxStream& random) {
  constexpr std::int64_t extremes[] = {INT64_MIN, INT64_MAX, INT64_MAX - 1, INT32_MIN, INT32_MAX,
                                       1LL << 31, 1LL << 33, 1LL << 35,     1LL << 62, -256};
  if (random.next_below(2) == 0) return static_cast<std::int64_t>(random.next_below(12)) - 4;
  return extremes[random.next_below(std::size(extremes))];
}

template <class List>
void overwrite_one(List& list, core::PhiloxStream& random) {
  if (list.empty()) return;
  list.Set(static_cast<int>(random.next_below(static_cast<std::uint64_t>(list.size()))),
           hostile_number(random));
}

/// Well-formed models with hostile numbers in attributes, shapes and integer constants: these get
/// through the parser, which byte mutants rarely do.
void mutate_numbers(onnx::ModelProto& model, core::PhiloxStream& random) {
  auto& graph = *model.mutable_graph();
  const auto pick = [&random](int size) {
    return static_cast<int>(random.next_below(static_cast<std::uint64_t>(size)));
  };
  switch (random.next_below(4)) {
    case 0: {
      auto& initializer = *graph.mutable_initializer(pick(graph.initializer_size()));
      overwrite_one(*initializer.mutable_int64_data(), random);
      break;
    }
    case 1: {
      auto& type = *graph.mutable_input(0)->mutable_type()->mutable_tensor_type();
      auto& shape = *type.mutable_shape();
      shape.mutable_dim(pick(shape.dim_size()))->set_dim_value(hostile_number(random));
      break;
    }
    default: {
      auto& node = *graph.mutable_node(pick(graph.node_size()));
      if (node.attribute_size() == 0) break;
      auto& attribute = *node.mutable_attribute(pick(node.attribute_size()));
      if (attribute.has_i()) attribute.set_i(hostile_number(random));
      overwrite_one(*attribute.mutable_ints(), random);
    }
  }
}

void mutate_model(const ModelBuilder& builder, std::uint64_t seed) {
  const auto backend = *backends::make_backend("reference", {});
  core::PhiloxStream random(seed);
  const core::Bytes whole = builder.bytes();
  Tally unharmed;
  run_mutant(whole, *backend, unharmed);
  ASSERT_EQ(unharmed.executed, 1U);
  Tally bytes;
  for (std::size_t i = 0; i < mutant_count(); ++i)
    run_mutant(mutate(whole, random), *backend, bytes);
  Tally numbers;
  for (std::size_t i = 0; i < mutant_count() / 4; ++i) {
    ModelBuilder mutant = builder;
    for (std::uint64_t edits = 1 + random.next_below(3); edits > 0; --edits) {
      mutate_numbers(mutant.proto(), random);
    }
    run_mutant(mutant.bytes(), *backend, numbers);
  }
  // Mutants must reach every stage, or the test would exercise nothing.
  for (const Tally& tally : {bytes, numbers}) {
    EXPECT_GT(tally.refused, 0U);
    EXPECT_GT(tally.executed, 0U);
  }
  EXPECT_GT(numbers.imported, numbers.executed);
  testing::Test::RecordProperty("imported", static_cast<int>(bytes.imported + numbers.imported));
  testing::Test::RecordProperty("executed", static_cast<int>(bytes.executed + numbers.executed));
}

TEST(Mutation, ConvolutionModel) { mutate_model(convolution_model(), 1); }
TEST(Mutation, MovementModel) { mutate_model(movement_model(), 2); }
TEST(Mutation, LegacyModel) { mutate_model(legacy_model(), 3); }

TEST(Mutation, ControlFlowModel) { mutate_model(control_model(), 6); }
TEST(Mutation, SequenceModel) { mutate_model(sequence_model(), 7); }

/// Programs as traces carry them: what parses may still not fit its nodes.
TEST(Mutation, ProgramsInsidePrograms) {
  const auto backend = *backends::make_backend("reference", {});
  core::PhiloxStream random(8);
  for (const ModelBuilder& model : {control_model(), sequence_model()}) {
    const core::Bytes whole = core::write_program(*executor::import_onnx(model.bytes()));
    std::size_t executed = 0;
    std::size_t refused = 0;
    for (std::size_t i = 0; i < mutant_count(); ++i) {
      const auto program = core::parse_program(mutate(whole, random));
      if (!program) continue;
      const auto inputs = tiny_inputs(*program);
      if (!inputs) continue;
      (void)executor::infer_shapes(*program);
      const auto outputs = executor::execute(*program, *inputs, *backend, {}, small_limits);
      ++(outputs ? executed : refused);
    }
    EXPECT_GT(executed, 0U);
    EXPECT_GT(refused, 0U);
  }
}

/// `expansion`: what a file may at most turn into, per byte.
void mutate_tensors(const core::Bytes& file, std::uint64_t seed, std::size_t expansion = 8) {
  ASSERT_TRUE(executor::parse_tensors(file).has_value());
  core::PhiloxStream random(seed);
  std::size_t parsed = 0;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < mutant_count(); ++i) {
    const core::Bytes mutant = mutate(file, random);
    const auto read = executor::parse_tensors(mutant);
    if (!read) {
      ++refused;
      continue;
    }
    ++parsed;
    std::size_t bytes = 0;
    for (const auto& tensor : read->tensors) bytes += tensor.value.bytes().size();
    EXPECT_LE(bytes, expansion * mutant.size());
  }
  EXPECT_GT(parsed, 0U);
  EXPECT_GT(refused, 0U);
}

TEST(Mutation, TensorProtoFile) {
  const core::Tensor tensor = floats({3, 2}, {1, 2, 3, 4, 5, 6});
  for (const Encoding encoding : {Encoding::raw, Encoding::typed}) {
    const std::string text = tensor_proto("t", tensor, encoding).SerializeAsString();
    mutate_tensors({text.begin(), text.end()}, 4);
  }
}

std::vector<executor::NamedTensor> two_tensors() {
  return {{"first", floats({3, 2}, {1, 2, 3, 4, 5, 6})}, {"second", integers({7, 8})}};
}

TEST(Mutation, NpzFile) {
  mutate_tensors(*executor::write_tensors(executor::TensorFormat::npz, two_tensors()), 6);
}

TEST(Mutation, DeflatedNpzFile) {
  // np.savez_compressed("t.npz", x=np.zeros((3, 40), np.float32)), made with CPython's zipfile.
  constexpr std::string_view hex =
      "504b03042d000000080000002100b495d403ffffffffffffffff05001400782e6e707901001000600200"
      "00000000004c000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9366a2aea3a09e"
      "965f54529498179f5f94920a12774bcc294e058a17672416a402f91ac63a0a26069a3a0ab50ae4022e86"
      "5130ac0100504b01022d032d000000080000002100b495d4034c00000060020000050000000000000000"
      "000000800100000000782e6e7079504b0506000000000100010033000000830000000000";
  mutate_tensors(*core::from_hex(hex), 7, 1032);
}

TEST(Mutation, SafetensorsFile) {
  mutate_tensors(*executor::write_tensors(executor::TensorFormat::safetensors, two_tensors()), 8);
}

/// Locations, offsets and lengths of external data, damaged as any other bytes.
TEST(Mutation, ExternalData) {
  const std::string folder = testing::TempDir() + "isotrace_mutation_external";
  std::filesystem::create_directories(folder);
  ASSERT_TRUE(core::PosixFiles().write(folder + "/w.bin", core::Bytes(64, 1)).has_value());
  ModelBuilder model;
  model.input("x", {1, 2}).output("y").initializer("w", floats({2, 3}, {1, 2, 3, 4, 5, 6}));
  model.node("MatMul", {"x", "w"}, {"y"});
  auto& proto = *model.proto().mutable_graph()->mutable_initializer(0);
  proto.clear_raw_data();
  proto.set_data_location(onnx::TensorProto::EXTERNAL);
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{
           {"location", "w.bin"}, {"offset", "16"}, {"length", "24"}}) {
    auto& entry = *proto.add_external_data();
    entry.set_key(key);
    entry.set_value(value);
  }
  const executor::ModelFolder beside(folder);
  const core::Bytes whole = model.bytes();
  ASSERT_TRUE(executor::import_onnx(whole, {.folder = &beside, .weights = {}}).has_value());
  core::PhiloxStream random(9);
  std::map<core::RefusalCode, std::size_t> refused;
  for (std::size_t i = 0; i < mutant_count(); ++i) {
    const auto program =
        executor::import_onnx(mutate(whole, random), {.folder = &beside, .weights = {}});
    if (!program) ++refused[program.error().code];
  }
  std::filesystem::remove_all(folder);
  EXPECT_GT(refused[core::RefusalCode::onnx_malformed], 0U);
  EXPECT_GT(refused[core::RefusalCode::file_not_found], 0U);
  EXPECT_GT(refused[core::RefusalCode::external_data_unsafe], 0U);
}

TEST(Mutation, NpyFile) {
  mutate_tensors(*executor::write_npy(floats({3, 2}, {1, 2, 3, 4, 5, 6})), 5);
}

}  // namespace
}  // namespace isotrace::tests
