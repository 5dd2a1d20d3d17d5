// Where to split a box that did not close: the input whose range can change the combined row most,
// by an interval on its gradient ("smear"; Wang et al., ReluVal, USENIX Security 2018).
#pragma once

#include <optional>

#include <isotrace/proofs/search/input_cells.hpp>
#include <isotrace/proofs/search/problem.hpp>

namespace isotrace::proofs::search {

struct Split {
  std::uint32_t dimension;
  double at;  ///< strictly inside
};

/// Nothing if no dimension can be halved in binary64, or cut between cells. `row` is the
/// combination that came closest.
std::optional<Split> find_split(const Network& network, const InputCells& cells,
                                const Kernels& kernels, const Bounds& bounds, const RowForm& row,
                                const Box& box);

}  // namespace isotrace::proofs::search
