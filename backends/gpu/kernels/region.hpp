// Pooling over regions of interest (docs/spec/pool.md). The host says which images and positions
// they are (reference/roi.hpp); the elements stay on the device.
#pragma once

#include <isotrace/backends/gpu/kernels/kernel.hpp>

namespace isotrace::backends::gpu {

/// out[region][channel][row][column], of x[image][channel][height][width].
template <class Number>
struct Regions {
  std::int64_t channels;
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t height;
  std::int64_t width;
  const std::int64_t* images;  ///< per region
  const Number* x;
  Number* out;
};

/// An element of the result.
struct RegionPlace {
  std::int64_t region;
  std::int64_t row;
  std::int64_t column;
  std::int64_t plane;  ///< where its channel of its image begins
};
template <class Number>
ISOTRACE_KERNEL_CODE RegionPlace place_in(const Regions<Number>& r, std::uint64_t i) {
  const auto index = static_cast<std::int64_t>(i);
  const std::int64_t channel = index / r.columns / r.rows % r.channels;
  const std::int64_t region = index / r.columns / r.rows / r.channels;
  return {region, index / r.columns % r.rows, index % r.columns,
          (r.images[region] * r.channels + channel) * r.height * r.width};
}

/// The greatest element of a bin, 0 of an empty one.
template <class Number>
struct MaxRegions {
  struct Arguments {
    std::uint64_t count;
    Regions<Number> regions;
    const std::int64_t* rows;  ///< per region and row: its first and behind its last
    const std::int64_t* columns;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const Regions<Number>& r = a.regions;
    const RegionPlace at = place_in(r, i);
    const std::int64_t* rows = a.rows + 2 * (at.region * r.rows + at.row);
    const std::int64_t* columns = a.columns + 2 * (at.region * r.columns + at.column);
    const bool empty = rows[0] >= rows[1] || columns[0] >= columns[1];
    Number greatest = empty ? Number{0} : lowest<Number>();
    for (std::int64_t row = rows[0]; row < rows[1]; ++row) {
      for (std::int64_t column = columns[0]; column < columns[1]; ++column) {
        greatest = maximum(greatest, r.x[at.plane + row * r.width + column]);
      }
    }
    r.out[i] = canonical(greatest);
  }
};

/// Where a region samples along one axis (reference::RoiAxis).
struct RegionAxis {
  double start;
  double bin;
  std::int64_t samples;

  ISOTRACE_KERNEL_CODE double position(std::int64_t number, std::int64_t i) const {
    const double within =
        divide((static_cast<double>(i) + 0.5) * bin, static_cast<double>(samples));
    return start + static_cast<double>(number) * bin + within;
  }
};

/// A sample between two elements of an axis; before the first it counts as that.
struct RegionSample {
  std::int64_t low;
  std::int64_t high;
  double fraction;
};
ISOTRACE_KERNEL_CODE RegionSample place_sample(double position, std::int64_t size) {
  const double clamped = position > 0 ? position : 0.0;
  const auto whole = static_cast<std::int64_t>(clamped);
  if (whole >= size - 1) return {size - 1, size - 1, 0.0};
  return {whole, whole + 1, clamped - static_cast<double>(whole)};
}

/// The mean or the maximum of the samples of a bin, each of which lies between four elements.
template <class Number>
struct AlignRegions {
  struct Arguments {
    std::uint64_t count;
    Regions<Number> regions;
    const RegionAxis* axes;  ///< per region: y, x
    bool average;
  };

  /// Inside of the plane, which has elements.
  ISOTRACE_KERNEL_CODE static Number sample(const Arguments& a, const Number* plane, double y,
                                            double x) {
    const std::int64_t width = a.regions.width;
    const RegionSample row = place_sample(y, a.regions.height);
    const RegionSample column = place_sample(x, width);
    const double above = 1.0 - row.fraction;
    const double left = 1.0 - column.fraction;
    const Number values[4] = {
        plane[row.low * width + column.low], plane[row.low * width + column.high],
        plane[row.high * width + column.low], plane[row.high * width + column.high]};
    const Number weights[4] = {static_cast<Number>(above * left),
                               static_cast<Number>(above * column.fraction),
                               static_cast<Number>(row.fraction * left),
                               static_cast<Number>(row.fraction * column.fraction)};
    Number value = weights[0] * values[0];
    ISOTRACE_UNROLL(3)
    for (std::uint32_t k = 1; k < 4; ++k) {
      value = a.average ? multiply_add(weights[k], values[k], value)
                        : maximum(value, weights[k] * values[k]);
    }
    return value;
  }

  ISOTRACE_KERNEL_CODE static void bring_in(const Arguments& a, const Number* plane, double y,
                                            double x, Number& total) {
    const bool inside = y >= -1 && y <= static_cast<double>(a.regions.height) && x >= -1 &&
                        x <= static_cast<double>(a.regions.width);
    if (y != y || x != x) {
      total = lowest<Number>() - lowest<Number>();
    } else if (!inside || a.regions.height == 0 || a.regions.width == 0) {
      if (!a.average) total = maximum(total, Number{0});
    } else {
      const Number value = sample(a, plane, y, x);
      total = a.average ? total + value : maximum(total, value);
    }
  }

  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const RegionPlace at = place_in(a.regions, i);
    const RegionAxis rows = a.axes[2 * at.region];
    const RegionAxis columns = a.axes[2 * at.region + 1];
    const Number* plane = a.regions.x + at.plane;
    const std::int64_t samples = rows.samples * columns.samples;
    Number total = a.average || samples == 0 ? Number{0} : lowest<Number>();
    for (std::int64_t p = 0; p < rows.samples; ++p) {
      const double y = rows.position(at.row, p);
      for (std::int64_t q = 0; q < columns.samples; ++q) {
        bring_in(a, plane, y, columns.position(at.column, q), total);
      }
    }
    if (a.average && samples != 0) total = divide(total, static_cast<Number>(samples));
    a.regions.out[i] = canonical(total);
  }
};

}  // namespace isotrace::backends::gpu
