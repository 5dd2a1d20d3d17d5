#include <isotrace/tools/wasi/host_world.hpp>

#include <cerrno>
#include <ctime>
#include <system_error>

#include <fcntl.h>
#include <sys/random.h>

#include <isotrace/tools/wasi/errors.hpp>
#include <isotrace/tools/wasi/host_file.hpp>
#include <isotrace/tools/wasi/host_folder.hpp>
#include <isotrace/wasm/wasi/descriptors.hpp>
#include <isotrace/wasm/wasi/virtual_world.hpp>

namespace isotrace::tools::wasi {
namespace {

using core::Done;
using wasm::wasi::Answer;
using wasm::wasi::ClockId;
using wasm::wasi::World;

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::size_t streams = 3;

class MachineClock final : public wasm::wasi::Clock {
 public:
  Answer<std::uint64_t> now(ClockId clock) override { return ask(&::clock_gettime, clock); }
  Answer<std::uint64_t> resolution(ClockId clock) override { return ask(&::clock_getres, clock); }

  void sleep(std::uint64_t duration) override {
    timespec left{.tv_sec = static_cast<time_t>(duration / second_ns),
                  .tv_nsec = static_cast<long>(duration % second_ns)};
    while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
  }

 private:
  static Answer<std::uint64_t> ask(int (*question)(clockid_t, timespec*), ClockId clock) {
    timespec time{};
    const clockid_t id = clock == ClockId::realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    if (question(id, &time) != 0) return fail_with_errno();
    return static_cast<std::uint64_t>(time.tv_sec) * second_ns +
           static_cast<std::uint64_t>(time.tv_nsec);
  }
};

class MachineRandomness final : public wasm::wasi::Randomness {
 public:
  Answer<Done> fill(std::span<std::uint8_t> bytes) override {
    while (!bytes.empty()) {
      const ssize_t size = ::getrandom(bytes.data(), bytes.size(), 0);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return fail_with_errno();
      bytes = bytes.subspan(static_cast<std::size_t>(size));
    }
    return Done{};
  }
};

core::Result<std::unique_ptr<HostFolder>> open_folder(const std::string& path) {
  UniqueDescriptor descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.is_open()) return std::make_unique<HostFolder>(std::move(descriptor));
  return core::refuse(core::RefusalCode::file_not_found, path,
                      std::generic_category().message(errno));
}

}  // namespace

core::Result<World> make_world(const WorldOptions& options) {
  World world;
  if (options.virtual_seed) {
    world.clock = std::make_unique<wasm::wasi::VirtualClock>();
    world.randomness = std::make_unique<wasm::wasi::SeededRandomness>(*options.virtual_seed);
  } else {
    world.clock = std::make_unique<MachineClock>();
    world.randomness = std::make_unique<MachineRandomness>();
  }
  world.shows_file_times = !options.virtual_seed.has_value();
  world.input = std::make_unique<Stream>(
      STDIN_FILENO, options.virtual_seed ? StreamReads::all : StreamReads::what_is_there);
  world.output = std::make_unique<Stream>(
      options.output == Output::standard_output ? STDOUT_FILENO : STDERR_FILENO);
  world.error = std::make_unique<Stream>(STDERR_FILENO);
  constexpr std::size_t folders_max = wasm::wasi::Descriptors::open_max - streams;
  if (options.folders.size() > folders_max) {
    return core::refuse(
        core::RefusalCode::limit_exceeded, "folders",
        std::to_string(options.folders.size()) + " of at most " + std::to_string(folders_max));
  }
  for (const FolderName& folder : options.folders) {
    ISOTRACE_TRY(auto opened, open_folder(folder.host));
    world.folders.push_back({folder.guest, std::move(opened)});
  }
  return world;
}

}  // namespace isotrace::tools::wasi
