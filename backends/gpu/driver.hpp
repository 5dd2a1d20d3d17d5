// The driver's library of a device, loaded at run time: a build needs no driver, and a machine
// without one refuses device_absent. CUDA's driver interface and HIP's have the same functions with
// the same binary forms but for names and a few details, which DriverNames states.
#pragma once

#include <functional>
#include <memory>

#include <isotrace/backends/gpu/device.hpp>

namespace isotrace::backends::gpu {

/// Symbols of one interface, and its library.
struct DriverNames {
  const char* product;  ///< for people: "CUDA"
  /// The first that is there; the rest is nullptr. Paths are where drivers lie that the loader does
  /// not find.
  const char* libraries[6];
  const char* init;
  const char* device_count;
  const char* device_name;
  const char* driver_version;
  const char* allocate;
  const char* release;
  const char* to_device;
  const char* to_host;
  const char* load_module;
  const char* find_function;
  const char* launch;
  /// How a thread takes the device: by a context of its own (CUDA) or by number (HIP).
  const char* retain_context;  ///< or nullptr
  const char* choose;          ///< takes the context, or the number
  const char* attribute;       ///< or nullptr: the two below are not known
  int multiprocessors;         ///< attributes' numbers
  int architecture_major;
  int architecture_minor;
  const char* make_event;
  const char* record_event;
  const char* wait_for_event;
  const char* event_distance;
};
extern const DriverNames cuda_driver;
extern const DriverNames hip_driver;

/// What drivers take in one launch along y and along z.
inline constexpr std::uint32_t launch_blocks_max = 0xFFFF;

/// A device with a clock of its own.
class TimedDevice : public Device {
 public:
  /// Seconds that the device spends on what `work` makes it do; refuses what that refuses.
  virtual core::Result<double> time(const std::function<core::Result<core::Done>()>& work) = 0;
};

/// The first device of a driver, with the kernels of these images. Refuses device_absent: no such
/// library, no device, a driver too old for the images, an architecture that they do not serve.
core::Result<std::unique_ptr<TimedDevice>> open_driver_device(
    const DriverNames& names, std::span<const core::ByteView> images);

}  // namespace isotrace::backends::gpu
