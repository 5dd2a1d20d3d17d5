// Softmax and LayerNormalization in one launch, where rows fit a block
// (kernels/normalise_rows.hpp).
#include <isotrace/backends/gpu/kernels/normalise_rows.hpp>
#include <isotrace/backends/gpu/work.hpp>

namespace isotrace::backends::gpu {
namespace {

/// Rows of this length, or 0 where no kernel takes them.
std::uint64_t count_rows(const Array& x, std::uint64_t length) {
  if (x.dtype != core::Dtype::f32 || length == 0 || length > Rows::length_max) return 0;
  const std::uint64_t rows = x.elements / length;
  return rows > grid_max.x ? 0 : rows;
}

}  // namespace

core::Result<std::optional<Array>> Work::softmax_rows(const Array& x, std::uint64_t length) {
  const std::uint64_t rows = count_rows(x, length);
  if (rows == 0) return std::optional<Array>{};
  ISOTRACE_TRY(Array out, make(x.dtype, x.shape));
  ISOTRACE_TRY(const DoubtList doubts, make_doubts());
  ISOTRACE_TRY_DONE(
      launch("softmax_rows", {static_cast<std::uint32_t>(rows), 1, 1},
             SoftmaxRows::Arguments{static_cast<std::uint32_t>(length), x.data<float>(),
                                    out.data<float>(), doubts.arguments()}));
  ISOTRACE_TRY(const std::uint64_t doubtful, read<std::uint64_t>(doubts.count, 0));
  if (doubtful != 0) return std::optional<Array>{};
  return std::optional(std::move(out));
}

core::Result<std::optional<Work::NormalisedRows>> Work::normalise_rows(
    const Array& x, std::uint64_t length, const Array& scale, const std::optional<Array>& bias,
    float epsilon) {
  const std::uint64_t rows = count_rows(x, length);
  if (rows == 0) return std::optional<NormalisedRows>{};
  const core::Shape of_rows = {static_cast<std::int64_t>(rows)};
  ISOTRACE_TRY(Array out, make(x.dtype, x.shape));
  ISOTRACE_TRY(Array means, make(x.dtype, of_rows));
  ISOTRACE_TRY(Array factors, make(x.dtype, of_rows));
  ISOTRACE_TRY_DONE(launch(
      "normalise_rows", {static_cast<std::uint32_t>(rows), 1, 1},
      NormaliseRows::Arguments{static_cast<std::uint32_t>(length), epsilon, x.data<float>(),
                               scale.data<float>(), bias ? bias->data<float>() : nullptr,
                               out.data<float>(), means.data<float>(), factors.data<float>()}));
  return std::optional(NormalisedRows{std::move(out), std::move(means), std::move(factors)});
}

}  // namespace isotrace::backends::gpu
