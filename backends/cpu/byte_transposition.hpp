// A matrix of bytes that changes its axes, sixteen by sixteen.
#pragma once

#include <algorithm>
#include <cstring>

#include <emmintrin.h>

#include <isotrace/backends/cpu/gemm_kernels.hpp>

namespace isotrace::backends::cpu {

/// out[column * out_stride + row] = from[row * from_stride + column] ^ flip, and 0 for rows from
/// `rows` to `out_rows`. Behind a row's last column bytes may be read, but none from `end` on.
struct ByteTransposition {
  const std::uint8_t* from;
  Index from_stride;
  const std::uint8_t* end;
  std::uint8_t* out;
  Index out_stride;
  Index rows;
  Index columns;
  Index out_rows;
  std::uint8_t flip = 0;

  void run() const {
    if (out_rows == 4 && out_stride == 4) return run_four();
    for (Index column = 0; column < columns; column += block) {
      Index row = 0;
      for (; row + block <= out_rows; row += block) run_block(row, column);
      if (row == out_rows) continue;
      run_block(out_rows < block ? row : out_rows - block, column);  // some of them once more
    }
  }

 private:
  static constexpr Index block = 16;
  using Lines = __m128i[block];

  void run_block(Index row, Index column) const {
    Lines lines;
    const Index row_count = std::min(block, out_rows - row);
    const Index column_count = std::min(block, columns - column);
    load(from + row * from_stride + column, std::min(block, rows - row), column_count, lines);
    transpose(lines);
    std::uint8_t* to = out + column * out_stride + row;
    if (row_count == block) {
      for (Index i = 0; i < column_count; ++i) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i * out_stride), lines[i]);
      }
      return;
    }
    for (Index i = 0; i < column_count; ++i) store_first(lines[i], row_count, to + i * out_stride);
  }

  /// Up to four rows that are all there is of each column; what is too many is 0.
  void run_four() const {
    Index column = 0;
    for (; column + block <= columns; column += block) {
      __m128i lines[4];
      for (Index i = 0; i < 4; ++i) {
        lines[i] = i < rows ? load_line(from + i * from_stride + column) : _mm_setzero_si128();
      }
      const __m128i low02 = _mm_unpacklo_epi8(lines[0], lines[2]);
      const __m128i low13 = _mm_unpacklo_epi8(lines[1], lines[3]);
      const __m128i high02 = _mm_unpackhi_epi8(lines[0], lines[2]);
      const __m128i high13 = _mm_unpackhi_epi8(lines[1], lines[3]);
      auto* to = reinterpret_cast<__m128i*>(out + column * out_stride);
      _mm_storeu_si128(to, _mm_unpacklo_epi8(low02, low13));
      _mm_storeu_si128(to + 1, _mm_unpackhi_epi8(low02, low13));
      _mm_storeu_si128(to + 2, _mm_unpacklo_epi8(high02, high13));
      _mm_storeu_si128(to + 3, _mm_unpackhi_epi8(high02, high13));
    }
    for (; column < columns; ++column) {
      for (Index i = 0; i < 4; ++i) {
        const int byte = i < rows ? from[i * from_stride + column] ^ flip : 0;
        out[column * out_stride + i] = static_cast<std::uint8_t>(byte);
      }
    }
  }

  [[nodiscard]] __m128i load_line(const std::uint8_t* at) const {
    return _mm_xor_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)),
                         _mm_set1_epi8(static_cast<char>(flip)));
  }

  void load(const std::uint8_t* at, Index row_count, Index column_count, Lines& lines) const {
    for (Index i = 0; i < block; ++i) {
      if (i >= row_count) {
        lines[i] = _mm_setzero_si128();
        continue;
      }
      const std::uint8_t* source = at + i * from_stride;
      std::uint8_t last[block] = {};
      if (end - source < block) {
        std::memcpy(last, source, static_cast<std::size_t>(column_count));
        source = last;
      }
      lines[i] = load_line(source);
    }
  }

  /// Four rounds, each of which puts line i and line i + 8 together, byte by byte.
  static void transpose(Lines& lines) {
    Lines mixed;
    for (int round = 0; round < 2; ++round) {
      mix(lines, mixed);
      mix(mixed, lines);
    }
  }
  static void mix(const Lines& from, Lines& to) {
#pragma GCC unroll 8
    for (Index i = 0; i < block / 2; ++i) {
      to[2 * i] = _mm_unpacklo_epi8(from[i], from[i + block / 2]);
      to[2 * i + 1] = _mm_unpackhi_epi8(from[i], from[i + block / 2]);
    }
  }

  static void store_first(__m128i line, Index count, std::uint8_t* to) {
    alignas(16) std::uint8_t bytes[block];
    _mm_store_si128(reinterpret_cast<__m128i*>(bytes), line);
    Index at = 0;
    for (; at + 4 <= count; at += 4) std::memcpy(to + at, bytes + at, 4);
    for (; at < count; ++at) to[at] = bytes[at];
  }
};

}  // namespace isotrace::backends::cpu
