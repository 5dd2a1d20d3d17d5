// Softmax and LayerNormalization of rows that fit the shared memory of a block: read once and
// written once. The sums are R of one chunk, 32 lanes and a tree (reduce.hpp); everything else is
// done by all threads, element by element.
#pragma once

#include <isotrace/backends/gpu/kernels/math.hpp>
#include <isotrace/backends/gpu/kernels/reduce.hpp>
#include <isotrace/backends/gpu/kernels/space.hpp>

namespace isotrace::backends::gpu {

/// What both kernels do with the row of their block.
struct Rows {
  static constexpr unsigned threads = 256;
  static constexpr std::uint32_t length_max = 4096;  ///< one chunk of R

  template <template <class> class Cell>
  struct Shared {
    alignas(16) Cell<float> row[length_max];
    Cell<float> lanes[threads];
  };

  /// row[i] = make(x[i], i) for all i of this thread: vectors, or elements in turn.
  template <class Cell, class Make>
  ISOTRACE_KERNEL_CODE static void load(const float* x, std::uint32_t length, std::uint32_t thread,
                                        Cell* row, Make make) {
    if (length % 4 == 0) {
      for (std::uint32_t i = 4 * thread; i < length; i += 4 * threads) {
        auto vector = load_vector<float>(x + i);
        for (std::uint32_t j = 0; j < 4; ++j) vector.at[j] = make(vector.at[j]);
        store_vector<true>(row + i, vector);
      }
    } else {
      for (std::uint32_t i = thread; i < length; i += threads) row[i] = make(x[i]);
    }
  }
  /// row[i] = make(row[i], i), for the same i.
  template <class Cell, class Make>
  ISOTRACE_KERNEL_CODE static void change(std::uint32_t length, std::uint32_t thread, Cell* row,
                                          Make make) {
    if (length % 4 == 0) {
      for (std::uint32_t i = 4 * thread; i < length; i += 4 * threads) {
        auto vector = load_vector<float>(row + i);
        for (std::uint32_t j = 0; j < 4; ++j) vector.at[j] = make(vector.at[j], i + j);
        store_vector<true>(row + i, vector);
      }
    } else {
      for (std::uint32_t i = thread; i < length; i += threads) row[i] = make(float{row[i]}, i);
    }
  }
  /// out[i] = make(row[i], i), for the same i.
  template <class Cell, class Make>
  ISOTRACE_KERNEL_CODE static void store(const Cell* row, std::uint32_t length,
                                         std::uint32_t thread, float* out, Make make) {
    if (length % 4 == 0) {
      for (std::uint32_t i = 4 * thread; i < length; i += 4 * threads) {
        auto vector = load_vector<float>(row + i);
        for (std::uint32_t j = 0; j < 4; ++j) vector.at[j] = make(vector.at[j], i + j);
        store_vector<false>(out + i, vector);
      }
    } else {
      for (std::uint32_t i = thread; i < length; i += threads) out[i] = make(float{row[i]}, i);
    }
  }

  /// The lanes of R in the first 32 threads.
  template <class Cell>
  ISOTRACE_KERNEL_CODE static void sum_lanes(Reduction op, const Cell* row, std::uint32_t length,
                                             std::uint32_t thread, Cell* lanes) {
    if (thread >= reduction_lanes) return;
    float sum = 0;
    for (std::uint32_t i = thread; i < length; i += reduction_lanes) {
      sum = bring_in<float>(op, sum, row[i]);
    }
    lanes[thread] = sum;
  }
  /// One level of a tree that leaves its result in lanes[0] where `width` is 1.
  template <class Cell>
  ISOTRACE_KERNEL_CODE static void join_lanes(Reduction op, std::uint32_t width,
                                              std::uint32_t thread, Cell* lanes) {
    if (thread < width) lanes[thread] = join<float>(op, lanes[thread], lanes[thread + width]);
  }
};

/// d = x - max, e = exp(d), e / R(e).
struct SoftmaxRows : Rows {
  struct Arguments {
    std::uint32_t length;  ///< of a row, 1 to length_max
    const float* x;
    float* out;
    Doubts doubts;  ///< rows of which an exponential is
  };
  using Own = Nothing;

  /// The row and its maximum, of which the tree has eight levels; exponentials; their sum, of five;
  /// quotients.
  ISOTRACE_KERNEL_CODE static std::uint32_t phases(const Arguments&, At) { return 17; }

  template <class Memory>
  ISOTRACE_KERNEL_CODE static void run(const Arguments& p, At at, std::uint32_t phase,
                                       Memory& shared, Own&) {
    const std::uint64_t start = std::uint64_t{at.x} * p.length;
    if (phase == 0) {
      float greatest = lowest<float>();
      load(p.x + start, p.length, at.thread, shared.row, [&](float x) {
        greatest = maximum(greatest, x);
        return x;
      });
      shared.lanes[at.thread] = greatest;
    } else if (phase <= 8) {
      join_lanes(Reduction::maximum, threads >> phase, at.thread, shared.lanes);
    } else if (phase == 9) {
      const float greatest = canonical(float{shared.lanes[0]});
      bool certain = true;
      change(p.length, at.thread, shared.row, [&](float x, std::uint32_t) {
        float e = 0;
        certain = evaluate<reference::Exp, reference::binary64::Exp>(canonical(x - greatest), e) &&
                  certain;
        return e;
      });
      if (!certain) doubt(p.doubts, at.x);
    } else if (phase == 10) {
      sum_lanes(Reduction::sum, shared.row, p.length, at.thread, shared.lanes);
    } else if (phase < 16) {
      join_lanes(Reduction::sum, reduction_lanes >> (phase - 10), at.thread, shared.lanes);
    } else {
      const float sum = canonical(float{shared.lanes[0]});
      store(shared.row, p.length, at.thread, p.out + start,
            [&](float e, std::uint32_t) { return canonical(divide(e, sum)); });
    }
  }
};

/// d = x - R(x) / n, r = 1 / sqrt(R(d d) / n + epsilon), fma(d r, scale, bias) or (d r) scale.
struct NormaliseRows : Rows {
  struct Arguments {
    std::uint32_t length;  ///< of a row, 1 to length_max
    float epsilon;
    const float* x;
    const float* scale;
    const float* bias;  ///< or null
    float* out;
    float* means;  ///< one per row
    float* factors;
  };
  using Own = Nothing;

  ISOTRACE_KERNEL_CODE static std::uint32_t phases(const Arguments&, At) { return 15; }

  template <class Memory>
  ISOTRACE_KERNEL_CODE static void run(const Arguments& p, At at, std::uint32_t phase,
                                       Memory& shared, Own&) {
    const std::uint64_t start = std::uint64_t{at.x} * p.length;
    const auto n = static_cast<float>(p.length);
    if (phase == 0) {
      load(p.x + start, p.length, at.thread, shared.row, [](float x) { return x; });
    } else if (phase == 1) {
      sum_lanes(Reduction::sum, shared.row, p.length, at.thread, shared.lanes);
    } else if (phase < 7) {
      join_lanes(Reduction::sum, reduction_lanes >> (phase - 1), at.thread, shared.lanes);
    } else if (phase == 7) {
      const float mean = canonical(divide(canonical(float{shared.lanes[0]}), n));
      change(p.length, at.thread, shared.row,
             [&](float x, std::uint32_t) { return canonical(x - mean); });
      if (at.thread == 0) p.means[at.x] = mean;
    } else if (phase == 8) {
      sum_lanes(Reduction::sum_of_squares, shared.row, p.length, at.thread, shared.lanes);
    } else if (phase < 14) {
      join_lanes(Reduction::sum, reduction_lanes >> (phase - 8), at.thread, shared.lanes);
    } else {
      const float variance = canonical(divide(canonical(float{shared.lanes[0]}), n));
      const float r = canonical(divide(1.0F, square_root(variance + p.epsilon)));
      if (p.length % 4 == 0) {
        store_vectors(p, at.thread, shared.row, r, p.out + start);
      } else {
        store(shared.row, p.length, at.thread, p.out + start, [&](float d, std::uint32_t i) {
          return result(d, r, p.scale[i], p.bias == nullptr ? nullptr : p.bias + i);
        });
      }
      if (at.thread == 0) p.factors[at.x] = r;
    }
  }

 private:
  ISOTRACE_KERNEL_CODE static float result(float d, float r, float scale, const float* bias) {
    const float y = canonical(d * r);
    return canonical(bias == nullptr ? y * scale : multiply_add(y, scale, *bias));
  }

  /// The parameters of four elements at once.
  template <class Cell>
  ISOTRACE_KERNEL_CODE static void store_vectors(const Arguments& p, std::uint32_t thread,
                                                 const Cell* row, float r, float* out) {
    for (std::uint32_t i = 4 * thread; i < p.length; i += 4 * threads) {
      auto vector = load_vector<float>(row + i);
      const auto scale = load_vector<float>(p.scale + i);
      Vector<float> bias{};
      if (p.bias != nullptr) bias = load_vector<float>(p.bias + i);
      for (std::uint32_t j = 0; j < 4; ++j) {
        vector.at[j] =
            result(vector.at[j], r, scale.at[j], p.bias == nullptr ? nullptr : &bias.at[j]);
      }
      store_vector<false>(out + i, vector);
    }
  }
};

}  // namespace isotrace::backends::gpu
