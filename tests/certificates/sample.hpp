// A small model with a proof, a counterexample and a trace, and certificates of them.
#pragma once

#include <isotrace/certificates/verify.hpp>
#include <isotrace/signing/certify.hpp>
#include <isotrace/signing/write_policy.hpp>
#include <isotrace/signing/write_statement.hpp>

namespace isotrace::certificates::samples {

/// 2026-11-21T00:00:00Z.
inline constexpr UnixSeconds now = 1795219200;
inline constexpr UnixSeconds year = 31536000;

/// y = Relu(x w) with x f32 [1,2] and w = {{first, 0}, {1, 1}}.
core::Program make_program(float first);

/// A key from a fixed seed, so that certificates are the same in every run.
signing::SigningKey make_key(std::uint8_t seed);

/// Everything there is about one model.
struct Artifacts {
  core::Program program;
  core::Bytes model;           ///< stands for the model file
  std::string property;        ///< x in [0,1]^2 gives y_0 < 1000
  core::Bytes proof;           ///< of the property
  std::string false_property;  ///< x in [0,1]^2 gives y_0 < first + 1/2
  core::Bytes counterexample;  ///< of the false property, at x = (1, 1)
  core::Bytes trace;           ///< of the run at x = (1, 1)

  [[nodiscard]] signing::CertifyInput input() const;  ///< proof, trace and an accepted replay
  [[nodiscard]] Evidence evidence() const;            ///< everything that input() binds
};
Artifacts make_artifacts(float first = 3);

/// The certificate; fails the test if it is refused.
core::Bytes certify(const signing::CertifyInput& input, const signing::SigningKey& key);

/// The payload of a certificate, and a certificate of any payload.
core::Bytes payload_of(const core::Bytes& certificate);
core::Bytes certify_text(const std::string& payload, const signing::SigningKey& key);

}  // namespace isotrace::certificates::samples
