// Movement of elements of any type: runs that lie together are copied as a whole, and where two
// axes change places the elements go through small square blocks that stay in the cache.
#include <algorithm>
#include <cstring>

#include <isotrace/backends/cpu/move_rows.hpp>
#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/backends/cpu/strided_loop.hpp>
#include <isotrace/backends/cpu/transposition.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <isotrace/reference/move_plans.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::cpu {
namespace {

using core::TensorView;
using reference::Strides;

/// The axis other than the last along which operand 0 is contiguous.
std::optional<std::size_t> find_contiguous(const StridedLoop<1>& loop) {
  for (std::size_t axis = 0; axis + 1 < loop.sizes().size(); ++axis) {
    if (loop.strides()[axis][0] == 1) return axis;
  }
  return std::nullopt;
}

/// Axis `swapped` of the loop is contiguous in the source, the last in the result.
template <class Element>
void copy_transposed(const StridedLoop<1>& loop, std::size_t swapped, const Element* from,
                     Element* out, ThreadPool& pool) {
  const std::size_t rank = loop.sizes().size();
  std::vector<Index> out_strides(rank, 1);
  for (std::size_t axis = rank - 1; axis-- > 0;) {
    out_strides[axis] = out_strides[axis + 1] * loop.sizes()[axis + 1];
  }
  core::Shape others;
  Strides from_strides;
  Strides to_strides;
  for (std::size_t axis = 0; axis + 1 < rank; ++axis) {
    if (axis == swapped) continue;
    others.push_back(loop.sizes()[axis]);
    from_strides.push_back(loop.strides()[axis][0]);
    to_strides.push_back(out_strides[axis]);
  }
  Transposition<Element> transposition{.from = from,
                                       .from_stride = loop.inner_strides()[0],
                                       .out = out,
                                       .out_stride = out_strides[swapped],
                                       .rows = loop.sizes()[swapped],
                                       .columns = loop.inner()};
  const StridedLoop<2> matrices(others, {std::move(from_strides), std::move(to_strides)},
                                transposition.rows * transposition.columns);
  matrices.run(pool, [&](Index, const auto& offsets, Index count) {
    Transposition<Element> one = transposition;
    for (Index i = 0; i < count; ++i) {
      one.from = from + offsets[0] + i * matrices.inner_strides()[0];
      one.out = out + offsets[1] + i * matrices.inner_strides()[1];
      one.run();
    }
  });
}

template <class Element>
void copy_elements(const StridedLoop<1>& loop, const Element* from, Element* out,
                   ThreadPool& pool) {
  const Index stride = loop.inner_strides()[0];
  if (stride != 0 && stride != 1) {
    if (const auto swapped = find_contiguous(loop)) {
      return copy_transposed(loop, *swapped, from, out, pool);
    }
  }
  loop.run(pool, [&](Index at, const auto& offsets, Index count) {
    const Element* source = from + offsets[0];
    if (stride == 1) {
      std::memcpy(out + at, source, static_cast<std::size_t>(count) * sizeof(Element));
    } else if (stride == 0) {
      std::fill_n(out + at, count, *source);
    } else {
      for (Index i = 0; i < count; ++i) out[at + i] = source[i * stride];
    }
  });
}

/// The tensor of `shape` whose element at each position is x[start + sum of position * stride];
/// nothing if there is no memory for it.
std::optional<core::Tensor> copy_strided(const TensorView& x, core::Shape shape,
                                         const Strides& strides, Index start, ThreadPool& pool) {
  auto out = core::Tensor::make_for_overwrite(x.dtype(), std::move(shape));
  if (!out) return std::nullopt;
  if (out->elements() == 0) return *std::move(out);
  const StridedLoop<1> loop(out->shape(), {strides});
  const auto copy = [&]<class Element>(Element* to) {
    copy_elements(loop, reinterpret_cast<const Element*>(x.bytes().data()) + start, to, pool);
  };
  std::uint8_t* to = out->mutable_bytes().data();
  switch (core::dtype_bytes(x.dtype())) {
    case 1: copy(to); break;
    case 2: copy(reinterpret_cast<std::uint16_t*>(to)); break;
    case 4: copy(reinterpret_cast<std::uint32_t*>(to)); break;
    default: copy(reinterpret_cast<std::uint64_t*>(to)); break;
  }
  return *std::move(out);
}

std::optional<core::Tensor> transpose(const core::Node& node, const TensorView& x,
                                      ThreadPool& pool) {
  const auto perm = reference::resolve_permutation(node.integers("perm"), x.rank());
  if (!perm) return std::nullopt;
  const Strides own = reference::row_major_strides(x.shape());
  core::Shape shape;
  Strides strides;
  for (const std::size_t axis : *perm) {
    shape.push_back(x.dim(axis));
    strides.push_back(own[axis]);
  }
  return copy_strided(x, std::move(shape), strides, 0, pool);
}

std::optional<core::Tensor> expand(core::Operands operands, ThreadPool& pool) {
  const TensorView& x = *operands[0];
  const auto requested = reference::read_integers(*operands[1]);
  if (!requested || !core::element_count(*requested)) return std::nullopt;
  auto shape = reference::broadcast_shapes(x.shape(), *requested);
  if (!shape) return std::nullopt;
  const Strides strides = reference::broadcast_strides(x.shape(), *shape);
  return copy_strided(x, *std::move(shape), strides, 0, pool);
}

std::optional<core::Tensor> constant_of_shape(core::Operands operands, ThreadPool& pool) {
  const auto shape = reference::read_integers(*operands[0]);
  if (!shape || !core::element_count(*shape) || operands[1]->elements() != 1) return std::nullopt;
  return copy_strided(*operands[1], *shape, Strides(shape->size(), 0), 0, pool);
}

std::optional<core::Tensor> slice(const reference::Call& call, ThreadPool& pool) {
  auto plan = reference::slice_plan(call);
  if (!plan) return std::nullopt;
  return copy_strided(call.operand(0), std::move(plan->shape), plan->strides, plan->start, pool);
}

Outcome split(const core::Node& node, core::Operands operands, ThreadPool& pool) {
  const TensorView& x = *operands[0];
  const auto axis = reference::resolve_axis(node.integer("axis"), x.rank());
  if (!axis) return reference::evaluate(node, operands);
  std::vector<std::int64_t> given;
  const bool with_sizes = operands.size() > 1 && operands[1];
  if (with_sizes) {
    auto list = reference::read_integers(*operands[1]);
    if (!list) return reference::evaluate(node, operands);
    given = *std::move(list);
  }
  const auto sizes =
      reference::split_sizes(x.dim(*axis), node.outputs.size(), with_sizes ? &given : nullptr);
  if (!sizes) return reference::evaluate(node, operands);
  const Strides strides = reference::row_major_strides(x.shape());
  std::vector<core::Tensor> parts;
  std::int64_t first = 0;
  for (const std::int64_t size : *sizes) {
    core::Shape shape(x.shape().begin(), x.shape().end());
    shape[*axis] = size;
    auto part = copy_strided(x, std::move(shape), strides, first * strides[*axis], pool);
    if (!part) return reference::evaluate(node, operands);
    parts.push_back(*std::move(part));
    first += size;
  }
  return parts;
}

std::optional<core::Tensor> move(const core::Node& node, core::Operands operands,
                                 ThreadPool& pool) {
  switch (node.op) {
    case core::Op::transpose: return transpose(node, *operands[0], pool);
    case core::Op::expand: return expand(operands, pool);
    case core::Op::constant_of_shape: return constant_of_shape(operands, pool);
    case core::Op::slice: return slice({node, operands}, pool);
    case core::Op::gather: return gather({node, operands}, pool);
    case core::Op::concat: return concatenate({node, operands}, pool);
    case core::Op::pad: return pad({node, operands}, pool);
    default: ISOTRACE_CHECK(false, static_cast<int>(node.op));
  }
}

}  // namespace

Outcome run_movement(const core::Node& node, core::Operands operands, const Engine& engine) {
  const bool structured = std::any_of(operands.begin(), operands.end(), [](const auto& operand) {
    return operand && core::is_structured(operand->dtype());
  });
  if (structured || !is_well_formed(node, operands)) return reference::evaluate(node, operands);
  if (node.op == core::Op::split) return split(node, operands, engine.pool);
  auto moved = move(node, operands, engine.pool);
  if (!moved || node.outputs.size() != 1) return reference::evaluate(node, operands);
  return one_tensor(*std::move(moved));
}

}  // namespace isotrace::backends::cpu
