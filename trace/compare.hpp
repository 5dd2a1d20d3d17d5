// Finds the first point at which two traces part.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <isotrace/trace/reader.hpp>

namespace isotrace::trace {

/// What differs first.
struct Divergence {
  enum class Kind : std::uint8_t {
    semantics,  ///< other semantics; of foreign traces (foreign.hpp): nothing else differs
    input,      ///< a program input has another value (operand: input number)
    operation,  ///< the step executes another operation or other attributes
    operand,    ///< an operand of the step differs and no earlier step made it: a constant
    result,     ///< equal operands, different result: a backend is wrong
    length,     ///< one trace has more steps
    outputs,    ///< the programs name other outputs
    seed,       ///< the runs were given other seeds
    program,  ///< other programs, though every executed step is the same (unused constants, names)
  };
  Kind kind;
  std::uint64_t step = 0;         ///< for input: unused
  std::string operation;          ///< ONNX name, empty for semantics, input and outputs
  std::string tensor;             ///< display: "input 1", "output 0", or a program input's name
  std::size_t operand = 0;        ///< index of operand, result, input or output
  std::optional<TensorRecord> a;  ///< absent where a trace has no such tensor
  std::optional<TensorRecord> b;
  std::optional<StepRecord> step_a = {};  ///< present where both traces have the step
  std::optional<StepRecord> step_b = {};
  std::optional<StepRecord> agreed = {};  ///< the step before, of a; absent before the first one
};

/// Of traces of tensor programs (Kind::semantics for others). Nothing if the roots are equal (then
/// the computations are, bit for bit). Otherwise the first difference in this order: semantics (of
/// foreign traces: last), seed, inputs, steps, number of steps, outputs, program.
/// Uses O(log n) comparisons of digests once the subtree roots are known. An operand that an
/// earlier step made cannot differ first, because then that step's result did: Kind::operand means
/// a constant, or an edge of the graph that comes from elsewhere.
std::optional<Divergence> find_divergence(const Trace& a, const Trace& b);

/// Its parts, for who has no whole traces. What comes before the steps: semantics, seed, inputs.
std::optional<Divergence> find_identity_difference(const TraceIdentity& a, const TraceIdentity& b);
/// Two records of one index whose digests differ.
Divergence make_step_divergence(StepRecord a, StepRecord b);
/// `longer` is the first step that the other trace lacks.
Divergence make_length_divergence(const StepRecord& longer);

/// The first element (row-major) at which two tensors of equal dtype and shape differ in bits.
struct ElementDifference {
  std::uint64_t element = 0;
  std::vector<std::int64_t> index;  ///< multi-dimensional
  std::string a;                    ///< hex float ("0x1.8p+1") or integer
  std::string b;
  std::string a_decimal;  ///< shortest that reads back as the same element ("3.0")
  std::string b_decimal;
  std::string a_bits;  ///< "0x40400000"
  std::string b_bits;
  std::optional<std::uint64_t> ulps;  ///< floats only; absent if one is NaN
  std::uint64_t differing = 0;        ///< how many elements differ
};
/// Both must have the same dtype and shape.
std::optional<ElementDifference> find_element_difference(const core::TensorView& a,
                                                         const core::TensorView& b);

}  // namespace isotrace::trace
