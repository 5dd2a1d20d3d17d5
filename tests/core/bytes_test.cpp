#include <gtest/gtest.h>

#include <isotrace/core/blake3.hpp>
#include <isotrace/core/bytes.hpp>

namespace isotrace::core {
namespace {

TEST(Bytes, written_fields_read_back) {
  ByteWriter out;
  out.u8(1).u16(2).u32(3).u64(4).i64(-5).f32(1.5F).f64(-2.5).text("seven");
  ByteReader in(out.bytes());
  EXPECT_EQ(*in.u8(), 1);
  EXPECT_EQ(*in.u16(), 2);
  EXPECT_EQ(*in.u32(), 3U);
  EXPECT_EQ(*in.u64(), 4U);
  EXPECT_EQ(*in.i64(), -5);
  EXPECT_EQ(*in.f32(), 1.5F);
  EXPECT_EQ(*in.f64(), -2.5);
  EXPECT_EQ(*in.text(16), "seven");
  EXPECT_TRUE(in.end().has_value());
}

TEST(Bytes, every_prefix_is_refused_as_truncated) {
  ByteWriter out;
  out.u32(7).text("payload");
  for (std::size_t size = 0; size < out.bytes().size(); ++size) {
    ByteReader in(ByteView(out.bytes()).first(size));
    const auto number = in.u32();
    const bool refused = !number || !in.text(64);
    EXPECT_TRUE(refused) << size;
  }
}

TEST(Blake3, empty_input_has_the_official_digest) {
  EXPECT_EQ(blake3(ByteView{}).hex(),
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
}

}  // namespace
}  // namespace isotrace::core
