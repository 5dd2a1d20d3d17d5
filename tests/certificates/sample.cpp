#include "tests/certificates/sample.hpp"

#include <gtest/gtest.h>

#include <isotrace/certificates/bundle.hpp>
#include <isotrace/certificates/key_encoding.hpp>
#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/trace/writer.hpp>

#include "tests/support/simulated_files.hpp"

namespace isotrace::certificates::samples {
namespace {

using core::Tensor;

std::string property_text(float bound) {
  std::string text;
  for (const char* name : {"X_0", "X_1", "Y_0", "Y_1"}) {
    text += "(declare-const " + std::string(name) + " Real)\n";
  }
  for (const char* name : {"X_0", "X_1"}) {
    text += "(assert (>= " + std::string(name) + " 0.0))\n";
    text += "(assert (<= " + std::string(name) + " 1.0))\n";
  }
  return text + "(assert (>= Y_0 " + std::to_string(bound) + "))\n";
}

core::Bytes make_proof(const core::Program& program, const std::string& property) {
  proofs::ProofNode leaf;
  leaf.multipliers = {1};
  proofs::Proof proof;
  proof.semantics = core::semantics_id;
  proof.program = core::write_program(program);
  proof.property_text = property;
  proof.cases = {{{leaf}}};
  return proofs::write_proof(proof);
}

core::Bytes make_counterexample(const core::Program& program, const std::string& property,
                                float first) {
  proofs::Proof proof;
  proof.outcome = proofs::Proof::Outcome::violated;
  proof.level = proofs::Level::exact_order;
  proof.semantics = core::semantics_id;
  proof.program = core::write_program(program);
  proof.property_text = property;
  proof.counterexample = {{1, 1}, {first + 1, 1}, 0};
  return proofs::write_proof(proof);
}

core::Bytes make_trace(const core::Program& program, float first) {
  const auto x = Tensor::of<float>({1, 2}, {1, 1});
  const auto y = Tensor::of<float>({1, 2}, {first + 1, 1});
  tests::SimulatedFiles files;
  const trace::TraceIdentity identity{std::string(core::semantics_id),
                                      core::program_digest(program),
                                      {{"x", trace::record_of(x)}},
                                      7};
  auto writer = trace::TraceWriter::begin(files, "run.isotrace", identity,
                                          {"reference", "none", "isotrace 0.1.0"},
                                          {core::write_program(program)});
  EXPECT_TRUE(writer.has_value());
  const auto step = [&](std::uint64_t index, std::vector<std::optional<trace::TensorRecord>> in) {
    const core::Node& node = program.nodes[index];
    EXPECT_TRUE(writer
                    ->append({index,
                              node.op,
                              core::attribute_digest(node),
                              std::move(in),
                              {trace::record_of(y)},
                              node.name})
                    .has_value());
  };
  step(0, {trace::record_of(x), trace::record_of(program.constants[0])});
  step(1, {trace::record_of(y)});
  EXPECT_TRUE(writer->finish({{"y", trace::record_of(y)}}).has_value());
  return files.files().at("run.isotrace");
}

}  // namespace

core::Program make_program(float first) {
  core::Program program;
  program.inputs = {{"x", core::Dtype::f32, {1, 2}}};
  program.constants = {Tensor::of<float>({2, 2}, {first, 0, 1, 1})};
  program.nodes.push_back(
      {core::Op::matmul, {0, 1}, {2}, {{"k_segment", std::int64_t{256}}}, "mm"});
  program.nodes.push_back({core::Op::relu, {2}, {3}, {}, "act"});
  program.outputs = {{"y", 3}};
  return program;
}

signing::SigningKey make_key(std::uint8_t seed) {
  core::Bytes der(encoding::ed25519_pkcs8.begin(), encoding::ed25519_pkcs8.end());
  der.resize(der.size() + encoding::ed25519_seed_bytes, seed);
  auto key = signing::SigningKey::from_pkcs8(der);
  EXPECT_TRUE(key.has_value());
  return *std::move(key);
}

Artifacts make_artifacts(float first) {
  Artifacts artifacts;
  artifacts.program = make_program(first);
  artifacts.model = core::write_program(artifacts.program);
  artifacts.model.push_back('\n');
  artifacts.property = property_text(1000);
  artifacts.proof = make_proof(artifacts.program, artifacts.property);
  artifacts.false_property = property_text(first + 0.5F);
  artifacts.counterexample =
      make_counterexample(artifacts.program, artifacts.false_property, first);
  artifacts.trace = make_trace(artifacts.program, first);
  return artifacts;
}

signing::CertifyInput Artifacts::input() const {
  signing::CertifyInput input;
  input.model_name = "small.onnx";
  input.model = model;
  input.identity = model_identity(program);
  input.claims = {{core::as_bytes(property), proof, std::nullopt}};
  input.trace = trace;
  input.replay = signing::ReplayInput{core::Verdict::accept(), "cpu", "avx2"};
  input.toolchain = {"isotrace", "0.1.0"};
  return input;
}

Evidence Artifacts::evidence() const {
  Evidence evidence;
  evidence.model = model;
  evidence.identity = model_identity(program);
  evidence.properties = {core::as_bytes(property)};
  evidence.proofs = {proof};
  evidence.trace = trace;
  evidence.replay = core::Verdict::accept();
  return evidence;
}

core::Bytes certify(const signing::CertifyInput& input, const signing::SigningKey& key) {
  auto certificate = signing::make_certificate(input, key);
  EXPECT_TRUE(certificate.has_value()) << core::describe(certificate.error());
  return certificate ? *std::move(certificate) : core::Bytes{};
}

core::Bytes payload_of(const core::Bytes& certificate) {
  auto bundle = parse_bundle(certificate);
  EXPECT_TRUE(bundle.has_value());
  return bundle ? std::move(bundle->payload) : core::Bytes{};
}

core::Bytes certify_text(const std::string& payload, const signing::SigningKey& key) {
  return signing::sign_payload(core::as_bytes(payload), key);
}

}  // namespace isotrace::certificates::samples
