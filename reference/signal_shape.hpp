// Shapes of the signal operations, for executors and the reference (docs/spec/signal.md).
#pragma once

#include <optional>

#include <isotrace/core/program.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {

struct DftShape {
  std::size_t axis;
  std::int64_t length;  ///< positions transformed: cut, or padded with zeros
  std::int64_t bins;    ///< positions of the result
  core::Shape output;
};
/// `length` is the operand dft_length, or nothing to take the axis as it is (as half of a spectrum
/// if the result is real). Refuses shape_mismatch, operation_attribute_invalid,
/// operand_value_invalid.
core::Result<DftShape> dft_shape(const core::Node& node, Dims x, std::int64_t axis,
                                 std::optional<std::int64_t> length);

struct StftShape {
  std::int64_t frames;
  std::int64_t bins;
  core::Shape output;
};
core::Result<StftShape> stft_shape(const core::Node& node, Dims signal, std::int64_t frame_step,
                                   std::int64_t frame_length);

/// MelWeightMatrix: [dft_length / 2 + 1, num_mel_bins].
core::Result<core::Shape> mel_shape(std::int64_t num_mel_bins, std::int64_t dft_length);

}  // namespace isotrace::reference
