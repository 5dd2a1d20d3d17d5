#include <isotrace/executor/work.hpp>

#include <algorithm>
#include <limits>

#include <isotrace/core/limits.hpp>

namespace isotrace::executor {
namespace {

using core::Op;
using core::Shape;

constexpr std::uint64_t saturated = std::numeric_limits<std::uint64_t>::max();

std::uint64_t times(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? saturated : product;
}

std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
  return a > saturated - b ? saturated : a + b;
}

std::uint64_t volume(std::span<const std::int64_t> dims) {
  std::uint64_t product = 1;
  for (const std::int64_t dim : dims) product = times(product, static_cast<std::uint64_t>(dim));
  return product;
}

/// Elements of a result: as many as its shape says, or may have at most.
std::uint64_t elements_of(const ValueInfo& info) {
  if (info.shape) return volume(*info.shape);
  ISOTRACE_CHECK(info.elements_max.has_value());
  return *info.elements_max;
}

/// How many operand elements one result element is made of.
std::uint64_t terms(const core::Node& node, OperandInfos operands) {
  const auto shape = [&](std::size_t i) -> const Shape& { return *operands[i]->shape; };
  switch (node.op) {
    case Op::matmul: return static_cast<std::uint64_t>(shape(0).back());
    case Op::gemm: return static_cast<std::uint64_t>(shape(0)[node.integer("transA") != 0 ? 0 : 1]);
    case Op::conv: return volume(std::span(shape(1)).subspan(1));
    case Op::conv_transpose:
      return times(static_cast<std::uint64_t>(shape(1)[0]), volume(std::span(shape(1)).subspan(2)));
    case Op::max_pool:
    case Op::average_pool: return volume(node.integers("kernel_shape"));
    default: return 1;
  }
}

}  // namespace

std::uint64_t estimate_work(const core::Node& node, OperandInfos operands,
                            const std::vector<ValueInfo>& results) {
  std::uint64_t work = 1;
  for (const auto& operand : operands) {
    if (operand) work = plus(work, volume(*operand->shape));
  }
  const std::uint64_t each = std::max<std::uint64_t>(1, terms(node, operands));
  for (const ValueInfo& result : results) work = plus(work, times(elements_of(result), each));
  return work;
}

core::Result<std::uint64_t> value_bytes(const ValueInfo& info) {
  if (info.shape) ISOTRACE_TRY_DONE(core::element_count(*info.shape));
  const std::uint64_t bytes = times(elements_of(info), core::dtype_bytes(info.dtype));
  if (bytes <= core::limits::tensor_bytes_max) return bytes;
  return core::refuse(core::RefusalCode::limit_exceeded,
                      info.shape ? "result " + core::shape_text(*info.shape) : "result",
                      std::to_string(bytes) + " bytes");
}

}  // namespace isotrace::executor
