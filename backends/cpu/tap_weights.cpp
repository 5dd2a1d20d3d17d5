#include <isotrace/backends/cpu/tap_weights.hpp>

#include <algorithm>

namespace isotrace::backends::cpu {

TapWeights::TapWeights(const IntegerConv& conv, const ChannelsLast& layout,
                       const IntegerKernels& kernels)
    : conv_(conv),
      kernels_(kernels),
      taps_(layout.taps()),
      memory_(columns_memory(conv.geometry.group_outputs, taps_ * layout.depth(), kernels)),
      tap_bytes_(layout.depth() * kernels.tile_columns) {
  ISOTRACE_CHECK(kernels.tile_columns <= columns_max, kernels.tile_columns);
}

bool TapWeights::find(PackedConstants* constants) {
  if (constants == nullptr) return false;
  const reference::ConvGeometry& geometry = conv_.geometry;
  const Index depth = geometry.group_inputs * taps_;
  const Index vectors = geometry.groups * geometry.group_outputs;
  packed_ = constants->find(
      {.source = conv_.weights.data,
       .source_bytes = static_cast<std::size_t>(vectors * depth),
       .form = conv_.weights.is_signed ? PackedForm::i8_taps : PackedForm::u8_taps,
       .lane_stride = depth,
       .depth_stride = taps_,
       .count = geometry.group_outputs,
       .depth = depth,
       .width = kernels_.tile_columns * kernels_.group_depth},
      static_cast<std::size_t>(geometry.groups * group_bytes()), [this](std::byte* memory) {
        for (Index group = 0; group < conv_.geometry.groups; ++group) {
          pack(group, memory + group * group_bytes());
        }
        return true;
      });
  return packed_ != nullptr;
}

void TapWeights::pack(Index group, std::byte* memory) const {
  const Index outputs = conv_.geometry.group_outputs;
  const Index inputs = conv_.geometry.group_inputs;
  std::int32_t* sums = memory_.sums(memory);
  std::fill_n(sums, memory_.vectors, 0);
  std::int32_t part[columns_max];
  for (Index first = 0; first < outputs; first += kernels_.tile_columns) {
    const std::uint8_t* weights = conv_.weights.data + (group * outputs + first) * inputs * taps_;
    for (Index tap = 0; tap < taps_; ++tap, memory += tap_bytes_) {
      kernels_.pack_b({.source = weights + tap,
                       .lane_stride = inputs * taps_,
                       .depth_stride = taps_,
                       .count = std::min(kernels_.tile_columns, outputs - first),
                       .depth = inputs,
                       .flip = column_flip(conv_.weights.is_signed),
                       .packed = memory,
                       .sums = part});
      for (Index j = 0; j < kernels_.tile_columns; ++j) sums[first + j] += part[j];
    }
  }
}

}  // namespace isotrace::backends::cpu
