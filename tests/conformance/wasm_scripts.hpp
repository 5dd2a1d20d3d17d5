// The scripts of the specification's test suite, unpacked.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace isotrace::tests {

/// Unpacks an archive of scripts into the build folder.
inline std::vector<std::string> unpack_scripts(const std::string& archive,
                                               const std::string& name) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(ISOTRACE_BUILD) / "wasm-spec" / name;
  fs::remove_all(folder);
  fs::create_directories(folder);
  const std::string command = "tar -xJf '" + archive + "' -C '" + folder.string() + "'";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  std::vector<std::string> scripts;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".json") scripts.push_back(entry.path().string());
  }
  std::sort(scripts.begin(), scripts.end());
  return scripts;
}

}  // namespace isotrace::tests
