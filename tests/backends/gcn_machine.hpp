// AMD's machine code without a device: waves whose lanes go in lock step, each instruction as the
// manuals of the instruction sets say ("CDNA2" and "RDNA2 Instruction Set Architecture"). Exactly
// the instructions that our kernels hold; another one is a problem, by name. What hardware only
// approximates is off by as much as its manual allows. A test of device code, no device.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include <tests/backends/shared_memory.hpp>

namespace isotrace::gcn {

inline constexpr unsigned lanes_max = 64;

/// Scalar registers that have names.
inline constexpr unsigned vcc = 106;
inline constexpr unsigned m0 = 124;
inline constexpr unsigned null_register = 125;
inline constexpr unsigned exec = 126;
inline constexpr unsigned scalars = 128;
/// Vector registers, then those that accumulate, which here hold what does not fit the others.
inline constexpr unsigned accumulators = 256;
inline constexpr unsigned vectors = 512;

/// Upper 16 bits of addresses of a thread's own memory and of shared memory. The host has none so.
inline constexpr std::uint64_t private_base = 1;
inline constexpr std::uint64_t shared_base = 2;

/// A part of a register (SDWA).
struct Part {
  unsigned shift = 0;
  unsigned bits = 32;
};

struct Operand {
  enum class Kind : std::uint8_t { none, vector, scalar, constant } kind = Kind::none;
  std::uint16_t index = 0;  ///< the first register
  bool negated = false;
  bool absolute = false;
  bool sign_extended = false;
  Part part;
  std::uint32_t word = 0;   ///< a constant as 32 bits,
  std::uint64_t whole = 0;  ///< as an integer of 64 bits,
  std::uint64_t real = 0;   ///< and as an f64
};

struct Machine;
struct Instruction;
using Execute = void (*)(Machine&, const Instruction&);
using Executes = std::unordered_map<std::string, Execute>;  ///< by name

struct Instruction {
  Execute execute = nullptr;
  std::string name;  ///< without the name of its encoding
  std::vector<Operand> operands;
  std::map<std::string, std::string, std::less<>> modifiers;
  std::uint64_t address = 0;  ///< of the next instruction
  std::size_t target = 0;     ///< of a branch: its place in the code
  std::int64_t offset = 0;    ///< of an access to memory
  std::int64_t second_offset = 0;
  bool picks_low[3] = {};  ///< of packed operations: the upper half for the lower result,
  bool picks_high[3] = {true, true, true};  ///< and for the upper one
  bool negates_low[3] = {};
  bool negates_high[3] = {};
};

/// A kernel's entry and what it is given.
struct KernelCode {
  std::size_t entry = 0;  ///< in the code
  std::uint32_t threads = 0;
  std::uint32_t shared = 0;
  std::uint32_t own = 0;  ///< bytes of memory of each thread
  std::uint32_t arguments = 0;
  std::uint32_t arguments_size = 0;  ///< of the first one
  std::uint32_t origin_offset = 0;   ///< where the second one lies
  std::uint32_t resources = 0;       ///< compute_pgm_rsrc2
  std::uint32_t properties = 0;
};

/// The code of one family of kernels for one architecture.
struct Code {
  unsigned lanes = lanes_max;
  std::uint64_t hash = 0;           ///< FNV-1a of the file of which it is the listing
  std::vector<std::uint8_t> image;  ///< what is loaded, from address 0
  std::vector<Instruction> instructions;
  std::map<std::string, KernelCode, std::less<>> kernels;
};

struct Wave {
  std::vector<std::array<std::uint32_t, lanes_max>> v;
  std::uint32_t s[scalars];
  bool scc = false;
  std::size_t next = 0;  ///< instruction
  unsigned lanes = lanes_max;
  unsigned moved_by = 0;  ///< what is added to numbers of registers that are written
  std::uint32_t number = 0;
  std::uint32_t own_size = 0;
  std::vector<std::uint8_t> own;  ///< memory of its threads, one after the other

  [[nodiscard]] std::uint64_t pair(unsigned at) const {
    return s[at] | std::uint64_t{s[at + 1]} << 32;
  }
  /// A mask with a bit for each lane.
  [[nodiscard]] std::uint64_t mask(unsigned at) const { return lanes == 64 ? pair(at) : s[at]; }
  void put_pair(unsigned at, std::uint64_t value) {
    s[at] = static_cast<std::uint32_t>(value);
    s[at + 1] = static_cast<std::uint32_t>(value >> 32);
  }
  void put_mask(unsigned at, std::uint64_t value) {
    if (at == null_register) return;
    s[at] = static_cast<std::uint32_t>(value);
    if (lanes == 64) s[at + 1] = static_cast<std::uint32_t>(value >> 32);
  }
};

enum class Met { nobody, barrier, end };

/// The wave that goes on, and the block around it.
struct Machine {
  explicit Machine(const Code& c) : code(c) {}

  const Code& code;
  std::string problem;
  tests::SharedMemory shared{problem};
  Wave* wave = nullptr;
  Met met = Met::nobody;
  bool backwards = false;

  void report(const std::string& what) {
    if (problem.empty()) problem = what;
  }
  /// Lanes that take part.
  template <class F>
  void each_lane(const F& f) const {
    const std::uint64_t active = wave->mask(exec);
    for (unsigned lane = 0; lane < wave->lanes; ++lane) {
      if ((active >> lane & 1) != 0) f(lane);
    }
  }
  /// The same in the order of the launch: for what lanes have in common.
  template <class F>
  void each_lane_in_order(const F& f) const {
    const std::uint64_t active = wave->mask(exec);
    for (unsigned i = 0; i < wave->lanes; ++i) {
      const unsigned lane = backwards ? wave->lanes - 1 - i : i;
      if ((active >> lane & 1) != 0) f(lane);
    }
  }
};

/// An operand of every lane as numbers of type T.
template <class T>
class Source {
 public:
  Source(const Wave& wave, const Operand& operand) : operand_(operand) {
    if (operand.kind == Operand::Kind::vector) {
      low_ = wave.v[operand.index].data();
      stride_ = 1;
      high_ = low_ + lanes_max;
    } else if (operand.kind == Operand::Kind::scalar) {
      low_ = &wave.s[operand.index];
      high_ = low_ + 1;
    } else {
      const std::uint64_t bits = sizeof(T) < 8
                                     ? operand.word
                                     : (std::is_floating_point_v<T> ? operand.real : operand.whole);
      constant_[0] = static_cast<std::uint32_t>(bits);
      constant_[1] = static_cast<std::uint32_t>(bits >> 32);
      low_ = &constant_[0];
      high_ = &constant_[1];
    }
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  T operator()(unsigned lane) const {
    if constexpr (sizeof(T) == 8) {
      std::uint64_t bits = low_[lane * stride_] | std::uint64_t{high_[lane * stride_]} << 32;
      if (operand_.absolute) bits &= ~(std::uint64_t{1} << 63);
      if (operand_.negated) bits ^= std::uint64_t{1} << 63;
      return std::bit_cast<T>(bits);
    } else {
      const std::uint32_t bits = word(lane);
      if constexpr (std::is_floating_point_v<T>) return std::bit_cast<T>(bits);
      return static_cast<T>(bits);
    }
  }
  /// One of two registers side by side.
  [[nodiscard]] std::uint32_t half(unsigned lane, bool upper) const {
    return (upper ? high_ : low_)[lane * stride_];
  }

 private:
  [[nodiscard]] std::uint32_t word(unsigned lane) const {
    std::uint32_t bits = low_[lane * stride_];
    if (operand_.part.bits != 32) {
      const unsigned unused = 32 - operand_.part.bits;
      bits = bits >> operand_.part.shift << unused;
      bits = operand_.sign_extended
                 ? static_cast<std::uint32_t>(static_cast<std::int32_t>(bits) >> unused)
                 : bits >> unused;
    }
    if (operand_.absolute) bits &= 0x7FFFFFFF;
    if (operand_.negated) bits ^= 0x80000000;
    return bits;
  }

  const Operand& operand_;
  const std::uint32_t* low_;
  const std::uint32_t* high_;
  std::size_t stride_ = 0;
  std::uint32_t constant_[2];
};

/// A NaN of a device may have any bits.
inline float some_nan(float x) { return x == x ? x : std::bit_cast<float>(0x7FFFFFFFU); }
inline double some_nan(double x) {
  return x == x ? x : std::bit_cast<double>(~std::uint64_t{0} >> 1);
}

/// Results of 16 bits leave the upper half alone in waves of 32 lanes (RDNA), else make it zero.
template <class T>
void put(Wave& wave, const Operand& to, unsigned lane, T value) {
  std::uint32_t* const at = &wave.v[to.index + wave.moved_by][lane];
  if constexpr (sizeof(T) == 8) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    at[0] = static_cast<std::uint32_t>(bits);
    at[lanes_max] = static_cast<std::uint32_t>(bits >> 32);
  } else if constexpr (sizeof(T) == 4) {
    *at = std::bit_cast<std::uint32_t>(value);
  } else {
    *at = (wave.lanes == 32 ? *at & 0xFFFF0000 : 0) | static_cast<std::uint16_t>(value);
  }
}

/// Reads what amd_listing.py wrote. What it does not understand becomes `problem`.
Code read_code(const std::string& path, std::string& problem);
/// The listings that ISOTRACE_GCN_LISTINGS names, a colon between two.
const std::vector<Code>& listed_code(std::string& problem);

/// Of a launch.
struct Blocks {
  std::uint32_t x, y, z;
  bool backwards;
};
/// Runs a kernel with its two arguments; returns what is wrong, "" for nothing.
std::string run_kernel(const Code& code, const KernelCode& kernel, const Blocks& blocks,
                       const std::uint8_t* arguments, const std::uint8_t* origin);

void add_vector_instructions(Executes& to);
void add_comparisons(Executes& to);
void add_scalar_instructions(Executes& to);
void add_memory_instructions(Executes& to);

}  // namespace isotrace::gcn
