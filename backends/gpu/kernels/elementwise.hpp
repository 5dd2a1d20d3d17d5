// Arithmetic on elements (docs/spec/elementwise.md, docs/spec/activation.md): one IEEE operation
// after the other, as the definition writes them.
#pragma once

#include <isotrace/backends/gpu/kernels/space.hpp>

namespace isotrace::backends::gpu {

/// Functions of x and two parameters p, q.
enum class Unary : std::uint32_t {
  negate,
  absolute,
  reciprocal,
  square_root,
  floor,
  ceil,
  round,
  sign,
  clip,  ///< p and q are the bounds
  relu,
  leaky_relu,    ///< p * x below 0
  hard_sigmoid,  ///< p * x + q, limited to [0, 1]
  softsign,
  thresholded_relu,  ///< x above p
  shrink,            ///< x + q below -p, x - q above p
  hard_swish,
  add,                ///< x + p
  multiply,           ///< x * p
  divide_into,        ///< p / x
  divide_by,          ///< x / p
  inverse_deviation,  ///< 1 / sqrt(x + p)
};

enum class Binary : std::uint32_t {
  add,
  subtract,
  multiply,
  divide,
  maximum,
  minimum,
  prelu,            ///< a below 0: b * a
  scaled_negative,  ///< q * (a, or p * b where a is below 0 or NaN)
};

enum class Comparison : std::uint32_t { equal, less, greater, less_or_equal, greater_or_equal };

ISOTRACE_KERNEL_CODE float apply(Unary op, float x, float p, float q) {
  switch (op) {
    case Unary::negate: return -x;
    case Unary::absolute: return fabsf(x);
    case Unary::reciprocal: return 1.0F / x;
    case Unary::square_root: return square_root(x);
    case Unary::floor: return floorf(x);
    case Unary::ceil: return ceilf(x);
    case Unary::round: return rintf(x);
    case Unary::sign: return x > 0 ? 1.0F : (x < 0 ? -1.0F : (x != x ? x : 0.0F));
    case Unary::clip: return minimum(maximum(x, p), q);
    case Unary::relu: return x > 0 || x != x ? x : 0.0F;
    case Unary::leaky_relu: return x < 0 ? p * x : x;
    case Unary::hard_sigmoid: return maximum(0.0F, minimum(1.0F, p * x + q));
    case Unary::softsign: return x / (1.0F + fabsf(x));
    case Unary::thresholded_relu: return x > p ? x : 0.0F;
    case Unary::shrink: return x < -p ? x + q : (x > p ? x - q : 0.0F);
    case Unary::hard_swish: {
      const float sixth = 1.0F / 6.0F;
      return x * maximum(0.0F, minimum(1.0F, sixth * x + 0.5F));
    }
    case Unary::add: return x + p;
    case Unary::multiply: return x * p;
    case Unary::divide_into: return p / x;
    case Unary::divide_by: return x / p;
    case Unary::inverse_deviation: return 1.0F / square_root(x + p);
  }
  return 0;
}

ISOTRACE_KERNEL_CODE float apply(Binary op, float a, float b, float p, float q) {
  switch (op) {
    case Binary::add: return a + b;
    case Binary::subtract: return a - b;
    case Binary::multiply: return a * b;
    case Binary::divide: return a / b;
    case Binary::maximum: return maximum(a, b);
    case Binary::minimum: return minimum(a, b);
    case Binary::prelu: return a < 0 ? b * a : a;
    case Binary::scaled_negative: return q * (a >= 0 ? a : p * b);
  }
  return 0;
}

ISOTRACE_KERNEL_CODE bool apply(Comparison op, float a, float b) {
  switch (op) {
    case Comparison::equal: return a == b;
    case Comparison::less: return a < b;
    case Comparison::greater: return a > b;
    case Comparison::less_or_equal: return a <= b;
    case Comparison::greater_or_equal: return a >= b;
  }
  return false;
}

/// out[i] = f(x[i]).
struct MapUnary {
  struct Arguments {
    std::uint64_t count;
    Unary op;
    float p;
    float q;
    const float* x;
    float* out;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    a.out[i] = canonical(apply(a.op, a.x[i], a.p, a.q));
  }
};

/// out[i] = f(a, b) with both broadcast.
struct MapBinary {
  struct Arguments {
    std::uint64_t count;
    Binary op;
    float p;
    float q;
    const float* a;
    const float* b;
    float* out;
    Space<2> space;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const Offsets<2> at = locate(a.space, i);
    a.out[i] = canonical(apply(a.op, a.a[at.of[0]], a.b[at.of[1]], a.p, a.q));
  }
};

/// out[i] = a * b + c, rounded once, all broadcast.
struct MapMultiplyAdd {
  struct Arguments {
    std::uint64_t count;
    const float* a;
    const float* b;
    const float* c;
    float* out;
    Space<3> space;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const Offsets<3> at = locate(a.space, i);
    a.out[i] = canonical(multiply_add(a.a[at.of[0]], a.b[at.of[1]], a.c[at.of[2]]));
  }
};

/// out[i] = 1 where the comparison holds.
struct MapComparison {
  struct Arguments {
    std::uint64_t count;
    Comparison op;
    const float* a;
    const float* b;
    std::uint8_t* out;
    Space<2> space;
  };
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const Offsets<2> at = locate(a.space, i);
    a.out[i] = apply(a.op, a.a[at.of[0]], a.b[at.of[1]]) ? 1 : 0;
  }
};

}  // namespace isotrace::backends::gpu
