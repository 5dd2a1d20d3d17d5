// The code that the fast engine executes: words of 64 bits, made from one function of a module.
//
// An operation is the address of its handler, a word of four fields of 16 bits (operands a and b,
// the place of the result, one more), and words of its own: constants, offsets, targets, steps.
// Slots are counted from the first one of the frame; the operand of height h of the wasm stack has
// its own slot behind the locals, so that slots are the canonical state wherever all operands lie
// in theirs. Operands can also be in an accumulator, which the operation before has set: one for
// integers, one for floats.
//
// Where execution can be resumed - entry, loop, return from a call - the word before says where
// that is in the module, and at suspend points the one before that how many slots the frame has.
#pragma once

#include <emmintrin.h>

#include <bit>
#include <cstring>

#include <isotrace/wasm/effect_stream.hpp>
#include <isotrace/wasm/store.hpp>

#ifndef ISOTRACE_FAST_BARE
#define ISOTRACE_FAST_BARE 0
#endif

namespace isotrace::wasm::fast {

/// For a benchmark alone, which tells what they cost: no steps, no marks, NaNs as they come.
inline constexpr bool bare = ISOTRACE_FAST_BARE != 0;

using Word = std::uint64_t;

/// Where an operand comes from. `accumulator`: of its type; where any type will do, the one of
/// integers, and `float_accumulator` is the other with an f64. (An f32 has no zeros above it.)
enum class From : std::uint8_t { slot, accumulator, constant, float_accumulator };
/// Where a result goes.
enum class To : std::uint8_t { slot, accumulator, both };

/// Words that an operand takes.
constexpr unsigned constants(From from) { return from == From::constant ? 1 : 0; }

inline constexpr unsigned field_a = 0;
inline constexpr unsigned field_b = 1;
inline constexpr unsigned field_result = 2;
inline constexpr unsigned field_c = 3;

/// Frames of more slots do not fit into fields: the reference engine executes such functions.
inline constexpr std::uint64_t frame_slots_max = UINT16_MAX;

constexpr Word fields(std::uint64_t a, std::uint64_t b, std::uint64_t result, std::uint64_t c = 0) {
  return a | b << 16 | result << 32 | c << 48;
}

inline std::uint16_t field(const Word* pc, unsigned place) {
  std::uint16_t value;
  std::memcpy(&value, reinterpret_cast<const unsigned char*>(pc + 1) + 2 * place, sizeof value);
  return value;
}

/// Steps have a word of their own, from which they are subtracted in one instruction. They are
/// signed: where paths join, some have paid what comes later.
inline std::int64_t steps_in(Word word) { return bare ? 0 : static_cast<std::int64_t>(word); }

/// A place in the module: what stands before every word where execution is resumed.
constexpr Word place_word(Address function, std::uint32_t pc) { return Word{function} << 32 | pc; }
constexpr Address place_function(Word place) { return static_cast<Address>(place >> 32); }
constexpr std::uint32_t place_pc(Word place) { return static_cast<std::uint32_t>(place); }

/// An operation that can trap: where it is in the module, and the steps, itself included, that
/// have been taken and not yet counted.
struct TrapSite {
  std::uint32_t code = 0;  ///< offset of its first word
  std::uint32_t pc = 0;
  std::int32_t steps = 0;
};

/// Where execution can go on.
struct ResumeSite {
  std::uint32_t pc = 0;
  std::uint32_t code = 0;
};

/// A function of the store, translated when it is first called.
struct Routine {
  const Word* entry = nullptr;
  std::uint32_t parameters = 0;
  std::uint32_t locals_end = 0;   ///< parameters and locals
  std::uint64_t frame_slots = 0;  ///< and the most operands
  std::uint32_t type_id = 0;
  Address address = 0;
  Address instance = 0;
  bool is_host = false;
  /// What `entry` is at first: slots, place, and the operation that has the function translated.
  Word untranslated[3] = {};

  std::vector<Word> code;
  std::vector<TrapSite> traps;      ///< ascending
  std::vector<ResumeSite> loops;    ///< ascending
  std::vector<ResumeSite> returns;  ///< ascending
};

/// Where a call returns to. Not initialised: there is room for as many as may ever be open.
struct Return {
  const Word* pc;
  Slot* frame;
};

/// Why handlers stopped.
enum class Stop : std::uint8_t { none, suspended, finished, trapped, wide };

/// Contents of a float register: a float or double in the low bits.
using FloatRegister = __m128;

struct Registers {
  const Word* pc = nullptr;
  Slot* frame = nullptr;
  std::int64_t steps_left = 0;  ///< less than 0: an execution stops at its next suspend point
  Slot accumulator = 0;
  FloatRegister floats = {};
};

class Translations;

/// What handlers know beside their registers.
struct Context {
  // Of the memory of the instance that executes; LinearMemory::nowhere() where there is none.
  std::uint8_t* memory = nullptr;
  std::uint64_t memory_size = 0;
  std::uint64_t store_place = 0;  ///< of a store that is out of bounds, or has first to be marked

  Return* returns_top = nullptr;
  Return* returns_end = nullptr;
  Slot* slots_end = nullptr;
  Address instance = 0;  ///< that executes
  Store* store = nullptr;
  Translations* translations = nullptr;
  Routine* const* routines = nullptr;  ///< by address

  /// What code that notes its effects puts them into.
  EffectStream* effects = nullptr;

  Stop stop = Stop::none;
  Trap trap = Trap::none;
  Registers registers;  ///< when stopped; between handlers where a loop calls them

  /// Another instance executes, or its memory has moved.
  void load_instance(Address address);
};

}  // namespace isotrace::wasm::fast
