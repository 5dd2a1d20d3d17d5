#include <tests/backends/host_device.hpp>

#include <cstring>

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

}  // namespace

core::Result<Address> HostDevice::allocate(std::size_t bytes) {
  if (bytes > bytes_max_ || bytes_held_ > bytes_max_ - bytes) {
    return core::refuse(core::RefusalCode::limit_exceeded, "the host, for tests");
  }
  auto memory = std::make_unique<std::uint8_t[]>(bytes);
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
    known.run(kernel, grid, arguments, order_);
    return core::Done{};
  }
  ISOTRACE_CHECK(false, kernel);
}

}  // namespace isotrace::backends::gpu
