#include <tests/backends/host_device.hpp>

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include <isotrace/backends/gpu/kernels/all.hpp>
#include <isotrace/core/check.hpp>
#include <tests/backends/host_block.hpp>

namespace isotrace::backends::gpu {
namespace {

/// What CUDA takes before its version 12.1.
constexpr std::size_t kernel_arguments_max = 4096;

template <class Kernel>
void run_grid(std::string_view name, Grid grid, core::ByteView bytes, HostOrder order) {
  typename Kernel::Arguments arguments;
  ISOTRACE_CHECK(bytes.size() == sizeof(arguments), bytes.size(), sizeof(arguments));
  std::memcpy(static_cast<void*>(&arguments), bytes.data(), bytes.size());
  const std::uint64_t blocks = std::uint64_t{grid.x} * grid.y * grid.z;
  for (std::uint64_t i = 0; i < blocks; ++i) {
    const std::uint64_t block = order == HostOrder::forwards ? i : blocks - 1 - i;
    const At at = {static_cast<std::uint32_t>(block % grid.x),
                   static_cast<std::uint32_t>(block / grid.x % grid.y),
                   static_cast<std::uint32_t>(block / grid.x / grid.y), 0};
    const std::string problem = run_block<Kernel>(arguments, at, order);
    ISOTRACE_CHECK(problem.empty(), name, problem);
  }
}

struct HostKernel {
  std::string_view name;
  void (*run)(std::string_view, Grid, core::ByteView, HostOrder);
};

constexpr HostKernel kernels[] = {
#define ISOTRACE_ALL_FAMILIES
#define ISOTRACE_KERNEL(name, ...) {#name, &run_grid<__VA_ARGS__>},
#include <isotrace/backends/gpu/kernels.def>
#undef ISOTRACE_KERNEL
};

/// A library of ptx_machine.hpp or gcn_launch.cpp.
struct DeviceKernels {
  /// What went wrong, "" for nothing; nullptr without such a kernel.
  const char* (*launch)(const char* kernel, const std::uint32_t* grid,
                        const std::uint8_t* arguments, std::size_t size, int backwards);
  void (*count)(int on);  ///< and counted: nullptr where nothing is counted
  bool (*counted)(const char* kernel, std::uint64_t* numbers);
};

/// The libraries that ISOTRACE_DEVICE_KERNELS lists, a colon between two: machines for what a
/// compiler for devices made of the kernels. None of them: the kernels as this compiler reads them.
const std::vector<DeviceKernels>& device_kernels() {
  static const std::vector<DeviceKernels> all = [] {
    std::vector<DeviceKernels> found;
    const char* const listed = std::getenv("ISOTRACE_DEVICE_KERNELS");
    std::istringstream paths(listed == nullptr ? "" : listed);
    for (std::string path; std::getline(paths, path, ':');) {
      void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
      ISOTRACE_CHECK(library != nullptr, dlerror());
      DeviceKernels family{};
      const auto find = [&](auto& function, const char* name) {
        function =
            reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
      };
      find(family.launch, "device_launch");
      find(family.count, "device_count");
      find(family.counted, "device_counted");
      ISOTRACE_CHECK(family.launch != nullptr, path);
      found.push_back(family);
    }
    return found;
  }();
  return all;
}

/// AMD's code has none for units that multiply bytes. Who knows a kernel says so even of arguments
/// that are none.
bool has_device_kernel(const char* kernel) {
  const std::uint32_t no_blocks[] = {0, 0, 0};
  return std::ranges::any_of(device_kernels(), [&](const DeviceKernels& family) {
    return family.launch(kernel, no_blocks, nullptr, 0, 0) != nullptr;
  });
}

void run_device_kernel(const std::string& kernel, Grid grid, core::ByteView arguments,
                       HostOrder order) {
  const std::uint32_t blocks[] = {grid.x, grid.y, grid.z};
  for (const DeviceKernels& family : device_kernels()) {
    const char* const problem =
        family.launch(kernel.c_str(), blocks, arguments.data(), arguments.size(),
                      order == HostOrder::backwards ? 1 : 0);
    if (problem == nullptr) continue;
    ISOTRACE_CHECK(*problem == 0, kernel, problem);
    return;
  }
  ISOTRACE_CHECK(false, kernel);
}

}  // namespace

ByteUnits HostDevice::byte_units() const {
  static const bool has_units =
      device_kernels().empty() || has_device_kernel("byte_product_tensor");
  return has_units ? byte_units_ : ByteUnits::none;
}

bool count_kernels(bool on) {
  for (const DeviceKernels& family : device_kernels()) {
    if (family.count != nullptr) family.count(on ? 1 : 0);
  }
  return std::ranges::any_of(device_kernels(),
                             [](const DeviceKernels& family) { return family.count != nullptr; });
}

std::optional<KernelCounts> counts_of(const std::string& kernel) {
  for (const DeviceKernels& family : device_kernels()) {
    std::uint64_t numbers[sizeof(KernelCounts) / sizeof(std::uint64_t)];
    if (family.counted == nullptr || !family.counted(kernel.c_str(), numbers)) continue;
    KernelCounts counts;
    static_assert(sizeof(counts) == sizeof(numbers) && sizeof(numbers) == 20 * 8);
    std::memcpy(&counts, numbers, sizeof(counts));
    return counts;
  }
  return {};
}

core::Result<Address> HostDevice::allocate(std::size_t bytes) {
  if (bytes > bytes_max_ || bytes_held_ > bytes_max_ - bytes) {
    return core::refuse(core::RefusalCode::limit_exceeded, "the host, for tests");
  }
  std::unique_ptr<std::uint8_t[], Aligned> memory(
      static_cast<std::uint8_t*>(::operator new[](bytes, Aligned::bytes)));
  std::memset(memory.get(), never_written, bytes);
  const auto address = reinterpret_cast<Address>(memory.get());
  memory_.emplace(address, Memory{std::move(memory), bytes});
  bytes_held_ += bytes;
  return address;
}

void HostDevice::release(Address address) {
  const auto known = memory_.find(address);
  ISOTRACE_CHECK(known != memory_.end(), address);
  bytes_held_ -= known->second.size;
  memory_.erase(known);
}

core::Result<core::Done> HostDevice::upload(Address to, core::ByteView from) {
  sent_ += from.size();
  std::copy(from.begin(), from.end(), reinterpret_cast<std::uint8_t*>(to));
  return core::Done{};
}

core::Result<core::Done> HostDevice::download(std::span<std::uint8_t> to, Address from) {
  fetched_ += to.size();
  std::copy_n(reinterpret_cast<const std::uint8_t*>(from), to.size(), to.begin());
  return core::Done{};
}

core::Result<core::Done> HostDevice::launch(std::string_view kernel, Grid grid,
                                            core::ByteView arguments) {
  for (const auto& [blocks, most] : {std::pair{grid.x, grid_max.x}, std::pair{grid.y, grid_max.y},
                                     std::pair{grid.z, grid_max.z}}) {
    ISOTRACE_CHECK(blocks != 0 && blocks <= most, kernel, blocks);  // an error of every driver
  }
  ISOTRACE_CHECK(arguments.size() + sizeof(Origin) <= kernel_arguments_max, kernel);
  for (const HostKernel& known : kernels) {
    if (known.name != kernel) continue;
    ++launches_[std::string(kernel)];
    if (device_kernels().empty()) {
      known.run(kernel, grid, arguments, order_);
    } else {
      run_device_kernel(std::string(kernel), grid, arguments, order_);
    }
    return core::Done{};
  }
  ISOTRACE_CHECK(false, kernel);
}

}  // namespace isotrace::backends::gpu
