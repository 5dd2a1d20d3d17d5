// The bits of elements as elements of another type (docs/spec/elementwise.md).
#include <isotrace/reference/bit_cast.hpp>

#include <algorithm>

#include <isotrace/reference/operations.hpp>

namespace isotrace::reference {
namespace {

/// Types of less than 8 bits stand in bytes of their own.
unsigned width_bits(Dtype dtype) {
  switch (dtype) {
    case Dtype::i2:
    case Dtype::u2: return 2;
    case Dtype::i4:
    case Dtype::u4:
    case Dtype::f4e2m1: return 4;
    default: return 8 * static_cast<unsigned>(core::dtype_bytes(dtype));
  }
}

/// The byte in which an element of less than 8 bits is kept that has the last bits of this one.
std::uint8_t extend(std::uint8_t byte, Dtype to) {
  const unsigned above = 1U << width_bits(to);
  const unsigned bits = byte & (above - 1U);
  const bool negative = (to == Dtype::i4 || to == Dtype::i2) && bits >= above / 2;
  return static_cast<std::uint8_t>(negative ? bits | ~(above - 1U) : bits);
}

}  // namespace

Result<Dtype> bit_cast_dtype(const core::Node& node, Dtype from) {
  ISOTRACE_TRY(const Dtype to, dtype_attribute(node, "to"));
  if (width_bits(from) == width_bits(to)) return to;
  return core::refuse(RefusalCode::operation_dtype_unsupported, "",
                      std::string(core::dtype_name(from)) + " has another width than " +
                          std::string(dtype_name(to)));
}

// [elementwise.bit_cast]
Outcome evaluate_bit_cast(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const Dtype to, bit_cast_dtype(call.node, x.dtype()));
  const auto from = x.bytes();
  if (to == Dtype::boolean && std::ranges::any_of(from, [](std::uint8_t b) { return b > 1; })) {
    return refuse_value("a byte that is no boolean");
  }
  ISOTRACE_TRY(Tensor out, Tensor::make(to, Shape(x.shape().begin(), x.shape().end())));
  std::ranges::transform(from, out.mutable_bytes().begin(), [to](std::uint8_t byte) {
    return width_bits(to) < 8 ? extend(byte, to) : byte;
  });
  return one(std::move(out));
}

}  // namespace isotrace::reference
