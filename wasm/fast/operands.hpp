// Operands and results of handlers: one handler for each combination of places, so that none is
// decided while executing.
#pragma once

#include <type_traits>

#include <isotrace/wasm/fast/dispatch.hpp>
#include <isotrace/wasm/numeric/slot.hpp>

namespace isotrace::wasm::fast {

/// A float is the low part of its register: nothing has to be moved. Clang sees that by itself.
template <class F>
inline FloatRegister to_register(F value) {
#ifdef __clang__
  if constexpr (sizeof(F) == 4) {
    return _mm_set_ss(value);
  } else {
    return _mm_castpd_ps(_mm_set_sd(value));
  }
#else
  FloatRegister out;
  asm("" : "=x"(out) : "0"(value));
  return out;
#endif
}

template <class F>
inline F from_register(FloatRegister value) {
  if constexpr (sizeof(F) == 4) {
    return _mm_cvtss_f32(value);
  } else {
    return _mm_cvtsd_f64(_mm_castps_pd(value));
  }
}

/// The operand in field `place`, or the constant in word `word`. T: u32, u64, float, double.
template <class T, From from, unsigned place, unsigned word>
[[gnu::always_inline]] inline T operand(const Word* pc, const Slot* frame, Slot accumulator,
                                        FloatRegister floats) {
  if constexpr (from == From::constant) {
    return from_slot<T>(pc[word]);
  } else if constexpr (from == From::slot) {
    return from_slot<T>(frame[field(pc, place)]);
  } else if constexpr (from == From::float_accumulator) {
    return from_slot<T>(to_slot(from_register<double>(floats)));
  } else if constexpr (std::is_floating_point_v<T>) {
    return from_register<T>(floats);
  } else {
    return from_slot<T>(accumulator);
  }
}

/// Puts a result into field_result's slot, or the accumulator of its type, or both.
template <To to, class R>
[[gnu::always_inline]] inline void deliver(R value, const Word* pc, Slot* frame, Slot& accumulator,
                                           FloatRegister& floats) {
  if constexpr (to != To::slot) {
    if constexpr (std::is_floating_point_v<R>) {
      floats = to_register(value);
    } else {
      accumulator = to_slot(value);
    }
  }
  if constexpr (to != To::accumulator) frame[field(pc, field_result)] = to_slot(value);
}

/// Comparisons give 0 or 1.
template <class R>
constexpr auto as_number(R value) {
  if constexpr (std::is_same_v<R, bool>) {
    return static_cast<std::uint32_t>(value);
  } else {
    return value;
  }
}

}  // namespace isotrace::wasm::fast
