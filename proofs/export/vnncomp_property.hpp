// Properties about networks from f32 to f32 as VNN-COMP's tools read VNN-LIB 1.0: bounds of inputs
// and comparisons of outputs by <= and >= alone, decimals, at most one `or` of `and`s.
#pragma once

#include <string>

#include <isotrace/proofs/checker/property.hpp>

namespace isotrace::proofs {

/// The unsafe region, such that the same binary32 inputs and finite outputs lie in it. What
/// decimals or <= cannot say becomes the nearest binary32 number within: a strict bound, or 1/3.
/// Refuses export_unsupported: a strict comparison of two or more outputs, a comparison of inputs
/// with outputs, a region that no binary32 input is in.
core::Result<std::string> write_vnncomp_property(const Property& property);

}  // namespace isotrace::proofs
