// MelWeightMatrix (docs/spec/signal.md). Compiled with FMA.
#include <isotrace/reference/mel.hpp>

#include <isotrace/reference/cast.hpp>
#include <isotrace/reference/math/exp_series.hpp>
#include <isotrace/reference/math/log_series.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/signal_shape.hpp>

namespace isotrace::reference {
namespace {

/// What is this near to an integer is that integer: edges that fall on a bin exactly must not
/// depend on the last bits of a logarithm.
constexpr double snap = 0x1p-40;
constexpr double corner_hertz = 700;  // of the mel scale: mel(f) ~ log(1 + f / 700)
constexpr double edge_hertz_max = 0x1p100;

Result<std::int64_t> read_scalar(const TensorView& operand) {
  ISOTRACE_TRY(const auto values, read_integers(operand));
  if (values.size() == 1) return values.front();
  return refuse_shape("a scalar of shape " + core::shape_text(operand.shape()));
}

/// A frequency from above -700 on, exactly.
Result<double> read_hertz(const TensorView& operand) {
  if (operand.elements() != 1) return refuse_shape("edge " + core::shape_text(operand.shape()));
  ISOTRACE_TRY(const double hertz, visit_floats(operand.dtype(), [&](auto type) -> Result<double> {
                 return double{widen(operand.data<typename decltype(type)::type>()[0])};
               }));
  if (hertz > -corner_hertz / 2 && hertz < edge_hertz_max) return hertz;
  return refuse_value("edge of " + std::to_string(hertz) + " hertz");
}

/// log(1 + hertz / 700)
DoubleDouble log_edge(double hertz) {
  if (hertz == 0) return {0.0, 0.0};
  return log_pair(divide(two_sum(corner_hertz, hertz), {corner_hertz, 0.0}));
}

/// The bin below the frequency at `position` of `count` equal steps on the mel scale.
std::int64_t edge_bin(DoubleDouble low, DoubleDouble high, std::int64_t position,
                      std::int64_t count, double bins_per_corner) {
  const DoubleDouble share =
      divide({static_cast<double>(position), 0.0}, {static_cast<double>(count), 0.0});
  const DoubleDouble mel = add(low, multiply(add(high, negate(low)), share));
  // e^(hi + lo) - 1 = (e^hi - 1) + e^hi lo, lo^2 being below the last place.
  const DoubleDouble grown = expm1_pair(mel.hi);
  const DoubleDouble hertz = add(grown, multiply(add(grown, 1.0), mel.lo));
  const double bin = multiply(hertz, bins_per_corner).hi;
  const double nearest = std::nearbyint(bin);
  const bool on_bin = std::fabs(bin - nearest) <= snap * std::max(1.0, std::fabs(bin));
  return core::to_integer<std::int64_t>(on_bin ? nearest : std::floor(bin));
}

/// One triangle: from 0 at `low` up to 1 at `centre` and down to 0 at `high`, bins of the spectrum.
template <class T>
void write_triangle(std::span<T> out, std::size_t columns, std::size_t column, std::int64_t low,
                    std::int64_t centre, std::int64_t high) {
  const auto set = [&](std::int64_t bin, std::int64_t part, std::int64_t whole) {
    out[static_cast<std::size_t>(bin) * columns + column] =
        cast_number<T>(static_cast<double>(part) / static_cast<double>(whole), false);
  };
  if (low == centre) set(centre, 1, 1);
  for (std::int64_t bin = low; low != centre && bin <= centre; ++bin) {
    set(bin, bin - low, centre - low);
  }
  for (std::int64_t bin = centre; bin < high; ++bin) set(bin, high - bin, high - centre);
}

}  // namespace

Result<MelBank> mel_bank(const Call& call) {
  ISOTRACE_TRY(const std::int64_t columns, read_scalar(call.operand(0)));
  ISOTRACE_TRY(const std::int64_t length, read_scalar(call.operand(1)));
  ISOTRACE_TRY(const std::int64_t rate, read_scalar(call.operand(2)));
  ISOTRACE_TRY_DONE(check_same_dtype(call.operand(3), call.operand(4)));
  ISOTRACE_TRY(const double low, read_hertz(call.operand(3)));
  ISOTRACE_TRY(const double high, read_hertz(call.operand(4)));
  MelBank bank{};
  ISOTRACE_TRY(bank.dtype, dtype_attribute(call.node, "output_datatype"));
  ISOTRACE_TRY(bank.shape, mel_shape(columns, length));
  if (rate < 1 || high < low) return refuse_value("sample_rate or the order of the edges");
  ISOTRACE_TRY_DONE(core::byte_count(bank.dtype, bank.shape));  // before as many edges
  const double bins_per_corner =
      static_cast<double>(length + 1) * corner_hertz / static_cast<double>(rate);
  for (std::int64_t i = 0; i < columns + 2; ++i) {
    bank.edges.push_back(edge_bin(log_edge(low), log_edge(high), i, columns + 2, bins_per_corner));
  }
  for (std::size_t i = 0; i + 2 < bank.edges.size(); ++i) {
    if (bank.edges[i] < 0 || bank.edges[i + 1] >= bank.shape[0] ||
        bank.edges[i + 2] > bank.shape[0]) {
      return refuse_value("an edge outside the spectrum");
    }
  }
  return bank;
}

// [signal.mel_weight_matrix]
Outcome evaluate_mel_weight_matrix(const Call& call) {
  ISOTRACE_TRY(const MelBank bank, mel_bank(call));
  return one(visit_numbers(bank.dtype, [&](auto type) -> Result<Tensor> {
    using T = typename decltype(type)::type;
    ISOTRACE_TRY(Tensor out, Tensor::make(bank.dtype, bank.shape));
    for (std::size_t i = 0; i + 2 < bank.edges.size(); ++i) {
      write_triangle(out.data<T>(), static_cast<std::size_t>(bank.shape[1]), i, bank.edges[i],
                     bank.edges[i + 1], bank.edges[i + 2]);
    }
    return out;
  }));
}

}  // namespace isotrace::reference
