// The loops of row_kernels.hpp, compiled once per instruction set. Uses nothing but built-in types,
// so that no inline function of a library is compiled with instructions the processor may lack.
// Minus signs are exact; -frounding-math keeps them where they stand.

using Lanes = double __attribute__((vector_size(64)));
using UnalignedLanes = double __attribute__((vector_size(64), aligned(8), may_alias));

static inline Lanes load(const double* from) {
  return *reinterpret_cast<const UnalignedLanes*>(from);
}
static inline void store(double* to, Lanes value) {
  *reinterpret_cast<UnalignedLanes*>(to) = value;
}
static inline Lanes smaller(Lanes a, Lanes b) { return a < b ? a : b; }
/// Halves are added three times over; what the other lanes then hold is of no use.
static inline double sum(Lanes lanes) {
  lanes += __builtin_shufflevector(lanes, lanes, 4, 5, 6, 7, 0, 1, 2, 3);
  lanes += __builtin_shufflevector(lanes, lanes, 2, 3, 0, 1, 6, 7, 4, 5);
  return lanes[0] + lanes[1];
}

/// Four rows at once, so that each weight is loaded once for four products, and `Lines` vectors of
/// columns, so that the search for rows without this weight is made once for all of them.
template <int Lines>
static inline void multiply_columns(const double* const* rows, const double* weights,
                                    unsigned long first, unsigned long inner, unsigned long columns,
                                    unsigned long j, double* const* out) {
  Lanes sums[4][Lines] = {};
  for (unsigned long i = first; i < inner; ++i) {
    const double p = rows[0][i], q = rows[1][i], r = rows[2][i], s = rows[3][i];
    if (p == 0 && q == 0 && r == 0 && s == 0) continue;
    for (int n = 0; n < Lines; ++n) {
      const Lanes weight = load(weights + i * columns + j + 8 * n);
      sums[0][n] += p * weight;
      sums[1][n] += q * weight;
      sums[2][n] += r * weight;
      sums[3][n] += s * weight;
    }
  }
  for (int k = 0; k < 4; ++k) {
    for (int n = 0; n < Lines; ++n) store(out[k] + j + 8 * n, sums[k][n]);
  }
}

static void multiply_block(const double* const* rows, const double* weights, unsigned long inner,
                           unsigned long columns, double* const* out) {
  const auto all_zero = [rows](unsigned long i) {
    return rows[0][i] == 0 && rows[1][i] == 0 && rows[2][i] == 0 && rows[3][i] == 0;
  };
  // Forms begin with a single coefficient each.
  unsigned long first = 0;
  while (first < inner && all_zero(first)) ++first;
  while (first < inner && all_zero(inner - 1)) --inner;
  unsigned long j = 0;
#ifdef __AVX512F__
  // As many sums as there are registers.
  for (; j + 32 <= columns; j += 32)
    multiply_columns<4>(rows, weights, first, inner, columns, j, out);
  for (; j + 24 <= columns; j += 24)
    multiply_columns<3>(rows, weights, first, inner, columns, j, out);
  for (; j + 16 <= columns; j += 16)
    multiply_columns<2>(rows, weights, first, inner, columns, j, out);
#endif
  for (; j < columns; j += 8) multiply_columns<1>(rows, weights, first, inner, columns, j, out);
}

static void multiply(const double* rows, unsigned long row_stride, unsigned long count,
                     const double* weights, unsigned long inner, unsigned long columns, double* out,
                     unsigned long out_stride) {
  for (unsigned long r = 0; r < count; r += 4) {
    const double* in_rows[4];
    double* out_rows[4];
    for (unsigned long k = 0; k < 4; ++k) {
      // A block that is not full repeats its last row.
      const unsigned long row = r + k < count ? r + k : count - 1;
      in_rows[k] = rows + row * row_stride;
      out_rows[k] = out + row * out_stride;
    }
    multiply_block(in_rows, weights, inner, columns, out_rows);
  }
}

static void interval(const double* weights, const double* low, const double* high,
                     const double* largest, unsigned long columns, double* least, double* most,
                     double* size) {
  Lanes lower = {}, upper = {}, extent = {};
  for (unsigned long j = 0; j < columns; j += 8) {
    const Lanes w = load(weights + j), l = load(low + j), h = load(high + j);
    lower += smaller(w * l, w * h);
    upper += smaller(-w * l, -w * h);
    extent += smaller(-w, w) * load(largest + j);
  }
  *least = sum(lower);
  *most = sum(upper);
  *size = sum(extent);
}

static double relu(double* row, unsigned long columns, const double* slope_positive,
                   const double* slope_negative, const double* low, const double* high) {
  Lanes constant = {};
  const Lanes zero = {};
  for (unsigned long j = 0; j < columns; j += 8) {
    const Lanes m = load(row + j);
    const Lanes n = m * (m >= zero ? load(slope_positive + j) : load(slope_negative + j));
    // The line n*z + t stays below m*relu(z) at both ends of [low, high] and at 0.
    const Lanes at_low = -n * load(low + j);
    const Lanes at_high = (m - n) * load(high + j);
    constant += smaller(zero, smaller(at_low, at_high));
    store(row + j, n);
  }
  return sum(constant);
}

static double offset(const double* row, unsigned long columns, const double* bias,
                     const double* error) {
  Lanes constant = {};
  for (unsigned long j = 0; j < columns; j += 8) {
    const Lanes r = load(row + j);
    constant += r * load(bias + j) + smaller(-r, r) * load(error + j);
  }
  return sum(constant);
}

static double box(const double* row, unsigned long columns, const double* low, const double* high) {
  Lanes constant = {};
  for (unsigned long j = 0; j < columns; j += 8) {
    const Lanes r = load(row + j);
    constant += smaller(r * load(low + j), r * load(high + j));
  }
  return sum(constant);
}

static double correction(const double* row, const double* negated_upper, unsigned long columns,
                         const double* low) {
  Lanes constant = {};
  const Lanes zero = {};
  for (unsigned long j = 0; j < columns; j += 8) {
    const Lanes negated_gap = load(row + j) + load(negated_upper + j);
    constant += smaller(zero, negated_gap * -load(low + j));
  }
  return sum(constant);
}

static bool bounded(const double* row, unsigned long columns, double limit) {
  auto all = Lanes{} == Lanes{};
  for (unsigned long j = 0; j < columns; j += 8) {
    const Lanes r = load(row + j);
    all &= smaller(-r, r) >= Lanes{} - limit;
  }
  all &= __builtin_shufflevector(all, all, 4, 5, 6, 7, 0, 1, 2, 3);
  all &= __builtin_shufflevector(all, all, 2, 3, 0, 1, 6, 7, 4, 5);
  return (all[0] & all[1]) != 0;
}

static const RowKernels kernels = {multiply, interval, relu, offset, box, correction, bounded};
