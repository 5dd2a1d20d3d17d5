#include <isotrace/backends/gpu/driver.hpp>

#include <dlfcn.h>

#include <algorithm>
#include <map>

#include <isotrace/backends/gpu/driver_errors.hpp>
#include <isotrace/backends/gpu/driver_functions.hpp>
#include <isotrace/backends/gpu/kernels/all.hpp>
#include <isotrace/core/check.hpp>

namespace isotrace::backends::gpu {

const DriverNames cuda_driver = {
    "CUDA",
    {"libcuda.so.1", "/usr/local/nvidia/lib64/libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"},
    "cuInit",
    "cuDeviceGetCount",
    "cuDeviceGetName",
    "cuDriverGetVersion",
    "cuMemAlloc_v2",
    "cuMemFree_v2",
    "cuMemcpyHtoD_v2",
    "cuMemcpyDtoH_v2",
    "cuModuleLoadData",
    "cuModuleGetFunction",
    "cuLaunchKernel",
    "cuDevicePrimaryCtxRetain",
    "cuCtxSetCurrent",
    "cuDeviceGetAttribute",
    16,
    75,
    76,
    "cuEventCreate",
    "cuEventRecord",
    "cuEventSynchronize",
    "cuEventElapsedTime"};
// The numbers of HIP's attributes are not the same in all its versions.
const DriverNames hip_driver = {
    "HIP",
    {"libamdhip64.so.5", "libamdhip64.so.6", "libamdhip64.so.7", "/opt/rocm/lib/libamdhip64.so"},
    "hipInit",
    "hipGetDeviceCount",
    "hipDeviceGetName",
    "hipDriverGetVersion",
    "hipMalloc",
    "hipFree",
    "hipMemcpyHtoD",
    "hipMemcpyDtoH",
    "hipModuleLoadData",
    "hipModuleGetFunction",
    "hipModuleLaunchKernel",
    nullptr,
    "hipSetDevice",
    nullptr,
    0,
    0,
    0,
    "hipEventCreateWithFlags",
    "hipEventRecord",
    "hipEventSynchronize",
    "hipEventElapsedTime"};

namespace {

using Status = DriverStatus;
constexpr Status not_found = 500;  ///< of a function in a module: another one may have it

/// Allocations are of whole units, so that memory that was given back fits the next one.
constexpr std::size_t memory_unit = 512;

/// Tiles are chosen as for a device of this size where its own is not known.
constexpr int usual_multiprocessors = 64;

struct KernelThreads {
  std::string_view name;
  unsigned threads;
};
constexpr KernelThreads kernel_threads[] = {
#define ISOTRACE_ALL_FAMILIES
#define ISOTRACE_KERNEL(name, ...) {#name, __VA_ARGS__::threads},
#include <isotrace/backends/gpu/kernels.def>
#undef ISOTRACE_KERNEL
#undef ISOTRACE_ALL_FAMILIES
};

unsigned threads_of(std::string_view kernel) {
  for (const KernelThreads& known : kernel_threads) {
    if (known.name == kernel) return known.threads;
  }
  ISOTRACE_CHECK(false, kernel);
}

auto refuse_absent(const DriverNames& names, const std::string& why) {
  return core::refuse(core::RefusalCode::device_absent, names.product, why);
}

/// The functions of a driver's library.
class Driver : public DriverFunctions {
 public:
  static core::Result<std::unique_ptr<Driver>> load(const DriverNames& names) {
    const char* name = names.libraries[0];
    void* library = nullptr;
    for (const char* const candidate : names.libraries) {
      if (candidate == nullptr) break;
      library = dlopen(candidate, RTLD_NOW | RTLD_LOCAL);
      if (library == nullptr) continue;
      name = candidate;
      break;
    }
    if (library == nullptr) return refuse_absent(names, std::string("no ") + name);
    auto driver = std::make_unique<Driver>();
    bool found = true;
    const auto find = [&](auto& function, const char* symbol) {
      if (symbol == nullptr) return;
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(
          dlsym(library, symbol));  // stays loaded: drivers do not like to go
      found = found && function != nullptr;
    };
    find(driver->init, names.init);
    find(driver->device_count, names.device_count);
    find(driver->device_name, names.device_name);
    find(driver->driver_version, names.driver_version);
    find(driver->allocate, names.allocate);
    find(driver->release, names.release);
    find(driver->to_device, names.to_device);
    find(driver->to_host, names.to_host);
    find(driver->load_module, names.load_module);
    find(driver->find_function, names.find_function);
    find(driver->launch, names.launch);
    find(driver->retain_context, names.retain_context);
    if (names.retain_context != nullptr) {
      find(driver->choose_context, names.choose);
    } else {
      find(driver->choose_number, names.choose);
    }
    find(driver->attribute, names.attribute);
    find(driver->make_event, names.make_event);
    find(driver->record_event, names.record_event);
    find(driver->wait_for_event, names.wait_for_event);
    find(driver->event_distance, names.event_distance);
    if (!found) return refuse_absent(names, std::string(name) + " lacks functions");
    return driver;
  }
};

class DriverDevice final : public TimedDevice {
 public:
  explicit DriverDevice(const DriverNames& names) : names_(names) {}
  DriverDevice(const DriverDevice&) = delete;
  DriverDevice& operator=(const DriverDevice&) = delete;
  ~DriverDevice() override {
    if (lost_ || kept_.empty() || choose_device() != 0) return;  // of a lost one nothing is asked
    for (const auto& [size, address] : kept_) driver_->release(address);
  }

  core::Result<core::Done> open(std::span<const core::ByteView> images) {
    ISOTRACE_TRY(driver_, Driver::load(names_));
    ISOTRACE_TRY_DONE(must(driver_->init(0), "initialisation"));
    int count = 0;
    ISOTRACE_TRY_DONE(must(driver_->device_count(&count), "the number of devices"));
    if (count == 0) return refuse_absent(names_, "no device");
    if (driver_->retain_context != nullptr) {
      ISOTRACE_TRY_DONE(must(driver_->retain_context(&context_, 0), "a context"));
    }
    ISOTRACE_TRY_DONE(must(choose_device(), "choice of the device"));
    describe();
    for (const core::ByteView image : images) {
      void* module = nullptr;
      const Status status = driver_->load_module(&module, image.data());
      // Whether the driver is older than the compiler of the kernels, its version shows.
      ISOTRACE_TRY_DONE(must(status, "loading the kernels on " + description_));
      modules_.push_back(module);
    }
    return core::Done{};
  }

  [[nodiscard]] std::string description() const override { return description_; }
  [[nodiscard]] unsigned multiprocessors() const override { return multiprocessors_; }

  [[nodiscard]] ByteUnits byte_units() const override { return byte_units_; }

  // Memory that was released is kept for allocations of its size, because drivers wait for the
  // device when they allocate.
  core::Result<Address> allocate(std::size_t bytes) override {
    const std::size_t size = (bytes + memory_unit - 1) / memory_unit * memory_unit;
    if (const auto kept = kept_.find(size); kept != kept_.end()) {
      const Address address = kept->second;
      kept_.erase(kept);
      sizes_.emplace(address, size);
      return address;
    }
    ISOTRACE_TRY_DONE(take_device());
    Address address = 0;
    const Status status = with_room([&] { return driver_->allocate(&address, size); });
    ISOTRACE_TRY_DONE(judge(status, "allocation of " + std::to_string(bytes) + " bytes"));
    sizes_.emplace(address, size);
    return address;
  }

  void release(Address address) override {
    const auto known = sizes_.find(address);
    ISOTRACE_CHECK(known != sizes_.end(), address);
    kept_.emplace(known->second, address);
    sizes_.erase(known);
  }

  core::Result<core::Done> upload(Address to, core::ByteView from) override {
    if (from.empty()) return core::Done{};
    ISOTRACE_TRY_DONE(take_device());
    return judge(driver_->to_device(to, from.data(), from.size()), "copy to the device");
  }

  core::Result<core::Done> download(std::span<std::uint8_t> to, Address from) override {
    if (to.empty()) return core::Done{};
    ISOTRACE_TRY_DONE(take_device());
    return judge(driver_->to_host(to.data(), from, to.size()), "copy from the device");
  }

  core::Result<core::Done> launch(std::string_view kernel, Grid grid,
                                  core::ByteView arguments) override {
    ISOTRACE_TRY_DONE(take_device());
    ISOTRACE_TRY(void* const function, find_kernel(kernel));
    // One after the other, as all launches: more blocks than a driver takes at once.
    for (Origin origin{}; origin.z < grid.z; origin.z += launch_blocks_max) {
      for (origin.y = 0; origin.y < grid.y; origin.y += launch_blocks_max) {
        // Drivers only read what parameters point to.
        void* parameters[] = {const_cast<std::uint8_t*>(arguments.data()), &origin};
        const Status status = with_room([&] {
          return driver_->launch(function, grid.x, std::min(grid.y - origin.y, launch_blocks_max),
                                 std::min(grid.z - origin.z, launch_blocks_max), threads_of(kernel),
                                 1, 1, 0, nullptr, parameters, nullptr);
        });
        ISOTRACE_TRY_DONE(judge(status, kernel));
      }
    }
    return core::Done{};
  }

  core::Result<double> time(const std::function<core::Result<core::Done>()>& work) override {
    ISOTRACE_TRY_DONE(take_device());
    for (void*& event : events_) {
      if (event == nullptr) {
        ISOTRACE_TRY_DONE(judge(driver_->make_event(&event, 0), "an event"));
      }
    }
    ISOTRACE_TRY_DONE(judge(driver_->record_event(events_[0], nullptr), "an event"));
    ISOTRACE_TRY_DONE(work());
    ISOTRACE_TRY_DONE(judge(driver_->record_event(events_[1], nullptr), "an event"));
    ISOTRACE_TRY_DONE(judge(driver_->wait_for_event(events_[1]), "work that was timed"));
    float milliseconds = 0;
    ISOTRACE_TRY_DONE(
        judge(driver_->event_distance(&milliseconds, events_[0], events_[1]), "an event"));
    return static_cast<double>(milliseconds) / 1000;
  }

 private:
  /// Drivers take memory of the device for launches and when they first see a kernel, too: where
  /// none is left, they get back what was released, and are asked once more.
  template <class Call>
  Status with_room(const Call& call) {
    const Status status = call();
    if (fault_of(status) != DriverFault::no_memory || kept_.empty()) return status;
    for (const auto& [size, address] : kept_) driver_->release(address);
    kept_.clear();
    return call();
  }

  /// For the calling thread.
  core::Result<core::Done> take_device() {
    if (lost_) {
      return core::refuse(core::RefusalCode::device_failed, names_.product, "the device is lost");
    }
    return judge(choose_device(), "choice of the device");
  }

  Status choose_device() {
    return driver_->retain_context != nullptr ? driver_->choose_context(context_)
                                              : driver_->choose_number(0);
  }

  /// Before the device is there.
  core::Result<core::Done> must(Status status, std::string_view what) {
    if (status == 0) return core::Done{};
    return refuse_absent(names_, std::string(what) + ": " + describe_error(status));
  }

  core::Result<core::Done> judge(Status status, std::string_view what) {
    if (status == 0) return core::Done{};
    const DriverFault fault = fault_of(status);
    lost_ = lost_ || fault == DriverFault::lost;
    const bool memory = fault == DriverFault::no_memory;
    return core::refuse(
        memory ? core::RefusalCode::limit_exceeded : core::RefusalCode::device_failed,
        names_.product,
        std::string(what) + ": " + describe_error(status) + (lost_ ? "; the device is lost" : ""));
  }

  core::Result<void*> find_kernel(std::string_view kernel) {
    const auto known = functions_.find(kernel);
    if (known != functions_.end()) return known->second;
    const std::string name(kernel);
    for (void* const module : modules_) {
      void* function = nullptr;
      const Status status =
          with_room([&] { return driver_->find_function(&function, module, name.c_str()); });
      if (status == 0) return functions_.emplace(name, function).first->second;
      if (status != not_found) ISOTRACE_TRY_DONE(judge(status, name));
    }
    return core::refuse(core::RefusalCode::device_failed, names_.product, "no kernel " + name);
  }

  void describe() {
    char name[256] = "?";
    int version = 0;
    driver_->device_name(name, sizeof(name), 0);
    driver_->driver_version(&version);
    name[sizeof(name) - 1] = 0;
    description_ = name;
    if (driver_->attribute != nullptr) {
      int major = 0;
      int minor = 0;
      int multiprocessors = usual_multiprocessors;
      driver_->attribute(&major, names_.architecture_major, 0);
      driver_->attribute(&minor, names_.architecture_minor, 0);
      driver_->attribute(&multiprocessors, names_.multiprocessors, 0);
      description_ += ", sm_" + std::to_string(major) + std::to_string(minor);
      byte_units_ = major >= 8 ? ByteUnits::tensor_cores : ByteUnits::dot_products;
      multiprocessors_ = static_cast<unsigned>(std::max(multiprocessors, 1));
    }
    description_ += ", driver interface " + std::to_string(version);
  }

  const DriverNames& names_;
  std::unique_ptr<Driver> driver_;
  void* context_ = nullptr;
  std::vector<void*> modules_;
  std::map<std::string, void*, std::less<>> functions_;
  std::map<Address, std::size_t> sizes_;      ///< of what is allocated
  std::multimap<std::size_t, Address> kept_;  ///< what was released, by size
  void* events_[2] = {};
  bool lost_ = false;
  std::string description_;
  unsigned multiprocessors_ = usual_multiprocessors;
  ByteUnits byte_units_ = ByteUnits::none;
};

}  // namespace

core::Result<std::unique_ptr<TimedDevice>> open_driver_device(
    const DriverNames& names, std::span<const core::ByteView> images) {
  if (images.empty()) return refuse_absent(names, "built without a compiler for its kernels");
  auto device = std::make_unique<DriverDevice>(names);
  ISOTRACE_TRY_DONE(device->open(images));
  return device;
}

}  // namespace isotrace::backends::gpu
