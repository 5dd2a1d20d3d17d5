// The samples of each family of operations; samples.cpp chooses.
#pragma once

#include <isotrace/backends/samples/maker.hpp>

namespace isotrace::backends::samples {

void add_contractions(Op op, Maker& make);
void add_pools(Op op, Maker& make);
void add_windows(Op op, Maker& make);
/// Forward, reverse and both, with sequences of different lengths.
void add_recurrent(Op op, Maker& make);
void add_normalisations(Op op, Maker& make);
void add_vision(Op op, Maker& make);
void add_signals(Op op, Maker& make);
void add_moves(Op op, Maker& make);
/// Repeating, rearranging and making.
void add_arrangements(Op op, Maker& make);
/// Sequences of the data's type, of tensors of different shapes.
void add_sequences(Op op, Dtype dtype, Maker& make);
/// Attributes of elementwise operations that are no factors.
void add_modes(Op op, Maker& make);
/// Operations whose operands all have the data's type and whose attributes are numbers or none.
void add_elementwise(Op op, Maker& make);
/// Exponents of the data's type and integers.
void add_powers(Maker& make);
void add_casts(Maker& make);
/// To every type of as many bits.
void add_bit_casts(Maker& make);
void add_reductions(Op op, Maker& make);
void add_quantised(Op op, Maker& make);

}  // namespace isotrace::backends::samples
