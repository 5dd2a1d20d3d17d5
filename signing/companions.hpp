// Statements and signatures for tools that do not know Isotrace's certificates: OpenSSF Model
// Signing of the model's files, and in-toto's summaries of a verification.
// Spec: OMS v1.0 (ossf/model-signing-spec); in-toto/attestation spec/predicates svr v0.2 and
// test-result v0.1.
#pragma once

#include <string>
#include <vector>

#include <isotrace/certificates/report.hpp>
#include <isotrace/signing/signing_key.hpp>

namespace isotrace::signing {

struct ModelFile {
  std::string path;  ///< relative, with '/'
  core::Digest sha256;
};
/// The files that a manifest of make_manifest() names; refuses certificate_malformed.
core::Result<std::vector<ModelFile>> files_of_manifest(core::ByteView manifest);

/// A model signature as model_signing verifies it with the public key: a bundle over the digests of
/// all files. Refuses key_algorithm_unsupported: only ECDSA keys are in OMS.
core::Result<core::Bytes> sign_model(const std::string& name, std::vector<ModelFile> files,
                                     const SigningKey& key);

/// "Simple verification result": what held, for engines that gate on names. Nothing held unless the
/// verification passed. The report must be of an authentic certificate.
core::Bytes write_svr(const certificates::VerifyReport& report, certificates::UnixSeconds time);
/// The checks as test results.
core::Bytes write_test_result(const certificates::VerifyReport& report);

}  // namespace isotrace::signing
