// Accesses of 16 bytes at once, and copies to shared memory that go on while the threads compute
// (cp.async of PTX). Elsewhere the same copies, at once.
#pragma once

#include <isotrace/backends/gpu/kernels/kernel.hpp>

namespace isotrace::backends::gpu {

/// What one access of 16 bytes holds.
template <class Element>
struct alignas(16) Vector {
  static constexpr std::uint32_t count = 16 / sizeof(Element);
  Element at[count];
};

/// Of elements in shared memory, or of any memory where Place is an element; on a multiple of 16
/// bytes. A watched cell is read by itself.
template <class Element, class Place>
ISOTRACE_KERNEL_CODE Vector<Element> load_vector(const Place* from) {
#if defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__)
  return *reinterpret_cast<const Vector<Element>*>(from);
#else
  Vector<Element> vector;
  for (std::uint32_t i = 0; i < vector.count; ++i) vector.at[i] = from[i];
  return vector;
#endif
}
/// The same stored: to shared memory where `shared` says so. Told to the compiler as one
/// instruction, which it would otherwise take apart.
template <bool shared, class Element, class Place>
ISOTRACE_KERNEL_CODE void store_vector(Place* to, const Vector<Element>& vector) {
#if defined(__CUDA_ARCH__)
  struct Words {
    std::uint32_t at[4];
  };
  const auto words = __builtin_bit_cast(Words, vector);
  if constexpr (shared) {
    asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(
                     static_cast<std::uint32_t>(__cvta_generic_to_shared(to))),
                 "r"(words.at[0]), "r"(words.at[1]), "r"(words.at[2]), "r"(words.at[3])
                 : "memory");
  } else {
    asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};" ::"l"(to), "r"(words.at[0]),
                 "r"(words.at[1]), "r"(words.at[2]), "r"(words.at[3])
                 : "memory");
  }
#elif defined(__HIP_DEVICE_COMPILE__)
  *reinterpret_cast<Vector<Element>*>(to) = vector;
#else
  for (std::uint32_t i = 0; i < vector.count; ++i) to[i] = vector.at[i];
#endif
}

/// Copies `count` elements, together 4, 8 or 16 bytes on a multiple of as many, from the memory of
/// the device to shared memory. They are there after finish_copies, for the other threads of the
/// block after the barrier behind it.
template <std::uint32_t count, class Cell, class Element>
ISOTRACE_KERNEL_CODE void start_copy(Cell* to, const Element* from) {
  static_assert(count * sizeof(Element) == 4 || count * sizeof(Element) == 8 ||
                count * sizeof(Element) == 16);
#if defined(__CUDA_ARCH__)
  const auto place = static_cast<std::uint32_t>(__cvta_generic_to_shared(to));
  if constexpr (count * sizeof(Element) == 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(place), "l"(from) : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(place), "l"(from),
                 "n"(count * sizeof(Element))
                 : "memory");
  }
#elif defined(__HIP_DEVICE_COMPILE__)
  if constexpr (count == Vector<Element>::count) {
    store_vector<true>(to, load_vector<Element>(from));
  } else {
    for (std::uint32_t i = 0; i < count; ++i) to[i] = from[i];
  }
#else
  for (std::uint32_t i = 0; i < count; ++i) to[i] = from[i];
#endif
}

/// Waits for the copies that this thread has started.
ISOTRACE_KERNEL_CODE void finish_copies() {
#if defined(__CUDA_ARCH__)
  asm volatile("cp.async.wait_all;" ::: "memory");
#endif
}

}  // namespace isotrace::backends::gpu
