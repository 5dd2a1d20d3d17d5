#include <isotrace/reference/signal_shape.hpp>

#include <isotrace/core/limits.hpp>
#include <isotrace/reference/call.hpp>

namespace isotrace::reference {
namespace {

/// Whether the last axis holds complex numbers; refuses sizes other than 1 and 2.
core::Result<bool> check_components(Dims x) {
  if (x.size() >= 2 && (x.back() == 1 || x.back() == 2)) return x.back() == 2;
  return refuse_shape(core::shape_text(x) + ": the last axis has not 1 or 2 components");
}

/// Frequencies of a transform of `length` positions.
core::Result<std::int64_t> count_bins(const core::Node& node, std::int64_t length,
                                      bool is_complex) {
  if (node.integer("onesided") == 0) return length;
  if (is_complex) return refuse_attribute("onesided with complex numbers");
  return length / 2 + 1;
}

/// A size that an operand gives.
core::Result<core::Done> check_size(const char* what, std::int64_t size) {
  if (size >= 1 && static_cast<std::uint64_t>(size) <= core::limits::tensor_bytes_max) {
    return core::Done{};
  }
  return refuse_value(std::string(what) + " " + std::to_string(size));
}

}  // namespace

core::Result<DftShape> dft_shape(const core::Node& node, Dims x, std::int64_t axis,
                                 std::optional<std::int64_t> length) {
  ISOTRACE_TRY(const bool is_complex, check_components(x));
  const auto rank = static_cast<std::int64_t>(x.size());
  const std::int64_t resolved = axis < 0 ? axis + rank : axis;
  if (resolved < 0 || resolved >= rank - 1) return refuse_value("axis " + std::to_string(axis));
  const bool to_real = node.integer("inverse") != 0 && node.integer("onesided") != 0;
  if (to_real && !is_complex) return refuse_attribute("inverse and onesided with real numbers");
  DftShape shape{static_cast<std::size_t>(resolved), 0, 0, core::Shape(x.begin(), x.end())};
  shape.length = length.value_or(to_real ? 2 * (x[shape.axis] - 1) : x[shape.axis]);
  ISOTRACE_TRY_DONE(check_size("length", shape.length));
  shape.bins = shape.length;
  if (!to_real) {
    ISOTRACE_TRY(shape.bins, count_bins(node, shape.length, is_complex));
  }
  shape.output[shape.axis] = shape.bins;
  shape.output.back() = to_real ? 1 : 2;
  return shape;
}

core::Result<StftShape> stft_shape(const core::Node& node, Dims signal, std::int64_t frame_step,
                                   std::int64_t frame_length) {
  if (signal.size() != 3) return refuse_shape("signal " + core::shape_text(signal));
  ISOTRACE_TRY(const bool is_complex, check_components(signal));
  ISOTRACE_TRY_DONE(check_size("frame_step", frame_step));
  ISOTRACE_TRY_DONE(check_size("frame_length", frame_length));
  if (frame_length > signal[1]) return refuse_value("frame_length beyond the signal");
  StftShape shape{(signal[1] - frame_length) / frame_step + 1, 0, {}};
  ISOTRACE_TRY(shape.bins, count_bins(node, frame_length, is_complex));
  shape.output = {signal[0], shape.frames, shape.bins, 2};
  return shape;
}

core::Result<core::Shape> mel_shape(std::int64_t num_mel_bins, std::int64_t dft_length) {
  if (num_mel_bins < 0) return refuse_value("num_mel_bins " + std::to_string(num_mel_bins));
  ISOTRACE_TRY_DONE(check_size("dft_length", dft_length));
  return core::Shape{dft_length / 2 + 1, num_mel_bins};
}

}  // namespace isotrace::reference
