// The proof file (*.isoproof) as plain values. A proved property comes with one split tree per
// case; a violated one with a counterexample. Everything a bound needs is recomputed by the
// checker; slopes and multipliers are hints, and any values of them are sound.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <isotrace/core/digest.hpp>

namespace isotrace::proofs {

/// What the theorem speaks of (docs/proofs.md).
enum class Level : std::uint8_t {
  exact_order = 1,  ///< E: this executor's order of operations
  any_order = 2,    ///< A: any summation order, with or without fma; implies E
  real = 3,         ///< R: real arithmetic, a weaker claim
};

/// Trees are stored in preorder.
struct ProofNode {
  enum class Kind : std::uint8_t {
    split = 1,
    leaf = 2,
    sign_split = 3,
    clipped_split = 4,
    bound = 5,
  };
  Kind kind = Kind::leaf;
  /// split: children are x[dimension] <= at and x[dimension] >= at (first the lower one). `at` lies
  /// strictly inside the node's box, whose sides are the case's rounded outward to binary64.
  /// sign_split: children are z <= 0 and z >= 0 (in this order), where z is what ReLU element
  /// number `dimension` (in network order) is given.
  /// clipped_split: a split of what remains of the box without the inputs at which the linear bound
  /// of the weighted sum is positive.
  /// bound: before the node that it is of; the input of ReLU element number `dimension` / 2 is
  /// bounded from below, or (odd) above. Several stand in the order of the ReLUs' layers.
  std::uint32_t dimension = 0;
  double at = 0;
  /// leaf, clipped_split: non-negative weights of the case's rows, whose weighted sum a leaf shows
  /// unsatisfiable; then, or not at all, weights of the sign splits above, the topmost first.
  std::vector<double> multipliers;
  /// The same: lower slopes of ReLUs as k/255, in network order; either of all ReLU
  /// elements (those of stable ones are ignored) or of those that the checker finds unstable;
  /// bound: of the layers before its own.
  /// Empty: the checker's own choice; bound: those of the same bound where it was last named, here
  /// or in cases before of the same box, if it was.
  std::vector<std::uint8_t> slopes;

  bool operator==(const ProofNode&) const = default;
  [[nodiscard]] bool has_cut() const { return kind == Kind::split || kind == Kind::clipped_split; }
  [[nodiscard]] bool has_weights() const {
    return kind == Kind::leaf || kind == Kind::clipped_split || kind == Kind::bound;
  }
};

struct CaseProof {
  std::vector<ProofNode> nodes;

  bool operator==(const CaseProof&) const = default;
};

struct Counterexample {
  std::vector<float> inputs;   ///< flattened, network order; kept as bits
  std::vector<float> outputs;  ///< as the reference computed them
  std::uint32_t violated_case = 0;
};

struct Proof {
  enum class Outcome : std::uint8_t { proved = 1, violated = 2 };
  Outcome outcome = Outcome::proved;
  Level level = Level::any_order;
  std::string semantics;          ///< "isonum-1"
  core::Bytes program;            ///< core::write_program's bytes
  std::string property_text;      ///< VNN-LIB source, byte for byte
  std::vector<CaseProof> cases;   ///< proved: one per case of the property
  Counterexample counterexample;  ///< violated
};

/// Cap'n Proto bytes with a SHA-256 over canonical fields; the same proof gives the same bytes.
/// Program, property and each column of a tree must be shorter than 2^29 bytes or elements.
core::Bytes write_proof(const Proof& proof);
/// Refuses proof_malformed, proof_version_unsupported, proof_digest_mismatch, limit_exceeded. What
/// it accepts is exactly what write_proof writes: write_proof(*parse_proof(b)) == b.
core::Result<Proof> parse_proof(core::ByteView bytes);
/// The identity of a proof: SHA-256 over its canonical fields.
core::Digest proof_digest(const Proof& proof);

}  // namespace isotrace::proofs
