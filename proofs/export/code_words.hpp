// The circuits of coq/bits/Numeric.v. Trust: none (function_circuit.hpp).
#pragma once

#include <isotrace/bits/word_gates.hpp>

#include "wasm_code.hpp"

namespace isotrace::proofs {

struct CodeResult {
  bits::Word word;
  bits::Wire trap = bits::wire_false;
};

bits::Wire nonzero(bits::Gates& gates, const bits::Word& word);
bits::Word count_bits(bits::Gates& gates, const CodeNode& node, const bits::Word& a);
CodeResult compute_binary(bits::Gates& gates, const CodeNode& node, const bits::Word& a,
                          const bits::Word& b);
bits::Wire compare_words(bits::Gates& gates, std::uint32_t relation, const bits::Word& a,
                         const bits::Word& b);
bits::Word extend_word(const CodeNode& node, const bits::Word& a);
/// 1 or 0 in 32 bits.
bits::Word truth_word(bits::Wire wire);

}  // namespace isotrace::proofs
