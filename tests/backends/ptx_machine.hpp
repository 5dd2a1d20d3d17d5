// What PTX that was translated to C++ (ptx_to_cpp.py) runs on: blocks whose threads go on one after
// the other up to where they meet. Reports what a device would not: threads that touch the same
// byte of shared memory between two barriers, bytes that nobody wrote or that a copy under way has
// not brought yet, barriers and tensor products that some threads never reach, integer divisions by
// zero. A test of device code, no device.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <tests/backends/shared_memory.hpp>

// The translations are long and compiled as they stand; what they run on is not.
#pragma GCC push_options
#pragma GCC optimize("O2")

#include <tests/backends/ptx_counts.hpp>

namespace {

struct Place {
  std::uint32_t x, y, z, thread;
};

enum Meeting { finished, at_barrier, at_tensor_product, trapped };

/// A thread's parts of mma.m16n8k32, whose instruction has this number.
struct Fragment {
  std::uint32_t a[4], b[2], c[4], d[4];
  bool a_signed, b_signed;
  int number;
};

struct Thread {
  int state = 0;
  bool carry = false;  // the flag of add.cc and its like
  Fragment fragment;
};

struct Block {
  Counts counts;
  std::string problem;
  void report(const std::string& what) {
    if (problem.empty()) problem = what;
  }

  isotrace::tests::SharedMemory shared{problem};

  /// A copy that a thread has started (cp.async): from when it is started until the thread waits
  /// for it, nobody may touch where it goes, and it may read its source at any time.
  struct Copy {
    std::uint64_t to, from, size;
    std::uint32_t group;  ///< that it is committed to
  };
  struct Copies {
    std::vector<Copy> under_way;
    std::uint32_t groups = 0;  ///< committed so far
  };
  std::vector<Copies> copies;  ///< of every thread

  void start_copy(std::uint64_t to, std::uint64_t from, std::uint64_t size, std::uint32_t thread) {
    if (to % size != 0 || from % size != 0) report("a copy of an address off its multiple");
    if (from == 0) report("a copy from nowhere");
    shared.write(to, size, thread);
    shared.expect(to, size);
    copies[thread].under_way.push_back({to, from, size, copies[thread].groups});
  }
  void commit_copies(std::uint32_t thread) { ++copies[thread].groups; }
  /// For all groups but the `last` newest; without groups, for all copies.
  void wait_for_copies(std::uint32_t thread, std::uint32_t last, bool all) {
    Copies& own = copies[thread];
    std::erase_if(own.under_way, [&](const Copy& copy) {
      if (!all && copy.group + last >= own.groups) return false;
      shared.arrive(copy.to, copy.size);
      const std::uint64_t place = shared.write(copy.to, copy.size, thread);
      std::memcpy(reinterpret_cast<void*>(place), reinterpret_cast<const void*>(copy.from),
                  copy.size);
      return true;
    });
  }
};

using Threads = std::vector<std::unique_ptr<Thread>>;
using Parameters = const std::uint8_t* const (&)[2];
struct Kernel {
  const char* name;
  std::uint32_t threads;
  std::uint32_t shared_size;
  std::size_t arguments_size;
  Meeting (*run)(Block&, const Place&, Thread&, Parameters);
  Threads (*make)(std::uint32_t);
  const Part* parts;
  std::size_t parts_count;
};

template <class T>
Threads make_threads(std::uint32_t count) {
  Threads threads;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto thread = std::make_unique<T>();
    std::memset(static_cast<void*>(thread.get()), 0xFF, sizeof(T));
    thread->state = 0;
    threads.push_back(std::move(thread));
  }
  return threads;
}

/// Bits of a register as a number. Registers are unsigned integers.
template <class T, class R>
T as(R bits) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::bit_cast<T>(bits);
  } else {
    return static_cast<T>(bits);
  }
}
template <class R, class V>
void put(R& to, V value) {
  if constexpr (std::is_floating_point_v<V>) {
    to = std::bit_cast<R>(value);
  } else {
    to = static_cast<R>(value);
  }
}
template <class T>
T read(std::uint64_t at) {
  T value;
  std::memcpy(&value, reinterpret_cast<const void*>(at), sizeof(T));
  return value;
}
template <class T>
void write(std::uint64_t at, T value) {
  std::memcpy(reinterpret_cast<void*>(at), &value, sizeof(T));
}

/// The NaN of a device.
inline float result(float x) { return x == x ? x : std::bit_cast<float>(0x7FFFFFFFU); }
inline double result(double x) { return x == x ? x : std::bit_cast<double>(0x7FFFFFFFFFFFFFFFULL); }
/// PTX's minimum and maximum: of a number and NaN the number, -0 below +0.
template <class T>
T least(T a, T b) {
  if (a != a || b != b) return a == a ? a : result(b);
  return a == b ? (std::signbit(a) ? a : b) : std::min(a, b);
}
template <class T>
T greatest(T a, T b) {
  if (a != a || b != b) return a == a ? a : result(b);
  return a == b ? (std::signbit(a) ? b : a) : std::max(a, b);
}

/// Saturates; NaN is nothing to rely on.
template <class To, class From>
To truncate(From x) {
  if (x != x) return static_cast<To>(std::uint64_t{1} << (8 * sizeof(To) - 1));
  const From whole = std::trunc(x);
  const From above = std::ldexp(From{1}, std::numeric_limits<To>::digits);
  if (whole >= above) return std::numeric_limits<To>::max();
  const From low = std::is_signed_v<To> ? -above : From{0};
  return whole <= low ? std::numeric_limits<To>::min() : static_cast<To>(whole);
}

/// a + b, and the carry where it is used or set.
template <class T, bool uses, bool sets>
T sum_with_carry(bool& carry, T a, T b) {
  using Bits = std::make_unsigned_t<T>;
  const auto sum = static_cast<Bits>(static_cast<Bits>(a) + static_cast<Bits>(b));
  const auto whole = static_cast<Bits>(sum + (uses && carry ? 1U : 0U));
  if (sets) carry = sum < static_cast<Bits>(a) || whole < sum;
  return static_cast<T>(whole);
}

/// a - b, and the borrow where it is used or set.
template <class T, bool uses, bool sets>
T difference_with_carry(bool& carry, T a, T b) {
  using Bits = std::make_unsigned_t<T>;
  const auto difference = static_cast<Bits>(static_cast<Bits>(a) - static_cast<Bits>(b));
  const bool borrow = uses && carry;
  if (sets) carry = static_cast<Bits>(a) < static_cast<Bits>(b) || (borrow && difference == 0);
  return static_cast<T>(difference - (borrow ? 1U : 0U));
}

/// What of a product lies above the operands' bits.
template <class T>
T high_half(T a, T b) {
  __extension__ using Product =
      std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
  return static_cast<T>((Product{a} * Product{b}) >> (8 * sizeof(T)));
}

template <class T>
T quotient(Block& block, T a, T b) {
  if (b == 0) block.report("an integer divided by zero");
  if (std::is_signed_v<T> && b == static_cast<T>(-1)) return static_cast<T>(0 - std::uint64_t(a));
  return b == 0 ? static_cast<T>(-1) : static_cast<T>(a / b);
}
template <class T>
T rest(Block& block, T a, T b) {
  if (b == 0) block.report("a remainder by zero");
  return b == 0 || (std::is_signed_v<T> && b == static_cast<T>(-1)) ? T{0} : static_cast<T>(a % b);
}
template <class T>
T shift_l(T x, std::uint32_t by) {
  return by >= 8 * sizeof(T) ? T{0} : static_cast<T>(x << by);
}
template <class T>
T shift_r(T x, std::uint32_t by) {
  const std::uint32_t last = 8 * sizeof(T) - 1;
  return by > last ? (std::is_signed_v<T> ? static_cast<T>(x >> last) : T{0})
                   : static_cast<T>(x >> by);
}
inline std::uint32_t funnel(std::uint32_t low, std::uint32_t high, std::uint32_t by) {
  return static_cast<std::uint32_t>((std::uint64_t{high} << 32 | low) << (by & 31) >> 32);
}
template <class T>
T insert_bits(T bits, T into, std::uint32_t at, std::uint32_t count) {
  const T mask = static_cast<T>((count >= 8 * sizeof(T) ? T{0} : T{1} << count) - 1) << at;
  return static_cast<T>((into & ~mask) | ((bits << at) & mask));
}

template <bool is_signed>
std::uint32_t byte_of(std::uint32_t word, std::uint32_t i) {
  const auto byte = static_cast<std::uint8_t>(word >> 8 * i);
  return is_signed ? static_cast<std::uint32_t>(static_cast<std::int8_t>(byte)) : byte;
}
template <bool a_signed, bool b_signed>
std::uint32_t dot_bytes(std::uint32_t a, std::uint32_t b, std::uint32_t sum) {
  for (std::uint32_t i = 0; i < 4; ++i) sum += byte_of<a_signed>(a, i) * byte_of<b_signed>(b, i);
  return sum;
}

/// mma.m16n8k32 of the fragments of a warp, as the tables of the PTX ISA lay them out: matrices
/// first, then the product, then the fragments of the sums.
inline void multiply_fragments(std::unique_ptr<Thread>* warp) {
  std::uint32_t a[16][32];
  std::uint32_t b[32][8];
  for (std::uint32_t lane = 0; lane < 32; ++lane) {
    const Fragment& f = warp[lane]->fragment;
    const std::uint32_t group = lane >> 2;
    for (std::uint32_t i = 0; i < 16; ++i) {  // a0 to a15
      const std::uint32_t row = i < 4 || (i >= 8 && i < 12) ? group : group + 8;
      const std::uint32_t column = (lane % 4) * 4 + (i & 3) + (i < 8 ? 0 : 16);
      a[row][column] =
          f.a_signed ? byte_of<true>(f.a[i / 4], i % 4) : byte_of<false>(f.a[i / 4], i % 4);
    }
    for (std::uint32_t i = 0; i < 8; ++i) {  // b0 to b7
      const std::uint32_t row = (lane % 4) * 4 + (i & 3) + (i < 4 ? 0 : 16);
      b[row][group] =
          f.b_signed ? byte_of<true>(f.b[i / 4], i % 4) : byte_of<false>(f.b[i / 4], i % 4);
    }
  }
  for (std::uint32_t lane = 0; lane < 32; ++lane) {
    Fragment& f = warp[lane]->fragment;
    for (std::uint32_t i = 0; i < 4; ++i) {  // c0 to c3
      const std::uint32_t row = (lane >> 2) + (i < 2 ? 0 : 8);
      const std::uint32_t column = (lane % 4) * 2 + (i & 1);
      std::uint32_t sum = f.c[i];
      for (std::uint32_t k = 0; k < 32; ++k) sum += a[row][k] * b[k][column];
      f.d[i] = sum;
    }
  }
}

/// Runs a warp until its threads are all at a barrier, or all at their end.
inline Meeting run_warp(const Kernel& kernel, Block& block, Place at, std::unique_ptr<Thread>* warp,
                        bool backwards, Parameters parameters) {
  const std::uint32_t first = at.thread;
  while (true) {
    Meeting common = finished;
    for (std::uint32_t i = 0; i < 32; ++i) {
      const std::uint32_t lane = backwards ? 31 - i : i;
      at.thread = first + lane;
      const Meeting met = kernel.run(block, at, *warp[lane], parameters);
      if (met == trapped) block.report("a trap");
      if (i != 0 && met != common)
        block.report("a meeting that some threads of a warp never reach");
      common = met;
      if (!block.problem.empty()) return finished;
    }
    block.counts.finish_warp();
    if (common != at_tensor_product) return common;
    for (std::uint32_t lane = 1; lane < 32; ++lane) {
      if (warp[lane]->fragment.number != warp[0]->fragment.number) {
        block.report("tensor products of different instructions");
        return finished;
      }
    }
    multiply_fragments(warp);
  }
}

/// One block, with the threads and the marks that the block before has left.
inline std::string run_block(const Kernel& kernel, Block& block, Threads& threads, Place at,
                             bool backwards, Parameters parameters) {
  block.shared.clear();
  for (const auto& thread : threads) thread->state = 0;
  block.copies.assign(kernel.threads, {});
  const std::uint32_t warps = kernel.threads / 32;
  while (true) {
    Meeting common = finished;
    for (std::uint32_t i = 0; i < warps; ++i) {
      const std::uint32_t warp = backwards ? warps - 1 - i : i;
      at.thread = 32 * warp;
      const Meeting met = run_warp(kernel, block, at, &threads[at.thread], backwards, parameters);
      if (i != 0 && met != common) block.report("a barrier that some warps never reach");
      common = met;
      if (!block.problem.empty()) return block.problem;
    }
    if (common == finished) return {};
    block.shared.pass_barrier();
  }
}

}  // namespace

extern const Kernel ptx_kernels[];
extern const std::size_t ptx_kernel_count;

/// What was counted of every kernel, by device_count.
inline std::map<std::string, Counts>& all_counts() {
  static std::map<std::string, Counts> counts;
  return counts;
}
static bool is_counting = false;

/// Counts from now on, or no longer.
extern "C" void device_count(int on) {
  is_counting = on != 0;
  all_counts().clear();
}
/// What was counted of a kernel since: threads' instructions and fused multiply-adds, then of reads
/// and writes of global, shared and local memory the requests, steps and ideal steps. False if it
/// did not run.
extern "C" bool device_counted(const char* name, std::uint64_t* numbers) {
  const auto found = all_counts().find(name);
  if (found == all_counts().end()) return false;
  const Counts& counts = found->second;
  *numbers++ = counts.instructions;
  *numbers++ = counts.fused;
  for (const int space : {0, 1, 2}) {
    for (const Requests& requests : counts.of[space]) {
      *numbers++ = requests.requests;
      *numbers++ = requests.steps;
      *numbers++ = requests.ideal;
    }
  }
  return true;
}

/// What went wrong, "" for nothing; nullptr if there is no such kernel. Blocks are launched four at
/// a time, from different origins.
extern "C" const char* device_launch(const char* name, const std::uint32_t* grid,
                                     const std::uint8_t* arguments, std::size_t size,
                                     int backwards) {
  static thread_local std::string problem;
  const Kernel* const end = ptx_kernels + ptx_kernel_count;
  const Kernel* kernel = std::find_if(
      ptx_kernels, end, [&](const Kernel& k) { return std::strcmp(k.name, name) == 0; });
  if (kernel == end) return nullptr;
  problem = size == kernel->arguments_size ? "" : "arguments of another size";
  Block shared_block;
  shared_block.shared.resize(kernel->shared_size);
  Threads threads = kernel->make(kernel->threads);
  if (is_counting) {
    shared_block.counts = all_counts()[name];
    shared_block.counts.enabled = true;
    shared_block.counts.parts = kernel->parts;
  }
  const std::uint64_t blocks = std::uint64_t{grid[0]} * grid[1] * grid[2];
  for (std::uint64_t i = 0; i < blocks && problem.empty(); ++i) {
    const std::uint64_t block = backwards != 0 ? blocks - 1 - i : i;
    const auto y = static_cast<std::uint32_t>(block / grid[0] % grid[1]);
    const auto z = static_cast<std::uint32_t>(block / grid[0] / grid[1]);
    const std::uint32_t origin[2] = {y / 2 * 2, z / 2 * 2};
    const std::uint8_t* const parameters[2] = {arguments,
                                               reinterpret_cast<const std::uint8_t*>(origin)};
    problem = run_block(*kernel, shared_block, threads,
                        {static_cast<std::uint32_t>(block % grid[0]), y % 2, z % 2, 0},
                        backwards != 0, parameters);
  }
  if (is_counting) all_counts()[name] = shared_block.counts;
  return problem.c_str();
}

#pragma GCC pop_options
