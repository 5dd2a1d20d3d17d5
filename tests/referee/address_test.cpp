#include <isotrace/referee/address.hpp>

#include <gtest/gtest.h>

namespace isotrace::referee {
namespace {

TEST(Addresses, EveryFormIsReadAndWritten) {
  EXPECT_EQ(parse_address("unix:a b/c.sock")->path, "a b/c.sock");
  EXPECT_EQ(parse_address("unix:a b/c.sock")->text(), "unix:a b/c.sock");
  EXPECT_EQ(parse_address("tcp:4000")->text(), "tcp:127.0.0.1:4000");
  EXPECT_EQ(parse_address("tcp:0.0.0.0:0")->text(), "tcp:0.0.0.0:0");
  EXPECT_EQ(parse_address("tcp:[::1]:65535")->text(), "tcp:[::1]:65535");
}

TEST(Addresses, AnythingElseIsNone) {
  for (const char* text : {"", "unix:", "tcp:", "tcp:x", "tcp::1", "tcp:host:", "tcp:host:65536",
                           "tcp:host:-1", "tcp:::1:80", "http:80", "a.sock", "tcp:1 "}) {
    EXPECT_FALSE(parse_address(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace isotrace::referee
