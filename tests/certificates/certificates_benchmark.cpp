// Certificates verified per second by one thread: bytes in, report out, every check made. The
// counter `bytes` is the size of one certificate.
#include <benchmark/benchmark.h>
#include <sodium.h>

#include <isotrace/certificates/key_encoding.hpp>
#include <isotrace/signing/envelopes.hpp>

#include "tests/certificates/sample.hpp"

namespace isotrace::certificates {
namespace {

using samples::now;

/// What a CI job has: a policy, and a model whose certificate is verified.
struct Job {
  signing::SigningKey key;
  samples::Artifacts artifacts = samples::make_artifacts();
  Evidence evidence;
  Policy policy = signing::make_policy(key.public_key(), now, samples::year);

  explicit Job(signing::SigningKey signer) : key(std::move(signer)) {
    evidence.model = artifacts.model;
  }
  core::Bytes certificate() { return samples::certify(artifacts.input(), key); }
};

void verify(benchmark::State& state, const Job& job, const std::vector<core::Bytes>& certificates) {
  std::size_t next = 0;
  const PreparedEvidence evidence(job.evidence);
  KnownNotes known_seals;
  for ([[maybe_unused]] auto _ : state) {
    const VerifyReport report =
        verify_certificate(certificates[next], job.policy, evidence, now + 1, &known_seals);
    if (report.outcome != Outcome::passed) state.SkipWithError("not passed");
    next = (next + 1) % certificates.size();
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["bytes"] = static_cast<double>(certificates.front().size());
}

void verify_ed25519(benchmark::State& state) {
  Job job(samples::make_key(1));
  verify(state, job, {job.certificate()});
}

void verify_p256(benchmark::State& state) {
  Job job(signing::SigningKey::generate(KeyAlgorithm::ecdsa_p256));
  verify(state, job, {job.certificate()});
}

/// One after the other out of a batch of 2^argument certificates under one signature.
void verify_sealed(benchmark::State& state) {
  Job job(samples::make_key(1));
  const std::vector<core::Bytes> payloads(std::size_t{1} << state.range(0),
                                          samples::payload_of(job.certificate()));
  verify(state, job, *signing::seal_payloads(payloads, job.key));
}

/// The arithmetic alone, for comparison.
void signature_alone(benchmark::State& state) {
  const Job job(samples::make_key(1));
  const core::Bytes message(2048, 'm');
  const core::Bytes signature = job.key.sign(message);
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(job.key.public_key().verifies(message, signature));
  }
  state.SetItemsProcessed(state.iterations());
}

/// The same by libsodium, for comparison.
void signature_by_libsodium(benchmark::State& state) {
  const Job job(samples::make_key(1));
  const core::Bytes message(2048, 'm');
  const core::Bytes signature = job.key.sign(message);
  const auto point =
      core::ByteView(job.key.public_key().spki()).last<encoding::ed25519_point_bytes>();
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(crypto_sign_verify_detached(signature.data(), message.data(),
                                                         message.size(), point.data()));
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(verify_ed25519);
BENCHMARK(verify_p256);
BENCHMARK(verify_sealed)->Arg(10);
BENCHMARK(signature_alone);
BENCHMARK(signature_by_libsodium);

}  // namespace
}  // namespace isotrace::certificates
