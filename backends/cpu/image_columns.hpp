// The columns that a convolution multiplies with its weights, one image and group at a time:
// row k is a tap (channel, then kernel position, row-major), column j an output position. Taps in
// the padding are +0 and take part like any other (docs/numerics.md, conv).
#pragma once

#include <vector>

#include <isotrace/backends/cpu/columns.hpp>
#include <isotrace/backends/cpu/padded_channels.hpp>

namespace isotrace::backends::cpu {

class ImageColumns final : public Columns {
 public:
  /// padded: the input channels of one group as `layout` lays them out. All outlive this object.
  ImageColumns(const float* padded, const PaddedChannels& layout, const VectorKernels& vectors)
      : padded_(padded), layout_(layout), vectors_(vectors) {}

  void pack(const Kernels& kernels, Index depth_from, Index depth, Index column_from, Index count,
            Index width, float* packed) const override;
  [[nodiscard]] const float* find_row(Index, Index) const override { return nullptr; }
  [[nodiscard]] Index row_stride() const override { return 0; }

 private:
  void find_runs(Index column_from, Index count, std::vector<LineRun>& runs) const;

  const float* padded_;
  const PaddedChannels& layout_;
  const VectorKernels& vectors_;
};

}  // namespace isotrace::backends::cpu
