// Base64, the pre-authentication encoding and the bundle.
#include <cctype>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <isotrace/certificates/base64.hpp>
#include <isotrace/certificates/bundle.hpp>
#include <isotrace/certificates/dsse.hpp>
#include <isotrace/certificates/strict_json.hpp>
#include <isotrace/core/philox.hpp>

namespace isotrace::certificates {
namespace {

std::string text_of(const core::Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

TEST(Base64, rfc4648_vectors) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(write_base64(core::as_bytes(plain)), encoded);
    ASSERT_TRUE(parse_base64(encoded).has_value()) << encoded;
    EXPECT_EQ(text_of(*parse_base64(encoded)), plain);
  }
}

TEST(Base64, other_spellings_are_refused) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {"Zg"sv, "Zg="sv, "Zh=="sv, "Zm9="sv, "Zg==="sv, "Zg==\n"sv, " Zg=="sv, "Z g=="sv,
        "Zg==Zg=="sv, "_-8="sv, "!m8="sv, "Zg==\0"sv, "="sv, "===="sv, "Z"sv}) {
    EXPECT_FALSE(parse_base64(text).has_value()) << text;
  }
}

TEST(Base64, bytes_above_ascii_are_not_slashes) {
  EXPECT_TRUE(parse_base64("aa//").has_value());
  EXPECT_FALSE(parse_base64("aa\xC3\xA9").has_value());
}

RC_GTEST_PROP(Base64, every_accepted_text_is_the_one_that_is_written, (const std::string& text)) {
  if (const auto bytes = parse_base64(text)) RC_ASSERT(write_base64(*bytes) == text);
}

TEST(Base64, texts_of_every_length_and_every_edit_of_one_character) {
  // Long enough for what is decoded by sixteen characters, with every rest behind it.
  core::PhiloxStream random(29);
  for (std::size_t size = 1; size <= 64; ++size) {
    core::Bytes bytes(size);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next_u32());
    const std::string text = write_base64(bytes);
    ASSERT_EQ(parse_base64(text), bytes);
    for (std::size_t i = 0; i < text.size(); ++i) {
      std::string edited = text;
      for (int c = 0; c < 256; ++c) {
        edited[i] = static_cast<char>(c);
        const auto read = parse_base64(edited);
        const bool known = std::isalnum(c) != 0 || c == '+' || c == '/';
        const bool last = i + 4 >= text.size();
        ASSERT_TRUE(last || read.has_value() == known) << edited;
        ASSERT_TRUE(!read || write_base64(*read) == edited) << edited;
      }
    }
  }
}

TEST(Dsse, the_specifications_vector) {
  EXPECT_EQ(text_of(dsse_pae("http://example.com/HelloWorld", core::as_bytes("hello world"))),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

TEST(Dsse, lengths_count_bytes) {
  EXPECT_EQ(text_of(dsse_pae("\xC3\xA9", core::as_bytes("\xC3\xA9"))),
            "DSSEv1 2 \xC3\xA9 2 \xC3\xA9");
}

// Alphabets and lengths that make collisions likely if the encoding were ambiguous.
RC_GTEST_PROP(Dsse, different_pairs_never_have_the_same_encoding, ()) {
  const auto piece = rc::gen::container<std::string>(rc::gen::element(' ', '0', '1', '2', 'a'));
  const auto type_a = *rc::gen::resize(6, piece);
  const auto type_b = *rc::gen::resize(6, piece);
  const auto body_a = *rc::gen::resize(12, piece);
  const auto body_b = *rc::gen::resize(12, piece);
  const bool same =
      dsse_pae(type_a, core::as_bytes(body_a)) == dsse_pae(type_b, core::as_bytes(body_b));
  RC_ASSERT(same == (type_a == type_b && body_a == body_b));
}

TEST(Dsse, bytes_moved_between_type_and_payload_change_the_encoding) {
  const std::string whole = "a 1 b 12 cc 3 d";
  std::set<std::string> seen;
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    seen.insert(text_of(dsse_pae(whole.substr(0, cut), core::as_bytes(whole).subspan(cut))));
  }
  EXPECT_EQ(seen.size(), whole.size() + 1);
}

class BundleTest : public ::testing::Test {
 protected:
  Bundle bundle_{core::sha256(core::as_bytes("key")), {'{', '}'}, core::Bytes(64, 7)};
  Json json_ = Json::parse(text_of(write_bundle(bundle_)));

  void expect_refused(const char* why) {
    const std::string text = write_json(json_);
    const auto parsed = parse_bundle(core::as_bytes(text));
    ASSERT_FALSE(parsed.has_value()) << why;
    EXPECT_EQ(parsed.error().code, core::RefusalCode::certificate_malformed) << why;
  }
  Json& signatures() { return json_["dsseEnvelope"]["signatures"]; }
};

TEST_F(BundleTest, reads_back_what_was_written) {
  const auto parsed = parse_bundle(write_bundle(bundle_));
  ASSERT_TRUE(parsed.has_value()) << core::describe(parsed.error());
  EXPECT_EQ(parsed->keyid, bundle_.keyid);
  EXPECT_EQ(parsed->payload, bundle_.payload);
  EXPECT_EQ(parsed->signature, bundle_.signature);
}

TEST_F(BundleTest, E01_other_payload_types_are_refused) {
  for (const std::string& type :
       {std::string("application/json"), std::string("application/vnd.in-toto+json "),
        std::string("APPLICATION/VND.IN-TOTO+JSON"), std::string(), std::string(60000, 'a'),
        std::string("\xD0\xB0pplication/vnd.in-toto+json")}) {
    json_["dsseEnvelope"]["payloadType"] = type;
    expect_refused("payload type");
  }
}

TEST_F(BundleTest, E05_other_numbers_of_signatures_are_refused) {
  const Json one = signatures()[0];
  signatures() = Json::array();
  expect_refused("none");
  for (int count = 1; count < 17; ++count) {
    signatures() = Json::array();
    for (int i = 0; i <= count; ++i) signatures().push_back(one);
    expect_refused("many");
  }
}

TEST_F(BundleTest, E06_keyids_that_are_not_the_hint_are_refused) {
  const std::string other = core::sha256(core::as_bytes("other")).hex();
  signatures()[0]["keyid"] = other;
  expect_refused("mismatch");
  signatures()[0]["keyid"] = bundle_.keyid.hex().substr(1);
  expect_refused("short");
  signatures()[0]["keyid"] = std::string(40000, 'a');
  expect_refused("long");
  signatures()[0].erase("keyid");
  expect_refused("absent");
}

TEST_F(BundleTest, E07_content_beyond_the_profile_is_refused) {
  const Json good = json_;
  json_["messageSignature"] = Json::object();
  expect_refused("messageSignature");
  json_ = good;
  json_["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1";
  expect_refused("media type");
  json_ = good;
  json_["verificationMaterial"]["publicKey"]["rawBytes"] = "AAAA";
  expect_refused("embedded key");
  json_ = good;
  json_["verificationMaterial"]["certificate"] = {{"rawBytes", "AAAA"}};
  expect_refused("embedded certificate");
  json_ = good;
  json_["verificationMaterial"]["tlogEntries"].push_back(Json::object());
  expect_refused("log entry");
  json_ = good;
  json_["dsseEnvelope"]["Payload"] = "e30=";
  expect_refused("case variant");
}

TEST_F(BundleTest, values_of_another_type_are_refused) {
  const Json good = json_;
  for (const Json& value : {Json(nullptr), Json(1), Json::array(), Json::object(), Json(true)}) {
    for (const char* member : {"payload", "payloadType"}) {
      json_ = good;
      json_["dsseEnvelope"][member] = value;
      expect_refused(member);
    }
    json_ = good;
    signatures()[0]["sig"] = value;
    expect_refused("sig");
    json_ = good;
    json_["mediaType"] = value;
    expect_refused("mediaType");
  }
}

TEST_F(BundleTest, certificates_over_the_limit_are_refused) {
  bundle_.payload.resize(60000);
  EXPECT_FALSE(parse_bundle(write_bundle(bundle_)).has_value());
}

}  // namespace
}  // namespace isotrace::certificates
