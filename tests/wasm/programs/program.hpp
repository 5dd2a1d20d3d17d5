// The programs of fixtures/wasm/programs, loaded, linked and called on the engines that there are.
#pragma once

#include <functional>

#include <gtest/gtest.h>

#include <isotrace/wasm/engine.hpp>
#include <isotrace/wasm/host_library.hpp>

namespace isotrace::wasm::tests {

struct EngineChoice {
  std::string name;
  std::function<std::unique_ptr<Engine>(Store&)> make;
};

/// Every engine, for INSTANTIATE_TEST_SUITE_P.
std::vector<EngineChoice> all_engines();
std::string engine_name(const testing::TestParamInfo<EngineChoice>& info);

std::string programs_folder();

/// One instance of a program. The test fails if it cannot be made.
class Program {
 public:
  Program(const std::string& file, const EngineChoice& engine,
          std::span<HostLibrary* const> libraries = {});

  /// Calls an export; the state afterwards.
  const Execution& run(const std::string& function, const std::vector<Slot>& arguments = {});
  /// The only result; the test fails if it traps.
  std::uint32_t call(const std::string& function, const std::vector<Slot>& arguments = {});

  [[nodiscard]] core::ByteView memory(std::uint32_t address, std::size_t size);
  /// Numbers at the address that the export gives.
  std::vector<std::int32_t> numbers(const std::string& function, std::size_t count);
  /// Of the state that the latest call left; the program's digest is the SHA-256 of the module.
  [[nodiscard]] core::Digest root();

  Store store;

 private:
  std::unique_ptr<Engine> engine_;
  Address instance_ = 0;
};

}  // namespace isotrace::wasm::tests
