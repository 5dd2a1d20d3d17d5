// Data that is not part of the project. Tests that need it skip by name where it is absent.
#pragma once

#include <optional>
#include <string>

#include <isotrace/core/bytes.hpp>

namespace isotrace::tests {

/// A path below $ISOTRACE_DATA, or nothing if the variable is unset or the path does not exist.
std::optional<std::string> find_data(const std::string& relative_path);
/// A path below the ONNX test data (ISOTRACE_ONNX_TESTDATA, or where Debian's libonnx-testdata puts
/// it).
std::optional<std::string> find_onnx_testdata(const std::string& relative_path);

/// Whole file; the test fails (empty result) if it cannot be read.
core::Bytes read_file(const std::string& path);

}  // namespace isotrace::tests

/// Declares `name` as a data path, or skips the test and says so.
#define ISOTRACE_NEEDS_DATA(name, relative_path)                                          \
  const auto name##_found = ::isotrace::tests::find_data(relative_path);                  \
  if (!name##_found) GTEST_SKIP() << "ISOTRACE_DATA/" << (relative_path) << " is absent"; \
  const std::string& name = *name##_found
