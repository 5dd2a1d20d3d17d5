#include <isotrace/tools/commands/other_kind.hpp>

#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/obligation/function_proof.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/inspect_wasm.hpp>
#include <isotrace/trace/reader.hpp>

namespace isotrace::tools {
namespace {

using core::ByteView;

bool begins_with(ByteView bytes, std::string_view text) {
  return core::as_text(bytes).starts_with(text);
}

struct Kind {
  bool (*is_of)(ByteView bytes);
  std::string_view name;
};

/// What a file certainly is comes first; a proof is one only if all of it can be read.
constexpr Kind kinds[] = {
    {begins_like_module, "a WebAssembly module, for run, prove, inspect and witness"},
    {trace::looks_like_trace, "a trace, for replay, inspect, compare and report"},
    {looks_like_witness, "a witness, for `isotrace-verify step` and inspect"},
    {looks_like_effects, "a log of effects, for inspect"},
    {[](ByteView b) { return begins_with(b, "-----BEGIN "); }, "a key, for sign and verify"},
    {[](ByteView b) { return begins_with(b, "\x93NUMPY") || begins_with(b, "PK\x03\x04"); },
     "a tensor file, for --input and --weights"},
    {proofs::is_function_proof, "a proof, for check, export and inspect"},
    {[](ByteView b) { return proofs::parse_proof(b).has_value(); },
     "a proof, for check, export and inspect"},
};

}  // namespace

std::string name_kind(ByteView bytes) {
  for (const Kind& kind : kinds) {
    if (kind.is_of(bytes)) return std::string(kind.name);
  }
  return {};
}

tl::unexpected<core::Refusal> refuse_kind(const std::string& path, core::Refusal refusal,
                                          ByteView bytes, std::string_view expected) {
  const std::string kind = name_kind(bytes);
  if (!kind.empty() && !kind.starts_with(expected)) {
    refusal.detail += (refusal.detail.empty() ? "the file is " : "; the file is ") + kind;
  }
  return core::refuse_within(path, std::move(refusal));
}

}  // namespace isotrace::tools
