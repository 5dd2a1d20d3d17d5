// The forms of a convolution that the cpu backend computes; conv.cpp chooses.
#pragma once

#include <isotrace/backends/cpu/gemm.hpp>
#include <isotrace/backends/cpu/padded_channels.hpp>
#include <isotrace/backends/cpu/tail.hpp>
#include <isotrace/core/blocks.hpp>
#include <isotrace/core/program.hpp>

namespace isotrace::backends::cpu {

/// A Conv call that has been checked. Sizes in elements.
struct ConvCall {
  const reference::ConvGeometry& geometry;
  const PaddedChannels* layout;  ///< nullptr: the image itself is the matrix of columns
  Index image_size;              ///< one input channel
  Index taps;                    ///< one kernel
  Index columns;                 ///< one output channel
  Index segment;
  const float* image;
  const float* weights;
  const float* bias;  ///< nullptr: none
  float* result;
  const Tail* tail;  ///< nullptr: none

  /// Length of the contraction.
  [[nodiscard]] Index depth() const { return geometry.group_inputs * taps; }
  /// The input channels of a group of an image, and its output channels.
  [[nodiscard]] const float* inputs_of(Index image_index, Index group) const {
    return image + (image_index * geometry.groups + group) * geometry.group_inputs * image_size;
  }
  [[nodiscard]] float* outputs_of(Index image_index, Index group) const {
    return result + (image_index * geometry.groups + group) * geometry.group_outputs * columns;
  }
};

/// One input channel per group, two axes, all taps inside one segment: no product of matrices, but
/// one chain of multiply-adds per output over the taps of one window.
bool is_depthwise(const ConvCall& call);
void run_depthwise(const ConvCall& call, const Engine& engine);

/// Few output positions and many channels: vector lanes are channels, not positions, so that none
/// of them is wasted; the result is transposed at the end.
bool is_narrow(const ConvCall& call, const Kernels& kernels);
core::Result<core::Done> run_narrow(const ConvCall& call, const Engine& engine);

/// Memory of one call, which the next one finds again (core/blocks.hpp): what the system would take
/// back after every call it would have to clear before the next.
struct GiveFloats {
  std::size_t capacity = 0;  ///< bytes
  void operator()(float* pointer) const {
    core::give_block({reinterpret_cast<std::uint8_t*>(pointer), capacity});
  }
};
using Floats = std::unique_ptr<float[], GiveFloats>;
/// Contents undefined; throws std::bad_alloc.
inline Floats take_floats(std::size_t count) {
  const core::MemoryBlock block = core::take_block(count * sizeof(float));
  return {reinterpret_cast<float*>(block.data), GiveFloats{block.capacity}};
}

/// The input channels of one group of an image with their padding.
Floats pad_group(const ConvCall& call, Index image, Index group, const Engine& engine);

}  // namespace isotrace::backends::cpu
