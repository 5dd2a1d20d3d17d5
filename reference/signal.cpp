// DFT, STFT and the window functions (docs/spec/signal.md). Compiled with FMA.
#include <isotrace/reference/cast.hpp>
#include <isotrace/reference/fourier.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/signal_shape.hpp>

namespace isotrace::reference {
namespace {

/// An operand that is one i64 or i32.
Result<std::optional<std::int64_t>> read_optional_integer(const Call& call, std::size_t index) {
  if (call.find_operand(index) == nullptr) return std::nullopt;
  ISOTRACE_TRY(const std::int64_t value, read_integer(call.operand(index)));
  return std::optional(value);
}

Result<std::int64_t> read_segment(const core::Node& node) {
  const std::int64_t k_segment = node.integer("k_segment");
  if (k_segment >= 1) return k_segment;
  return refuse_attribute("k_segment " + std::to_string(k_segment));
}

/// Positions above the half, which a real signal's spectrum repeats: the conjugates of those below.
template <class T>
void complete_spectrum(std::vector<T>& row) {
  const std::size_t length = row.size() / 2;
  for (std::size_t k = length / 2 + 1; k < length; ++k) {
    row[2 * k] = row[2 * (length - k)];
    row[2 * k + 1] = -row[2 * (length - k) + 1];
  }
}

template <class T>
Result<Tensor> dft(const TensorView& x, const DftShape& shape, bool inverse,
                   std::int64_t k_segment) {
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), shape.output));
  if (out.elements() == 0) return out;
  const auto length = static_cast<std::size_t>(shape.length);
  const auto bins = static_cast<std::size_t>(shape.bins);
  const auto parts = static_cast<std::size_t>(x.dim(x.rank() - 1));
  const auto components = static_cast<std::size_t>(shape.output.back());
  const bool half_given = components == 1;
  const auto given =
      std::min(half_given ? length / 2 + 1 : length, static_cast<std::size_t>(x.dim(shape.axis)));
  const std::size_t inner = product(x.shape(), shape.axis + 1, x.rank() - 1);
  const Fourier<Wide<T>> fourier(length, bins, inverse, k_segment);
  std::vector<Wide<T>> row(length * parts);
  for (std::size_t o = 0; o < product(x.shape(), 0, shape.axis); ++o) {
    for (std::size_t i = 0; i < inner; ++i) {
      const std::size_t start = o * static_cast<std::size_t>(x.dim(shape.axis)) * inner + i;
      for (std::size_t k = 0; k < given * parts; ++k) {
        row[k] = widen(x.data<T>()[(start + k / parts * inner) * parts + k % parts]);
      }
      if (half_given) complete_spectrum(row);
      const auto y = fourier.transform(row, parts == 2);
      for (std::size_t k = 0; k < components * bins; ++k) {
        const std::size_t target = ((o * bins + k % bins) * inner + i) * components + k / bins;
        out.data<T>()[target] = narrow<T>(y[k]);
      }
    }
  }
  return out;
}

template <class T>
Result<Tensor> stft(const TensorView& signal, const TensorView* window, const StftShape& shape,
                    std::int64_t step, std::size_t length, std::int64_t k_segment) {
  ISOTRACE_TRY(Tensor out, Tensor::make(signal.dtype(), shape.output));
  const auto bins = static_cast<std::size_t>(shape.bins);
  const auto frames = static_cast<std::size_t>(shape.frames);
  const auto parts = static_cast<std::size_t>(signal.dim(2));
  const Fourier<Wide<T>> fourier(length, bins, false, k_segment);
  std::vector<Wide<T>> row(length * parts);
  for (std::size_t frame = 0; frame < out.elements() / (2 * bins); ++frame) {
    const std::size_t start = frame / frames * static_cast<std::size_t>(signal.dim(1)) +
                              frame % frames * static_cast<std::size_t>(step);
    for (std::size_t k = 0; k < row.size(); ++k) {
      const Wide<T> value = widen(signal.data<T>()[start * parts + k]);
      row[k] = window == nullptr ? value : value * widen(window->data<T>()[k / parts]);
    }
    const auto y = fourier.transform(row, parts == 2);
    for (std::size_t k = 0; k < 2 * bins; ++k) {
      out.data<T>()[(frame * bins + k % bins) * 2 + k / bins] = narrow<T>(y[k]);
    }
  }
  return out;
}

/// A window of the size that the operand gives. value(c1, c2) is its value in binary64 from the
/// cosines of one and two turns per period.
template <class F>
Outcome window(const Call& call, F value) {
  ISOTRACE_TRY(const std::int64_t size, read_integer(call.operand(0)));
  if (size < 0) return refuse_value("size " + std::to_string(size));
  ISOTRACE_TRY(const Dtype to, dtype_attribute(call.node, "output_datatype"));
  const std::int64_t period = call.node.integer("periodic") != 0 ? size : size - 1;
  return one(visit_numbers(to, [&](auto type) -> Result<Tensor> {
    using T = typename decltype(type)::type;
    ISOTRACE_TRY(Tensor out, Tensor::make(to, Shape{size}));
    std::int64_t k = 0;
    for (T& element : out.data<T>()) {
      const auto cosine = [period](std::int64_t turns) {
        return round_turn<double>(turn(turns % period, period).cosine);
      };
      // The only symmetric window of one element has no period: it is 1.
      const double y = period == 0 ? 1.0 : value(cosine(k), cosine(2 * k));
      element = cast_number<T>(y, false);
      ++k;
    }
    return out;
  }));
}

}  // namespace

// [signal.dft]
Outcome evaluate_dft(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const auto length, read_optional_integer(call, 1));
  ISOTRACE_TRY(const auto axis, read_optional_integer(call, 2));
  ISOTRACE_TRY(const std::int64_t k_segment, read_segment(call.node));
  ISOTRACE_TRY(const DftShape shape, dft_shape(call.node, x.shape(), axis.value_or(-2), length));
  return one(visit_floats(x.dtype(), [&](auto type) {
    return dft<typename decltype(type)::type>(x, shape, call.node.integer("inverse") != 0,
                                              k_segment);
  }));
}

// [signal.stft]
Outcome evaluate_stft(const Call& call) {
  const TensorView& signal = call.operand(0);
  const TensorView* window = call.find_operand(2);
  ISOTRACE_TRY(const std::int64_t step, read_integer(call.operand(1)));
  ISOTRACE_TRY(auto length, read_optional_integer(call, 3));
  ISOTRACE_TRY(const std::int64_t k_segment, read_segment(call.node));
  if (window != nullptr) {
    ISOTRACE_TRY_DONE(check_same_dtype(signal, *window));
    if (window->rank() != 1 || window->dim(0) != length.value_or(window->dim(0))) {
      return refuse_shape("window " + core::shape_text(window->shape()));
    }
    length = window->dim(0);
  }
  if (!length) return refuse_shape("neither a window nor frame_length");
  ISOTRACE_TRY(const StftShape shape, stft_shape(call.node, signal.shape(), step, *length));
  return one(visit_floats(signal.dtype(), [&](auto type) {
    return stft<typename decltype(type)::type>(signal, window, shape, step,
                                               static_cast<std::size_t>(*length), k_segment);
  }));
}

// [signal.hann_window]
Outcome evaluate_hann_window(const Call& call) {
  return window(call, [](double c1, double) { return 0.5 - 0.5 * c1; });
}

// [signal.hamming_window]
Outcome evaluate_hamming_window(const Call& call) {
  return window(call, [](double c1, double) { return 25.0 / 46.0 - 21.0 / 46.0 * c1; });
}

// [signal.blackman_window]
Outcome evaluate_blackman_window(const Call& call) {
  return window(call, [](double c1, double c2) { return 0.42 - 0.5 * c1 + 0.08 * c2; });
}

}  // namespace isotrace::reference
