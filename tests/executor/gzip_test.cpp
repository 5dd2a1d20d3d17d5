// gzip files: members, limits, and every kind of damage.
#include <isotrace/executor/gzip.hpp>

#include <gtest/gtest.h>
#include <zlib.h>

namespace isotrace::executor {
namespace {

using core::Bytes;
using core::RefusalCode;

Bytes zip(const Bytes& contents) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  Bytes made(deflateBound(&stream, contents.size()) + 32);
  stream.next_in = const_cast<Bytef*>(contents.data());
  stream.avail_in = static_cast<uInt>(contents.size());
  stream.next_out = made.data();
  stream.avail_out = static_cast<uInt>(made.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  made.resize(stream.total_out);
  deflateEnd(&stream);
  return made;
}

Bytes sample(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * i >> 3U);
  return bytes;
}

TEST(gzip, contents_come_back) {
  for (const std::size_t size : {0U, 1U, 65'535U, 65'536U, 65'537U, 500'000U}) {
    const Bytes contents = sample(size);
    const auto read = gunzip(zip(contents), size);
    ASSERT_TRUE(read) << size;
    EXPECT_EQ(*read, contents);
  }
}

TEST(gzip, members_follow_each_other) {
  Bytes both = zip(sample(1000));
  const Bytes second = zip(sample(7));
  both.insert(both.end(), second.begin(), second.end());
  const auto read = gunzip(both, 1007);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->size(), 1007U);
  EXPECT_EQ(gunzip(both, 1006).error().code, RefusalCode::limit_exceeded);
}

TEST(gzip, a_bomb_is_refused_early) {
  const Bytes bomb = zip(Bytes(50'000'000, 0));
  EXPECT_LT(bomb.size(), 100'000U);
  EXPECT_EQ(gunzip(bomb, 1'000'000).error().code, RefusalCode::limit_exceeded);
}

TEST(gzip, damage_is_refused) {
  const Bytes contents = sample(3000);
  const Bytes whole = zip(contents);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(gunzip(core::ByteView(whole).first(size), 1 << 20)) << size;
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_EQ(gunzip(longer, 1 << 20).error().code, RefusalCode::bytes_truncated);
  // Bytes 4 to 9 of the head say when and where it was made; behind the last bit of the deflated
  // stream some bits of a byte are free.
  for (std::size_t i = 10; i < whole.size(); ++i) {
    Bytes changed = whole;
    changed[i] ^= 0x10;
    const auto read = gunzip(changed, 1 << 20);
    EXPECT_TRUE(!read || *read == contents) << i;
  }
}

}  // namespace
}  // namespace isotrace::executor
