// The exact integer product against three loops in 64 bits, on every instruction set: signs, zero
// points, strides, tails, and the extreme bytes on which saturating instructions differ.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <isotrace/backends/cpu/integer_gemm.hpp>
#include <isotrace/core/philox.hpp>
#include <tests/backends/model_tiles.hpp>

namespace isotrace::backends::cpu {
namespace {

enum class Bytes { any, extreme };

struct Case {
  Index rows = 1, columns = 1, depth = 1;
  bool a_signed = false, b_signed = true;
  bool b_transposed = false;
  bool zero_points = false;  ///< one per row and one per column, else none
  Index padding = 0;
  bool constant = false;  ///< b is held, and the product runs twice
  Bytes bytes = Bytes::any;
};

struct Data {
  std::vector<std::uint8_t> a, b;
  std::vector<std::int32_t> a_zero, b_zero;
};

Index a_stride(const Case& c) { return c.depth + c.padding; }
Index b_stride(const Case& c) { return (c.b_transposed ? c.depth : c.columns) + c.padding; }

std::vector<std::uint8_t> random_bytes(Index count, std::uint64_t seed, Bytes kind) {
  core::PhiloxStream random(seed);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(count));
  constexpr std::uint8_t extremes[] = {0, 127, 128, 255};
  for (std::uint8_t& byte : bytes) {
    const std::uint32_t draw = random.next_u32();
    byte = kind == Bytes::any ? static_cast<std::uint8_t>(draw) : extremes[draw % 4];
  }
  return bytes;
}

std::vector<std::int32_t> random_zero_points(Index count, bool is_signed, std::uint64_t seed) {
  std::vector<std::int32_t> zeros;
  for (const std::uint8_t byte : random_bytes(count, seed, Bytes::any)) {
    zeros.push_back(is_signed ? static_cast<std::int8_t>(byte) : byte);
  }
  return zeros;
}

Data make_data(const Case& c, std::uint64_t seed) {
  return {random_bytes(c.rows * a_stride(c), seed, c.bytes),
          random_bytes((c.b_transposed ? c.columns : c.depth) * b_stride(c), seed + 1, c.bytes),
          random_zero_points(c.rows, c.a_signed, seed + 2),
          random_zero_points(c.columns, c.b_signed, seed + 3)};
}

std::int64_t value(std::uint8_t byte, bool is_signed) {
  return is_signed ? static_cast<std::int8_t>(byte) : byte;
}

std::vector<std::int32_t> expected(const Case& c, const Data& d) {
  std::vector<std::int32_t> result;
  for (Index i = 0; i < c.rows; ++i) {
    for (Index j = 0; j < c.columns; ++j) {
      std::int64_t sum = 0;
      for (Index k = 0; k < c.depth; ++k) {
        const Index at = c.b_transposed ? j * b_stride(c) + k : k * b_stride(c) + j;
        const std::int64_t a =
            value(d.a[static_cast<std::size_t>(i * a_stride(c) + k)], c.a_signed);
        const std::int64_t b = value(d.b[static_cast<std::size_t>(at)], c.b_signed);
        const std::int64_t za = c.zero_points ? d.a_zero[static_cast<std::size_t>(i)] : 0;
        const std::int64_t zb = c.zero_points ? d.b_zero[static_cast<std::size_t>(j)] : 0;
        sum += (a - za) * (b - zb);
      }
      result.push_back(static_cast<std::int32_t>(sum));
    }
  }
  return result;
}

std::vector<std::int32_t> computed(const Case& c, const Data& d, const IntegerKernels& kernels,
                                   unsigned threads) {
  auto pool = *ThreadPool::make(threads);
  std::vector<Scratch> scratch(threads);
  PackedConstants constants;
  const core::ByteView b_bytes(d.b);
  if (c.constant) constants.hold(b_bytes);
  std::vector<std::int32_t> result(static_cast<std::size_t>(c.rows * c.columns), 123);
  const IntegerGemm gemm{
      .rows = c.rows,
      .columns = c.columns,
      .depth = c.depth,
      .a = {d.a.data(), c.a_signed, a_stride(c), 1, c.zero_points ? d.a_zero.data() : nullptr, 1},
      .b = {d.b.data(), c.b_signed, c.b_transposed ? b_stride(c) : 1,
            c.b_transposed ? 1 : b_stride(c), c.zero_points ? d.b_zero.data() : nullptr, 1},
      .c = result.data(),
      .c_stride = c.columns};
  // Any kernels will do here for f32: the product does not use them.
  const Engine engine{kernels_avx2(), *pool, scratch, &constants};
  for (int run = 0; run < (c.constant ? 2 : 1); ++run) {
    EXPECT_TRUE(run_integer_gemm(gemm, kernels, engine));
  }
  if (c.constant) {
    EXPECT_EQ(constants.bytes() != 0, c.depth != 0);
    constants.release(b_bytes);
  }
  EXPECT_EQ(constants.bytes(), 0U);
  return result;
}

std::vector<const IntegerKernels*> present_kernels() {
  const CpuFeatures features = find_cpu_features();
  std::vector<const IntegerKernels*> all;
  if (features.avx2) all.push_back(&integer_kernels_avx2());
  if (features.vnni) all.push_back(&integer_kernels_vnni());
  if (features.amx.usable) all.push_back(&integer_kernels_amx());
  if (features.avx2) all.push_back(&tests::model_amx_kernels());
  return all;
}

void expect_exact(const Case& c, std::uint64_t seed) {
  const Data data = make_data(c, seed);
  const std::vector<std::int32_t> exact = expected(c, data);
  for (const IntegerKernels* kernels : present_kernels()) {
    for (unsigned threads = 1; threads <= 3; ++threads) {
      ASSERT_EQ(computed(c, data, *kernels, threads), exact)
          << c.rows << "x" << c.columns << "x" << c.depth << " signs " << c.a_signed << c.b_signed
          << " transposed " << c.b_transposed << " tile " << kernels->tile_rows << " threads "
          << threads;
    }
  }
}

TEST(IntegerGemm, every_tail_is_exact) {
  for (Index rows = 1; rows <= 14; ++rows) {
    for (const Index columns : {1, 7, 8, 15, 16, 17, 31, 32, 33, 70}) {
      for (const Index depth : {1, 3, 4, 9}) {
        expect_exact({.rows = rows, .columns = columns, .depth = depth, .zero_points = true}, 5);
      }
    }
  }
}

TEST(IntegerGemm, extreme_bytes_are_exact_for_every_sign) {
  for (const bool a_signed : {false, true}) {
    for (const bool b_signed : {false, true}) {
      for (const bool zero_points : {false, true}) {
        expect_exact({.rows = 13,
                      .columns = 40,
                      .depth = 1500,
                      .a_signed = a_signed,
                      .b_signed = b_signed,
                      .zero_points = zero_points,
                      .bytes = Bytes::extreme},
                     6);
      }
    }
  }
}

TEST(IntegerGemm, the_bytes_on_which_vpmaddubsw_saturates_are_exact) {
  const std::vector<std::uint8_t> a(32, 255);
  const std::vector<std::uint8_t> b(32, 127);
  for (const IntegerKernels* kernels : present_kernels()) {
    const auto result = computed({.depth = 32}, {a, b, {}, {}}, *kernels, 1);
    EXPECT_EQ(result.front(), 32 * 255 * 127);
  }
}

TEST(IntegerGemm, depth_zero_gives_zero) {
  expect_exact({.rows = 3, .columns = 5, .depth = 0, .zero_points = true}, 7);
}

TEST(IntegerGemm, more_rows_than_a_block_are_exact) {
  expect_exact({.rows = 1100, .columns = 3, .depth = 1030, .zero_points = true}, 8);
}

RC_GTEST_PROP(IntegerGemm, any_product_is_exact, ()) {
  Case c;
  c.rows = *rc::gen::inRange<Index>(1, 40);
  c.columns = *rc::gen::inRange<Index>(1, 90);
  c.depth = *rc::gen::inRange<Index>(0, 70);
  c.a_signed = *rc::gen::arbitrary<bool>();
  c.b_signed = *rc::gen::arbitrary<bool>();
  c.b_transposed = *rc::gen::arbitrary<bool>();
  c.zero_points = *rc::gen::arbitrary<bool>();
  c.constant = *rc::gen::arbitrary<bool>();
  c.padding = *rc::gen::inRange<Index>(0, 5);
  c.bytes = *rc::gen::element(Bytes::any, Bytes::extreme);
  expect_exact(c, *rc::gen::arbitrary<std::uint32_t>());
  RC_ASSERT(!::testing::Test::HasFatalFailure());
}

}  // namespace
}  // namespace isotrace::backends::cpu
