// The question of a proof as an instance of VNN-COMP: a model in ONNX, a property in VNN-LIB 1.0
// and the line of instances.csv that names both, which tools of that competition read.
#pragma once

#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/export/bundle.hpp>

namespace isotrace::proofs {

/// Bundle of `onnx/model.onnx` (the bytes of `model`, unchanged), `vnnlib/property.vnnlib` (see
/// write_vnncomp_property) and `instances.csv`. Of proved and violated properties alike.
/// Deterministic. Refuses export_unsupported for a model that is another program than the proof's,
/// that has more than one input or output, or one that is not f32; for a proof about real
/// arithmetic; for a counterexample whose outputs the text does not call unsafe (they are no
/// numbers); and what write_vnncomp_property and executor::import_onnx refuse
/// (onnx_external_data_unsupported: weights in files of their own).
core::Result<Bundle> export_vnncomp(const Proof& proof, core::ByteView model);

}  // namespace isotrace::proofs
