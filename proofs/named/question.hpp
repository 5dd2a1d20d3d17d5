// A named property as what the prover and the checker understand: a program and a VNN-LIB text. The
// property's desired relations stand negated, so that outputs that are not numbers violate it.
// Whoever reads a proof makes the same question again and compares both digests (`isotrace check`).
#pragma once

#include <isotrace/core/program.hpp>
#include <isotrace/proofs/named/named_property.hpp>

namespace isotrace::proofs {

/// What a property speaks of.
struct Subjects {
  const core::Program* model = nullptr;
  std::size_t inputs = 0;                ///< elements of all the model's inputs
  std::size_t outputs = 0;               ///< elements of all its outputs
  std::vector<float> centre;             ///< robust: the input, flat
  std::size_t label = 0;                 ///< robust: the output that is greatest there
  const core::Program* other = nullptr;  ///< equivalent
};

struct Question {
  core::Program program;  ///< the model, or two runs side by side
  std::string vnnlib;     ///< the unsafe region
};

/// Elements of all inputs of a program; dimensions of any size count as 1. Refuses
/// property_unsupported for inputs that are neither f32 nor integers of 8 or 16 bits, or have any
/// rank.
core::Result<std::size_t> count_inputs(const core::Program& program);

/// Refuses property_mismatch (an index beyond the inputs or outputs), property_input_unbounded (no
/// domain for an input) and what pair_programs() refuses.
core::Result<Question> make_question(const NamedProperty& property,
                                     const std::vector<DomainRange>& domain,
                                     const Subjects& subjects);

/// One program that runs `a` and `b` on elements of one flat input and gives all outputs of `a`,
/// then all of `b`. first[i] and second[i] are the numbers of the elements that are their inputs i.
/// Refuses property_unsupported where inputs have several element types.
core::Result<core::Program> pair_programs(const core::Program& a, const core::Program& b,
                                          std::size_t inputs,
                                          const std::vector<std::int64_t>& first,
                                          const std::vector<std::int64_t>& second);

}  // namespace isotrace::proofs
