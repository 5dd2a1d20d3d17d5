#include <limits>

#include <gtest/gtest.h>

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

TEST(Bytes, fields_are_little_endian_and_lengths_are_u64) {
  ByteWriter out;
  out.u16(0x0102).u32(0x03040506).i64(-2).text("ab");
  EXPECT_EQ(to_hex(out.bytes()),
            "0201"
            "06050403"
            "feffffffffffffff"
            "0200000000000000"
            "6162");
}

TEST(Bytes, every_prefix_is_refused_as_truncated) {
  ByteWriter out;
  out.u32(7).text("payload");
  for (std::size_t size = 0; size < out.bytes().size(); ++size) {
    ByteReader in(ByteView(out.bytes()).first(size));
    const auto number = in.u32();
    if (!number) {
      EXPECT_EQ(number.error().code, RefusalCode::bytes_truncated);
      continue;
    }
    const auto text = in.text(64);
    ASSERT_FALSE(text.has_value()) << size;
    EXPECT_EQ(text.error().code, RefusalCode::bytes_truncated);
  }
}

TEST(Bytes, announced_lengths_beyond_the_data_are_refused) {
  for (const std::uint64_t size :
       {std::uint64_t{1}, std::numeric_limits<std::uint64_t>::max(), std::uint64_t{1} << 63}) {
    ByteWriter out;
    out.u64(size);
    EXPECT_EQ(ByteReader(out.bytes()).block().error().code, RefusalCode::bytes_truncated);
    EXPECT_FALSE(ByteReader(out.bytes()).text(10).has_value());
    EXPECT_FALSE(ByteReader(out.bytes()).count(1, std::size_t{1} << 62).has_value());
  }
}

TEST(Bytes, texts_and_counts_over_their_limit_are_refused_as_limit) {
  ByteWriter out;
  out.text("12345");
  EXPECT_EQ(ByteReader(out.bytes()).text(4).error().code, RefusalCode::limit_exceeded);
  EXPECT_EQ(ByteReader(out.bytes()).count(1, 4).error().code, RefusalCode::limit_exceeded);
  EXPECT_EQ(*ByteReader(out.bytes()).count(1, 5), 5U);
  EXPECT_EQ(ByteReader(out.bytes()).count(2, 5).error().code, RefusalCode::bytes_truncated);
}

TEST(Bytes, data_after_the_end_is_refused_as_trailing) {
  const Bytes bytes(2);
  ByteReader in(bytes);
  ASSERT_TRUE(in.u8().has_value());
  EXPECT_EQ(in.end().error().code, RefusalCode::bytes_trailing);
  EXPECT_EQ(in.offset(), 1U);
}

TEST(Hex, round_trips_and_takes_lower_case_pairs_only) {
  EXPECT_EQ(to_hex(*from_hex("00ff1a")), "00ff1a");
  EXPECT_TRUE(from_hex("")->empty());
  for (const char* text : {"0", "FF", "0g", " 00", "0x"}) EXPECT_FALSE(from_hex(text)) << text;
}

}  // namespace
}  // namespace isotrace::core
