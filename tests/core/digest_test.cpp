#include <gtest/gtest.h>

#include <isotrace/core/digest.hpp>

namespace isotrace::core {
namespace {

// NIST CAVP / FIPS 180-4 examples.
TEST(Sha256, nist_examples) {
  EXPECT_EQ(sha256({}).hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256(as_bytes("abc")).hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")).hex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(Bytes(1000000, 'a')).hex(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, pieces_give_the_digest_of_the_whole) {
  const Bytes bytes(300, 0x61);
  for (std::size_t cut = 0; cut <= bytes.size(); cut += 7) {
    Sha256 hasher;
    hasher.update(ByteView(bytes).first(cut));
    hasher.update({});
    hasher.update(ByteView(bytes).subspan(cut));
    EXPECT_EQ(hasher.finish(), sha256(bytes)) << cut;
  }
}

TEST(Digest, parses_64_lower_case_digits_and_nothing_else) {
  const Digest digest = sha256(as_bytes("x"));
  EXPECT_EQ(parse_digest(digest.hex()), digest);
  EXPECT_FALSE(parse_digest(digest.hex().substr(2)).has_value());
  EXPECT_FALSE(parse_digest(digest.hex() + "00").has_value());
  EXPECT_FALSE(parse_digest("G" + digest.hex().substr(1)).has_value());
  EXPECT_EQ(digest_from_bytes(digest.view()), digest);
  EXPECT_FALSE(digest_from_bytes(digest.view().first(31)).has_value());
}

}  // namespace
}  // namespace isotrace::core
