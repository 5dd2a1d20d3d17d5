// Proof bundles: a folder of files that a proof assistant can replay, described by bundle.json
// (docs/formats/bundle.md). The same proof gives the same bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <isotrace/core/digest.hpp>
#include <isotrace/core/file.hpp>

namespace isotrace::proofs {

struct BundleFile {
  std::string path;  ///< relative, with '/', no "." or ".." parts
  core::Bytes bytes;
};

BundleFile text_file(std::string path, std::string_view text);

/// What a theorem says, for people.
struct Reading {
  std::string words;    ///< a sentence without its full stop
  std::string formula;  ///< the same with "forall", "implies" and comparisons, in ASCII
};

/// One theorem of the bundle.
struct Obligation {
  std::string id;                   ///< "case0", also a Coq name
  std::string kind;                 ///< "nn.relu.bab"
  std::string semantics;            ///< "fp32-any-order", "isonum-1" or "real"
  std::string file;                 ///< path of the file that ends with the theorem
  std::string theorem;              ///< its full name
  core::Digest statement;           ///< SHA-256 of the statement's file
  std::string tier;                 ///< name of the set of axioms that the theorem depends on
  std::vector<std::string> axioms;  ///< exactly these
  std::vector<std::string>
      parts;  ///< paths of its generated Coq files, in order; the last is `file`
  Reading reading = {};
};

/// A theorem that could have been expected and is not there.
struct Omission {
  std::string id;
  std::string reason;
};

/// Of a network: program, property and proof. Of a step of a trace: the root alone.
struct BundleSubjects {
  core::Digest program;   ///< core::program_digest
  core::Digest property;  ///< SHA-256 of the property text
  core::Digest proof;     ///< proof_digest
  std::optional<core::Digest> root = {};
};

struct Bundle {
  BundleSubjects subjects;
  std::vector<Obligation> obligations;
  std::vector<Omission> omitted;
  std::vector<BundleFile> files;  ///< bundle.json first

  [[nodiscard]] const BundleFile* find(const std::string& path) const;
};

inline constexpr std::string_view bundle_manifest_path = "bundle.json";
inline constexpr std::string_view bundle_proof_path = "subjects/proof.isoproof";

/// The manifest's bytes; it lists every other file with its SHA-256.
core::Bytes write_bundle_manifest(const Bundle& bundle);

/// Writes every file below `directory` (made if it is absent), the manifest last. Refuses
/// file_write_failed.
core::Result<core::Done> write_bundle(const Bundle& bundle, const std::string& directory);

}  // namespace isotrace::proofs
