// How the functions and tables of the approximations (lanes.hpp) are declared: inline everywhere,
// and for the device where a compiler for one reads them. ISOTRACE_UNROLL(n) stands in front of
// loops of at most n turns. Code of pairs (double_double.hpp) is longer, so the compiler chooses
// what of it to put inline.
#pragma once

#if defined(__CUDACC__) || defined(__HIPCC__)
#define ISOTRACE_LANES __device__ __forceinline__
#define ISOTRACE_LANES_TABLE static __device__ constexpr
#define ISOTRACE_PAIRS __device__ inline
#define ISOTRACE_UNROLL(n) _Pragma("unroll")
#else
#define ISOTRACE_LANES [[gnu::always_inline]] inline
#define ISOTRACE_LANES_TABLE inline constexpr
#define ISOTRACE_PAIRS inline
#define ISOTRACE_UNROLL(n) ISOTRACE_PRAGMA(GCC unroll n)
#define ISOTRACE_PRAGMA(words) _Pragma(#words)
#endif
