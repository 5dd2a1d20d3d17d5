// DFT, STFT, window functions and MelWeightMatrix (docs/spec/signal.md). A transform is a product
// of rows of positions with a matrix of turns, whose chains are those of the definition; the matrix
// is made on the device, some frequencies at a time.
#include <isotrace/backends/gpu/kernels/signal.hpp>
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/backends/gpu/product.hpp>
#include <isotrace/reference/cast.hpp>
#include <isotrace/reference/mel.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/signal_shape.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using core::Op;

/// So many elements of the matrix of a transform are there at a time, and one frequency at least.
constexpr std::int64_t factors_max = std::int64_t{1} << 24;

/// What becomes of rows [outer][inner] of `length` positions of `parts` numbers: [outer][bins]
/// [inner][components].
struct Transform {
  std::int64_t outer;
  std::int64_t inner;
  std::int64_t length;
  std::int64_t parts;
  std::int64_t bins;
  std::int64_t components;
  std::int64_t conjugates_from;
  bool inverse;
  std::int64_t segment;

  [[nodiscard]] std::int64_t depth() const { return length * parts; }
};

struct Turns {
  Array cosines;
  Array sines;
};

template <class Real>
core::Result<Turns> make_turns(Work& work, Dtype dtype, const Transform& t) {
  ISOTRACE_TRY(Array cosines, work.make(dtype, {t.length}));
  ISOTRACE_TRY(Array sines, work.make(dtype, {t.length}));
  ISOTRACE_TRY_DONE(
      work.launch_each(of_type("make_turns", dtype),
                       typename MakeTurns<Real>::Arguments{
                           cosines.elements, t.inverse, cosines.data<Real>(), sines.data<Real>()}));
  return Turns{std::move(cosines), std::move(sines)};
}

/// The factors of `bins` frequencies: [positions and parts][components and frequencies].
template <class Real>
Made make_factors(Work& work, const Turns& turns, const Transform& t, std::int64_t first_bin,
                  std::int64_t bins) {
  const std::int64_t columns = t.components * bins;
  ISOTRACE_TRY(Array factors, work.make(turns.cosines.dtype, {t.depth(), columns}));
  typename MakeFactors<Real>::Arguments arguments{};
  arguments.count = factors.elements;
  arguments.columns = static_cast<std::uint64_t>(columns);
  arguments.bins = static_cast<std::uint64_t>(bins);
  arguments.first_bin = static_cast<std::uint64_t>(first_bin);
  arguments.length = static_cast<std::uint64_t>(t.length);
  arguments.parts = static_cast<std::uint64_t>(t.parts);
  arguments.conjugates_from = static_cast<std::uint64_t>(t.conjugates_from);
  arguments.cosines = turns.cosines.data<Real>();
  arguments.sines = turns.sines.data<Real>();
  arguments.out = factors.data<Real>();
  ISOTRACE_TRY_DONE(work.launch_each(of_type("make_factors", factors.dtype), arguments));
  return factors;
}

template <class Real>
Made transform(Work& work, const Array& rows, const Transform& t) {
  ISOTRACE_TRY(Array out, work.make(rows.dtype, {t.outer, t.bins, t.inner, t.components}));
  if (out.elements == 0) return out;
  ISOTRACE_TRY(const Turns turns, make_turns<Real>(work, rows.dtype, t));
  const std::int64_t bins_max = std::max<std::int64_t>(1, factors_max / (t.depth() * t.components));
  const std::int64_t stride = t.inner * t.components;
  for (std::int64_t first = 0; first < t.bins; first += bins_max) {
    const std::int64_t bins = std::min(bins_max, t.bins - first);
    const std::int64_t columns = t.components * bins;
    ISOTRACE_TRY(const Array factors, make_factors<Real>(work, turns, t, first, bins));
    ISOTRACE_TRY(const Array product,
                 multiply_matrices<Plain<Real>>(work, rows, factors, t.segment, {1, 0, {}}));
    ISOTRACE_TRY_DONE(work.copy(product,
                                {{t.outer, t.inner, bins, t.components},
                                 {t.inner * columns, columns, 1, bins},
                                 0,
                                 {t.bins * stride, t.components, stride, 1},
                                 first * stride},
                                out));
  }
  return t.inverse ? work.unary(Unary::divide_by, out, static_cast<double>(t.length)) : out;
}

/// The result in the type of the data.
Made run_transform(DeviceCall& call, const Array& rows, const Transform& t, const Shape& output) {
  ISOTRACE_TRY(const Array out, call.narrow(visit_real(rows.dtype, [&](auto number) {
    return transform<decltype(number)>(call.work, rows, t);
  })));
  return out.reshaped(output);
}

core::Result<std::int64_t> read_segment(const core::Node& node) {
  const std::int64_t segment = node.integer("k_segment");
  if (segment >= 1) return segment;
  return reference::refuse_attribute("k_segment " + std::to_string(segment));
}

core::Result<std::optional<std::int64_t>> read_optional(DeviceCall& call, std::size_t index) {
  if (!call.has(index)) return std::nullopt;
  ISOTRACE_TRY(const std::int64_t value, reference::read_integer(call.call.operand(index)));
  return std::optional(value);
}

/// Where position k of a row stands along its axis of `given` positions; -1 for the zeros behind
/// them. Of half a spectrum, k above the half is the conjugate of `length` - k.
std::vector<std::int64_t> find_positions(const Transform& t, std::int64_t given) {
  std::vector<std::int64_t> positions;
  for (std::int64_t k = 0; k < t.length; ++k) {
    const std::int64_t from = k < t.conjugates_from ? k : t.length - k;
    positions.push_back(from < given ? from : -1);
  }
  return positions;
}

Made dft(DeviceCall& call) {
  const core::Node& node = call.node();
  ISOTRACE_TRY(const auto length, read_optional(call, 1));
  ISOTRACE_TRY(const auto axis, read_optional(call, 2));
  ISOTRACE_TRY(const std::int64_t segment, read_segment(node));
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const auto shape, reference::dft_shape(node, x.shape, axis.value_or(-2), length));
  const std::size_t last = x.shape.size() - 1;
  const std::int64_t components = shape.output.back();
  const Transform t = {
      .outer = static_cast<std::int64_t>(reference::product(x.shape, 0, shape.axis)),
      .inner = static_cast<std::int64_t>(reference::product(x.shape, shape.axis + 1, last)),
      .length = shape.length,
      .parts = x.shape.back(),
      .bins = shape.bins,
      .components = components,
      .conjugates_from = components == 1 ? shape.length / 2 + 1 : shape.length,
      .inverse = node.integer("inverse") != 0,
      .segment = segment};
  if (t.outer * t.inner == 0) return call.work.make(call.dtype(), shape.output);
  const std::int64_t size = x.shape[shape.axis];
  std::vector<std::vector<std::int64_t>> tables(4);
  for (std::int64_t o = 0; o < t.outer; ++o) tables[0].push_back(o * size * t.inner * t.parts);
  for (std::int64_t i = 0; i < t.inner; ++i) tables[1].push_back(i * t.parts);
  for (const std::int64_t k : find_positions(t, size)) {
    tables[2].push_back(k < 0 ? -1 : k * t.inner * t.parts);
  }
  for (std::int64_t p = 0; p < t.parts; ++p) tables[3].push_back(p);
  const std::uint8_t zero[8] = {};
  ISOTRACE_TRY(const Array rows, call.work.look_up(x, tables, zero));
  return run_transform(call, rows.reshaped({t.outer * t.inner, t.depth()}), t, shape.output);
}

/// Frames [batch][frame][position][part] of a signal [batch][position][part], multiplied by the
/// window.
Made make_frames(DeviceCall& call, const Array& signal, const reference::StftShape& shape,
                 std::int64_t step, std::int64_t length) {
  const std::int64_t parts = signal.shape[2];
  ISOTRACE_TRY(const Array frames,
               call.work.gather(signal, {signal.shape[0], shape.frames, length, parts},
                                {signal.shape[1] * parts, step * parts, parts, 1}, 0));
  if (!call.has(2)) return frames;
  ISOTRACE_TRY(const Array window, call.wide(2));
  return call.work.binary(Binary::multiply, frames, window.reshaped({length, 1}));
}

Made stft(DeviceCall& call) {
  const core::Node& node = call.node();
  ISOTRACE_TRY(const std::int64_t step, reference::read_integer(call.call.operand(1)));
  ISOTRACE_TRY(auto length, read_optional(call, 3));
  ISOTRACE_TRY(const std::int64_t segment, read_segment(node));
  if (call.has(2)) {
    const core::TensorView& window = call.call.operand(2);
    ISOTRACE_TRY_DONE(reference::check_same_dtype(call.call.operand(0), window));
    if (window.rank() != 1 || window.dim(0) != length.value_or(window.dim(0))) {
      return reference::refuse_shape("window " + core::shape_text(window.shape()));
    }
    length = window.dim(0);
  }
  if (!length) return reference::refuse_shape("neither a window nor frame_length");
  ISOTRACE_TRY(const Array signal, call.wide(0));
  ISOTRACE_TRY(const auto shape, reference::stft_shape(node, signal.shape, step, *length));
  const Transform t = {.outer = signal.shape[0] * shape.frames,
                       .inner = 1,
                       .length = *length,
                       .parts = signal.shape[2],
                       .bins = shape.bins,
                       .components = 2,
                       .conjugates_from = *length,
                       .inverse = false,
                       .segment = segment};
  if (t.outer == 0) return call.work.make(call.dtype(), shape.output);
  ISOTRACE_TRY(const Array frames, make_frames(call, signal, shape, step, *length));
  return run_transform(call, frames.reshaped({t.outer, t.depth()}), t, shape.output);
}

Made window(DeviceCall& call) {
  const core::Node& node = call.node();
  ISOTRACE_TRY(const std::int64_t size, reference::read_integer(call.call.operand(0)));
  if (size < 0) return reference::refuse_value("size " + std::to_string(size));
  ISOTRACE_TRY(const Dtype given, reference::dtype_attribute(node, "output_datatype"));
  ISOTRACE_TRY(const Dtype to, number_type(given));
  const std::int64_t period = node.integer("periodic") != 0 ? size : size - 1;
  if (period == 0 && size == 1) {  // the only symmetric window of one element
    ISOTRACE_TRY(const Array one, call.work.send(std::vector<double>{1}));
    return call.work.convert(one, to);
  }
  const WindowKind kind = node.op == Op::hann_window      ? WindowKind::hann
                          : node.op == Op::hamming_window ? WindowKind::hamming
                                                          : WindowKind::blackman;
  ISOTRACE_TRY(const Array values, call.work.make(Dtype::f64, {size}));
  ISOTRACE_TRY_DONE(call.work.launch_each(
      "map_window", MapWindow::Arguments{values.elements, kind, period, values.data<double>()}));
  return call.work.convert(values, to);
}

/// Where the triangles lie the reference says on the host.
Made mel_weight_matrix(DeviceCall& call) {
  ISOTRACE_TRY(const reference::MelBank bank, reference::mel_bank(call.call));
  ISOTRACE_TRY(const Dtype to, number_type(bank.dtype));
  ISOTRACE_TRY(const Array edges, call.work.send(bank.edges));
  ISOTRACE_TRY(const Array values, call.work.make(Dtype::f64, bank.shape));
  ISOTRACE_TRY_DONE(call.work.launch_each(
      "make_triangles",
      MakeTriangles::Arguments{values.elements, static_cast<std::uint64_t>(bank.shape[1]),
                               edges.data<std::int64_t>(), values.data<double>()}));
  return call.work.convert(values, to);
}

}  // namespace

Results run_signal(DeviceCall& call) {
  switch (call.node().op) {
    case Op::dft: return one(dft(call));
    case Op::stft: return one(stft(call));
    case Op::mel_weight_matrix: return one(mel_weight_matrix(call));
    default: return one(window(call));
  }
}

}  // namespace isotrace::backends::gpu
