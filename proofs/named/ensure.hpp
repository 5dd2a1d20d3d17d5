// Named properties as checks of one run's outputs. Never called a proof.
#pragma once

#include <span>

#include <isotrace/proofs/named/named_property.hpp>

namespace isotrace::proofs {

/// Whether the outputs of a run (all of them, flat) have the property, judged exactly. Refuses
/// property_unsupported for properties that one run cannot show (robust and those about two runs)
/// and property_mismatch for indices beyond the outputs.
core::Result<bool> ensure(const NamedProperty& property, std::span<const float> outputs);

}  // namespace isotrace::proofs
