// Transparency: notes, checkpoints, proofs, logs in tiles, sealed batches, and what must not pass.
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <isotrace/certificates/bundle.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/core/merkle.hpp>
#include <isotrace/signing/envelopes.hpp>
#include <isotrace/signing/tile_log.hpp>

#include "tests/certificates/sample.hpp"
#include "tests/support/merkle_consistency.hpp"
#include "tests/support/mutate.hpp"

namespace isotrace::certificates {
namespace {

using core::RefusalCode;
using signing::MerkleLevels;
using signing::SigningKey;
using signing::TileLog;

constexpr std::string_view origin = "log.example.org/models";

std::vector<core::Digest> make_leaves(std::size_t count) {
  std::vector<core::Digest> leaves;
  for (std::size_t i = 0; i < count; ++i) {
    leaves.push_back(core::merkle_leaf(core::as_bytes("leaf " + std::to_string(i))));
  }
  return leaves;
}

std::string checkpoint_text(const std::vector<core::Digest>& leaves) {
  return write_checkpoint({std::string(origin), leaves.size(), core::merkle_root(leaves)});
}

TEST(Notes, the_key_id_is_that_of_the_specification) {
  // PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW of
  // golang.org/x/mod/sumdb/note.
  core::Bytes spki = *core::from_hex("302a300506032b6570032100");
  const core::Bytes point =
      *core::from_hex("1a5cd907143c384c41e830c5bce12aa8817ec5649aaabf2c31388b35b2d744d6");
  spki.insert(spki.end(), point.begin(), point.end());
  const auto key = PublicKey::from_spki(spki);
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(core::to_hex(note_key_id("PeterNeumann", *key)), "c74f20a3");
  const auto note = parse_note(
      "If you think cryptography is the answer to your problem,\n"
      "then you don't know what your problem is.\n"
      "\n"
      "\xE2\x80\x94 PeterNeumann "
      "x08go/ZJkuBS9UG/"
      "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
      "\n");
  ASSERT_TRUE(note.has_value());
  EXPECT_NE(find_good_signature(*note, "PeterNeumann", *key), nullptr);
  EXPECT_EQ(find_good_signature(*note, "PeterNeuman", *key), nullptr);
}

TEST(Notes, have_one_spelling) {
  const SigningKey key = samples::make_key(7);
  const std::string good = write_note(signing::sign_note("a\nb\n", "name", key));
  ASSERT_TRUE(parse_note(good).has_value());
  EXPECT_EQ(write_note(*parse_note(good)), good);
  const std::string line = good.substr(good.find("\n\n") + 2);
  std::string many = good;
  for (std::size_t i = 0; i < core::limits::signatures_max; ++i) many += line;
  for (const std::string& text : std::vector<std::string>{
           std::string(), std::string("\n\n"), good.substr(0, good.size() - 1), good + "\n",
           "a\rb\n\n" + line, "a\n\n- name " + line.substr(9), std::string("a\n\n"),
           "a\n\n\xE2\x80\x94 na+me AAAAAAA=\n", "a\n\n\xE2\x80\x94 name AAAA\n",
           "a\n\n\xE2\x80\x94 name AAAAAAB=\n", many, std::string(100'000, 'a')}) {
    const auto note = parse_note(text);
    ASSERT_FALSE(note.has_value()) << text.substr(0, 60);
    EXPECT_EQ(note.error().code, RefusalCode::log_malformed);
  }
}

TEST(Notes, a_bad_signature_of_a_known_key_spoils_a_good_one) {
  const SigningKey key = samples::make_key(7);
  SignedNote note = signing::sign_note("text\n", "name", key);
  note.signatures.push_back(note.signatures[0]);
  EXPECT_NE(find_good_signature(note, "name", key.public_key()), nullptr);
  note.signatures[1].signature[3] ^= 1;
  EXPECT_EQ(find_good_signature(note, "name", key.public_key()), nullptr);
  std::swap(note.signatures[0], note.signatures[1]);
  EXPECT_EQ(find_good_signature(note, "name", key.public_key()), nullptr);
}

TEST(Checkpoints, have_one_spelling) {
  const std::string good = checkpoint_text(make_leaves(5));
  ASSERT_TRUE(parse_checkpoint(good).has_value());
  const std::string hash = good.substr(good.find("\n5\n") + 3);
  for (const std::string& text : std::vector<std::string>{
           "o\n05\n" + hash, "o\n+5\n" + hash, "o\n-5\n" + hash, "o\n5 \n" + hash, "o\n\n" + hash,
           "o\n18446744073709551615\n" + hash, "o\n99999999999999999999\n" + hash, "\n5\n" + hash,
           "o o\n5\n" + hash, "o\n5\n" + hash + "extension\n", std::string("o\n5\nAAAA\n"),
           std::string("o\n5\n"), good.substr(0, good.size() - 1)}) {
    EXPECT_FALSE(parse_checkpoint(text).has_value()) << text;
  }
}

TEST(MerkleLevels, proofs_are_those_of_the_definition) {
  const auto leaves = make_leaves(70);
  for (std::size_t size = 1; size <= leaves.size(); ++size) {
    const std::span<const core::Digest> some(leaves.data(), size);
    const MerkleLevels tree(some);
    ASSERT_EQ(tree.root(), core::merkle_root(some));
    for (std::size_t i = 0; i < size; ++i) {
      ASSERT_EQ(tree.inclusion_proof(i), core::merkle_inclusion_proof(some, i));
    }
    for (std::size_t old = 1; old <= size; ++old) {
      const auto proof = tree.consistency_proof(old);
      ASSERT_EQ(proof, tests::merkle_consistency_proof(some, old));
      ASSERT_EQ(tree.root_at(old), core::merkle_root(some.first(old)));
      ASSERT_TRUE(
          tests::verify_merkle_consistency(old, size, tree.root_at(old), tree.root(), proof));
    }
  }
}

RC_GTEST_PROP(MerkleLevels, wrong_consistency_claims_are_rejected, ()) {
  const auto leaves = make_leaves(*rc::gen::inRange<std::size_t>(2, 300));
  const std::uint64_t size = leaves.size();
  const auto old = *rc::gen::inRange<std::uint64_t>(1, size);
  const core::Digest root = core::merkle_root(leaves);
  const core::Digest old_root = core::merkle_root(std::span(leaves).first(old));
  const auto proof = MerkleLevels(leaves).consistency_proof(old);
  RC_ASSERT(tests::verify_merkle_consistency(old, size, old_root, root, proof));
  core::Digest other = old_root;
  other.bytes[0] ^= 1;
  RC_ASSERT(!tests::verify_merkle_consistency(old, size, other, root, proof));
  RC_ASSERT(!tests::verify_merkle_consistency(old, size, old_root, other, proof));
  RC_ASSERT(!tests::verify_merkle_consistency(0, size, old_root, root, proof));
  RC_ASSERT(!tests::verify_merkle_consistency(size + 1, size, old_root, root, proof));
  auto damaged = proof;
  damaged[*rc::gen::inRange<std::size_t>(0, proof.size())].bytes[1] ^= 2;
  RC_ASSERT(!tests::verify_merkle_consistency(old, size, old_root, root, damaged));
  damaged = proof;
  damaged.push_back(root);
  RC_ASSERT(!tests::verify_merkle_consistency(old, size, old_root, root, damaged));
  damaged = proof;
  damaged.pop_back();
  RC_ASSERT(!tests::verify_merkle_consistency(old, size, old_root, root, damaged));
}

TEST(MerkleLevels, equal_sizes_need_equal_roots_and_no_path) {
  const core::Digest root = core::merkle_root(make_leaves(5));
  EXPECT_TRUE(tests::verify_merkle_consistency(5, 5, root, root, {}));
  EXPECT_FALSE(tests::verify_merkle_consistency(5, 5, root, core::Digest{}, {}));
  EXPECT_FALSE(tests::verify_merkle_consistency(5, 5, root, root, std::vector<core::Digest>(1)));
}

class ProofTest : public ::testing::Test {
 protected:
  SigningKey key_ = samples::make_key(7);
  std::vector<core::Digest> leaves_ = make_leaves(9);

  LogProof proof(std::size_t index) {
    LogProof out;
    out.index = index;
    out.hashes = core::merkle_inclusion_proof(leaves_, index);
    out.checkpoint = signing::sign_note(checkpoint_text(leaves_), origin, key_);
    return out;
  }
  bool holds(const LogProof& proof, std::size_t leaf, std::string_view name = origin) {
    return check_log_proof(proof, leaves_[leaf], name, key_.public_key()).has_value();
  }
};

TEST_F(ProofTest, every_entry_is_in_its_place_only) {
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    const std::string text = write_log_proof(proof(i));
    const auto read = parse_log_proof(text);
    ASSERT_TRUE(read.has_value()) << text;
    EXPECT_EQ(write_log_proof(*read), text);
    for (std::size_t j = 0; j < leaves_.size(); ++j) EXPECT_EQ(holds(*read, j), i == j);
  }
}

TEST_F(ProofTest, other_trees_origins_keys_and_lengths_are_refused) {
  LogProof bad = proof(3);
  bad.hashes.pop_back();
  EXPECT_FALSE(holds(bad, 3));
  bad = proof(3);
  bad.hashes.push_back(leaves_[0]);
  EXPECT_FALSE(holds(bad, 3));
  bad = proof(3);
  bad.index = leaves_.size();
  EXPECT_FALSE(holds(bad, 3));
  EXPECT_FALSE(holds(proof(3), 3, "log.example.org/other"));
  EXPECT_FALSE(
      check_log_proof(proof(3), leaves_[3], origin, samples::make_key(8).public_key()).has_value());
  // A checkpoint of the same size of another tree; an edited size under the old signature.
  bad = proof(3);
  auto others = leaves_;
  others[8] = others[7];
  bad.checkpoint = signing::sign_note(checkpoint_text(others), origin, key_);
  EXPECT_FALSE(holds(bad, 3));
  bad = proof(3);
  bad.checkpoint.text.replace(bad.checkpoint.text.find("\n9\n"), 3, "\n8\n");
  EXPECT_FALSE(holds(bad, 3));
  // An inner node taken for a leaf.
  const core::Digest node = core::merkle_node(leaves_[0], leaves_[1]);
  EXPECT_FALSE(check_log_proof(proof(0), node, origin, key_.public_key()).has_value());
}

TEST_F(ProofTest, known_checkpoints_spare_the_signature_and_nothing_else) {
  KnownNotes known;
  const auto holds_known = [&](const LogProof& proof, std::size_t leaf, const SigningKey& key) {
    return check_log_proof(proof, leaves_[leaf], origin, key.public_key(), &known).has_value();
  };
  LogProof forged = proof(3);
  forged.checkpoint.signatures[0].signature[5] ^= 1;
  EXPECT_FALSE(holds_known(forged, 3, key_)) << "and what is bad is not remembered";
  EXPECT_FALSE(holds_known(forged, 3, key_));
  EXPECT_TRUE(holds_known(proof(3), 3, key_));
  EXPECT_TRUE(known.has(proof(4).checkpoint, key_.public_key()));
  EXPECT_TRUE(holds_known(proof(4), 4, key_));
  EXPECT_FALSE(holds_known(proof(4), 3, key_)) << "another place";
  EXPECT_FALSE(holds_known(forged, 3, key_)) << "another signature";
  EXPECT_FALSE(holds_known(proof(3), 3, samples::make_key(8))) << "another key";
  LogProof other = proof(3);
  other.checkpoint.text.replace(other.checkpoint.text.find("\n9\n"), 3, "\n8\n");
  EXPECT_FALSE(holds_known(other, 3, key_)) << "another text";
  // The oldest is forgotten and verified again, a bad one is refused at all times.
  for (std::uint64_t size = 1; size <= 40; ++size) {
    known.add(signing::sign_note("text " + std::to_string(size) + "\n", origin, key_),
              key_.public_key());
  }
  EXPECT_FALSE(known.has(proof(3).checkpoint, key_.public_key()));
  EXPECT_TRUE(holds_known(proof(3), 3, key_));
  EXPECT_FALSE(holds_known(forged, 3, key_));
}

TEST_F(ProofTest, ways_that_are_known_spare_nodes_and_nothing_else) {
  for (std::size_t size = 1; size <= 9; ++size) {
    leaves_ = make_leaves(size);
    std::vector<LogProof> proofs;
    for (std::size_t i = 0; i < size; ++i) proofs.push_back(proof(i));
    for (std::size_t before = 0; before < size; ++before) {
      for (std::size_t i = 0; i < size; ++i) {
        KnownNotes known;
        const auto is_found = [&](const LogProof& at, std::size_t leaf) {
          return check_log_proof(at, leaves_[leaf], origin, key_.public_key(), &known).has_value();
        };
        ASSERT_TRUE(is_found(proofs[before], before));
        for (std::size_t leaf = 0; leaf < size; ++leaf) {
          ASSERT_EQ(is_found(proofs[i], leaf), leaf == i) << size << " " << before;
          ASSERT_TRUE(is_found(proofs[before], before));
        }
        // Every node of the proof counts, and its length.
        for (std::size_t k = 0; k <= proofs[i].hashes.size(); ++k) {
          LogProof bad = proofs[i];
          if (k < bad.hashes.size()) {
            bad.hashes[k].bytes[k] ^= 1;
          } else {
            bad.hashes.push_back(leaves_[before]);
          }
          ASSERT_FALSE(is_found(bad, i)) << size << " " << before << " " << i << " " << k;
          bad = proofs[i];
          if (k == bad.hashes.size()) continue;
          bad.hashes.erase(bad.hashes.begin() + static_cast<long>(k));
          ASSERT_FALSE(is_found(bad, i)) << size << " " << before << " " << i << " " << k;
        }
      }
    }
  }
}

TEST_F(ProofTest, texts_of_proofs_have_one_spelling) {
  LogProof sealed = proof(3);
  sealed.extra = {'a', 'b'};
  const std::string good = write_log_proof(sealed);
  ASSERT_TRUE(parse_log_proof(good).has_value());
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const std::string& text :
       {changed("index 3", "index 03"), changed("index 3", "index +3"),
        changed("index 3", "index 3 "), changed("index 3", "index 3\nindex 3"),
        changed("index 3", "index "), changed("extra YWI=", "extra "),
        changed("extra YWI=", "extra YWI=\nextra YWI="), changed("extra YWI=", "extra  YWI="),
        changed("extra YWI=\nindex 3", "index 3\nextra YWI="),
        changed("extra YWI=\nindex 3\n", "")}) {
    EXPECT_FALSE(parse_log_proof(text).has_value()) << text;
  }
  core::PhiloxStream random(31);
  for (std::size_t i = 0; i < tests::mutant_count() / 10; ++i) {
    const core::Bytes mutant = tests::mutate(core::Bytes(good.begin(), good.end()), random);
    const auto read = parse_log_proof(core::as_text(mutant));
    if (!read) continue;
    EXPECT_EQ(write_log_proof(*read), core::as_text(mutant));
  }
}

TEST_F(ProofTest, no_one_byte_edit_of_a_proof_passes) {
  const std::string text = write_log_proof(proof(3));
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char c : {static_cast<char>(text[i] ^ 1), 'A', '\n', '0'}) {
      std::string edited = text;
      edited[i] = c;
      std::string longer = text;
      longer.insert(i, 1, c);
      std::string shorter = text;
      shorter.erase(i, 1);
      for (const std::string& other : {edited, longer, shorter, text.substr(0, i)}) {
        if (other == text) continue;
        const auto read = parse_log_proof(other);
        EXPECT_FALSE(read && holds(*read, 3)) << i;
      }
    }
  }
}

/// A log whose files are kept in memory.
class LogTest : public ::testing::Test {
 protected:
  SigningKey key_ = samples::make_key(7);
  std::map<std::string, core::Bytes> files_;
  signing::ReadTile read_ = [this](const std::string& path) -> core::Result<core::Bytes> {
    const auto found = files_.find(path);
    if (found == files_.end()) return core::refuse(RefusalCode::file_not_found, path);
    return found->second;
  };

  void grow(TileLog& log, std::size_t count) {
    std::vector<std::string> entries;
    for (std::size_t i = 0; i < count; ++i) {
      entries.push_back("entry " + std::to_string(log.tree().size() + i));
    }
    auto files = log.append(read_, entries, key_);
    ASSERT_TRUE(files.has_value()) << core::describe(files.error());
    EXPECT_EQ(files->back().path, "checkpoint");
    for (signing::TileFile& file : *files) files_[file.path] = std::move(file.bytes);
  }
  RefusalCode open_refusal() {
    const auto log = TileLog::open(read_);
    EXPECT_FALSE(log.has_value());
    return log ? RefusalCode::artifact_unknown : log.error().code;
  }
};

TEST_F(LogTest, paths_are_those_of_the_specification) {
  EXPECT_EQ(signing::tile_path("0", 0, 256), "tile/0/000");
  EXPECT_EQ(signing::tile_path("1", 1234067, 256), "tile/1/x001/x234/067");
  EXPECT_EQ(signing::tile_path("entries", 999, 17), "tile/entries/999.p/17");
  EXPECT_EQ(signing::tile_path("0", 1000, 256), "tile/0/x001/000");
}

TEST_F(LogTest, grows_and_reads_back) {
  TileLog log = *TileLog::make(std::string(origin));
  std::vector<core::Digest> leaves;
  for (const std::size_t count : {0U, 1U, 2U, 252U, 1U, 1U, 300U, 512U}) {
    grow(log, count);
    const auto again = TileLog::open(read_);
    ASSERT_TRUE(again.has_value()) << core::describe(again.error());
    EXPECT_EQ(again->tree().root(), log.tree().root());
    EXPECT_TRUE(again->check_all(read_).has_value());
  }
  ASSERT_EQ(log.tree().size(), 1069U);
  EXPECT_TRUE(files_.contains("tile/1/000.p/4"));
  EXPECT_EQ(files_.at("tile/0/003").size(), 8192U);
  const auto found = log.find_entry(read_, [](const std::string& e) { return e == "entry 700"; });
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ((*found)->index, 700U);
  EXPECT_TRUE(core::verify_merkle_inclusion(core::merkle_leaf(core::as_bytes("entry 700")), 700,
                                            1069, log.tree().inclusion_proof(700),
                                            log.tree().root()));
}

TEST_F(LogTest, every_changed_byte_is_noticed) {
  TileLog log = *TileLog::make(std::string(origin));
  grow(log, 300);
  for (const auto& [path, bytes] : std::map(files_)) {
    for (std::size_t i = 0; i < bytes.size(); i += 37) {
      files_[path][i] ^= 1;
      const auto changed = TileLog::open(read_);
      const bool noticed =
          !changed || !changed->check_all(read_) ||
          find_good_signature(changed->note(), origin, key_.public_key()) == nullptr;
      // Partial tiles that a full one has replaced are not part of the log any more.
      EXPECT_TRUE(noticed) << path << " " << i;
      files_[path] = bytes;
    }
  }
}

TEST_F(LogTest, missing_and_cut_files_are_refused) {
  TileLog log = *TileLog::make(std::string(origin));
  grow(log, 300);
  const auto whole = files_;
  files_["tile/0/001.p/44"].pop_back();
  EXPECT_EQ(open_refusal(), RefusalCode::log_malformed);
  files_ = whole;
  files_["tile/0/000"][0] ^= 1;
  EXPECT_EQ(open_refusal(), RefusalCode::log_inconsistent);
  files_ = whole;
  files_.erase("tile/0/000");
  EXPECT_EQ(open_refusal(), RefusalCode::file_not_found);
  files_ = whole;
  files_["tile/entries/000"].pop_back();
  EXPECT_FALSE(TileLog::open(read_)->check_all(read_).has_value());
}

TEST_F(LogTest, names_and_entries_have_limits) {
  for (const std::string_view name : {"", "a b", "a+b", "a\n", "isotrace.dev/seal/v1"}) {
    EXPECT_FALSE(TileLog::make(std::string(name)).has_value()) << name;
  }
  TileLog log = *TileLog::make(std::string(origin));
  EXPECT_TRUE(log.append(read_, {std::string(65535, 'a')}, key_).has_value());
  EXPECT_FALSE(log.append(read_, {std::string(65536, 'a')}, key_).has_value());
}

TEST(LogEntry, is_the_body_of_rekor_2) {
  const SigningKey key = samples::make_key(1);
  EXPECT_EQ(
      log_entry(core::as_bytes("p"), core::as_bytes("s"), key.public_key()),
      "{\"apiVersion\":\"0.0.2\",\"kind\":\"dsse\",\"spec\":{\"dsseV002\":{\"payloadHash\":{"
      "\"algorithm\":\"SHA2_256\",\"digest\":\"FI3pxaekTRnlbNmuGlVL9nhHr7DFj24S+imsfd/KmUA=\"}"
      ",\"signatures\":[{\"content\":\"cw==\",\"verifier\":{\"keyDetails\":\"PKIX_ED25519\","
      "\"publicKey\":{\"rawBytes\":"
      "\"MCowBQYDK2VwAyEAiojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=\"}}}]}}}");
}

}  // namespace
}  // namespace isotrace::certificates
