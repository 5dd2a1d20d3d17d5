// The weights of a convolution of bytes as kernels take them that read windows where they lie
// (integer_conv_in_place.cpp): output channels are columns, k is the taps in order and, for each
// tap, the input channels with what makes groups of four of them.
#pragma once

#include <isotrace/backends/cpu/channels_last.hpp>
#include <isotrace/backends/cpu/integer_conv.hpp>
#include <isotrace/backends/cpu/integer_product.hpp>

namespace isotrace::backends::cpu {

class TapWeights {
 public:
  static constexpr Index columns_max = 32;  // of a panel

  TapWeights(const IntegerConv& conv, const ChannelsLast& layout, const IntegerKernels& kernels);

  /// False if they are no held constant: to pack them in every call costs more than it saves.
  bool find(PackedConstants* constants);

  [[nodiscard]] PackedIntegers packed(Index group) const {
    return memory_.at(packed_ + group * group_bytes());
  }
  [[nodiscard]] Index panel_bytes() const { return taps_ * tap_bytes_; }

 private:
  /// Sums are i32, so that every group begins where one of these may.
  [[nodiscard]] Index group_bytes() const { return (memory_.bytes() + 63) / 64 * 64; }
  void pack(Index group, std::byte* memory) const;

  const IntegerConv& conv_;
  const IntegerKernels& kernels_;
  Index taps_;
  PackedMemory memory_;
  Index tap_bytes_;
  const std::byte* packed_ = nullptr;
};

}  // namespace isotrace::backends::cpu
