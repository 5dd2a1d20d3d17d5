#include <isotrace/backends/gpu/byte_product.hpp>

#include <algorithm>
#include <limits>

#include <isotrace/backends/cpu/quantised_operands.hpp>
#include <isotrace/backends/gpu/kernels/byte_product.hpp>
#include <isotrace/backends/gpu/product.hpp>
#include <isotrace/backends/gpu/windows.hpp>
#include <isotrace/reference/odometer.hpp>
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
                                 const ByteProductArguments<MatrixColumns>& p, const Array& c) {
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

/// A product of these batches into c, whose other arguments are set.
template <class Columns>
core::Result<core::Done> launch_product(Work& work, std::string_view tensor, std::string_view dot,
                                        const ByteProductArguments<Columns>& p,
                                        std::int64_t batches) {
  constexpr std::int64_t tile = ByteProduct<true, Columns>::tile;
  const std::int64_t across = (p.columns + tile - 1) / tile;
  const std::int64_t down = (p.rows + tile - 1) / tile;
  if (across > grid_max.x || down > grid_max.y || batches > grid_max.z) {
    return core::refuse(core::RefusalCode::limit_exceeded, "", "more tiles than one launch has");
  }
  const bool on_tensor_cores = work.device().byte_units() == ByteUnits::tensor_cores;
  return work.launch(on_tensor_cores ? tensor : dot,
                     {static_cast<std::uint32_t>(across), static_cast<std::uint32_t>(down),
                      static_cast<std::uint32_t>(batches)},
                     p);
}

/// What zero points take off a convolution, and the bias.
core::Result<core::Done> correct(Work& work, const Factor& w, const Factor& x, const Bias& bias,
                                 std::uint64_t groups, const ByteProductArguments<ByteColumns>& p,
                                 const Array& c) {
  const auto rows = static_cast<std::uint64_t>(p.rows);
  const auto columns = static_cast<std::uint64_t>(p.columns);
  const auto depth = static_cast<std::uint64_t>(p.depth);
  const std::uint64_t outputs = rows * groups;
  ISOTRACE_TRY(const Array w_sums,
               sum_lines(work, w, {outputs, outputs, depth, depth, 1, false, nullptr, nullptr}));
  std::optional<Array> x_sums;
  if (w.has_zeros()) {
    ISOTRACE_TRY(x_sums, work.make(Dtype::u32, {static_cast<std::int64_t>(c.elements / rows)}));
    ISOTRACE_TRY_DONE(work.launch_each(
        "sum_columns",
        SumColumns::Arguments{x_sums->elements, columns, p.depth, p.b_signed, p.b, p.b_starts,
                              p.b_columns, x_sums->data<std::uint32_t>()}));
  }
  ISOTRACE_TRY(const Array w_zeros, work.send(w.zeros));
  return work.launch_each(
      "correct_convolution",
      CorrectConvolution::Arguments{
          c.elements, rows, columns, groups, static_cast<std::uint32_t>(depth), x.zeros[0],
          w_sums.data<std::uint32_t>(), x_sums ? x_sums->data<std::uint32_t>() : nullptr,
          w_zeros.data<std::uint32_t>(), w.zeros.size() > 1 ? 1U : 0U,
          bias.values ? bias.values->data<std::uint32_t>() : nullptr, p.c});
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
  if (batches.a.empty()) return std::optional(std::move(c));
  ISOTRACE_TRY(const Array a_starts, work.send(batches.a));
  ISOTRACE_TRY(const Array b_starts, work.send(batches.b));
  const ByteProductArguments<MatrixColumns> p = {shape.m,
                                                 shape.n,
                                                 shape.k,
                                                 a->is_signed(),
                                                 b->is_signed(),
                                                 a->bytes.data<std::uint8_t>(),
                                                 a_starts.data<std::int64_t>(),
                                                 b->bytes.data<std::uint8_t>(),
                                                 b_starts.data<std::int64_t>(),
                                                 {shape.n, 1},
                                                 c.data<std::uint32_t>()};
  ISOTRACE_TRY_DONE(
      launch_product(work, "byte_product_tensor", "byte_product_dot", p, std::ssize(batches.a)));
  if (a->has_zeros() || b->has_zeros()) {
    ISOTRACE_TRY_DONE(correct(work, *a, *b, p, c));
  }
  return std::optional(std::move(c));
}

core::Result<std::optional<Array>> convolve_bytes(DeviceCall& call, const ConvOperands& at,
                                                  const reference::ConvGeometry& geometry,
                                                  const Bias& bias) {
  Work& work = call.work;
  const auto w_dims = call.call.operand(at.w).shape();
  if (work.device().byte_units() == ByteUnits::none || geometry.group_outputs < rows_min ||
      !cpu::is_byte(call.call.operand(at.w).dtype())) {
    return std::optional<Array>{};
  }
  ISOTRACE_TRY(const auto w, make_factor(call, at.w, at.w_zeros, w_dims[0]));
  ISOTRACE_TRY(const auto x, make_factor(call, at.x, at.x_zeros, 1));
  if (!w || !x) return std::optional<Array>{};
  const auto taps = static_cast<std::int64_t>(reference::product(w_dims, 2, w_dims.size()));
  ByteProductArguments<ByteColumns> p{};
  p.rows = geometry.group_outputs;
  p.columns =
      static_cast<std::int64_t>(reference::product(geometry.output, 2, geometry.output.size()));
  p.depth = geometry.group_inputs * taps;
  if (p.depth == 0 || p.columns == 0 ||
      std::max(p.depth, p.columns) > std::numeric_limits<std::int32_t>::max()) {
    return std::optional<Array>{};
  }
  if (!cpu::fits_accumulator(w->magnitude_max * x->magnitude_max, p.depth, bias.magnitude_max)) {
    return reference::refuse_value("sums could leave i32");  // judged by the reference
  }
  ISOTRACE_TRY(p.b_columns.image.window, make_window(geometry.axes));
  p.b_columns.image.taps = static_cast<std::int32_t>(taps);
  p.b_columns.image.plane =
      static_cast<std::int64_t>(reference::product(x->bytes.shape, 2, x->bytes.shape.size()));
  p.b_columns.outside = static_cast<std::uint8_t>(x->zeros[0]);
  Batches batches;
  for (std::int64_t i = 0; i < geometry.batch * geometry.groups; ++i) {
    batches.a.push_back(i % geometry.groups * p.rows * p.depth);
    batches.b.push_back(i * geometry.group_inputs * p.b_columns.image.plane);
  }
  ISOTRACE_TRY(Array c, work.make(Dtype::i32, geometry.output));
  if (c.elements == 0) return std::optional(std::move(c));
  ISOTRACE_TRY(const Array a_starts, work.send(batches.a));
  ISOTRACE_TRY(const Array b_starts, work.send(batches.b));
  p.a_signed = w->is_signed();
  p.b_signed = x->is_signed();
  p.a = w->bytes.data<std::uint8_t>();
  p.a_starts = a_starts.data<std::int64_t>();
  p.b = x->bytes.data<std::uint8_t>();
  p.b_starts = b_starts.data<std::int64_t>();
  p.c = c.data<std::uint32_t>();
  ISOTRACE_TRY_DONE(launch_product(work, "byte_convolution_tensor", "byte_convolution_dot", p,
                                   std::ssize(batches.a)));
  if (w->has_zeros() || x->has_zeros() || bias.values) {
    ISOTRACE_TRY_DONE(
        correct(work, *w, *x, bias, static_cast<std::uint64_t>(geometry.groups), p, c));
  }
  return std::optional(std::move(c));
}

}  // namespace isotrace::backends::gpu
