#include <isotrace/tools/commands/other_kind.hpp>

#include <algorithm>

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

/// The identifier of a FlatBuffers file stands behind the offset of its root.
bool is_flat_buffer(ByteView bytes, std::string_view identifier) {
  return bytes.size() >= 8 && core::as_text(bytes.subspan(4, 4)) == identifier;
}

/// torch.save writes a ZIP archive whose first member is NAME/data.pkl.
bool is_torch_archive(ByteView bytes) {
  constexpr std::size_t name_end = 512;
  return begins_with(bytes, "PK\x03\x04") &&
         core::as_text(bytes.first(std::min(bytes.size(), name_end))).find("/data.pkl") !=
             std::string_view::npos;
}

/// The version of the format comes first and then another field of ModelProto, as every writer has
/// it; in a tensor's message another number follows the first one.
bool looks_like_onnx_model(ByteView bytes) {
  constexpr std::uint8_t version = 0x08;
  constexpr std::uint8_t version_end = 32;
  constexpr std::string_view next = "\x12\x1A\x22\x28\x32\x3A\x42";
  return bytes.size() > 2 && bytes[0] == version && bytes[1] < version_end &&
         next.find(static_cast<char>(bytes[2])) != std::string_view::npos;
}

struct Kind {
  bool (*is_of)(ByteView bytes);
  std::string_view name;
};

/// What a file certainly is comes first, also what users have beside ONNX models and nothing here
/// reads; a proof is one only if all of it can be read.
constexpr Kind kinds[] = {
    {begins_like_module, "a WebAssembly module, for run, prove, inspect and witness"},
    {trace::looks_like_trace, "a trace, for replay, inspect, compare and report"},
    {looks_like_witness, "a witness, for `isotrace-verify step` and inspect"},
    {looks_like_effects, "a log of effects, for inspect"},
    {[](ByteView b) { return begins_with(b, "-----BEGIN "); }, "a key, for sign and verify"},
    {[](ByteView b) { return is_flat_buffer(b, "ORTM"); },
     "a model in ONNX Runtime's own format (.ort), to be given as the ONNX model it was made of"},
    {[](ByteView b) { return is_flat_buffer(b, "TFL3"); },
     "a TensorFlow Lite model, to be converted to ONNX"},
    {is_torch_archive, "a PyTorch archive, to be exported to ONNX"},
    {[](ByteView b) { return begins_with(b, "\x89HDF\r\n"); },
     "an HDF5 file, as of Keras, to be exported to ONNX"},
    {[](ByteView b) { return begins_with(b, "version https://git-lfs."); },
     "a pointer of Git LFS, not what it points to: run `git lfs pull`"},
    {[](ByteView b) { return begins_with(b, "\x93NUMPY") || begins_with(b, "PK\x03\x04"); },
     "a tensor file, for --input and --weights"},
    {proofs::is_function_proof, "a proof, for check, export and inspect"},
    {[](ByteView b) { return proofs::parse_proof(b).has_value(); },
     "a proof, for check, export and inspect"},
    {looks_like_onnx_model, "an ONNX model, for run, compare, prove and inspect"},
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
