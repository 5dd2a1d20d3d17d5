#include <isotrace/backends/gpu/byte_product.hpp>

#include <algorithm>

#include <isotrace/backends/cpu/quantised_operands.hpp>
#include <isotrace/backends/gpu/kernels/byte_product.hpp>
#include <isotrace/backends/gpu/product.hpp>
#include <isotrace/reference/quantise.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using core::TensorView;

/// Fewer rows leave most of a tile empty.
constexpr std::int64_t rows_min = 17;

/// A factor and what is taken off it.
struct Factor {
  Array bytes;
  std::vector<std::uint32_t> zeros;  ///< one, or one per row or column
  std::int64_t magnitude_max;

  [[nodiscard]] bool has_zeros() const {
    return std::ranges::any_of(zeros, [](std::uint32_t zero) { return zero != 0; });
  }
  [[nodiscard]] bool is_signed() const { return bytes.dtype == Dtype::i8; }
};

/// Nothing if the zero points are not one or `lines` of them.
core::Result<std::optional<Factor>> make_factor(DeviceCall& call, std::size_t index,
                                                std::size_t zeros_index, std::int64_t lines) {
  const TensorView& view = call.call.operand(index);
  const TensorView* zeros = call.call.find_operand(zeros_index);
  std::vector<std::int32_t> values = {0};
  if (zeros != nullptr) {
    const bool per_line = zeros->rank() == 1 && zeros->dim(0) == lines;
    if (zeros->dtype() != view.dtype() || !(zeros->elements() == 1 || per_line)) {
      return std::optional<Factor>{};
    }
    ISOTRACE_TRY(const auto numbers, reference::read_small_integers(*zeros));
    values.assign(numbers.begin(), numbers.end());
  }
  ISOTRACE_TRY(Array bytes, call.operand(index));
  return std::optional(Factor{std::move(bytes),
                              std::vector<std::uint32_t>(values.begin(), values.end()),
                              cpu::magnitude_max(view.dtype(), values)});
}

/// The sums of the rows of a, or of the columns of b.
Made sum_lines(Work& work, const Factor& factor, const SumBytes::Arguments& lines) {
  ISOTRACE_TRY(Array sums, work.make(Dtype::u32, {static_cast<std::int64_t>(lines.count)}));
  SumBytes::Arguments arguments = lines;
  arguments.is_signed = factor.is_signed();
  arguments.x = factor.bytes.data<std::uint8_t>();
  arguments.out = sums.data<std::uint32_t>();
  ISOTRACE_TRY_DONE(work.launch_each("sum_bytes", arguments));
  return sums;
}

core::Result<core::Done> correct(Work& work, const Factor& a, const Factor& b,
                                 const ByteProductArguments& p, const Array& c) {
  const auto rows = static_cast<std::uint64_t>(p.rows);
  const auto columns = static_cast<std::uint64_t>(p.columns);
  const auto depth = static_cast<std::uint64_t>(p.depth);
  const std::uint64_t a_rows = a.bytes.elements / depth;
  const std::uint64_t b_columns = b.bytes.elements / depth;
  ISOTRACE_TRY(const Array a_sums,
               sum_lines(work, a, {a_rows, a_rows, depth, depth, 1, false, nullptr, nullptr}));
  ISOTRACE_TRY(
      const Array b_sums,
      sum_lines(work, b, {b_columns, columns, depth, 1, columns, false, nullptr, nullptr}));
  ISOTRACE_TRY(const Array a_zeros, work.send(a.zeros));
  ISOTRACE_TRY(const Array b_zeros, work.send(b.zeros));
  return work.launch_each(
      "correct_sums", CorrectSums::Arguments{
                          c.elements, rows, columns, static_cast<std::uint32_t>(depth), p.a_starts,
                          p.b_starts, a_sums.data<std::uint32_t>(), b_sums.data<std::uint32_t>(),
                          a_zeros.data<std::uint32_t>(), b_zeros.data<std::uint32_t>(),
                          a.zeros.size() > 1 ? 1U : 0U, b.zeros.size() > 1 ? 1U : 0U, p.c});
}

}  // namespace

core::Result<std::optional<Array>> multiply_bytes(DeviceCall& call, const MatmulOperands& at) {
  const TensorView& a_view = call.call.operand(at.a);
  const TensorView& b_view = call.call.operand(at.b);
  const ByteUnits units = call.work.device().byte_units();
  if (units == ByteUnits::none || a_view.rank() < 2 || b_view.rank() < 2 ||
      !cpu::is_byte(b_view.dtype())) {
    return std::optional<Array>{};
  }
  ISOTRACE_TRY(const auto shape, reference::matmul_shape(a_view.shape(), b_view.shape()));
  if (shape.m < rows_min || shape.k == 0 || shape.n == 0) return std::optional<Array>{};
  ISOTRACE_TRY(const auto a, make_factor(call, at.a, at.a_zeros, shape.m));
  ISOTRACE_TRY(const auto b, make_factor(call, at.b, at.b_zeros, shape.n));
  if (!a || !b) return std::optional<Array>{};
  if (!cpu::fits_accumulator(a->magnitude_max * b->magnitude_max, shape.k, 0)) {
    return reference::refuse_value("sums could leave i32");  // judged by the reference
  }
  Work& work = call.work;
  ISOTRACE_TRY(Array c, work.make(Dtype::i32, shape.output));
  const Batches batches = matrix_batches(a->bytes, b->bytes, shape);
  constexpr std::int64_t tile = ByteProduct<true>::tile;
  const std::int64_t across = (shape.n + tile - 1) / tile;
  const std::int64_t down = (shape.m + tile - 1) / tile;
  const auto count = std::ssize(batches.a);
  if (across > grid_max.x || down > grid_max.y || count > grid_max.z) {
    return core::refuse(core::RefusalCode::limit_exceeded, "", "more tiles than one launch has");
  }
  if (count == 0) return std::optional(std::move(c));
  ISOTRACE_TRY(const Array a_starts, work.send(batches.a));
  ISOTRACE_TRY(const Array b_starts, work.send(batches.b));
  const ByteProductArguments p = {shape.m,
                                  shape.n,
                                  shape.k,
                                  a->is_signed(),
                                  b->is_signed(),
                                  a->bytes.data<std::uint8_t>(),
                                  a_starts.data<std::int64_t>(),
                                  b->bytes.data<std::uint8_t>(),
                                  b_starts.data<std::int64_t>(),
                                  c.data<std::uint32_t>()};
  ISOTRACE_TRY_DONE(
      work.launch(units == ByteUnits::tensor_cores ? "byte_product_tensor" : "byte_product_dot",
                  {static_cast<std::uint32_t>(across), static_cast<std::uint32_t>(down),
                   static_cast<std::uint32_t>(count)},
                  p));
  if (a->has_zeros() || b->has_zeros()) {
    ISOTRACE_TRY_DONE(correct(work, *a, *b, p, c));
  }
  return std::optional(std::move(c));
}

}  // namespace isotrace::backends::gpu
