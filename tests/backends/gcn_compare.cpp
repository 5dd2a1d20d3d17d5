// Comparisons: masks of lanes.
#include <cmath>
#include <limits>

#include <tests/backends/gcn_float.hpp>
#include <tests/backends/gcn_machine.hpp>

namespace isotrace::gcn {
namespace {

/// v_cmp_*: the mask is the first operand. v_cmpx_*: it is EXEC, as in RDNA.
template <class T, class U, bool narrows, class F>
constexpr Execute comparison(F) {
  return [](Machine& m, const Instruction& in) {
    Wave& wave = *m.wave;
    const std::size_t first = narrows ? 0 : 1;
    const Source<T> a(wave, in.operands[first]);
    const Source<U> b(wave, in.operands[first + 1]);
    std::uint64_t mask = 0;
    m.each_lane([&](unsigned lane) { mask |= std::uint64_t{F{}(a(lane), b(lane))} << lane; });
    wave.put_mask(narrows ? exec : in.operands[0].index, mask);
  };
}

template <class T, class U = T, class F>
void add(Executes& to, const std::string& name, F f) {
  to["v_cmp_" + name] = comparison<T, U, false>(f);
  to["v_cmpx_" + name] = comparison<T, U, true>(f);
}

template <class T>
void add_ordered(Executes& to, const std::string& type) {
  add<T>(to, "lt_" + type, [](T a, T b) { return a < b; });
  add<T>(to, "le_" + type, [](T a, T b) { return a <= b; });
  add<T>(to, "gt_" + type, [](T a, T b) { return a > b; });
  add<T>(to, "ge_" + type, [](T a, T b) { return a >= b; });
  add<T>(to, "eq_" + type, [](T a, T b) { return a == b; });
}

template <class T>
void add_whole(Executes& to, const std::string& type) {
  add_ordered<T>(to, type);
  add<T>(to, "ne_" + type, [](T a, T b) { return a != b; });
}

/// Which of the kinds that the mask's bits name x is of.
template <class T>
bool is_of_class(T x, std::uint32_t kinds) {
  const bool negative = std::signbit(x);
  const bool quiet = (std::bit_cast<BitsOf<T>>(x) >> (fraction_bits<T> - 1) & 1) != 0;
  unsigned kind = 0;  // 0: a signalling NaN, 1: a quiet one, then from -inf up to inf
  if (x != x) {
    kind = quiet ? 1 : 0;
  } else if (std::isinf(x)) {
    kind = negative ? 2 : 9;
  } else if (x == 0) {
    kind = negative ? 5 : 6;
  } else if (is_subnormal(x)) {
    kind = negative ? 4 : 7;
  } else {
    kind = negative ? 3 : 8;
  }
  return (kinds >> kind & 1) != 0;
}

template <class T>
void add_real(Executes& to, const std::string& type) {
  add_ordered<T>(to, type);
  add<T>(to, "nlt_" + type, [](T a, T b) { return !(a < b); });
  add<T>(to, "nle_" + type, [](T a, T b) { return !(a <= b); });
  add<T>(to, "ngt_" + type, [](T a, T b) { return !(a > b); });
  add<T>(to, "nge_" + type, [](T a, T b) { return !(a >= b); });
  add<T>(to, "neq_" + type, [](T a, T b) { return !(a == b); });
  add<T>(to, "lg_" + type, [](T a, T b) { return a < b || a > b; });
  add<T>(to, "nlg_" + type, [](T a, T b) { return !(a < b || a > b); });
  add<T>(to, "o_" + type, [](T a, T b) { return a == a && b == b; });
  add<T>(to, "u_" + type, [](T a, T b) { return a != a || b != b; });
  add<T, std::uint32_t>(to, "class_" + type,
                        [](T x, std::uint32_t kinds) { return is_of_class(x, kinds); });
}

}  // namespace

void add_comparisons(Executes& to) {
  add_whole<std::int16_t>(to, "i16");
  add_whole<std::uint16_t>(to, "u16");
  add_whole<std::int32_t>(to, "i32");
  add_whole<std::uint32_t>(to, "u32");
  add_whole<std::int64_t>(to, "i64");
  add_whole<std::uint64_t>(to, "u64");
  add_real<float>(to, "f32");
  add_real<double>(to, "f64");
}

}  // namespace isotrace::gcn
