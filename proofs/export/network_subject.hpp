// What a proof about a network is about, as provers state it: a chain of layers and a property that
// fit each other.
#pragma once

#include <string>

#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/checker/property.hpp>
#include <isotrace/proofs/export/affine_chain.hpp>

namespace isotrace::proofs {

struct NetworkSubject {
  AffineChain chain;
  Property property;
  core::Digest program;
  std::string net_module;  ///< "Net_0123456789abcdef"
};

/// Refuses export_unsupported (a violated property, one without cases, constraints over inputs and
/// outputs together), proof_semantics_unknown, property_* (as parse_vnnlib), property_mismatch,
/// prove_unsupported (as make_affine_chain), proof_malformed.
core::Result<NetworkSubject> read_network_subject(const Proof& proof);

}  // namespace isotrace::proofs
