// Values of initialisers from elsewhere: external data beside the model, and weights given by name.
// The program must not depend on where the bytes came from.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include <isotrace/executor/import_onnx.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

namespace fs = std::filesystem;
using core::RefusalCode;
using executor::ModelFolder;
using executor::NamedTensor;

const core::Tensor& weight() {
  static const core::Tensor value = floats({2, 3}, {1, -2, 3, 0.5F, 0, -0.0F});
  return value;
}

/// y = x * w, with w inside the model.
ModelBuilder product() {
  ModelBuilder model;
  model.input("x", {-1, 2}).output("y").initializer("w", weight());
  model.node("MatMul", {"x", "w"}, {"y"});
  return model;
}

core::Digest digest_of(const core::Result<core::Program>& program) {
  EXPECT_TRUE(program.has_value()) << core::describe(program.error());
  return program ? core::program_digest(*program) : core::Digest{};
}

core::Digest embedded_digest() { return digest_of(executor::import_onnx(product().bytes())); }

void set_external(onnx::TensorProto& proto, const std::string& location, const std::string& offset,
                  const std::string& length) {
  proto.clear_raw_data();
  proto.set_data_location(onnx::TensorProto::EXTERNAL);
  const auto add = [&](const char* key, const std::string& value) {
    if (value.empty()) return;
    auto& entry = *proto.add_external_data();
    entry.set_key(key);
    entry.set_value(value);
  };
  add("location", location);
  add("offset", offset);
  add("length", length);
}

class ExternalData : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "isotrace-external-data-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    fs::create_directories(folder_ / "model/sub");
    write("model/w.bin", core::Bytes{9, 9, 9, 9});
    write("outside.bin", {});
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// `before`, then the weight's bytes.
  void write(const std::string& name, const core::Bytes& before) {
    std::ofstream out(folder_ / name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(before.data()),
              static_cast<std::streamsize>(before.size()));
    const auto bytes = weight().bytes();
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
  }

  core::Result<core::Program> import(const std::string& location, const std::string& offset = "4",
                                     const std::string& length = "24") {
    ModelBuilder model = product();
    set_external(*model.proto().mutable_graph()->mutable_initializer(0), location, offset, length);
    const ModelFolder beside((folder_ / "model").string());
    return executor::import_onnx(model.bytes(), {.folder = &beside, .weights = {}});
  }
  RefusalCode refusal(const std::string& location, const std::string& offset = "4",
                      const std::string& length = "24") {
    const auto program = import(location, offset, length);
    EXPECT_FALSE(program.has_value()) << location;
    return program ? RefusalCode::artifact_unknown : program.error().code;
  }

  fs::path folder_;
};

TEST_F(ExternalData, GivesTheSameProgram) {
  EXPECT_EQ(digest_of(import("w.bin")), embedded_digest());
  EXPECT_EQ(digest_of(import("w.bin", "4", "")), embedded_digest());
  EXPECT_EQ(digest_of(import("./w.bin")), embedded_digest());
}

TEST_F(ExternalData, LinksInsideTheFolderAreFollowed) {
  fs::create_symlink("../w.bin", folder_ / "model/sub/link.bin");
  EXPECT_EQ(digest_of(import("sub/link.bin")), embedded_digest());
}

TEST_F(ExternalData, InAttributesToo) {
  ModelBuilder model;
  model.input("x", {-1, 2}).output("y");
  model.node("Constant", {}, {"w"}).attribute("value", weight());
  model.node("MatMul", {"x", "w"}, {"y"});
  auto& attribute = *model.proto().mutable_graph()->mutable_node(0)->mutable_attribute(0);
  set_external(*attribute.mutable_t(), "w.bin", "4", "24");
  const ModelFolder beside((folder_ / "model").string());
  EXPECT_EQ(digest_of(executor::import_onnx(model.bytes(), {.folder = &beside, .weights = {}})),
            embedded_digest());
}

TEST_F(ExternalData, PathsOutOfTheFolderAreRefused) {
  fs::create_symlink("../outside.bin", folder_ / "model/link.bin");
  fs::create_directory_symlink("..", folder_ / "model/up");
  for (const std::string& location :
       {std::string("../outside.bin"), (folder_ / "outside.bin").string(), std::string("link.bin"),
        std::string("up/outside.bin"), std::string("sub/../../outside.bin"),
        std::string("sub/../w.bin"), std::string(), std::string("w.bin\0x", 7),
        std::string("sub\\w.bin")}) {
    EXPECT_EQ(refusal(location), RefusalCode::external_data_unsafe) << location;
  }
}

TEST_F(ExternalData, RangesOutsideTheFileAreRefused) {
  EXPECT_EQ(refusal("w.bin", "5"), RefusalCode::external_data_unsafe);
  EXPECT_EQ(refusal("w.bin", "18446744073709551615"), RefusalCode::external_data_unsafe);
  EXPECT_EQ(refusal("w.bin", "99999999999999999999"), RefusalCode::onnx_malformed);
  EXPECT_EQ(refusal("w.bin", "-4"), RefusalCode::onnx_malformed);
}

TEST_F(ExternalData, SizesThatDoNotFitTheTensorAreRefused) {
  EXPECT_EQ(refusal("w.bin", "4", "23"), RefusalCode::onnx_malformed);
  EXPECT_EQ(refusal("w.bin", "0", "28"), RefusalCode::onnx_malformed);
}

TEST_F(ExternalData, MissingFilesFoldersAndHomesAreRefused) {
  EXPECT_EQ(refusal("absent.bin"), RefusalCode::file_not_found);
  EXPECT_EQ(refusal("sub"), RefusalCode::file_not_regular);
  ModelBuilder model = product();
  set_external(*model.proto().mutable_graph()->mutable_initializer(0), "w.bin", "4", "24");
  EXPECT_EQ(executor::import_onnx(model.bytes()).error().code,
            RefusalCode::onnx_external_data_unsupported);
}

TEST_F(ExternalData, MoreThanTheLimitIsRefused) {
  ModelBuilder model = product();
  auto& proto = *model.proto().mutable_graph()->mutable_initializer(0);
  set_external(proto, "w.bin", "4", "");
  proto.set_dims(0, std::int64_t{1} << 31);
  const ModelFolder beside((folder_ / "model").string());
  EXPECT_EQ(executor::import_onnx(model.bytes(), {.folder = &beside, .weights = {}}).error().code,
            RefusalCode::limit_exceeded);
}

TEST(Weights, ReplaceInitialisersAndFillInputs) {
  ModelBuilder other = product();
  auto& proto = *other.proto().mutable_graph()->mutable_initializer(0);
  proto.set_raw_data(std::string(24, '\1'));
  const std::vector<NamedTensor> weights = {{"w", weight()}};
  EXPECT_NE(digest_of(executor::import_onnx(other.bytes())), embedded_digest());
  EXPECT_EQ(digest_of(executor::import_onnx(other.bytes(), {.weights = weights})),
            embedded_digest());
  // What is replaced need not be there.
  set_external(proto, "absent.bin", "", "");
  EXPECT_EQ(digest_of(executor::import_onnx(other.bytes(), {.weights = weights})),
            embedded_digest());
  // A model that was exported without its weights has them as inputs.
  ModelBuilder bare;
  bare.input("x", {-1, 2}).input("w", {-1, 3}).output("y");
  bare.node("MatMul", {"x", "w"}, {"y"});
  EXPECT_EQ(digest_of(executor::import_onnx(bare.bytes(), {.weights = weights})),
            embedded_digest());
}

TEST(Weights, OfAnotherNameTypeOrShapeAreRefused) {
  const auto refusal = [](const std::string& name, core::Tensor value) {
    const std::vector<NamedTensor> weights = {{name, std::move(value)}};
    const auto program = executor::import_onnx(product().bytes(), {.weights = weights});
    EXPECT_FALSE(program.has_value());
    return program ? RefusalCode::artifact_unknown : program.error().code;
  };
  EXPECT_EQ(refusal("v", weight()), RefusalCode::weight_unknown);
  EXPECT_EQ(refusal("y", weight()), RefusalCode::weight_unknown);
  EXPECT_EQ(refusal("w", floats({3, 2}, {1, 2, 3, 4, 5, 6})), RefusalCode::weight_mismatch);
  EXPECT_EQ(refusal("w", core::Tensor(core::Dtype::f64, {2, 3})), RefusalCode::weight_mismatch);
  EXPECT_EQ(refusal("x", floats({1, 3}, {1, 2, 3})), RefusalCode::weight_mismatch);
}

}  // namespace
}  // namespace isotrace::tests
