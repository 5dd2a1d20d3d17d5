// Circuits of words: what every bit-vector operation is in gates. Bits stand lowest first. Trust:
// part of the trusted base; held against bits::compute by the tests, exhaustively at small widths.
#pragma once

#include <cstddef>
#include <vector>

#include <isotrace/bits/gates.hpp>
#include <isotrace/bits/value.hpp>

namespace isotrace::bits {

using Word = std::vector<Wire>;

Word constant_word(Value value, unsigned width);
/// The highest bit that is not known to be 0, plus 1.
std::size_t length_of(const Word& word);
Wire equal_words(Gates& gates, const Word& a, const Word& b);
Word choose_word(Gates& gates, Wire condition, const Word& then, const Word& otherwise);

struct Division {
  Word quotient;
  Word remainder;
};

/// a * b modulo two to the width: for each bit of b, a shifted by its place.
Word plain_product(Gates& gates, const Word& a, const Word& b);
/// Long division of words of one width, of magnitudes if signed: results as SMT-LIB's, also by 0.
Division plain_division(Gates& gates, const Word& a, const Word& b, bool is_signed);

/// Any operation of `compute` on vectors and Booleans (words of one wire).
/// @param low    extract: the lowest bit taken
/// @param width  of the result, in wires
Word operation_gates(Gates& gates, Operation operation, const std::vector<Word>& operands,
                     unsigned low, unsigned width);

}  // namespace isotrace::bits
