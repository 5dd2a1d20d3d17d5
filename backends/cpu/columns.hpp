// The right-hand side of a matrix product, read panel by panel: a matrix in memory with any
// strides, or the columns that a convolution gathers from an image (im2col, never stored whole).
#pragma once

#include <isotrace/backends/cpu/packed_matrix.hpp>

namespace isotrace::backends::cpu {

class Columns {
 public:
  virtual ~Columns() = default;
  /// Packs b[depth_from + k][column_from + j] for k < depth, j < count in panels of `width`
  /// columns, as PackArguments says.
  virtual void pack(const Kernels& kernels, Index depth_from, Index depth, Index column_from,
                    Index count, Index width, float* packed) const = 0;
  /// Where element (k, j) lies if rows are contiguous in memory, else nullptr.
  [[nodiscard]] virtual const float* find_row(Index depth_from, Index column_from) const = 0;
  /// Elements from one row to the next, where find_row gives one.
  [[nodiscard]] virtual Index row_stride() const = 0;
  /// The first `count` columns of all `depth` rows as panels that are kept, if this matrix is a
  /// constant (packed_matrix.hpp); else nothing.
  [[nodiscard]] virtual PackedMatrix find_packed(PackedConstants&, const Kernels&, Index /*depth*/,
                                                 Index /*count*/) const {
    return {};
  }
};

class MatrixColumns final : public Columns {
 public:
  MatrixColumns(const float* data, Index depth_stride, Index column_stride)
      : data_(data), depth_stride_(depth_stride), column_stride_(column_stride) {}

  void pack(const Kernels& kernels, Index depth_from, Index depth, Index column_from, Index count,
            Index width, float* packed) const override {
    kernels.pack({.source = data_ + depth_from * depth_stride_ + column_from * column_stride_,
                  .lane_stride = column_stride_,
                  .depth_stride = depth_stride_,
                  .count = count,
                  .depth = depth,
                  .width = width,
                  .packed = packed});
  }
  [[nodiscard]] const float* find_row(Index depth_from, Index column_from) const override {
    return column_stride_ == 1 ? data_ + depth_from * depth_stride_ + column_from : nullptr;
  }
  [[nodiscard]] Index row_stride() const override { return depth_stride_; }
  [[nodiscard]] PackedMatrix find_packed(PackedConstants& constants, const Kernels& kernels,
                                         Index depth, Index count) const override {
    return find_packed_matrix(constants, kernels,
                              {.source = data_,
                               .lane_stride = column_stride_,
                               .depth_stride = depth_stride_,
                               .count = count,
                               .depth = depth,
                               .width = kernels.tile_columns,
                               .packed = nullptr});
  }

 private:
  const float* data_;
  Index depth_stride_;
  Index column_stride_;
};

}  // namespace isotrace::backends::cpu
