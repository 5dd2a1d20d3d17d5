// What a trace says, as plain values. Everything in TraceIdentity and StepRecord is covered by the
// trace root; Provenance (who ran it) is beside it and never in the root. So equal roots mean the
// same computation, bit for bit. What runs of WebAssembly say more: machine_record.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <isotrace/core/op.hpp>
#include <isotrace/core/tensor.hpp>
#include <isotrace/trace/machine_record.hpp>

namespace isotrace::trace {

/// A tensor by its identity.
struct TensorRecord {
  core::Digest digest;  ///< core::tensor_digest: covers dtype, shape and bytes
  core::Dtype dtype;
  core::Shape shape;

  bool operator==(const TensorRecord&) const = default;
};

TensorRecord record_of(const core::TensorView& tensor);

struct NamedRecord {
  std::string name;
  TensorRecord tensor;
};

struct TraceIdentity {
  std::string semantics;  ///< "isonum-1", "isowasm-1"
  core::Digest program;   ///< core::program_digest, wasm::program_digest
  std::vector<NamedRecord> inputs;
  std::uint64_t seed = 0;
  /// Runs of WebAssembly; they have no inputs and no seed.
  std::optional<MachineIdentity> machine = {};
};

struct Provenance {
  std::string backend;
  std::string device;
  std::string tool;  ///< "isotrace 0.1.0"
};

/// One executed operation.
struct StepRecord {
  std::uint64_t index = 0;
  core::Op op{};
  core::Digest attributes;  ///< core::attribute_digest
  std::vector<std::optional<TensorRecord>> inputs;
  std::vector<TensorRecord> outputs;
  std::string name;  ///< display only, not in the root
};

/// SHA-256 over the canonical bytes of a record (docs/formats/trace.md).
core::Digest identity_digest(const TraceIdentity& identity);
core::Digest step_digest(const StepRecord& step);
core::Digest outputs_digest(const std::vector<NamedRecord>& outputs);

}  // namespace isotrace::trace
