// Tests that replay bundles: a folder of their own, in which Coq has compiled the library once.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>

#include <unistd.h>

#include <isotrace/proofs/export/replay_coq.hpp>

namespace isotrace::tests {

/// Compiles these parts of the library; the tests are skipped, loudly, where there is no coqc.
template <proofs::CoqPart... parts>
class WithCoqLibrary : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string path = testing::TempDir() + "isotrace-coq-test-XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    root_ = path;
    options_.work_directory = path;
    options_.seconds_max = 120;
    if (access(options_.coqc.c_str(), X_OK) != 0) return;
    const auto compiled = proofs::compile_coq_library(path + "/library", options_, {parts...});
    ASSERT_TRUE(compiled) << describe(compiled.error());
    options_.compiled_library = path + "/library";
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(root_); }
  void SetUp() override {
    if (options_.compiled_library.empty()) GTEST_SKIP() << "coqc is absent";
  }

  static inline std::string root_;
  static inline proofs::ReplayOptions options_;
  static inline int next_ = 0;  ///< bundle written
};

}  // namespace isotrace::tests
