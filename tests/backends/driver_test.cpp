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
          0};
}

constexpr std::uint8_t good[] = {'g'};
constexpr std::uint8_t foreign[] = {'x'};
const core::ByteView good_images[] = {good};
const core::ByteView foreign_images[] = {foreign};

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
  EXPECT_EQ((*device)->launch("map_unary", {}, bytes).error().code, RefusalCode::device_failed);
  EXPECT_EQ((*device)->launch("map_binary", {}, bytes).error().code, RefusalCode::device_failed);
  (*device)->release(*address);
}

}  // namespace
}  // namespace isotrace::backends::gpu
