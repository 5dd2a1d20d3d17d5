// Arithmetic of vector registers.
#include <bit>
#include <cmath>
#include <utility>

#include <tests/backends/gcn_float.hpp>
#include <tests/backends/gcn_machine.hpp>

namespace isotrace::gcn {
namespace {

using U16 = std::uint16_t;
using I16 = std::int16_t;
using U = std::uint32_t;
using I = std::int32_t;
using UL = std::uint64_t;
using IL = std::int64_t;

/// Result of type R, operands of types A, which stand at `i`.
template <class R, class... A, class F, std::size_t... i>
void run_lanes(Machine& m, const Instruction& in, F f, std::index_sequence<i...>) {
  Wave& wave = *m.wave;
  const auto run = [&](const Source<A>&... operands) {
    m.each_lane([&](unsigned lane) {
      const R result = static_cast<R>(f(operands(lane)...));
      if constexpr (std::is_floating_point_v<R>) {
        put<R>(wave, in.operands[0], lane, some_nan(result));
      } else {
        put<R>(wave, in.operands[0], lane, result);
      }
    });
  };
  run(Source<A>(wave, in.operands[i])...);
}

template <class R, class... A>
struct Lanes {
  template <class F>
  static constexpr Execute of(F) {
    static_assert(sizeof...(A) <= 3);
    using Places =
        std::conditional_t<sizeof...(A) == 1, std::index_sequence<1>,
                           std::conditional_t<sizeof...(A) == 2, std::index_sequence<1, 2>,
                                              std::index_sequence<1, 2, 3>>>;
    return [](Machine& m, const Instruction& in) { run_lanes<R, A...>(m, in, F{}, Places{}); };
  }
  /// The result's old value is the last operand.
  template <class F>
  static constexpr Execute onto(F) {
    return [](Machine& m, const Instruction& in) {
      run_lanes<R, A...>(m, in, F{}, std::index_sequence<1, 2, 0>{});
    };
  }
};

template <unsigned bits, class T>
T low_bits(T x) {
  const unsigned unused = 8 * sizeof(T) - bits;
  return static_cast<T>(static_cast<T>(static_cast<std::make_unsigned_t<T>>(x) << unused) >>
                        unused);
}

/// v_add_co_u32 and its like: result, mask of carries, two operands and, where it `uses` one, the
/// mask of carries from before.
template <bool uses, class F>
constexpr Execute carrying(F) {
  return [](Machine& m, const Instruction& in) {
    Wave& wave = *m.wave;
    const Source<U> a(wave, in.operands[2]);
    const Source<U> b(wave, in.operands[3]);
    const UL before = uses ? wave.mask(in.operands[4].index) : 0;
    UL after = 0;
    m.each_lane([&](unsigned lane) {
      const UL result = F{}(UL{a(lane)}, UL{b(lane)}, before >> lane & 1);
      put<U>(wave, in.operands[0], lane, static_cast<U>(result));
      after |= (result >> 32 & 1) << lane;
    });
    wave.put_mask(in.operands[1].index, after);
  };
}

void add_whole_numbers(Executes& to) {
  to["v_mov_b32"] = Lanes<U, U>::of([](U x) { return x; });
  to["v_accvgpr_read_b32"] = to["v_accvgpr_write_b32"] = to["v_mov_b32"];
  to["v_accvgpr_mov_b32"] = to["v_mov_b32"];
  to["v_not_b32"] = Lanes<U, U>::of([](U x) { return ~x; });
  to["v_and_b32"] = Lanes<U, U, U>::of([](U a, U b) { return a & b; });
  to["v_or_b32"] = Lanes<U, U, U>::of([](U a, U b) { return a | b; });
  to["v_xor_b32"] = Lanes<U, U, U>::of([](U a, U b) { return a ^ b; });
  to["v_and_or_b32"] = Lanes<U, U, U, U>::of([](U a, U b, U c) { return (a & b) | c; });
  to["v_lshl_or_b32"] = Lanes<U, U, U, U>::of([](U a, U b, U c) { return a << (b & 31) | c; });
  to["v_lshl_add_u32"] = Lanes<U, U, U, U>::of([](U a, U b, U c) { return (a << (b & 31)) + c; });
  to["v_add3_u32"] = Lanes<U, U, U, U>::of([](U a, U b, U c) { return a + b + c; });
  to["v_bfi_b32"] = Lanes<U, U, U, U>::of([](U a, U b, U c) { return (a & b) | (~a & c); });
  to["v_bfe_u32"] =
      Lanes<U, U, U, U>::of([](U a, U b, U c) { return a >> (b & 31) & ((U{1} << (c & 31)) - 1); });
  to["v_bfe_i32"] = Lanes<U, U, U, U>::of([](U a, U b, U c) {
    const U bits = a >> (b & 31) & ((U{1} << (c & 31)) - 1);
    const U sign = (c & 31) == 0 ? 0 : U{1} << ((c & 31) - 1);
    return (bits ^ sign) - sign;
  });
  to["v_alignbit_b32"] = Lanes<U, U, U, U>::of(
      [](U a, U b, U c) { return static_cast<U>((UL{a} << 32 | b) >> (c & 31)); });
  to["v_bfrev_b32"] = Lanes<U, U>::of([](U x) {
    U out = 0;
    for (unsigned i = 0; i < 32; ++i) out |= (x >> i & 1) << (31 - i);
    return out;
  });
  to["v_ffbh_u32"] = Lanes<U, U>::of([](U x) { return x == 0 ? ~U{0} : U(std::countl_zero(x)); });
  to["v_ffbh_i32"] = Lanes<U, U>::of([](U x) {
    const U other = static_cast<I>(x) < 0 ? ~x : x;
    return other == 0 ? ~U{0} : U(std::countl_zero(other));
  });
  to["v_lshlrev_b32"] = Lanes<U, U, U>::of([](U a, U b) { return b << (a & 31); });
  to["v_lshrrev_b32"] = Lanes<U, U, U>::of([](U a, U b) { return b >> (a & 31); });
  to["v_ashrrev_i32"] = Lanes<U, U, I>::of([](U a, I b) { return static_cast<U>(b >> (a & 31)); });
  to["v_lshlrev_b64"] = Lanes<UL, U, UL>::of([](U a, UL b) { return b << (a & 63); });
  to["v_lshrrev_b64"] = Lanes<UL, U, UL>::of([](U a, UL b) { return b >> (a & 63); });
  to["v_ashrrev_i64"] =
      Lanes<UL, U, IL>::of([](U a, IL b) { return static_cast<UL>(b >> (a & 63)); });
  to["v_lshrrev_b16"] = Lanes<U16, U16, U16>::of([](U16 a, U16 b) { return b >> (a & 15); });
  to["v_lshlrev_b16"] = Lanes<U16, U16, U16>::of([](U16 a, U16 b) { return b << (a & 15); });
  to["v_mul_lo_u16"] = Lanes<U16, U16, U16>::of([](U16 a, U16 b) { return U{a} * b; });
  to["v_ashrrev_i16"] = Lanes<U16, U16, I16>::of([](U16 a, I16 b) { return b >> (a & 15); });
  to["v_add_u16"] = to["v_add_nc_u16"] =
      Lanes<U16, U16, U16>::of([](U16 a, U16 b) { return a + b; });
  to["v_sub_u16"] = to["v_sub_nc_u16"] =
      Lanes<U16, U16, U16>::of([](U16 a, U16 b) { return a - b; });
  to["v_min_i32"] = Lanes<I, I, I>::of([](I a, I b) { return a < b ? a : b; });
  to["v_max_i32"] = Lanes<I, I, I>::of([](I a, I b) { return a > b ? a : b; });
  to["v_min_u32"] = Lanes<U, U, U>::of([](U a, U b) { return a < b ? a : b; });
}

void add_sums_and_products(Executes& to) {
  to["v_add_u32"] = to["v_add_nc_u32"] = Lanes<U, U, U>::of([](U a, U b) { return a + b; });
  to["v_sub_u32"] = to["v_sub_nc_u32"] = Lanes<U, U, U>::of([](U a, U b) { return a - b; });
  to["v_subrev_u32"] = to["v_subrev_nc_u32"] = Lanes<U, U, U>::of([](U a, U b) { return b - a; });
  to["v_mul_lo_u32"] = Lanes<U, U, U>::of([](U a, U b) { return a * b; });
  to["v_mul_hi_u32"] = Lanes<U, U, U>::of([](U a, U b) { return static_cast<U>(UL{a} * b >> 32); });
  to["v_mul_u32_u24"] =
      Lanes<U, U, U>::of([](U a, U b) { return low_bits<24>(a) * low_bits<24>(b); });
  to["v_mul_i32_i24"] = Lanes<U, I, I>::of(
      [](I a, I b) { return static_cast<U>(IL{low_bits<24>(a)} * low_bits<24>(b)); });
  to["v_mad_u32_u24"] =
      Lanes<U, U, U, U>::of([](U a, U b, U c) { return low_bits<24>(a) * low_bits<24>(b) + c; });
  to["v_mad_i32_i24"] = Lanes<U, I, I, U>::of(
      [](I a, I b, U c) { return static_cast<U>(IL{low_bits<24>(a)} * low_bits<24>(b)) + c; });
  to["v_add_co_u32"] = carrying<false>([](UL a, UL b, UL) { return a + b; });
  to["v_addc_co_u32"] = to["v_add_co_ci_u32"] =
      carrying<true>([](UL a, UL b, UL c) { return a + b + c; });
  to["v_sub_co_u32"] = carrying<false>([](UL a, UL b, UL) { return a - b; });
  to["v_subb_co_u32"] = to["v_sub_co_ci_u32"] =
      carrying<true>([](UL a, UL b, UL c) { return a - b - c; });
  to["v_subrev_co_u32"] = carrying<false>([](UL a, UL b, UL) { return b - a; });
  to["v_subbrev_co_u32"] = to["v_subrev_co_ci_u32"] =
      carrying<true>([](UL a, UL b, UL c) { return b - a - c; });
  to["v_mad_u64_u32"] = [](Machine& m, const Instruction& in) {
    Wave& wave = *m.wave;
    const Source<U> a(wave, in.operands[2]);
    const Source<U> b(wave, in.operands[3]);
    const Source<UL> c(wave, in.operands[4]);
    UL after = 0;
    m.each_lane([&](unsigned lane) {
      const UL product = UL{a(lane)} * b(lane);
      const UL sum = product + c(lane);
      after |= UL{sum < product} << lane;
      put<UL>(wave, in.operands[0], lane, sum);
    });
    wave.put_mask(in.operands[1].index, after);
  };
}

template <class T>
void add_reals(Executes& to, const std::string& type) {
  const auto name = [&](const char* of) -> Execute& { return to[of + type]; };
  name("v_add_") = Lanes<T, T, T>::of([](T a, T b) { return a + b; });
  name("v_sub_") = Lanes<T, T, T>::of([](T a, T b) { return a - b; });
  name("v_subrev_") = Lanes<T, T, T>::of([](T a, T b) { return b - a; });
  name("v_mul_") = Lanes<T, T, T>::of([](T a, T b) { return a * b; });
  name("v_fma_") = Lanes<T, T, T, T>::of([](T a, T b, T c) { return std::fma(a, b, c); });
  name("v_fmac_") = Lanes<T, T, T, T>::onto([](T a, T b, T c) { return std::fma(a, b, c); });
  name("v_max_") = Lanes<T, T, T>::of([](T a, T b) { return greater_number(a, b); });
  name("v_min_") = Lanes<T, T, T>::of([](T a, T b) { return lesser_number(a, b); });
  name("v_floor_") = Lanes<T, T>::of([](T x) { return std::floor(x); });
  name("v_ceil_") = Lanes<T, T>::of([](T x) { return std::ceil(x); });
  name("v_trunc_") = Lanes<T, T>::of([](T x) { return std::trunc(x); });
  name("v_rndne_") = Lanes<T, T>::of([](T x) { return std::nearbyint(x); });
  name("v_ldexp_") = Lanes<T, T, I>::of([](T x, I by) { return std::ldexp(x, by); });
  name("v_rcp_") = Lanes<T, T>::of([](T x) { return approximate_reciprocal(x); });
  name("v_rcp_iflag_") = name("v_rcp_");
  name("v_rsq_") = Lanes<T, T>::of([](T x) { return approximate_reciprocal_root(x); });
  name("v_sqrt_") = Lanes<T, T>::of([](T x) { return approximate_root(x); });
  name("v_div_fixup_") = Lanes<T, T, T, T>::of([](T a, T b, T c) { return fix_quotient(a, b, c); });
  name("v_div_fmas_") = [](Machine& m, const Instruction& in) {
    Wave& wave = *m.wave;
    const Source<T> a(wave, in.operands[1]);
    const Source<T> b(wave, in.operands[2]);
    const Source<T> c(wave, in.operands[3]);
    const UL scales = wave.mask(vcc);
    m.each_lane([&](unsigned lane) {
      const bool scales_back = (scales >> lane & 1) != 0;
      put<T>(wave, in.operands[0], lane,
             some_nan(fma_of_division(a(lane), b(lane), c(lane), scales_back)));
    });
  };
  name("v_div_scale_") = [](Machine& m, const Instruction& in) {
    Wave& wave = *m.wave;
    const Source<T> x(wave, in.operands[2]);
    const Source<T> denominator(wave, in.operands[3]);
    const Source<T> numerator(wave, in.operands[4]);
    UL scales = 0;
    m.each_lane([&](unsigned lane) {
      const auto scaled = scale_for_division(x(lane), denominator(lane), numerator(lane));
      scales |= UL{scaled.scales_back} << lane;
      put<T>(wave, in.operands[0], lane, some_nan(scaled.value));
    });
    wave.put_mask(in.operands[1].index, scales);
  };
}

void add_conversions(Executes& to) {
  to["v_cvt_f32_f64"] = Lanes<float, double>::of([](double x) { return static_cast<float>(x); });
  to["v_cvt_f64_f32"] = Lanes<double, float>::of([](float x) { return double{x}; });
  to["v_cvt_f32_i32"] = Lanes<float, I>::of([](I x) { return static_cast<float>(x); });
  to["v_cvt_f32_u32"] = Lanes<float, U>::of([](U x) { return static_cast<float>(x); });
  to["v_cvt_f32_ubyte0"] = Lanes<float, U>::of([](U x) { return static_cast<float>(x & 0xFF); });
  to["v_cvt_f64_i32"] = Lanes<double, I>::of([](I x) { return double(x); });
  to["v_cvt_f64_u32"] = Lanes<double, U>::of([](U x) { return double(x); });
  to["v_cvt_i32_f32"] = Lanes<I, float>::of([](float x) { return to_whole<I>(x); });
  to["v_cvt_i32_f64"] = Lanes<I, double>::of([](double x) { return to_whole<I>(x); });
  to["v_cvt_u32_f32"] = Lanes<U, float>::of([](float x) { return to_whole<U>(x); });
  to["v_cvt_u32_f64"] = Lanes<U, double>::of([](double x) { return to_whole<U>(x); });
}

/// v_mac_f32 rounds twice, and flushes whatever the mode says.
constexpr auto multiply_and_add = [](float a, float b, float c) {
  const float product = flush(flush(a) * flush(b));
  return flush(product + flush(c));
};

/// Two operations of `count` operands side by side, each with its choice of halves.
template <std::size_t count, class F>
constexpr Execute packed(F) {
  return [](Machine& m, const Instruction& in) {
    Wave& wave = *m.wave;
    const Source<UL> a(wave, in.operands[1]);
    const Source<UL> b(wave, in.operands[2]);
    const Source<UL> c(wave, in.operands[count]);
    m.each_lane([&](unsigned lane) {
      const auto one = [&](const bool(&picks)[3], const bool(&negates)[3]) {
        const auto number = [&](const Source<UL>& from, unsigned i) {
          const auto x = std::bit_cast<float>(from.half(lane, picks[i]));
          return negates[i] ? -x : x;
        };
        const float result = F{}(number(a, 0), number(b, 1), number(c, count - 1));
        return UL{std::bit_cast<U>(some_nan(result))};
      };
      const UL low = one(in.picks_low, in.negates_low);
      put<UL>(wave, in.operands[0], lane, low | one(in.picks_high, in.negates_high) << 32);
    });
  };
}

/// The first operand gives the lower result, the second one the upper.
void run_pk_mov(Machine& m, const Instruction& in) {
  Wave& wave = *m.wave;
  const Source<UL> a(wave, in.operands[1]);
  const Source<UL> b(wave, in.operands[2]);
  m.each_lane([&](unsigned lane) {
    const UL upper = b.half(lane, in.picks_low[1]);
    put<UL>(wave, in.operands[0], lane, a.half(lane, in.picks_low[0]) | upper << 32);
  });
}

void run_choice(Machine& m, const Instruction& in) {
  Wave& wave = *m.wave;
  const Source<U> a(wave, in.operands[1]);
  const Source<U> b(wave, in.operands[2]);
  const UL mask = wave.mask(in.operands[3].index);
  m.each_lane([&](unsigned lane) {
    put<U>(wave, in.operands[0], lane, (mask >> lane & 1) != 0 ? b(lane) : a(lane));
  });
}

void run_read_lane(Machine& m, const Instruction& in) {
  Wave& wave = *m.wave;
  const unsigned lane = Source<U>(wave, in.operands[2])(0) % wave.lanes;
  wave.s[in.operands[0].index] = Source<U>(wave, in.operands[1])(lane);
}
void run_read_first_lane(Machine& m, const Instruction& in) {
  Wave& wave = *m.wave;
  const UL active = wave.mask(exec);
  const unsigned lane = active == 0 ? 0 : static_cast<unsigned>(std::countr_zero(active));
  wave.s[in.operands[0].index] = Source<U>(wave, in.operands[1])(lane);
}
void run_write_lane(Machine& m, const Instruction& in) {
  Wave& wave = *m.wave;
  const unsigned lane = Source<U>(wave, in.operands[2])(0) % wave.lanes;
  wave.v[in.operands[0].index][lane] = Source<U>(wave, in.operands[1])(0);
}
/// A move to the register that m0 is away.
void run_move_relative(Machine& m, const Instruction& in) {
  Wave& wave = *m.wave;
  wave.moved_by = wave.s[m0];
  const Source<U> x(wave, in.operands[1]);
  m.each_lane([&](unsigned lane) { put<U>(wave, in.operands[0], lane, x(lane)); });
  wave.moved_by = 0;
}

}  // namespace

void add_vector_instructions(Executes& to) {
  add_whole_numbers(to);
  add_sums_and_products(to);
  add_reals<float>(to, "f32");
  add_reals<double>(to, "f64");
  add_conversions(to);
  to["v_mac_f32"] = Lanes<float, float, float, float>::onto(multiply_and_add);
  to["v_madmk_f32"] = Lanes<float, float, float, float>::of(multiply_and_add);
  to["v_fmamk_f32"] = to["v_fma_f32"];  // with a literal in the middle
  to["v_fmaak_f32"] = to["v_fma_f32"];
  to["v_pk_fma_f32"] = packed<3>([](float a, float b, float c) { return std::fma(a, b, c); });
  to["v_pk_add_f32"] = packed<2>([](float a, float b, float) { return a + b; });
  to["v_pk_mul_f32"] = packed<2>([](float a, float b, float) { return a * b; });
  to["v_pk_mov_b32"] = run_pk_mov;
  to["v_cndmask_b32"] = run_choice;
  to["v_readlane_b32"] = run_read_lane;
  to["v_readfirstlane_b32"] = run_read_first_lane;
  to["v_writelane_b32"] = run_write_lane;
  to["v_movreld_b32"] = run_move_relative;
  to["v_nop"] = [](Machine&, const Instruction&) {};
}

}  // namespace isotrace::gcn
