// Arithmetic on elements (docs/spec/elementwise.md, docs/spec/activation.md): one IEEE operation
// after the other, as the definition writes them.
#pragma once

#include <isotrace/backends/gpu/kernels/remainder.hpp>
#include <isotrace/backends/gpu/kernels/space.hpp>

namespace isotrace::backends::gpu {

/// Functions of x and two parameters p, q. Those before floor are of integers too, and
/// divide_by a count.
enum class Unary : std::uint32_t {
  negate,
  absolute,
  sign,
  clip,  ///< p and q are the bounds
  relu,
  add,         ///< x + p
  complement,  ///< of the bits; integers alone
  floor,
  ceil,
  round,
  reciprocal,
  square_root,
  leaky_relu,    ///< p * x below 0
  hard_sigmoid,  ///< p * x + q, limited to [0, 1]
  softsign,
  thresholded_relu,  ///< x above p
  shrink,            ///< x + q below -p, x - q above p
  hard_swish,
  multiply,           ///< x * p
  divide_into,        ///< p / x
  divide_by,          ///< x / p
  inverse_deviation,  ///< 1 / sqrt(x + p)
};

enum class Binary : std::uint32_t {
  add,
  subtract,
  multiply,
  divide,  ///< of integers towards zero; by zero 0, and the flag
  maximum,
  minimum,
  prelu,                ///< a below 0: b * a
  scaled_negative,      ///< q * (a, or p * b where a is below 0 or NaN)
  remainder,            ///< of integers, with the sign of b; by zero 0, and the flag
  truncated_remainder,  ///< with the sign of a; exact, and of floats by zero NaN
  bit_and,
  bit_or,
  bit_xor,
  shift_left,
  shift_right,
};

enum class Comparison : std::uint32_t {
  equal,
  less,
  greater,
  less_or_equal,
  greater_or_equal,
  not_equal
};

/// Not -0.
template <class Number>
ISOTRACE_KERNEL_CODE bool is_below_zero(Number x) {
  if constexpr (is_signed_number<Number>) {
    return x < 0;
  } else {
    return false;
  }
}

template <class Number>
ISOTRACE_KERNEL_CODE Number sign_of(Number x) {
  if (x != x) return x;
  if (is_below_zero(x)) return static_cast<Number>(-1);
  return x > 0 ? Number{1} : Number{0};
}

template <class Real>
ISOTRACE_KERNEL_CODE Real apply_real(Unary op, Real x, Real p, Real q) {
  switch (op) {
    case Unary::floor: return round_down(x);
    case Unary::ceil: return round_up(x);
    case Unary::round: return round_nearest(x);
    case Unary::reciprocal: return divide(Real{1}, x);
    case Unary::square_root: return square_root(x);
    case Unary::leaky_relu: return x < 0 ? p * x : x;
    case Unary::hard_sigmoid: return maximum(Real{0}, minimum(Real{1}, p * x + q));
    case Unary::softsign: return divide(x, Real{1} + magnitude(x));
    case Unary::thresholded_relu: return x > p ? x : Real{0};
    case Unary::shrink: return x < -p ? x + q : (x > p ? x - q : Real{0});
    case Unary::hard_swish: {
      const Real sixth = Real{1} / Real{6};
      return x * maximum(Real{0}, minimum(Real{1}, sixth * x + Real{0.5}));
    }
    case Unary::multiply: return x * p;
    case Unary::divide_into: return divide(p, x);
    case Unary::divide_by: return divide(x, p);
    case Unary::inverse_deviation: return divide(Real{1}, square_root(x + p));
    default: return 0;
  }
}

template <class Number>
ISOTRACE_KERNEL_CODE Number apply(Unary op, Number x, Number p, Number q) {
  switch (op) {
    case Unary::negate:
      if constexpr (is_real<Number>) return -x;
      return subtract(Number{0}, x);
    case Unary::absolute: return magnitude(x);
    case Unary::sign: return sign_of(x);
    case Unary::clip: return minimum(maximum(x, p), q);
    case Unary::relu: return x > 0 || x != x ? x : Number{0};
    case Unary::add: return add(x, p);
    default: break;
  }
  if constexpr (is_real<Number>) {
    return apply_real(op, x, p, q);
  } else {
    return op == Unary::complement ? ~x : x / p;  // divide_by, by a count that is not 0
  }
}

/// Of integers; `flag` is set where a divisor is 0.
template <class Integer>
ISOTRACE_KERNEL_CODE Integer apply_integer(Binary op, Integer a, Integer b, std::uint32_t* flag) {
  const bool divides =
      op == Binary::divide || op == Binary::remainder || op == Binary::truncated_remainder;
  if (divides && b == 0) {
    *flag = 1;
    return 0;
  }
  bool by_minus_one = false;
  if constexpr (is_signed_number<Integer>) by_minus_one = b == -1;
  switch (op) {
    case Binary::divide: return by_minus_one ? subtract(Integer{0}, a) : a / b;
    case Binary::truncated_remainder: return by_minus_one ? 0 : a % b;
    case Binary::remainder: {
      const Integer rest = by_minus_one ? 0 : a % b;
      return rest != 0 && is_below_zero(rest) != is_below_zero(b) ? rest + b : rest;
    }
    case Binary::bit_and: return a & b;
    case Binary::bit_or: return a | b;
    case Binary::bit_xor: return a ^ b;
    case Binary::shift_left: return static_cast<std::uint64_t>(b) > 63 ? 0 : a << b;
    case Binary::shift_right: return static_cast<std::uint64_t>(b) > 63 ? 0 : a >> b;
    default: return 0;
  }
}

template <class Number>
ISOTRACE_KERNEL_CODE Number apply(Binary op, Number a, Number b, Number p, Number q,
                                  std::uint32_t* flag) {
  switch (op) {
    case Binary::add: return add(a, b);
    case Binary::subtract: return subtract(a, b);
    case Binary::multiply: return multiply(a, b);
    case Binary::maximum: return maximum(a, b);
    case Binary::minimum: return minimum(a, b);
    case Binary::prelu: return is_below_zero(a) ? multiply(b, a) : a;
    default: break;
  }
  if constexpr (!is_real<Number>) {
    return apply_integer(op, a, b, flag);
  } else {
    if (op == Binary::scaled_negative) return q * (a >= 0 ? a : p * b);
    if (op == Binary::truncated_remainder) return remainder_of(a, b);
    return divide(a, b);
  }
}

template <class Number>
ISOTRACE_KERNEL_CODE bool apply(Comparison op, Number a, Number b) {
  switch (op) {
    case Comparison::equal: return a == b;
    case Comparison::less: return a < b;
    case Comparison::greater: return a > b;
    case Comparison::less_or_equal: return a <= b;
    case Comparison::greater_or_equal: return a >= b;
    case Comparison::not_equal: return a != b;
  }
  return false;
}

/// out[i] = f(x[i]).
template <class Number>
struct MapUnary {
  struct Arguments {
    static constexpr std::uint32_t each = neighbours;
    std::uint64_t count;
    Unary op;
    Number p;
    Number q;
    const Number* x;
    Number* out;
  };
  ISOTRACE_KERNEL_CODE static Number value(const Arguments& a, Number x) {
    return canonical(apply(a.op, x, a.p, a.q));
  }
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    if (i + neighbours > a.count) {
      for (; i < a.count; ++i) a.out[i] = value(a, a.x[i]);
      return;
    }
    auto four = Four<Number>::load(a.x + i, 1);
    ISOTRACE_UNROLL(4)
    for (std::uint32_t j = 0; j < neighbours; ++j) four.at[j] = value(a, four.at[j]);
    four.store(a.out + i);
  }
};

/// out[i] = f(a, b) with both broadcast.
template <class Number>
struct MapBinary {
  struct Arguments {
    static constexpr std::uint32_t each = neighbours;
    std::uint64_t count;
    Binary op;
    Number p;
    Number q;
    const Number* a;
    const Number* b;
    Number* out;
    std::uint32_t* flag;  ///< of integers, for functions that may set it
    Space<2> space;
  };
  ISOTRACE_KERNEL_CODE static Number value(const Arguments& p, Number a, Number b) {
    return canonical(apply(p.op, a, b, p.p, p.q, p.flag));
  }
  ISOTRACE_KERNEL_CODE static void run(const Arguments& p, std::uint64_t i) {
    if (!has_whole_fours(p.space)) {
      for (const std::uint64_t end = i + neighbours; i < end && i < p.count; ++i) {
        const Offsets<2> at = locate(p.space, i);
        p.out[i] = value(p, p.a[at.of[0]], p.b[at.of[1]]);
      }
      return;
    }
    const Offsets<2> at = locate(p.space, i);
    auto a = Four<Number>::load(p.a + at.of[0], last_stride(p.space, 0));
    const auto b = Four<Number>::load(p.b + at.of[1], last_stride(p.space, 1));
    ISOTRACE_UNROLL(4)
    for (std::uint32_t j = 0; j < neighbours; ++j) a.at[j] = value(p, a.at[j], b.at[j]);
    a.store(p.out + i);
  }
};

/// out[i] = a * b + c, rounded once, all broadcast.
template <class Number>
struct MapMultiplyAdd {
  struct Arguments {
    static constexpr std::uint32_t each = neighbours;
    std::uint64_t count;
    const Number* a;
    const Number* b;
    const Number* c;
    Number* out;
    Space<3> space;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& p, std::uint64_t i) {
    if (!has_whole_fours(p.space)) {
      for (const std::uint64_t end = i + neighbours; i < end && i < p.count; ++i) {
        const Offsets<3> at = locate(p.space, i);
        p.out[i] = canonical(multiply_add(p.a[at.of[0]], p.b[at.of[1]], p.c[at.of[2]]));
      }
      return;
    }
    const Offsets<3> at = locate(p.space, i);
    auto a = Four<Number>::load(p.a + at.of[0], last_stride(p.space, 0));
    const auto b = Four<Number>::load(p.b + at.of[1], last_stride(p.space, 1));
    const auto c = Four<Number>::load(p.c + at.of[2], last_stride(p.space, 2));
    ISOTRACE_UNROLL(4)
    for (std::uint32_t j = 0; j < neighbours; ++j) {
      a.at[j] = canonical(multiply_add(a.at[j], b.at[j], c.at[j]));
    }
    a.store(p.out + i);
  }
};

/// out[i] = 1 where the comparison holds.
template <class Number>
struct MapComparison {
  struct Arguments {
    std::uint64_t count;
    Comparison op;
    const Number* a;
    const Number* b;
    std::uint8_t* out;
    Space<2> space;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const Offsets<2> at = locate(a.space, i);
    a.out[i] = apply(a.op, a.a[at.of[0]], a.b[at.of[1]]) ? 1 : 0;
  }
};

}  // namespace isotrace::backends::gpu
