#include "tests/wasm/wasi/wasi_machine.hpp"

#include <algorithm>
#include <fstream>

namespace isotrace::wasm::wasi::tests {
namespace {

struct Signature {
  const char* name;
  const char* parameters;
};

constexpr Signature signatures[] = {
#define ISOTRACE_WASI_FUNCTION(name, parameters) {#name, parameters},
#define ISOTRACE_WASI_ABSENT(name, parameters) {#name, parameters},
#include <isotrace/wasm/wasi/functions.def>
#undef ISOTRACE_WASI_FUNCTION
#undef ISOTRACE_WASI_ABSENT
};

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "isotrace-wasi-XXXXXX").string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(path_); }

void TemporaryFolder::write(const std::string& name, const std::string& text) const {
  std::ofstream(path_ / name, std::ios::binary) << text;
}

std::string TemporaryFolder::read(const std::string& name) const {
  std::ifstream in(path_ / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Answer<std::size_t> MemoryStream::read(std::span<std::uint8_t> bytes, std::uint64_t /*position*/) {
  const std::size_t size = std::min(bytes.size(), text_.size());
  std::copy_n(text_.begin(), size, bytes.begin());
  text_.erase(0, size);
  return size;
}

Answer<std::size_t> MemoryStream::write(core::ByteView bytes, std::uint64_t /*position*/) {
  text_ += core::as_text(bytes);
  return bytes.size();
}

Bytes wasi_module(std::string_view preview) {
  ModuleBuilder builder;
  for (const Signature& signature : signatures) {
    FunctionType type;
    for (const char letter : std::string_view(signature.parameters)) {
      type.parameters.push_back(letter == 'i' ? i32 : i64);
    }
    if (signature.name != std::string_view("proc_exit")) type.results.push_back(i32);
    const bool newer = signature.name == std::string_view("sock_accept");
    builder.add_import(std::string(newer ? Wasi::module_name : preview), signature.name,
                       ExternKind::function, unsigned_leb(builder.add_type(type)));
  }
  return builder.add_memory(1).bytes();
}

Address wasi_address(const std::string& name) {
  const auto* const found = std::ranges::find(signatures, name, &Signature::name);
  EXPECT_NE(found, std::end(signatures)) << name;
  return static_cast<Address>(found - signatures);
}

WasiMachine::WasiMachine(const std::filesystem::path& folder, Settings settings,
                         std::string_view preview) {
  auto world = tools::wasi::make_world({{{"/work", folder.string()}}, 7});
  EXPECT_TRUE(world.has_value()) << core::describe(world.error());
  world->input = std::make_unique<MemoryStream>(input);
  world->output = std::make_unique<MemoryStream>(output);
  world->error = std::make_unique<MemoryStream>(error);
  wasi.emplace(std::move(settings), *std::move(world));
  auto loaded = load_module(wasi_module(preview), Edition::v2);
  EXPECT_TRUE(loaded.has_value()) << core::describe(loaded.error());
  const auto module = std::make_shared<const Module>(*std::move(loaded));
  HostLibrary* const libraries[] = {&*wasi};
  const auto imports = link_host(store, *module, libraries);
  EXPECT_TRUE(imports.has_value()) << core::describe(imports.error());
  EXPECT_TRUE(instantiate(store, module, *imports).has_value());
  store.host_log.observer = [this](const trace::HostCallRecord& call) { records.push_back(call); };
}

std::uint32_t WasiMachine::call(const std::string& name, std::vector<Slot> arguments) {
  Slot result = 0xBAD;
  EXPECT_EQ(call_host(store, 0, wasi_address(name), arguments, {&result, 1}), Trap::none);
  return static_cast<std::uint32_t>(result);
}

Trap WasiMachine::call_for_trap(const std::string& name, std::vector<Slot> arguments) {
  std::vector<Slot> results(store.type_of(wasi_address(name)).results.size());
  return call_host(store, 0, wasi_address(name), arguments, results);
}

void WasiMachine::put(std::uint32_t address, std::string_view text) {
  std::ranges::copy(text, memory().subspan(address).begin());
}

void WasiMachine::put_u32(std::uint32_t address, std::uint32_t value) {
  put(address, core::as_text(core::ByteWriter().u32(value).bytes()));
}

std::uint32_t WasiMachine::u32(std::uint32_t address) {
  return *core::ByteReader(memory().subspan(address, 4)).u32();
}

std::uint64_t WasiMachine::u64(std::uint32_t address) {
  return *core::ByteReader(memory().subspan(address, 8)).u64();
}

std::string WasiMachine::text(std::uint32_t address, std::uint32_t size) {
  return std::string(core::as_text(memory().subspan(address, size)));
}

std::uint32_t WasiMachine::open(const std::string& path, std::uint32_t how, bool write,
                                std::uint32_t flags, std::uint32_t lookup) {
  constexpr std::uint64_t right_read = 2;
  constexpr std::uint64_t right_write = 64;
  put(0x100, path);
  return call("path_open", {3, lookup, 0x100, path.size(), how,
                            right_read | (write ? right_write : 0), 0, flags, 0x80});
}

}  // namespace isotrace::wasm::wasi::tests
