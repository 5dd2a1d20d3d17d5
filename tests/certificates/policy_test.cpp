// Policies: their times, their form, and what makes them malformed.
#include <gtest/gtest.h>

#include <isotrace/certificates/strict_json.hpp>

#include "tests/certificates/sample.hpp"

namespace isotrace::certificates {
namespace {

using core::RefusalCode;

TEST(UtcTime, known_times) {
  EXPECT_EQ(parse_utc("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_utc("2000-02-29T12:34:56Z"), 951827696);
  EXPECT_EQ(parse_utc("9999-12-31T23:59:59Z"), 253402300799);
  EXPECT_EQ(write_utc(samples::now), "2026-11-21T00:00:00Z");
}

TEST(UtcTime, reads_back_what_it_writes) {
  for (UnixSeconds time = 0; time < 253402300800; time += 86399 * 97) {
    EXPECT_EQ(parse_utc(write_utc(time)), time);
  }
}

TEST(UtcTime, other_spellings_and_impossible_dates_are_refused) {
  for (const char* text :
       {"2027-02-29T00:00:00Z", "2027-13-01T00:00:00Z", "2027-00-01T00:00:00Z",
        "2027-01-00T00:00:00Z", "2027-01-01T24:00:00Z", "2027-01-01T00:60:00Z",
        "2027-01-01T23:59:60Z", "2027-01-01T00:00:00", "2027-01-01T00:00:00+00:00", "2027-01-01",
        "2027-1-01T00:00:00Z", "1969-12-31T23:59:59Z", "+027-01-01T00:00:00Z",
        "2027-01-01t00:00:00z", " 027-01-01T00:00:00Z", ""}) {
    EXPECT_FALSE(parse_utc(text).has_value()) << text;
  }
}

class PolicyTest : public ::testing::Test {
 protected:
  signing::SigningKey key_ = samples::make_key(1);
  Policy policy_ = signing::make_policy(key_.public_key(), samples::now, samples::year);
  Json json_ = Json::parse(signing::write_policy(policy_));

  void expect_refused(const std::string& why, RefusalCode code = RefusalCode::policy_malformed) {
    const std::string text = write_json(json_, JsonForm::indented);
    const auto parsed = parse_policy(core::as_bytes(text));
    ASSERT_FALSE(parsed.has_value()) << why;
    EXPECT_EQ(parsed.error().code, code) << why << ": " << core::describe(parsed.error());
    json_ = Json::parse(signing::write_policy(policy_));
  }
  Json& key() { return json_["keys"][0]; }
  Json& rule() { return json_["rules"][0]; }
};

TEST_F(PolicyTest, reads_back_what_was_written) {
  policy_.rules.push_back({{core::sha256({})},
                           {"isonum-1"},
                           {core::sha256(core::as_bytes("p"))},
                           true,
                           true,
                           Assurance::proved,
                           {ClaimLevel::real},
                           {true, true, true, true, true}});
  policy_.keys[0].revoked_at = samples::now;
  const std::string text = signing::write_policy(policy_);
  const auto parsed = parse_policy(core::as_bytes(text));
  ASSERT_TRUE(parsed.has_value()) << core::describe(parsed.error());
  EXPECT_EQ(signing::write_policy(*parsed), text);
  EXPECT_EQ(parsed->sha256, core::sha256(core::as_bytes(text)));
}

TEST_F(PolicyTest, missing_and_unknown_members_are_refused) {
  for (const char* member : {"expires", "keys", "roles", "rules", "schema", "version"}) {
    json_.erase(member);
    expect_refused(member);
  }
  json_["default"] = "allow";
  expect_refused("default");
  rule()["exceptions"] = Json::array();
  expect_refused("exceptions");
  key().erase("validUntil");
  expect_refused("validUntil");
}

TEST_F(PolicyTest, keys_must_be_what_they_say) {
  key()["alg"] = "ecdsa-p256";
  expect_refused("alg");
  key()["alg"] = "none";
  expect_refused("alg none");
  key()["keyid"] = core::sha256({}).hex();
  expect_refused("keyid");
  key()["validUntil"] = key()["validFrom"];
  expect_refused("window");
  key()["validFrom"] = "yesterday";
  expect_refused("time");
  json_["keys"].push_back(key());
  expect_refused("twice");
  key()["spki"] = "AAAA";
  expect_refused("spki", RefusalCode::key_malformed);
}

TEST_F(PolicyTest, K01_a_zeroed_key_slot_is_refused_when_loading) {
  key()["spki"] = "MCowBQYDK2VwAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  expect_refused("zero", RefusalCode::key_unsafe);
}

TEST_F(PolicyTest, thresholds_must_be_reachable_by_distinct_keys) {
  Json& certifier = json_["roles"]["certifier"];
  certifier["threshold"] = 0;
  expect_refused("zero");
  json_["roles"]["certifier"]["threshold"] = 2;
  expect_refused("too many");
  json_["roles"]["certifier"]["keyids"].push_back(key_.public_key().keyid().hex());
  expect_refused("the same key twice");
  json_["roles"]["certifier"]["keyids"][0] = core::sha256({}).hex();
  expect_refused("a key that is not there");
}

TEST_F(PolicyTest, rules_use_known_words) {
  rule()["claims"] = {"all"};
  expect_refused("claims");
  rule()["levels"] = {"none"};
  expect_refused("levels");
  rule()["leastAssurance"] = "none";
  expect_refused("assurance");
  rule()["evidence"] = {"faith"};
  expect_refused("evidence");
  rule()["subjects"] = Json::array();
  expect_refused("no subjects");
  rule()["subjects"] = {"any", core::sha256({}).hex()};
  expect_refused("any among others");
}

TEST_F(PolicyTest, compact_json_is_not_a_policy_file) {
  EXPECT_FALSE(parse_policy(core::as_bytes(json_.dump())).has_value());
}

}  // namespace
}  // namespace isotrace::certificates
