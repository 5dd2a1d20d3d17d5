// What drivers report becomes refusals. No device is played: the library of fake_driver.cpp only
// fails, in every way that a driver can.
#include <isotrace/backends/gpu/driver.hpp>

#include <gtest/gtest.h>

namespace isotrace::backends::gpu {
namespace {

using core::RefusalCode;

DriverNames fake_names() {
  return {"FAKE",
          ISOTRACE_FAKE_DRIVER,
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
  names.library = "libno-such-driver.so";
  EXPECT_EQ(open_code(names, good_images), RefusalCode::device_absent);
  names = fake_names();
  names.launch = "noSuchFunction";
  EXPECT_EQ(open_code(names, good_images), RefusalCode::device_absent);
  names = fake_names();
  names.device_count = "fakeCountNone";
  EXPECT_EQ(open_code(names, good_images), RefusalCode::device_absent);
}

TEST(Driver, says_whether_the_driver_is_too_old_or_the_architecture_not_served) {
  const auto of = [](std::span<const core::ByteView> images) {
    return open_driver_device(fake_names(), images).error().detail;
  };
  EXPECT_EQ(of(newer_images), "the driver is too old for the kernels (error 222)");
  EXPECT_EQ(of(foreign_images), "the kernels do not serve this architecture (error 209)");
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
  EXPECT_EQ(launched.error().detail, "map_unary_f32: error 700; the device is lost");
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

}  // namespace
}  // namespace isotrace::backends::gpu
