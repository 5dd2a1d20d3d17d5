// What a certificate is about, as commands name it: an ONNX model, a WebAssembly module, or a
// folder with one of them.
#pragma once

#include <isotrace/tools/verify/certificate_evidence.hpp>

namespace isotrace::tools {

/// The program that `--model` is, imported from the bytes that were hashed. A folder must hold one
/// file at its top that ends with .onnx or .wasm: refuses evidence_missing without one,
/// evidence_inconsistent with several, and file_read_failed if it has changed since. Also refuses
/// what importing refuses.
core::Result<certificates::ModelIdentity> identify_subject(const Context& context,
                                                           const std::string& path,
                                                           const EvidenceFiles& files);

}  // namespace isotrace::tools
