#include <isotrace/tools/commands/proof_files.hpp>

#include <charconv>

#include <isotrace/core/limits.hpp>
#include <isotrace/core/text.hpp>
#include <isotrace/tools/commands/other_kind.hpp>

namespace isotrace::tools {
namespace {

/// Shortest decimal that reads back to the same bits.
std::string decimal_text(float value) {
  char buffer[64];
  const auto [end, status] = std::to_chars(std::begin(buffer), std::end(buffer), value);
  return status == std::errc() ? std::string(buffer, end) : "?";
}

std::string lines(const char* letter, const std::vector<float>& values) {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    text += "  " + std::string(letter) + "_" + std::to_string(i) + " = " +
            core::hex_float(values[i]) + " (" + decimal_text(values[i]) + ")\n";
  }
  return text;
}

Json texts(const std::vector<float>& values) {
  Json out = Json::array();
  for (float value : values) out.push_back(core::hex_float(value));
  return out;
}

}  // namespace

core::Result<proofs::Proof> load_proof(const Context& context, const std::string& path) {
  ISOTRACE_TRY(const core::Bytes bytes, context.read(path, core::limits::proof_bytes_max));
  auto proof = proofs::parse_proof(bytes);
  if (!proof) return refuse_kind(path, std::move(proof).error(), bytes, "a proof");
  return proof;
}

Json counterexample_json(const proofs::Counterexample& counterexample) {
  return {{"inputs", texts(counterexample.inputs)},
          {"outputs", texts(counterexample.outputs)},
          {"case", counterexample.violated_case}};
}

std::string counterexample_text(const proofs::Counterexample& counterexample) {
  return lines("X", counterexample.inputs) + lines("Y", counterexample.outputs);
}

}  // namespace isotrace::tools
