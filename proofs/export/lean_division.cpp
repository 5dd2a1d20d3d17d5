#include "lean_division.hpp"

#include <algorithm>
#include <array>

namespace isotrace::proofs {
namespace {

// Indices of Wasm.v's `binary`.
constexpr std::uint32_t div_s = 3;
constexpr std::uint32_t rem_s = 5;
constexpr std::uint32_t rem_u = 6;

bool leaves_remainder(const CodeNode& node) { return node.index >= rem_s; }
bool is_signed(const CodeNode& node) { return node.index == div_s || node.index == rem_s; }
std::size_t width_of(const CodeNode& node) { return node.wide ? 64 : 32; }

LeanWord with_sign(LeanGates& gates, std::size_t width, LeanLit sign, const LeanWord& x) {
  return lean_choose(gates, sign, width, lean_difference(gates, width, {}, x), x);
}

/// Quotient or remainder, from the highest bit of x down. What remains has no more bits than a
/// divisor that is known not to be 0.
LeanWord divided(LeanGates& gates, std::size_t width, bool is_rem, const LeanWord& x, LeanWord y) {
  while (!y.empty() && y.back() == lean_no) y.pop_back();
  const bool positive = std::find(y.begin(), y.end(), lean_yes) != y.end();
  LeanWord quotient(x.size(), lean_no);
  LeanWord remainder;
  for (std::size_t i = x.size(); i-- > 0;) {
    remainder.insert(remainder.begin(), x[i]);
    const LeanLit fits = lean_ordered(gates, y, remainder, lean_yes);
    quotient[i] = fits;
    remainder = lean_choose(gates, fits, positive ? y.size() : remainder.size(),
                            lean_difference(gates, remainder.size(), remainder, y), remainder);
  }
  return is_rem ? lean_fit(lean_no, width, remainder) : quotient;
}

LeanLit sign(const LeanWord& x) { return x.empty() ? lean_no : x.back(); }

}  // namespace

bool is_lean_division(const CodeNode& node) {
  return node.kind == CodeKind::binary && node.index >= div_s && node.index <= rem_u;
}

std::string_view lean_division_flags(const CodeNode& node) {
  constexpr std::array<std::string_view, 4> flags = {"true false", "false false", "true true",
                                                     "false true"};
  return flags.at(node.index - div_s);
}

LeanLit lean_overflows(LeanGates& gates, const CodeNode& node, const LeanWord& x,
                       const LeanWord& y) {
  if (node.index != div_s) return lean_no;
  const std::size_t width = width_of(node);
  const LeanLit least = lean_equals(gates, x, lean_raised(LeanWord(width, lean_no)));
  return gates.both(least, lean_equals(gates, y, LeanWord(width, lean_yes)));
}

LeanWord lean_divide(LeanGates& gates, const CodeNode& node, const LeanWord& x, const LeanWord& y) {
  const std::size_t width = width_of(node);
  const bool is_rem = leaves_remainder(node);
  if (!is_signed(node)) return divided(gates, width, is_rem, x, y);
  const LeanLit of_result = is_rem ? sign(x) : gates.differ(sign(x), sign(y));
  const LeanWord magnitude_x = with_sign(gates, width, sign(x), x);
  const LeanWord magnitude_y = with_sign(gates, width, sign(y), y);
  return with_sign(gates, width, of_result,
                   divided(gates, width, is_rem, magnitude_x, magnitude_y));
}

}  // namespace isotrace::proofs
