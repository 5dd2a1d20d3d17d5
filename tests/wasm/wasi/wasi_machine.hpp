// A program that imports every function of WASI and has one page of memory, whose calls a test
// makes itself, and the world that it lives in: a folder of its own and streams in memory.
#pragma once

#include <filesystem>

#include <isotrace/tools/wasi/host_world.hpp>
#include <isotrace/wasm/host_library.hpp>
#include <isotrace/wasm/wasi/wasi.hpp>

#include "tests/wasm/machine.hpp"

namespace isotrace::wasm::wasi::tests {

using namespace isotrace::wasm::tests;

/// An empty folder, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const;
  [[nodiscard]] std::string read(const std::string& name) const;

 private:
  std::filesystem::path path_;
};

/// Gives what it holds, then keeps what is written.
class MemoryStream final : public File {
 public:
  explicit MemoryStream(std::string& text) : text_(text) {}
  Answer<std::size_t> read(std::span<std::uint8_t> bytes, std::uint64_t position) override;
  Answer<std::size_t> write(core::ByteView bytes, std::uint64_t position) override;
  Answer<FileStatus> status() override { return FileStatus{}; }
  Answer<core::Done> sync() override { return core::Done{}; }

 private:
  std::string& text_;
};

/// The module: imports in the order of functions.def. Of a preview, by its name; what it lacks is
/// of the latest.
Bytes wasi_module(std::string_view preview);
/// Where a function is among them.
Address wasi_address(const std::string& name);

class WasiMachine {
 public:
  /// The world of `isotrace run --virtual --seed 7 --dir /work=FOLDER`, but for the streams.
  explicit WasiMachine(const std::filesystem::path& folder, Settings settings = {},
                       std::string_view preview = Wasi::module_name);

  /// The errno.
  std::uint32_t call(const std::string& name, std::vector<Slot> arguments);
  Trap call_for_trap(const std::string& name, std::vector<Slot> arguments);

  [[nodiscard]] std::span<std::uint8_t> memory() { return store.memories[0].data.bytes(); }
  void put(std::uint32_t address, std::string_view text);
  void put_u32(std::uint32_t address, std::uint32_t value);
  [[nodiscard]] std::uint32_t u32(std::uint32_t address);
  [[nodiscard]] std::uint64_t u64(std::uint32_t address);
  [[nodiscard]] std::string text(std::uint32_t address, std::uint32_t size);

  /// Writes the path at 0x100, opens it in folder 3 with rights to read and, if asked, to write;
  /// returns errno and puts the descriptor at 0x80.
  std::uint32_t open(const std::string& path, std::uint32_t how = 0, bool write = false,
                     std::uint32_t flags = 0, std::uint32_t lookup = 1);
  [[nodiscard]] std::uint32_t opened() { return u32(0x80); }

  Store store;
  std::string input;
  std::string output;
  std::string error;
  std::optional<Wasi> wasi;
  std::vector<trace::HostCallRecord> records;
};

}  // namespace isotrace::wasm::wasi::tests
