#include <isotrace/bits/value.hpp>

#include <isotrace/core/check.hpp>

namespace isotrace::bits {
namespace {

constexpr std::string_view names[] = {
    "constant", "variable",    "not",         "and",    "or",     "xor",    "=",
    "ite",      "bvnot",       "bvneg",       "bvand",  "bvor",   "bvxor",  "bvadd",
    "bvsub",    "bvmul",       "bvudiv",      "bvurem", "bvsdiv", "bvsrem", "bvshl",
    "bvlshr",   "bvashr",      "bvult",       "bvule",  "bvslt",  "bvsle",  "concat",
    "extract",  "zero_extend", "sign_extend", "select", "store",  "const"};

bool is_negative(Value value, unsigned width) { return ((value >> (width - 1)) & 1) != 0; }

Value magnitude(Value value, unsigned width) {
  return is_negative(value, width) ? (0 - value) & mask(width) : value;
}

Value unsigned_quotient(Value a, Value b, unsigned width) { return b == 0 ? mask(width) : a / b; }
Value unsigned_remainder(Value a, Value b) { return b == 0 ? a : a % b; }

/// SMT-LIB: the unsigned quotient of the magnitudes, negated if the signs differ.
Value signed_quotient(Value a, Value b, unsigned width) {
  const Value quotient = unsigned_quotient(magnitude(a, width), magnitude(b, width), width);
  return is_negative(a, width) != is_negative(b, width) ? 0 - quotient : quotient;
}

/// SMT-LIB: the unsigned remainder of the magnitudes, with the sign of the dividend.
Value signed_remainder(Value a, Value b, unsigned width) {
  const Value remainder = unsigned_remainder(magnitude(a, width), magnitude(b, width));
  return is_negative(a, width) ? 0 - remainder : remainder;
}

/// The number that sorts as the two's complement one does.
Value biased(Value value, unsigned width) { return value ^ (Value{1} << (width - 1)); }

Value shift(Operation operation, Value a, Value amount, unsigned width) {
  const bool fill = operation == Operation::bvashr && is_negative(a, width);
  if (amount >= width) return fill ? mask(width) : 0;
  const auto places = static_cast<unsigned>(amount);
  if (operation == Operation::bvshl) return a << places;
  // The bits that an arithmetic shift brings in are the highest `places` ones.
  return a >> places | (fill ? mask(width) ^ (mask(width) >> places) : 0);
}

}  // namespace

std::string_view name(Operation operation) { return names[static_cast<std::size_t>(operation)]; }

Value mask(unsigned width) { return ~Value{0} >> (width_max - width); }

Value sign_extended(Value value, unsigned width) {
  return is_negative(value, width) ? value | ~mask(width) : value;
}

std::string hex(Value value) {
  std::string digits;
  do {
    digits.insert(digits.begin(), "0123456789abcdef"[static_cast<unsigned>(value & 15)]);
    value >>= 4;
  } while (value != 0);
  return "0x" + digits;
}

Value compute(Operation operation, const std::array<Value, 3>& operands, unsigned width,
              unsigned low, unsigned result_width) {
  const auto [a, b, c] = operands;
  Value result = 0;
  switch (operation) {
    case Operation::bool_not: return a ^ 1;
    case Operation::bool_and: return a & b;
    case Operation::bool_or: return a | b;
    case Operation::bool_xor: return a ^ b;
    case Operation::equal: return a == b;
    case Operation::ite: return a != 0 ? b : c;
    case Operation::bvult: return a < b;
    case Operation::bvule: return a <= b;
    case Operation::bvslt: return biased(a, width) < biased(b, width);
    case Operation::bvsle: return biased(a, width) <= biased(b, width);
    case Operation::bvnot: result = ~a; break;
    case Operation::bvneg: result = 0 - a; break;
    case Operation::bvand: return a & b;
    case Operation::bvor: return a | b;
    case Operation::bvxor: return a ^ b;
    case Operation::bvadd: result = a + b; break;
    case Operation::bvsub: result = a - b; break;
    case Operation::bvmul: result = a * b; break;
    case Operation::bvudiv: return unsigned_quotient(a, b, width);
    case Operation::bvurem: return unsigned_remainder(a, b);
    case Operation::bvsdiv: result = signed_quotient(a, b, width); break;
    case Operation::bvsrem: result = signed_remainder(a, b, width); break;
    case Operation::bvshl:
    case Operation::bvlshr:
    case Operation::bvashr: result = shift(operation, a, b, width); break;
    case Operation::concat: return a << width | b;
    case Operation::extract: result = a >> low; break;
    case Operation::zero_extend: return a;
    case Operation::sign_extend: result = sign_extended(a, width); break;
    default: ISOTRACE_CHECK(false, name(operation));
  }
  return result & mask(result_width);
}

}  // namespace isotrace::bits
