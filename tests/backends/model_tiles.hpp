// The tile instructions of Intel AMX as Intel documents them (Software Developer's Manual, volume
// 2: LDTILECFG, TILELOADD, TILESTORED, TILEZERO, TDPBUSD), in plain C++: what the AMX kernels run
// on in tests, since no machine needs to have the unit. State is per thread, as the registers are.
#pragma once

#include <gtest/gtest.h>

#include <cstring>

#include <isotrace/backends/cpu/amx_kernels_template.hpp>

namespace isotrace::tests {

using backends::cpu::Index;
using backends::cpu::TileConfiguration;

/// A mistake that a unit could make, for tests that have to find it.
enum class TileMistake { none, signed_rows, saturation, lost_tile };

template <TileMistake mistake = TileMistake::none>
struct ModelTiles {
  static constexpr int tiles = 8;
  static constexpr Index rows_max = 16;
  static constexpr Index row_bytes_max = 64;
  struct State {
    TileConfiguration configuration;
    bool configured = false;
    std::uint8_t bytes[tiles][rows_max][row_bytes_max];
  };
  static inline thread_local State state{};

  static void configure(const TileConfiguration& configuration) {
    EXPECT_EQ(configuration.palette, 1);
    EXPECT_EQ(configuration.start_row, 0);
    for (const std::uint8_t byte : configuration.reserved) EXPECT_EQ(byte, 0);
    for (int t = 0; t < 16; ++t) {
      // More than palette 1 has, or a tile with rows and no bytes, is an exception.
      EXPECT_LE(configuration.rows[t], t < tiles ? rows_max : 0);
      EXPECT_LE(configuration.row_bytes[t], t < tiles ? row_bytes_max : 0);
      EXPECT_EQ(configuration.rows[t] == 0, configuration.row_bytes[t] == 0);
    }
    state = State{};
    state.configuration = configuration;
    state.configured = true;
  }
  static void release() { state = State{}; }

  template <int T>
  static void zero() {
    check<T>();
    std::memset(state.bytes[T], 0, sizeof state.bytes[T]);
  }
  template <int T>
  static void load(const void* from, Index stride) {
    check<T>();
    std::memset(state.bytes[T], 0, sizeof state.bytes[T]);
    for (Index row = 0; row < rows(T); ++row) {
      std::memcpy(state.bytes[T][row], static_cast<const std::uint8_t*>(from) + row * stride,
                  static_cast<std::size_t>(row_bytes(T)));
    }
  }
  template <int T>
  static void store(void* to, Index stride) {
    check<T>();
    for (Index row = 0; row < rows(T); ++row) {
      std::memcpy(static_cast<std::uint8_t*>(to) + row * stride, state.bytes[T][row],
                  static_cast<std::size_t>(row_bytes(T)));
    }
  }
  template <int C, int A, int B>
  static void multiply_add() {
    check<A>();
    check<B>();
    check<C>();
    EXPECT_EQ(rows(C), rows(A));
    EXPECT_EQ(row_bytes(C), row_bytes(B));
    EXPECT_EQ(row_bytes(A), 4 * rows(B));
    if (mistake == TileMistake::lost_tile && C == 3) return;
    for (Index m = 0; m < rows(C); ++m) {
      for (Index k = 0; k < row_bytes(A) / 4; ++k) {
        for (Index n = 0; n < row_bytes(C) / 4; ++n) add_four(C, A, B, m, k, n);
      }
    }
  }

 private:
  static Index rows(int t) { return state.configuration.rows[t]; }
  static Index row_bytes(int t) { return state.configuration.row_bytes[t]; }
  template <int T>
  static void check() {
    static_assert(T >= 0 && T < tiles);
    EXPECT_TRUE(state.configured);
  }

  static void add_four(int c, int a, int b, Index m, Index k, Index n) {
    std::uint32_t sum = 0;
    std::memcpy(&sum, state.bytes[c][m] + 4 * n, sizeof sum);
    std::int64_t products = 0;
    for (Index q = 0; q < 4; ++q) {
      const std::uint8_t row = state.bytes[a][m][4 * k + q];
      const auto column = static_cast<std::int8_t>(state.bytes[b][k][4 * n + q]);
      products +=
          (mistake == TileMistake::signed_rows ? static_cast<std::int8_t>(row) : row) * column;
    }
    if (mistake == TileMistake::saturation) {
      products = std::min<std::int64_t>(products, 65535);
    }
    sum += static_cast<std::uint32_t>(products);
    std::memcpy(state.bytes[c][m] + 4 * n, &sum, sizeof sum);
  }
};

/// The AMX kernels on the model.
inline const backends::cpu::IntegerKernels& model_amx_kernels() {
  static const backends::cpu::IntegerKernels kernels =
      backends::cpu::AmxKernelSet<ModelTiles<>>::make(backends::cpu::integer_kernels_avx2());
  return kernels;
}

}  // namespace isotrace::tests
