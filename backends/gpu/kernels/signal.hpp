// Signals (docs/spec/signal.md): the factors of Fourier transforms, windows, and triangles on the
// mel scale.
#pragma once

#include <isotrace/backends/gpu/kernels/kernel.hpp>
#include <isotrace/reference/math/round.hpp>
#include <isotrace/reference/math/turn_series.hpp>

namespace isotrace::backends::gpu {

/// A cosine or sine of a turn; -0 never. What the reference checks, that both ends of the error
/// round alike, is not asked again.
template <class Real>
ISOTRACE_KERNEL_CODE Real nearest(reference::DoubleDouble value) {
  if constexpr (sizeof(Real) == 8) {
    return value.hi + 0.0;
  } else {
    return value.hi == 0 ? 0.0F : reference::round_pair(value);
  }
}

/// cos and sin of k/count turns for every k; `inverse` negates the sines.
template <class Real>
struct MakeTurns {
  struct Arguments {
    std::uint64_t count;
    bool inverse;
    Real* cosines;
    Real* sines;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const reference::Turn turn =
        reference::unchecked_turn(static_cast<std::int64_t>(i), static_cast<std::int64_t>(a.count));
    const Real sine = nearest<Real>(turn.sine);
    a.cosines[i] = nearest<Real>(turn.cosine);
    a.sines[i] = a.inverse ? -sine : sine;
  }
};

/// Some columns of the matrix by which a transform multiplies rows of positions: real parts of
/// `bins` frequencies, then, if they are asked for, their imaginary parts.
template <class Real>
struct MakeFactors {
  struct Arguments {
    std::uint64_t count;
    std::uint64_t columns;
    std::uint64_t bins;
    std::uint64_t first_bin;
    std::uint64_t length;           ///< positions of a row
    std::uint64_t parts;            ///< numbers per position: 2 of complex ones
    std::uint64_t conjugates_from;  ///< whose imaginary part stands in the row with the other sign
    const Real* cosines;
    const Real* sines;
    Real* out;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const std::uint64_t row = i / a.columns;
    const std::uint64_t column = i % a.columns;
    const std::uint64_t position = row / a.parts;
    const std::uint64_t at = position * (a.first_bin + column % a.bins) % a.length;
    const bool of_imaginary = a.parts == 2 && row % 2 == 1;
    const bool to_imaginary = column >= a.bins;
    const Real factor = of_imaginary == to_imaginary ? a.cosines[at] : a.sines[at];
    const bool of_conjugate = of_imaginary && position >= a.conjugates_from;
    const bool negated = !of_imaginary && to_imaginary;
    a.out[i] = of_conjugate != negated ? -factor : factor;
  }
};

enum class WindowKind : std::uint32_t { hann, hamming, blackman };

/// Element k of a window whose period is not 0.
struct MapWindow {
  struct Arguments {
    std::uint64_t count;
    WindowKind kind;
    std::int64_t period;
    double* out;
  };
  ISOTRACE_KERNEL_CODE static double cosine(std::int64_t turns, std::int64_t period) {
    return nearest<double>(reference::unchecked_turn(turns % period, period).cosine);
  }
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const auto k = static_cast<std::int64_t>(i);
    const double once = cosine(k, a.period);
    switch (a.kind) {
      case WindowKind::hann: a.out[i] = 0.5 - 0.5 * once; return;
      case WindowKind::hamming: a.out[i] = 25.0 / 46.0 - 21.0 / 46.0 * once; return;
      case WindowKind::blackman:
        a.out[i] = 0.42 - 0.5 * once + 0.08 * cosine(2 * k, a.period);
        return;
    }
  }
};

/// Element [bin][column] of triangles: 0 at edge `column`, 1 at the next one, 0 from the one after.
struct MakeTriangles {
  struct Arguments {
    std::uint64_t count;
    std::uint64_t columns;
    const std::int64_t* edges;
    double* out;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const auto bin = static_cast<std::int64_t>(i / a.columns);
    const std::int64_t* edge = a.edges + i % a.columns;
    double value = 0;
    if (bin == edge[1]) {
      value = 1;
    } else if (bin >= edge[0] && bin < edge[1]) {
      value = divide(static_cast<double>(bin - edge[0]), static_cast<double>(edge[1] - edge[0]));
    } else if (bin > edge[1] && bin < edge[2]) {
      value = divide(static_cast<double>(edge[2] - bin), static_cast<double>(edge[2] - edge[1]));
    }
    a.out[i] = value;
  }
};

}  // namespace isotrace::backends::gpu
