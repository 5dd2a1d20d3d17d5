// Cast between types whose values pass through f32 with one rounding (docs/spec/elementwise.md,
// elementwise.cast). The other pairs are left to the reference loops.
#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/backends/cpu/strided_loop.hpp>
#include <isotrace/reference/evaluate.hpp>

namespace isotrace::backends::cpu {
namespace {

using core::Dtype;

std::optional<CastType> find_cast_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::f32: return CastType::f32;
    case Dtype::f16: return CastType::f16;
    case Dtype::bf16: return CastType::bf16;
    case Dtype::i8: return CastType::i8;
    case Dtype::u8: return CastType::u8;
    case Dtype::i16: return CastType::i16;
    case Dtype::u16: return CastType::u16;
    case Dtype::i32: return CastType::i32;
    case Dtype::boolean: return CastType::boolean;
    default: return std::nullopt;
  }
}

std::optional<core::Tensor> cast(const core::TensorView& x, std::int64_t to,
                                 const ConversionKernels& kernels, ThreadPool& pool) {
  if (to < 0 || to > 255) return std::nullopt;
  const auto dtype = core::dtype_from_number(static_cast<std::uint8_t>(to));
  if (!dtype) return std::nullopt;
  const auto from_type = find_cast_type(x.dtype());
  const auto to_type = find_cast_type(*dtype);
  if (!from_type || !to_type) return std::nullopt;
  const CastFunction function =
      kernels.casts[static_cast<std::size_t>(*from_type)][static_cast<std::size_t>(*to_type)];
  if (function == nullptr) return std::nullopt;
  auto out = core::Tensor::make_for_overwrite(*dtype, {x.shape().begin(), x.shape().end()});
  if (!out) return std::nullopt;
  const auto from_bytes = static_cast<Index>(core::dtype_bytes(x.dtype()));
  const auto to_bytes = static_cast<Index>(core::dtype_bytes(*dtype));
  const std::uint8_t* source = x.bytes().data();
  std::uint8_t* target = out->mutable_bytes().data();
  run_pieces(pool, static_cast<Index>(x.elements()), piece_elements, [&](Index from, Index count) {
    function(source + from * from_bytes, target + from * to_bytes, count);
  });
  return *std::move(out);
}

}  // namespace

Outcome run_cast(const core::Node& node, core::Operands operands, const ConversionKernels& kernels,
                 const Engine& engine) {
  if (is_well_formed(node, operands)) {
    if (auto out = cast(*operands[0], node.integer("to"), kernels, engine.pool)) {
      return one_tensor(*std::move(out));
    }
  }
  return run_reference(node, operands, engine.pool);
}

}  // namespace isotrace::backends::cpu
