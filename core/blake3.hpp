// BLAKE3 (https://github.com/BLAKE3-team/BLAKE3-specs), hash mode, 256-bit output: the digest of
// tensor contents. Portable, AVX2 and AVX-512 versions give the same bytes; the fastest that the
// processor has is used unless a test names one.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include <isotrace/core/digest.hpp>

namespace isotrace::core {

enum class Blake3Kernel : std::uint8_t { portable, avx2, avx512 };

std::string_view blake3_kernel_name(Blake3Kernel kernel);
/// Kernels that this processor can run, slowest first (always starts with portable).
std::span<const Blake3Kernel> blake3_kernels();

Digest blake3(ByteView bytes);
/// kernel must be one of blake3_kernels().
Digest blake3(ByteView bytes, Blake3Kernel kernel);

/// BLAKE3 of header followed by body without joining them in memory (header shorter than 1,024
/// bytes).
Digest blake3(ByteView header, ByteView body);

}  // namespace isotrace::core
