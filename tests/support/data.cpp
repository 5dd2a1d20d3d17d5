#include "tests/support/data.hpp"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include <isotrace/core/file.hpp>

namespace isotrace::tests {
namespace {

std::optional<std::string> existing(const std::string& root, const std::string& relative_path) {
  std::string path = root + "/" + relative_path;
  if (root.empty() || !std::filesystem::exists(path)) return std::nullopt;
  return path;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::optional<std::string> find_data(const std::string& relative_path) {
  return existing(variable("ISOTRACE_DATA"), relative_path);
}

std::optional<std::string> find_onnx_testdata(const std::string& relative_path) {
  const std::string root = variable("ISOTRACE_ONNX_TESTDATA");
  return existing(root.empty() ? "/usr/share/libonnx-testdata/data" : root, relative_path);
}

core::Bytes read_file(const std::string& path) {
  auto bytes = core::PosixFiles().read(path, std::uint64_t{1} << 32);
  EXPECT_TRUE(bytes.has_value()) << path;
  return bytes ? *std::move(bytes) : core::Bytes{};
}

}  // namespace isotrace::tests
