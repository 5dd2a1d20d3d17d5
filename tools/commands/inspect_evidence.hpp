// `isotrace inspect` of what is said about programs: proofs, properties, keys. Nothing is verified
// here, and no secret is shown.
#pragma once

#include <isotrace/core/bytes.hpp>
#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/checker/property.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

Json proof_json(const proofs::Proof& proof, std::size_t bytes);
Json property_json(const proofs::Property& property, core::ByteView bytes);

/// A PEM file. Of a private key algorithm and key id alone, which its public half has, too.
Json pem_json(core::ByteView bytes);

}  // namespace isotrace::tools
