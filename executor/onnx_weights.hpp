// Brings values from elsewhere into a model's messages, so that the importer sees a model that
// holds everything itself (internal to the importer).
#pragma once

#include <span>

#include <isotrace/executor/model_folder.hpp>
#include <isotrace/executor/onnx_proto.hpp>

namespace isotrace::executor {

/// Puts each weight in place of the initialiser of its name, or of the graph input of its name,
/// which becomes a constant. Element type and shape must be those declared; nothing is converted.
/// Refuses weight_unknown and weight_mismatch.
core::Result<core::Done> apply_weights(onnx::GraphProto& graph,
                                       std::span<const NamedTensor> weights);

/// Replaces external data of all tensors, in attributes and subgraphs too, by the bytes of their
/// files. Refuses onnx_malformed, external_data_unsafe, limit_exceeded and what ModelFolder
/// refuses.
core::Result<core::Done> embed_external_data(onnx::GraphProto& graph, const ModelFolder& folder);

}  // namespace isotrace::executor
