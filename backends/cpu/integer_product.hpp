// The blocks of an exact product of bytes on one thread: what products of matrices
// (integer_gemm.hpp) and convolutions (integer_conv.hpp) are made of.
#pragma once

#include <isotrace/backends/cpu/integer_gemm.hpp>

namespace isotrace::backends::cpu {

/// Vectors in the panels that kernels read, and the sum over k of each vector's flipped bytes.
struct PackedIntegers {
  const std::byte* panels = nullptr;  ///< nullptr: not packed yet
  const std::int32_t* sums = nullptr;
};

/// Sizes of the packed forms of `depth` values of k.
struct PackedSizes {
  Index groups;
  Index row_panel;     ///< bytes for tile_rows rows
  Index column_panel;  ///< bytes for tile_columns columns

  PackedSizes(Index depth, const IntegerKernels& kernels);
};

/// The memory of packed vectors: panels, and behind them the sums.
struct PackedMemory {
  Index vectors;  ///< of whole panels
  Index panels;   ///< bytes

  [[nodiscard]] Index bytes() const { return panels + vectors * 4; }
  [[nodiscard]] PackedIntegers at(const std::byte* memory) const {
    return {memory, reinterpret_cast<const std::int32_t*>(memory + panels)};
  }
  [[nodiscard]] std::int32_t* sums(std::byte* memory) const {
    return reinterpret_cast<std::int32_t*>(memory + panels);
  }
};
PackedMemory rows_memory(Index rows, Index depth, const IntegerKernels& kernels);
PackedMemory columns_memory(Index columns, Index depth, const IntegerKernels& kernels);

/// Kernels multiply unsigned rows by signed columns: the bytes that turn the one into the other.
inline std::uint8_t row_flip(bool is_signed) { return is_signed ? 0x80 : 0; }
inline std::uint8_t column_flip(bool is_signed) { return is_signed ? 0 : 0x80; }

/// Packs all rows of a, or all columns of b, into memory of the size that the functions above give.
void pack_rows(const IntegerMatrix& a, Index rows, Index depth, const IntegerKernels& kernels,
               std::byte* memory);
void pack_columns(const IntegerMatrix& b, Index columns, Index depth, const IntegerKernels& kernels,
                  std::byte* memory);

/// Columns that are packed panel by panel when they are wanted.
class IntegerColumns {
 public:
  virtual ~IntegerColumns() = default;
  /// Packs `count` columns from `first` on, at most one panel of them.
  virtual void pack(const IntegerKernels& kernels, Index first, Index count, std::byte* panel,
                    std::int32_t* sums) const = 0;
};

/// A product some of whose operands may be packed already; of b only zero points and sign count if
/// `columns_of_b` gives its bytes.
struct IntegerProduct {
  IntegerGemm gemm;
  PackedIntegers a;
  PackedIntegers b;
  const IntegerColumns* columns_of_b = nullptr;
};

/// Computes it. Throws std::bad_alloc if scratch memory runs out.
void run_integer_product(const IntegerProduct& product, const IntegerKernels& kernels,
                         Scratch& scratch);

}  // namespace isotrace::backends::cpu
