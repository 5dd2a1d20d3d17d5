// Coq source text of networks as machine integers (types of coq/primint/Packed.v), which Coq reads
// faster than the integers of coq_text.hpp.
#pragma once

#include <string>

#include <isotrace/core/result.hpp>
#include <isotrace/proofs/export/affine_chain.hpp>

namespace isotrace::proofs {

/// A term of type `network`. Refuses export_unsupported for a layer whose weights differ so much in
/// size that 53 bits moved up by less than 512 places cannot hold one of them.
core::Result<std::string> coq_packed_network(const AffineChain& chain);

}  // namespace isotrace::proofs
