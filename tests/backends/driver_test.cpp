// What drivers report becomes refusals. No device is played: the library of fake_driver.cpp only
// fails, in every way that a driver can.
#include <isotrace/backends/gpu/driver.hpp>

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <thread>

#include <isotrace/backends/gpu/driver_errors.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::RefusalCode;

DriverNames fake_names() {
  return {"FAKE",
          {ISOTRACE_FAKE_DRIVER},
          "fakeInit",
          "fakeCount",
          "fakeName",
          "fakeVersion",
          "fakeAllocate",
          "fakeRelease",
          "fakeToDevice",
          "fakeToHost",
          "fakeLoad",
          "fakeFind",
          "fakeLaunch",
          nullptr,
          "fakeChoose",
          nullptr,
          0,
          0,
          0,
          "fakeEvent",
          "fakeRecord",
          "fakeWait",
          "fakeDistance"};
}

/// The library's own say in what its functions return.
class FakeDriver {
 public:
  FakeDriver() : library_(dlopen(ISOTRACE_FAKE_DRIVER, RTLD_NOW | RTLD_LOCAL)) {}
  ~FakeDriver() { set("", 0); }
  FakeDriver(const FakeDriver&) = delete;
  FakeDriver& operator=(const FakeDriver&) = delete;

  void set(const char* function, DriverStatus status) const {
    reinterpret_cast<void (*)(const char*, int)>(dlsym(library_, "fakeSet"))(function, status);
  }
  /// Of launches that succeeded: their grid, and the second argument of the kernel.
  int read_launches(void* to, std::size_t most) const {
    return reinterpret_cast<int (*)(void*, std::size_t)>(dlsym(library_, "fakeLaunches"))(to, most);
  }
  [[nodiscard]] std::size_t in_use() const {
    return reinterpret_cast<std::size_t (*)()>(dlsym(library_, "fakeInUse"))();
  }
  /// Of all functions, since the last set().
  [[nodiscard]] int calls() const {
    return reinterpret_cast<int (*)()>(dlsym(library_, "fakeCalls"))();
  }

 private:
  void* library_;
};

/// As CUDA's: threads take a device by a context.
DriverNames names_with_contexts() {
  DriverNames names = fake_names();
  names.retain_context = "fakeRetain";
  names.choose = "fakeChooseContext";
  names.attribute = "fakeAttribute";
  return names;
}

constexpr std::uint8_t good[] = {'g'};
constexpr std::uint8_t foreign[] = {'x'};
constexpr std::uint8_t newer[] = {'n'};
const core::ByteView good_images[] = {good};
const core::ByteView foreign_images[] = {foreign};
const core::ByteView newer_images[] = {newer};

RefusalCode open_code(const DriverNames& names, std::span<const core::ByteView> images) {
  const auto device = open_driver_device(names, images);
  return device ? RefusalCode{} : device.error().code;
}

TEST(Driver, what_keeps_a_device_from_being_there_is_refused_as_device_absent) {
  EXPECT_EQ(open_code(fake_names(), {}), RefusalCode::device_absent);
  EXPECT_EQ(open_code(fake_names(), foreign_images), RefusalCode::device_absent);
  DriverNames names = fake_names();
  names.libraries[0] = "libno-such-driver.so";
  EXPECT_EQ(open_code(names, good_images), RefusalCode::device_absent);
  EXPECT_EQ(open_driver_device(names, good_images).error().detail, "no libno-such-driver.so");
  names.libraries[1] = ISOTRACE_FAKE_DRIVER;
  EXPECT_TRUE(open_driver_device(names, good_images));
  names = fake_names();
  names.launch = "noSuchFunction";
  EXPECT_EQ(open_code(names, good_images), RefusalCode::device_absent);
  names = fake_names();
  names.device_count = "fakeCountNone";
  EXPECT_EQ(open_code(names, good_images), RefusalCode::device_absent);
}

TEST(Driver, libraries_of_several_versions_are_tried_and_lack_of_a_device_is_said_and_no_more) {
  for (const DriverNames* const names : {&cuda_driver, &hip_driver}) {
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    const auto device = open_driver_device(*names, foreign_images);
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    ASSERT_FALSE(device);  // the image is none
    EXPECT_EQ(device.error().code, RefusalCode::device_absent);
    EXPECT_NE(device.error().detail, "");
  }
  for (const char* const name : {"libamdhip64.so.5", "libamdhip64.so.6", "libamdhip64.so.7"}) {
    EXPECT_TRUE(std::ranges::any_of(hip_driver.libraries, [&](const char* library) {
      return library != nullptr && std::string_view(library) == name;
    })) << name;
  }
}

TEST(Driver, says_whether_the_driver_is_too_old_or_the_architecture_not_served) {
  const auto of = [](std::span<const core::ByteView> images) {
    return open_driver_device(fake_names(), images).error().detail;
  };
  EXPECT_EQ(of(newer_images),
            "loading the kernels on a fake, driver interface 7: the driver is too old for the "
            "kernels (error 222)");
  EXPECT_EQ(of(foreign_images),
            "loading the kernels on a fake, driver interface 7: the kernels do not serve this "
            "architecture (error 209)");
}

TEST(Driver, gives_memory_that_was_released_again_and_back_before_it_runs_out) {
  const DriverNames names = fake_names();
  const auto device = open_driver_device(names, good_images);
  ASSERT_TRUE(device);
  const auto first = (*device)->allocate(700'000);
  ASSERT_TRUE(first);
  EXPECT_EQ((*device)->allocate(700'000).error().code, RefusalCode::limit_exceeded);
  (*device)->release(*first);
  const auto second = (*device)->allocate(700'100);
  ASSERT_TRUE(second);
  EXPECT_EQ(*second, *first);
  (*device)->release(*second);
  const auto other = (*device)->allocate(600'000);  // only without the kept memory
  ASSERT_TRUE(other);
  (*device)->release(*other);
}

TEST(Driver, gives_released_memory_back_to_a_driver_that_lacks_it_for_a_launch) {
  const FakeDriver fake;
  const DriverNames names = fake_names();
  const std::uint8_t bytes[16] = {};
  const auto device = open_driver_device(names, good_images);
  ASSERT_TRUE(device);
  const auto allocate_and_release = [&] {
    const auto address = (*device)->allocate(10'000);
    ASSERT_TRUE(address);
    (*device)->release(*address);
  };
  fake.set("crowded", 0);
  for (const char* when : {"the kernel is not known yet", "it is"}) {
    allocate_and_release();
    EXPECT_GT(fake.in_use(), 4096U);
    EXPECT_TRUE((*device)->launch("map_unary_f32", {}, bytes)) << when;
    EXPECT_LE(fake.in_use(), 4096U);
  }
  const auto held = (*device)->allocate(10'000);
  ASSERT_TRUE(held);
  EXPECT_EQ((*device)->launch("map_unary_f32", {}, bytes).error().code,
            RefusalCode::limit_exceeded);
  (*device)->release(*held);
}

TEST(Driver, launches_more_blocks_than_a_driver_takes_in_parts) {
  struct Launch {
    unsigned grid[3];
    std::uint32_t origin[2];
  };
  const FakeDriver fake;
  const DriverNames names = fake_names();
  const auto device = open_driver_device(names, good_images);
  ASSERT_TRUE(device);
  const std::uint8_t bytes[16] = {};
  const auto launches = [&](Grid grid) {
    std::vector<Launch> all(16);
    fake.set("a list", 0);
    EXPECT_TRUE((*device)->launch("map_unary_f32", grid, bytes));
    all.resize(static_cast<std::size_t>(fake.read_launches(all.data(), all.size())));
    return all;
  };
  const auto one = launches({0x7FFFFFFF, 0xFFFF, 0xFFFF});
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].grid[0], 0x7FFFFFFFU);
  EXPECT_EQ(one[0].grid[1], 0xFFFFU);
  EXPECT_EQ(one[0].origin[1], 0U);
  const auto parts = launches({3, 0x10000, 0x20000});
  ASSERT_EQ(parts.size(), 6U);
  std::uint64_t blocks = 0;
  for (const Launch& launch : parts) {
    EXPECT_EQ(launch.grid[0], 3U);
    EXPECT_LE(std::max(launch.grid[1], launch.grid[2]), 0xFFFFU);
    EXPECT_LE(launch.origin[0] + launch.grid[1], 0x10000U);
    EXPECT_LE(launch.origin[1] + launch.grid[2], 0x20000U);
    blocks += std::uint64_t{launch.grid[1]} * launch.grid[2];
  }
  EXPECT_EQ(blocks, std::uint64_t{0x10000} * 0x20000);
  EXPECT_EQ(parts[1].origin[0], 0xFFFFU);
  EXPECT_EQ(parts[5].origin[1], 0x1FFFEU);
}

TEST(Driver, gives_memory_back_on_whatever_thread_it_ends) {
  const FakeDriver fake;
  const DriverNames names = names_with_contexts();
  auto device = *open_driver_device(names, good_images);
  const auto address = device->allocate(4096);
  ASSERT_TRUE(address);
  device->release(*address);
  const std::size_t before = fake.in_use();
  EXPECT_GE(before, 4096U);
  std::thread([&device] { device.reset(); }).join();
  EXPECT_EQ(fake.in_use(), before - 4096);
}

TEST(Driver, times_by_the_clock_of_the_device) {
  const DriverNames names = fake_names();
  const auto device = open_driver_device(names, good_images);
  ASSERT_TRUE(device);
  const auto seconds = (*device)->time([] { return core::Result<core::Done>(core::Done{}); });
  ASSERT_TRUE(seconds);
  EXPECT_EQ(*seconds, 0.002);
  const auto refused = (*device)->time([]() -> core::Result<core::Done> {
    return core::refuse(RefusalCode::device_failed, "here");
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().where, "here");
}

TEST(Driver, asks_a_lost_device_nothing_more) {
  const DriverNames names = fake_names();
  const auto device = open_driver_device(names, good_images);
  ASSERT_TRUE(device);
  const auto address = (*device)->allocate(16);
  ASSERT_TRUE(address);
  std::uint8_t bytes[16] = {};
  EXPECT_TRUE((*device)->upload(*address, bytes));
  const auto launched = (*device)->launch("map_unary_f32", {}, bytes);
  EXPECT_EQ(launched.error().detail,
            "map_unary_f32: an illegal address (error 700); the device is lost");
  const auto after = (*device)->upload(*address, bytes);
  EXPECT_EQ(after.error().code, RefusalCode::device_failed);
  EXPECT_EQ(after.error().detail, "the device is lost");
  (*device)->release(*address);
}

TEST(Driver, what_fails_later_is_refused_by_its_kind) {
  const DriverNames names = fake_names();
  const auto device = open_driver_device(names, good_images);
  ASSERT_TRUE(device);
  EXPECT_EQ((*device)->description(), "a fake, driver interface 7");
  EXPECT_EQ((*device)->allocate(1U << 21).error().code, RefusalCode::limit_exceeded);
  const auto address = (*device)->allocate(16);
  ASSERT_TRUE(address);
  std::uint8_t bytes[16] = {};
  EXPECT_TRUE((*device)->upload(*address, bytes));
  EXPECT_EQ((*device)->download(bytes, *address).error().code, RefusalCode::device_failed);
  EXPECT_EQ((*device)->launch("map_unary_f32", {}, bytes).error().code, RefusalCode::device_failed);
  EXPECT_EQ((*device)->launch("map_binary_f32", {}, bytes).error().code,
            RefusalCode::device_failed);
  (*device)->release(*address);
}

std::vector<DriverStatus> known_and_unknown_errors() {
  std::vector<DriverStatus> all = {-1, 12345};
  for (const DriverError& error : driver_errors()) all.push_back(error.status);
  return all;
}

TEST(DriverErrors, before_the_device_is_there_are_all_device_absent_and_say_why) {
  const FakeDriver fake;
  for (const DriverNames& names : {fake_names(), names_with_contexts()}) {
    for (const char* function : {"init", "count", "retain", "choose", "load"}) {
      if (function == std::string("retain") && names.retain_context == nullptr) continue;
      for (const DriverStatus status : known_and_unknown_errors()) {
        fake.set(function, status);
        const auto device = open_driver_device(names, good_images);
        ASSERT_FALSE(device) << function << " " << status;
        EXPECT_EQ(device.error().code, RefusalCode::device_absent);
        EXPECT_NE(device.error().detail.find(describe_error(status)), std::string::npos)
            << device.error().detail;
      }
    }
    fake.set("", 0);
    EXPECT_TRUE(open_driver_device(names, good_images));
  }
}

TEST(DriverErrors, later_are_refused_by_the_table_and_nothing_is_asked_of_a_lost_device) {
  struct Call {
    const char* function;
    std::function<core::Result<core::Done>(TimedDevice&, Address)> make;
  };
  std::uint8_t bytes[16] = {};
  const auto time = [](TimedDevice& device, Address) -> core::Result<core::Done> {
    ISOTRACE_TRY_DONE(device.time([] { return core::Result<core::Done>(core::Done{}); }));
    return core::Done{};
  };
  const auto upload = [&](TimedDevice& device, Address at) { return device.upload(at, bytes); };
  const auto launch = [&](TimedDevice& device, Address) {
    return device.launch("map_unary_f32", {}, bytes);
  };
  const Call calls[] = {
      {"allocate",
       [](TimedDevice& device, Address) -> core::Result<core::Done> {
         ISOTRACE_TRY(const Address address, device.allocate(4096));
         device.release(address);
         return core::Done{};
       }},
      {"upload", upload},
      {"choose", upload},
      {"download", [&](TimedDevice& device, Address at) { return device.download(bytes, at); }},
      {"launch", launch},
      {"find", launch},
      {"event", time},
      {"record", time},
      {"wait", time},
      {"distance", time}};
  const FakeDriver fake;
  const DriverNames names = names_with_contexts();
  for (const Call& call : calls) {
    for (const DriverStatus status : known_and_unknown_errors()) {
      fake.set("", 0);
      const auto device = open_driver_device(names, good_images);
      ASSERT_TRUE(device);
      const auto address = (*device)->allocate(16);
      ASSERT_TRUE(address);
      fake.set(call.function, status);
      const auto refused = call.make(**device, *address);
      ASSERT_FALSE(refused) << call.function << " " << status;
      const DriverFault fault = fault_of(status);
      EXPECT_EQ(refused.error().code, fault == DriverFault::no_memory ? RefusalCode::limit_exceeded
                                                                      : RefusalCode::device_failed)
          << call.function << " " << status;
      fake.set("", 0);
      const auto after = (*device)->upload(*address, bytes);
      EXPECT_EQ(after.has_value(), fault != DriverFault::lost) << call.function << " " << status;
      EXPECT_EQ(fake.calls() == 0, fault == DriverFault::lost);
      (*device)->release(*address);
    }
  }
}

TEST(DriverErrors, of_a_lost_device_leave_its_memory_alone) {
  const FakeDriver fake;
  const DriverNames names = names_with_contexts();
  {
    const auto device = open_driver_device(names, good_images);
    ASSERT_TRUE(device);
    const auto address = (*device)->allocate(16);
    ASSERT_TRUE(address);
    std::uint8_t bytes[16] = {};
    fake.set("upload", 719);
    EXPECT_FALSE((*device)->upload(*address, bytes));
    (*device)->release(*address);
    fake.set("", 0);
  }
  EXPECT_EQ(fake.calls(), 0);
}

TEST(DriverErrors, are_in_order_and_each_has_a_meaning) {
  DriverStatus before = 0;
  for (const DriverError& error : driver_errors()) {
    EXPECT_GT(error.status, before);
    before = error.status;
    EXPECT_NE(std::string(error.meaning), "");
  }
  EXPECT_EQ(describe_error(700), "an illegal address (error 700)");
  EXPECT_EQ(describe_error(12345), "error 12345");
}

}  // namespace
}  // namespace isotrace::backends::gpu
