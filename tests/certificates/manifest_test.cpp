// The manifest of a folder: what it binds, and what it refuses to look at.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

#include <isotrace/certificates/manifest.hpp>
#include <isotrace/core/digest.hpp>

namespace isotrace::certificates {
namespace {

namespace fs = std::filesystem;
using core::RefusalCode;

class Manifest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "manifest-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    put("model.onnx", "graph");
    put("data/a.bin", "aaaa");
    put("data/b.bin", "bbbb");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void put(const std::string& name, const std::string& content) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }
  std::string manifest() {
    const auto made = make_manifest(folder_.string());
    EXPECT_TRUE(made.has_value()) << core::describe(made.error());
    return made ? std::string(made->begin(), made->end()) : "";
  }
  void expect_refused(RefusalCode code) {
    const auto made = make_manifest(folder_.string());
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, code) << core::describe(made.error());
  }

  fs::path folder_;
};

TEST_F(Manifest, lists_files_in_order_of_their_paths) {
  const auto entry = [](const char* path, const char* content) {
    return std::string(R"({"path":")") + path + R"(","sha256":")" +
           core::sha256(core::as_bytes(content)).hex() + R"(","size":)" +
           std::to_string(std::strlen(content)) + "}";
  };
  EXPECT_EQ(manifest(), R"({"files":[)" + entry("data/a.bin", "aaaa") + "," +
                            entry("data/b.bin", "bbbb") + "," + entry("model.onnx", "graph") +
                            R"(],"schema":"https://isotrace.dev/model-manifest/v1"})");
}

TEST_F(Manifest, names_contents_and_empty_files_are_bound) {
  const std::string before = manifest();
  fs::rename(folder_ / "data/a.bin", folder_ / "data/c.bin");
  const std::string renamed = manifest();
  EXPECT_NE(renamed, before);
  fs::rename(folder_ / "data/b.bin", folder_ / "data/a.bin");
  fs::rename(folder_ / "data/c.bin", folder_ / "data/b.bin");
  EXPECT_NE(manifest(), before) << "two files of equal size swapped";
  put("data/empty", "");
  EXPECT_NE(manifest().find("data/empty"), std::string::npos);
}

TEST_F(Manifest, does_not_depend_on_times) {
  const std::string before = manifest();
  fs::last_write_time(folder_ / "model.onnx", fs::file_time_type::min());
  EXPECT_EQ(manifest(), before);
}

TEST_F(Manifest, links_are_refused) {
  fs::create_symlink("model.onnx", folder_ / "link");
  expect_refused(RefusalCode::file_not_regular);
  fs::remove(folder_ / "link");
  fs::create_directory_symlink("/", folder_ / "data/link");
  expect_refused(RefusalCode::file_not_regular);
}

TEST_F(Manifest, pipes_are_refused_without_waiting) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  expect_refused(RefusalCode::file_not_regular);
}

TEST_F(Manifest, unsafe_names_are_refused) {
  for (const char* name : {"a\\b", "a\nb", "caf\xC3\xA9", "end ", " start", "dot."}) {
    put(name, "x");
    expect_refused(RefusalCode::manifest_name_unsafe);
    fs::remove(folder_ / name);
  }
}

TEST_F(Manifest, deep_folders_are_over_the_limit) {
  std::string path;
  for (int i = 0; i < 70; ++i) path += "d/";
  put(path + "f", "x");
  expect_refused(RefusalCode::limit_exceeded);
}

TEST_F(Manifest, a_folder_without_files_is_evidence_missing) {
  fs::remove_all(folder_ / "data");
  fs::remove(folder_ / "model.onnx");
  expect_refused(RefusalCode::evidence_missing);
  fs::remove(folder_);
  expect_refused(RefusalCode::file_not_found);
}

}  // namespace
}  // namespace isotrace::certificates
