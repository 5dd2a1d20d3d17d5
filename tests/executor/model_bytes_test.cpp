// Models without their weights: the same message as the whole one, whatever the bytes are; files
// read in pieces.
#include <gtest/gtest.h>

#include <unistd.h>
#include <filesystem>
#include <fstream>

#include <isotrace/core/philox.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/onnx_skeleton.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using core::RefusalCode;

/// x times two large weights and a small one; the second in a field of its type.
onnx::ModelProto weights_model() {
  ModelBuilder model(13);
  model.input("x", {2, 40}).output("y");
  core::Tensor large(core::Dtype::f32, {40, 40});
  for (std::size_t i = 0; i < large.elements(); ++i) {
    large.data<float>()[i] = static_cast<float>(i % 17) - 8;
  }
  model.initializer("a", large);
  model.initializer("b", large, Encoding::typed);
  model.initializer("unused", large);
  model.initializer("c", floats({40}, std::vector<float>(40, 2)));
  model.node("MatMul", {"x", "a"}, {"h"});
  model.node("MatMul", {"h", "b"}, {"i"});
  model.node("Add", {"i", "c"}, {"y"});
  return model.proto();
}

core::Bytes bytes_of(const onnx::ModelProto& model) {
  const std::string text = model.SerializeAsString();
  return {text.begin(), text.end()};
}

/// The message with its raw data put back; nothing if protobuf refuses it.
std::optional<std::string> restore(const executor::OnnxSkeleton& skeleton,
                                   const core::Bytes& bytes) {
  onnx::ModelProto model;
  if (!model.ParseFromArray(skeleton.message.data(), static_cast<int>(skeleton.message.size()))) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < skeleton.initializers.size(); ++i) {
    const auto& raw = skeleton.initializers[i];
    if (!raw) continue;
    auto& tensor = *model.mutable_graph()->mutable_initializer(static_cast<int>(i));
    EXPECT_TRUE(tensor.has_raw_data() && tensor.raw_data().empty());
    tensor.set_raw_data(bytes.data() + raw->offset, raw->size);
  }
  return model.SerializeAsString();
}

void expect_same_message(const core::Bytes& bytes) {
  const auto skeleton = executor::make_skeleton(executor::ModelInMemory(bytes));
  ASSERT_TRUE(skeleton.has_value()) << core::describe(skeleton.error());
  onnx::ModelProto whole;
  const bool parsed = whole.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  const auto restored = restore(*skeleton, bytes);
  ASSERT_EQ(restored.has_value(), parsed);
  if (!parsed) return;
  EXPECT_EQ(*restored, whole.SerializeAsString());
}

TEST(Skeleton, LeavesLargeRawDataInTheModel) {
  const core::Bytes bytes = bytes_of(weights_model());
  expect_same_message(bytes);
  const auto skeleton = executor::make_skeleton(executor::ModelInMemory(bytes));
  ASSERT_EQ(skeleton->initializers.size(), 4U);
  EXPECT_TRUE(skeleton->initializers[0].has_value());
  EXPECT_FALSE(skeleton->initializers[1].has_value());
  EXPECT_TRUE(skeleton->initializers[2].has_value());
  EXPECT_FALSE(skeleton->initializers[3].has_value());
  EXPECT_LT(skeleton->message.size(), bytes.size() - 12000);
}

TEST(Skeleton, OfGraphsAndTensorsInSeveralParts) {
  // Protobuf joins messages that stand several times: lists one after another, the last raw data.
  const core::Bytes once = bytes_of(weights_model());
  core::Bytes twice = once;
  twice.insert(twice.end(), once.begin(), once.end());
  expect_same_message(twice);
  onnx::TensorProto tensor = tensor_proto("t", floats({1500}, std::vector<float>(1500, 1)));
  std::string parts = tensor.SerializeAsString();
  tensor.set_raw_data(std::string(5000, 'x'));
  parts += tensor.SerializeAsString();
  for (const std::string& last : {std::string("short"), std::string(4500, 'y')}) {
    tensor.set_raw_data(last);
    const std::string all = parts + tensor.SerializeAsString();
    onnx::TensorProto joined;
    ASSERT_TRUE(joined.ParseFromString(all));
    // A model whose graph has this one initialiser, written by hand: both fields are delimited.
    const auto field = [](char tag, const std::string& inside) {
      std::string text(1, tag);
      std::size_t size = inside.size();
      for (; size >= 128; size /= 128) text += static_cast<char>(size % 128 + 128);
      return text + static_cast<char>(size) + inside;
    };
    const std::string model = field(7 * 8 + 2, field(5 * 8 + 2, all));
    expect_same_message({model.begin(), model.end()});
  }
}

TEST(Skeleton, OfDamagedModelsIsRefusedWhereTheWholeIs) {
  const core::Bytes bytes = bytes_of(weights_model());
  for (std::size_t size = 0; size < bytes.size(); size += size < 400 ? 1 : 97) {
    expect_same_message({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)});
  }
  core::PhiloxStream random(11);
  for (int round = 0; round < 3000; ++round) {
    core::Bytes mutant = bytes;
    // Weights are most of the bytes; damage belongs where lengths and tags are.
    const std::size_t places[] = {0, bytes.size() - 200};
    for (std::uint64_t i = 0; i <= random.next_below(3); ++i) {
      const std::size_t at = places[random.next_below(2)] + random.next_below(200);
      mutant[at] = static_cast<std::uint8_t>(random.next_below(256));
    }
    expect_same_message(mutant);
  }
}

class File : public testing::Test {
 protected:
  void write(const core::Bytes& bytes) {
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  void TearDown() override { std::filesystem::remove(path_); }

  // Tests of one fixture run side by side.
  std::string path_ =
      testing::TempDir() + "isotrace_model_bytes_" + std::to_string(getpid()) + ".onnx";
};

TEST_F(File, GivesTheSameProgramAsMemory) {
  const core::Bytes bytes = bytes_of(weights_model());
  write(bytes);
  const auto file = executor::ModelFile::open(path_);
  ASSERT_TRUE(file.has_value()) << core::describe(file.error());
  const auto from_file = executor::import_onnx(**file);
  const auto from_memory = executor::import_onnx(bytes);
  ASSERT_TRUE(from_file.has_value()) << core::describe(from_file.error());
  EXPECT_EQ(core::write_program(*from_file), core::write_program(*from_memory));
  EXPECT_EQ(from_file->constants.size(), 2U);  // a and b are the same
}

TEST_F(File, ThatIsCutWhileItIsReadIsRefused) {
  const core::Bytes bytes = bytes_of(weights_model());
  write(bytes);
  const auto file = executor::ModelFile::open(path_);
  ASSERT_TRUE(file.has_value());
  std::filesystem::resize_file(path_, bytes.size() - 5000);
  const auto program = executor::import_onnx(**file);
  ASSERT_FALSE(program.has_value());
  EXPECT_EQ(program.error().code, RefusalCode::file_read_failed);
}

TEST_F(File, ThatIsNoneIsRefused) {
  EXPECT_EQ(executor::ModelFile::open(path_ + ".absent").error().code, RefusalCode::file_not_found);
  EXPECT_EQ(executor::ModelFile::open(testing::TempDir()).error().code,
            RefusalCode::file_not_regular);
}

TEST(RawData, OfAnotherSizeIsRefusedAsInTheMessage) {
  onnx::ModelProto model = weights_model();
  model.mutable_graph()->mutable_initializer(0)->set_raw_data(std::string(6000, '\0'));
  const auto program = executor::import_onnx(bytes_of(model));
  ASSERT_FALSE(program.has_value());
  EXPECT_EQ(program.error().code, RefusalCode::onnx_malformed);
  EXPECT_NE(program.error().detail.find("6000 bytes, 6400 expected"), std::string::npos)
      << core::describe(program.error());
}

}  // namespace
}  // namespace isotrace::tests
