// Numbers by table: operands and the exact bits, or the trap. Where IEEE 754 leaves the bits of a
// NaN open, isowasm-1 fixes them.
#include <gtest/gtest.h>

#include <isotrace/core/float_environment.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/wasm/numeric/numeric.hpp>

namespace isotrace::wasm {
namespace {

using enum Opcode;

struct Row {
  Opcode opcode;
  std::vector<Slot> operands;
  Slot result;
  Trap trap = Trap::none;
};

void check(const std::vector<Row>& rows) {
  const core::FloatEnvironment environment;
  for (const Row& row : rows) {
    std::vector<Slot> slots = row.operands;
    const Trap trap = execute_numeric(row.opcode, slots);
    const std::string name(opcode_info(row.opcode).text);
    EXPECT_EQ(trap, row.trap) << name;
    if (trap != Trap::none) continue;
    ASSERT_EQ(slots.size(), 1U) << name;
    EXPECT_EQ(slots[0], row.result) << name << " " << std::hex << row.operands[0] << " gives "
                                    << slots[0] << ", not " << row.result;
  }
}

constexpr Slot f32_nan = 0x7FC00000;
constexpr Slot f64_nan = 0x7FF8000000000000;
constexpr Slot f32_inf = 0x7F800000;
constexpr Slot f64_inf = 0x7FF0000000000000;

TEST(WasmNumeric, division) {
  check({{i32_div_s, {0x80000000, 0xFFFFFFFF}, 0, Trap::integer_overflow},
         {i32_div_s, {7, 0}, 0, Trap::integer_divide_by_zero},
         {i32_div_s, {0xFFFFFFF9, 2}, 0xFFFFFFFD},  // -7 / 2: towards zero
         {i32_div_u, {0xFFFFFFF9, 2}, 0x7FFFFFFC},
         {i32_div_u, {1, 0}, 0, Trap::integer_divide_by_zero},
         {i32_div_u, {0x80000000, 0xFFFFFFFF}, 0},
         {i32_rem_s, {0x80000000, 0xFFFFFFFF}, 0},
         {i32_rem_s, {0xFFFFFFF9, 2}, 0xFFFFFFFF},
         {i32_rem_s, {1, 0}, 0, Trap::integer_divide_by_zero},
         {i32_rem_u, {0xFFFFFFF9, 2}, 1},
         {i32_rem_u, {1, 0}, 0, Trap::integer_divide_by_zero},
         {i64_div_s, {0x8000000000000000, ~Slot{0}}, 0, Trap::integer_overflow},
         {i64_div_s, {~Slot{0} - 6, 2}, ~Slot{0} - 2},
         {i64_rem_s, {0x8000000000000000, ~Slot{0}}, 0},
         {i64_rem_u, {~Slot{0}, 10}, 5},
         {i64_div_u, {1, 0}, 0, Trap::integer_divide_by_zero}});
}

TEST(WasmNumeric, shifts_and_rotations_count_modulo_the_width) {
  check({{i32_shl, {1, 32}, 1},
         {i32_shl, {1, 33}, 2},
         {i32_shl, {0xFFFFFFFF, 31}, 0x80000000},
         {i32_shr_s, {0x80000000, 31}, 0xFFFFFFFF},
         {i32_shr_s, {0x80000000, 32}, 0x80000000},
         {i32_shr_u, {0x80000000, 31}, 1},
         {i32_rotl, {0xABCD9876, 1}, 0x579B30ED},
         {i32_rotl, {0xABCD9876, 32}, 0xABCD9876},
         {i32_rotl, {0xFE00DC00, 4}, 0xE00DC00F},
         {i32_rotr, {0xB0C1D2E3, 5}, 0x1D860E97},
         {i32_rotr, {1, 0xFFFFFFFF}, 2},
         {i64_shl, {1, 64}, 1},
         {i64_shr_s, {0x8000000000000000, 63}, ~Slot{0}},
         {i64_shr_u, {0x8000000000000000, 127}, 1},
         {i64_rotl, {1, 63}, 0x8000000000000000},
         {i64_rotl, {1, 65}, 2},
         {i64_rotr, {1, 1}, 0x8000000000000000}});
}

TEST(WasmNumeric, counting_and_extending_bits) {
  check({{i32_clz, {0}, 32},
         {i32_clz, {1}, 31},
         {i32_ctz, {0}, 32},
         {i32_ctz, {0x80000000}, 31},
         {i32_popcnt, {0xF0F0}, 8},
         {i64_clz, {0}, 64},
         {i64_ctz, {0}, 64},
         {i64_popcnt, {~Slot{0}}, 64},
         {i32_extend8_s, {0x180}, 0xFFFFFF80},
         {i32_extend16_s, {0x7FFF}, 0x7FFF},
         {i64_extend8_s, {0xFF}, ~Slot{0}},
         {i64_extend16_s, {0x8000}, 0xFFFFFFFFFFFF8000},
         {i64_extend32_s, {0x180000000}, 0xFFFFFFFF80000000},
         {i64_extend_i32_s, {0x80000000}, 0xFFFFFFFF80000000},
         {i64_extend_i32_u, {0x80000000}, 0x80000000},
         {i32_wrap_i64, {0x123456789ABCDEF0}, 0x9ABCDEF0}});
}

TEST(WasmNumeric, comparisons_have_a_sign) {
  check({{i32_lt_s, {0x80000000, 0}, 1},
         {i32_lt_u, {0x80000000, 0}, 0},
         {i32_ge_s, {0x80000000, 0}, 0},
         {i32_ge_u, {0x80000000, 0}, 1},
         {i64_gt_s, {~Slot{0}, 0}, 0},
         {i64_gt_u, {~Slot{0}, 0}, 1},
         {i64_le_s, {~Slot{0}, 0}, 1},
         {i64_eqz, {0}, 1},
         {i32_eqz, {5}, 0},
         {f32_eq, {f32_nan, f32_nan}, 0},
         {f32_ne, {f32_nan, f32_nan}, 1},
         {f32_eq, {0, 0x80000000}, 1},
         {f64_lt, {f64_nan, 0}, 0},
         {f64_ge, {f64_nan, 0}, 0},
         {f64_le, {f64_inf, f64_inf}, 1}});
}

TEST(WasmNumeric, arithmetic_makes_positive_canonical_nans) {
  // Signalling, negative and full payloads; x86 would keep or negate them.
  for (const Slot nan : std::vector<Slot>{0x7F800001, 0xFFC00001, 0xFFFFFFFF, 0x7FC12345}) {
    for (const Opcode opcode : {f32_add, f32_sub, f32_mul, f32_div, f32_min, f32_max}) {
      check({{opcode, {nan, 0x3F800000}, f32_nan}, {opcode, {0x3F800000, nan}, f32_nan}});
    }
    for (const Opcode opcode : {f32_sqrt, f32_ceil, f32_floor, f32_trunc, f32_nearest}) {
      check({{opcode, {nan}, f32_nan}});
    }
    check({{f64_promote_f32, {nan}, f64_nan}});
  }
  for (const Slot nan : std::vector<Slot>{0x7FF0000000000001, 0xFFF8000000000001, ~Slot{0}}) {
    for (const Opcode opcode : {f64_add, f64_sub, f64_mul, f64_div, f64_min, f64_max}) {
      check({{opcode, {nan, 0}, f64_nan}, {opcode, {0, nan}, f64_nan}});
    }
    for (const Opcode opcode : {f64_sqrt, f64_ceil, f64_floor, f64_trunc, f64_nearest}) {
      check({{opcode, {nan}, f64_nan}});
    }
    check({{f32_demote_f64, {nan}, f32_nan}});
  }
  check({{f32_div, {0, 0}, f32_nan},
         {f32_sub, {f32_inf, f32_inf}, f32_nan},
         {f32_mul, {f32_inf, 0}, f32_nan},
         {f32_sqrt, {0xBF800000}, f32_nan},
         {f64_div, {0, 0}, f64_nan},
         {f64_sqrt, {0xBFF0000000000000}, f64_nan}});
}

TEST(WasmNumeric, sign_operations_and_reinterpretation_keep_bits) {
  check({{f32_abs, {0xFF800001}, 0x7F800001},
         {f32_neg, {0x7FC12345}, 0xFFC12345},
         {f32_neg, {0}, 0x80000000},
         {f32_copysign, {0x7F800001, 0x80000000}, 0xFF800001},
         {f64_abs, {0xFFF0000000000001}, 0x7FF0000000000001},
         {f64_neg, {0x7FF0000000000001}, 0xFFF0000000000001},
         {f64_copysign, {0xFFF0000000000001, 0}, 0x7FF0000000000001},
         {i32_reinterpret_f32, {0xFF800001}, 0xFF800001},
         {f32_reinterpret_i32, {0xFF800001}, 0xFF800001},
         {i64_reinterpret_f64, {0xFFF0000000000001}, 0xFFF0000000000001},
         {f64_reinterpret_i64, {0xFFF0000000000001}, 0xFFF0000000000001}});
}

TEST(WasmNumeric, zeros_have_an_order_and_roundings_keep_their_sign) {
  check({{f32_min, {0, 0x80000000}, 0x80000000},
         {f32_min, {0x80000000, 0}, 0x80000000},
         {f32_max, {0, 0x80000000}, 0},
         {f32_max, {0x80000000, 0}, 0},
         {f32_min, {0x3F800000, 0x40000000}, 0x3F800000},
         {f64_max, {0x8000000000000000, 0}, 0},
         {f64_min, {0, 0x8000000000000000}, 0x8000000000000000},
         {f32_ceil, {0xBF000000}, 0x80000000},     // -0.5
         {f32_floor, {0xBF000000}, 0xBF800000},    // -1
         {f32_trunc, {0xBF000000}, 0x80000000},    //
         {f32_nearest, {0xBF000000}, 0x80000000},  // to even
         {f32_nearest, {0x3FC00000}, 0x40000000},  // 1.5
         {f32_nearest, {0x40200000}, 0x40000000},  // 2.5
         {f32_nearest, {0x4AFFFFFF}, 0x4B000000},  // 8388607.5
         {f32_floor, {0x80000000}, 0x80000000},
         {f32_ceil, {0x80000001}, 0x80000000},
         {f32_ceil, {1}, 0x3F800000},
         {f32_trunc, {f32_inf}, f32_inf},
         {f64_nearest, {0x432FFFFFFFFFFFFF}, 0x4330000000000000},
         {f64_floor, {0xBFE0000000000000}, 0xBFF0000000000000},
         {f64_ceil, {0xC32FFFFFFFFFFFFF}, 0xC32FFFFFFFFFFFFE}});
}

TEST(WasmNumeric, truncation_has_exact_limits) {
  check({{i32_trunc_f32_s, {0x4F000000}, 0, Trap::integer_overflow},  // 2^31
         {i32_trunc_f32_s, {0x4EFFFFFF}, 0x7FFFFF80},
         {i32_trunc_f32_s, {0xCF000000}, 0x80000000},  // -2^31
         {i32_trunc_f32_s, {0xCF000001}, 0, Trap::integer_overflow},
         {i32_trunc_f32_s, {0xFFC00000}, 0, Trap::invalid_conversion_to_integer},
         {i32_trunc_f32_s, {f32_inf}, 0, Trap::integer_overflow},
         {i32_trunc_f32_u, {0xBF7FFFFF}, 0},  // just above -1
         {i32_trunc_f32_u, {0xBF800000}, 0, Trap::integer_overflow},
         {i32_trunc_f32_u, {0x4F800000}, 0, Trap::integer_overflow},
         {i32_trunc_f64_s, {0x41DFFFFFFFFFFFFF}, 0x7FFFFFFF},  // just below 2^31
         {i32_trunc_f64_s, {0x41E0000000000000}, 0, Trap::integer_overflow},
         {i32_trunc_f64_s, {0xC1E00000001FFFFF}, 0x80000000},  // just above -2^31 - 1
         {i32_trunc_f64_s, {0xC1E0000000200000}, 0, Trap::integer_overflow},
         {i32_trunc_f64_u, {0x41EFFFFFFFFFFFFF}, 0xFFFFFFFF},
         {i32_trunc_f64_u, {0x41F0000000000000}, 0, Trap::integer_overflow},
         {i64_trunc_f32_s, {0xDF000000}, 0x8000000000000000},
         {i64_trunc_f32_s, {0x5F000000}, 0, Trap::integer_overflow},
         {i64_trunc_f64_s, {0x43DFFFFFFFFFFFFF}, 0x7FFFFFFFFFFFFC00},
         {i64_trunc_f64_s, {0xC3E0000000000001}, 0, Trap::integer_overflow},
         {i64_trunc_f64_u, {0x43EFFFFFFFFFFFFF}, 0xFFFFFFFFFFFFF800},
         {i64_trunc_f64_u, {0x43F0000000000000}, 0, Trap::integer_overflow},
         {i64_trunc_f64_u, {f64_nan}, 0, Trap::invalid_conversion_to_integer}});
}

TEST(WasmNumeric, saturating_truncation_never_traps) {
  check({{i32_trunc_sat_f32_s, {f32_nan}, 0},
         {i32_trunc_sat_f32_s, {f32_inf}, 0x7FFFFFFF},
         {i32_trunc_sat_f32_s, {0xFF800000}, 0x80000000},
         {i32_trunc_sat_f32_u, {0xFF800000}, 0},
         {i32_trunc_sat_f32_u, {f32_inf}, 0xFFFFFFFF},
         {i32_trunc_sat_f64_s, {0x41E0000000000000}, 0x7FFFFFFF},
         {i32_trunc_sat_f64_u, {0xC000000000000000}, 0},
         {i64_trunc_sat_f32_s, {0x5F000000}, 0x7FFFFFFFFFFFFFFF},
         {i64_trunc_sat_f32_u, {0x5F800000}, ~Slot{0}},
         {i64_trunc_sat_f64_s, {0xFFF0000000000000}, 0x8000000000000000},
         {i64_trunc_sat_f64_u, {0x43EFFFFFFFFFFFFF}, 0xFFFFFFFFFFFFF800}});
}

TEST(WasmNumeric, conversions_round_once_to_nearest_even) {
  check({{f32_convert_i32_s, {0x01000001}, 0x4B800000},  // 2^24 + 1: a tie, to even
         {f32_convert_i32_s, {0x01000003}, 0x4B800002},
         {f32_convert_i32_u, {0xFFFFFFFF}, 0x4F800000},
         {f32_convert_i64_u, {0x0020000020000001}, 0x5A000001},  // not twice
         {f32_convert_i64_u, {0x8000008000000001}, 0x5F000001},
         {f32_convert_i64_s, {0x8000000000000000}, 0xDF000000},
         {f64_convert_i64_u, {0x8000000000000400}, 0x43E0000000000000},
         {f64_convert_i64_u, {0x8000000000000401}, 0x43E0000000000001},
         {f64_convert_i64_s, {0x0020000000000001}, 0x4340000000000000},
         {f64_convert_i32_u, {0xFFFFFFFF}, 0x41EFFFFFFFE00000},
         {f32_demote_f64, {0x3FF0000010000000}, 0x3F800000},
         {f32_demote_f64, {0x3FF0000010000001}, 0x3F800001},
         {f32_demote_f64, {0x47EFFFFFF0000000}, f32_inf},
         {f32_demote_f64, {0x3690000000000000}, 0},  // half the least subnormal
         {f32_demote_f64, {0x3690000000000001}, 1},
         {f64_promote_f32, {1}, 0x36A0000000000000}});
}

TEST(WasmNumeric, roundings_agree_with_their_definition_on_random_numbers) {
  const core::FloatEnvironment environment;
  core::PhiloxStream random(41);
  for (int i = 0; i < 100'000; ++i) {
    // Any sign and fraction, magnitudes from 1/16 to 2^62.
    constexpr Slot exponent_mask = Slot{0x7FF} << 52;
    const Slot exponent = 1019 + random.next_below(66);
    const Slot bits = (random.next_u64() & ~exponent_mask) | exponent << 52;
    const auto x = std::bit_cast<double>(bits);
    const auto rounded = [&](Opcode opcode) {
      std::vector<Slot> slots = {bits};
      EXPECT_EQ(execute_numeric(opcode, slots), Trap::none);
      return std::bit_cast<double>(slots[0]);
    };
    const double floor = rounded(f64_floor);
    const double ceil = rounded(f64_ceil);
    const double nearest = rounded(f64_nearest);
    EXPECT_EQ(floor, static_cast<double>(static_cast<std::int64_t>(floor)));
    EXPECT_TRUE(floor <= x && x - floor < 1) << x;
    EXPECT_TRUE(ceil >= x && ceil - x < 1) << x;
    EXPECT_EQ(rounded(f64_trunc), x < 0 ? ceil : floor) << x;
    EXPECT_TRUE(nearest == floor || nearest == ceil) << x;
    EXPECT_LE(x > nearest ? x - nearest : nearest - x, 0.5) << x;
  }
}

}  // namespace
}  // namespace isotrace::wasm
