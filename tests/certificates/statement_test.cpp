// The statement's schema is closed, and a statement cannot claim more than what stands behind it.
#include <algorithm>
#include <cctype>

#include <gtest/gtest.h>

#include <isotrace/certificates/strict_json.hpp>

#include "tests/certificates/sample.hpp"

namespace isotrace::certificates {
namespace {

using samples::make_artifacts;

class StatementTest : public ::testing::Test {
 protected:
  samples::Artifacts artifacts_ = make_artifacts();
  Statement statement_ = *signing::make_statement(artifacts_.input());
  core::Bytes payload_ = signing::write_statement(statement_);
  Json json_ = Json::parse(payload_.begin(), payload_.end());

  Json& predicate() { return json_["predicate"]; }
  Json& claim(std::size_t i = 0) { return predicate()["claims"][i]; }
  void expect_refused(const std::string& why) {
    const std::string text = write_json(json_);
    const auto parsed = parse_statement(core::as_bytes(text));
    ASSERT_FALSE(parsed.has_value()) << why;
    EXPECT_EQ(parsed.error().code, core::RefusalCode::certificate_malformed) << why;
    json_ = Json::parse(payload_.begin(), payload_.end());
  }
};

TEST_F(StatementTest, reads_back_what_was_written) {
  const auto parsed = parse_statement(payload_);
  ASSERT_TRUE(parsed.has_value()) << core::describe(parsed.error());
  EXPECT_EQ(core::to_hex(signing::write_statement(*parsed)), core::to_hex(payload_));
}

/// Calls `act` with every member of every object below `json`, as (object, key).
template <class Act>
void for_each_member(const Json& json, const Json::json_pointer& at, const Act& act) {
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      act(at, key);
      for_each_member(value, at / key, act);
    }
  } else if (json.is_array()) {
    for (std::size_t i = 0; i < json.size(); ++i) for_each_member(json[i], at / i, act);
  }
}

TEST_F(StatementTest, every_member_is_needed_and_no_other_is_allowed) {
  const Json original = json_;
  int members = 0;
  for_each_member(original, Json::json_pointer(), [&](const auto& object, const std::string& key) {
    ++members;
    json_[object].erase(key);
    expect_refused("without " + object.to_string() + "/" + key);
    json_[object]["x" + key] = 1;
    expect_refused("with more in " + object.to_string());
    const Json value = json_[object][key];
    json_[object][key] = value.is_string() ? Json(7) : Json("7");
    expect_refused("another type of " + object.to_string() + "/" + key);
  });
  EXPECT_GT(members, 50);
}

TEST_F(StatementTest, the_verdict_is_recomputed) {
  predicate()["verdict"] = "FAILED";
  expect_refused("FAILED");
  claim(1)["result"] = "VIOLATED";
  expect_refused("PASSED with a violated claim");
  claim(1)["result"] = "VIOLATED";
  predicate()["verdict"] = "FAILED";
  const std::string text = write_json(json_);
  EXPECT_TRUE(parse_statement(core::as_bytes(text)).has_value());
}

TEST_F(StatementTest, redundant_fields_must_agree) {
  const std::string other = core::sha256(core::as_bytes("x")).hex();
  json_["subject"][0]["digest"]["sha256"] = other;
  expect_refused("subject");
  predicate()["model"]["sha256"] = other;
  expect_refused("model");
  predicate()["semantics"]["version"] = 2;
  expect_refused("semantics");
  claim()["property"]["sha256"] = other;
  expect_refused("property text");
  claim()["property"]["text"] = "(assert true)";
  expect_refused("property text");
}

TEST_F(StatementTest, a_second_subject_is_refused) {
  json_["subject"].push_back(json_["subject"][0]);
  expect_refused("two");
  json_["subject"] = Json::array();
  expect_refused("none");
}

TEST_F(StatementTest, digests_have_one_spelling) {
  for (const char* bad : {"", "00", "ABCDEF"}) {
    predicate()["trace"]["root"] = bad;
    expect_refused(bad);
  }
  std::string upper = predicate()["trace"]["root"];
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  predicate()["trace"]["root"] = upper;
  expect_refused("upper case");
  json_["subject"][0]["digest"] = {{"sha1", std::string(40, '0')}};
  expect_refused("downgrade");
}

TEST_F(StatementTest, a_claim_that_holds_needs_a_proof) {
  claim()["proof"] = nullptr;
  expect_refused("no proof");
  claim()["checker"] = nullptr;
  expect_refused("no checker");
  claim()["property"] = nullptr;
  expect_refused("no property");
  claim()["method"] = "none";
  expect_refused("no method");
  claim()["assurance"] = "asserted";
  expect_refused("asserted");
  claim()["level"] = "none";
  expect_refused("no level");
}

TEST_F(StatementTest, a_replay_needs_a_trace) {
  predicate()["trace"] = nullptr;
  expect_refused("inputs without trace");
  predicate()["trace"] = nullptr;
  predicate()["inputs"] = nullptr;
  expect_refused("replay without trace");
  claim(1)["proof"] = claim(0)["proof"];
  expect_refused("replay with a proof");
  claim(1)["level"] = "real";
  expect_refused("replay over the reals");
}

TEST_F(StatementTest, claim_ids_are_unique) {
  claim(1)["id"] = claim(0)["id"];
  expect_refused("twice");
}

TEST_F(StatementTest, unknown_words_and_versions_are_refused) {
  predicate()["schemaVersion"] = 2;
  expect_refused("version");
  json_["predicateType"] = "https://isotrace.dev/attestation/replay-verdict/v2";
  expect_refused("predicate type");
  json_["_type"] = "https://in-toto.io/Statement/v0.1";
  expect_refused("type");
  claim()["result"] = "holds";
  expect_refused("result");
  claim()["assurance"] = "certain";
  expect_refused("assurance");
  predicate()["model"]["kind"] = "link";
  expect_refused("kind");
  predicate()["backends"][0]["role"] = "imagined";
  expect_refused("role");
}

TEST_F(StatementTest, texts_are_plain) {
  json_["subject"][0]["name"] = "a\u202e";
  expect_refused("bidi");
  json_["subject"][0]["name"] = "";
  expect_refused("empty");
  json_["subject"][0]["name"] = std::string(plain_bytes_max + 1, 'a');
  expect_refused("long");
  predicate()["nonClaims"][0] = "a\nb";
  expect_refused("control");
}

TEST(Semantics, ids_end_with_a_version) {
  EXPECT_EQ(semantics_version("isonum-1"), 1U);
  EXPECT_EQ(semantics_version("a-b-12"), 12U);
  for (const char* id : {"", "-", "-1", "isonum", "isonum-", "isonum-01", "isonum-x", "isonum-1x",
                         "isonum-99999999999999999999"}) {
    EXPECT_FALSE(semantics_version(id).has_value()) << id;
  }
}

}  // namespace
}  // namespace isotrace::certificates
