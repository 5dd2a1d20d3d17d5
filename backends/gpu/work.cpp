#include <isotrace/backends/gpu/work.hpp>

#include <algorithm>
#include <limits>

#include <isotrace/backends/gpu/kernels/move.hpp>
#include <isotrace/backends/gpu/spaces.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;

Strides broadcast(const Array& array, const Shape& shape) {
  return reference::broadcast_strides(array.shape, shape);
}

core::Result<Shape> common_shape(const Array& a, const Array& b) {
  return reference::broadcast_shapes(a.shape, b.shape);
}

std::string sized(std::string_view kernel, Dtype dtype) {
  return std::string(kernel) + "_" + std::to_string(core::dtype_bytes(dtype));
}

/// Calls f with an unsigned integer of the size of the elements.
template <class F>
auto visit_size(Dtype dtype, F f) {
  switch (core::dtype_bytes(dtype)) {
    case 1: return f(std::uint8_t{});
    case 2: return f(std::uint16_t{});
    case 4: return f(std::uint32_t{});
    default: return f(std::uint64_t{});
  }
}

}  // namespace

core::Result<Grid> Work::grid_for(std::uint64_t count) {
  constexpr unsigned threads = ForEach<MapUnary>::threads;  // of all such kernels
  const std::uint64_t blocks = (count + threads - 1) / threads;
  if (blocks > grid_max.x) {
    return core::refuse(core::RefusalCode::limit_exceeded, "", "more elements than one launch has");
  }
  return Grid{static_cast<std::uint32_t>(blocks), 1, 1};
}

Made Work::make(Dtype dtype, Shape shape) {
  ISOTRACE_TRY(const std::size_t bytes, core::byte_count(dtype, shape));
  ISOTRACE_TRY(Buffer buffer, Buffer::make(device_, std::max<std::size_t>(bytes, 1)));
  return Array{dtype, std::move(shape), bytes / core::dtype_bytes(dtype),
               std::make_shared<const Buffer>(std::move(buffer))};
}

Made Work::upload(const core::TensorView& tensor) {
  ISOTRACE_TRY(Array array,
               make(tensor.dtype(), Shape(tensor.shape().begin(), tensor.shape().end())));
  ISOTRACE_TRY_DONE(device_.upload(array.buffer->address(), tensor.bytes()));
  return array;
}

core::Result<core::Tensor> Work::download(const Array& array) {
  ISOTRACE_TRY(core::Tensor tensor, core::Tensor::make_for_overwrite(array.dtype, array.shape));
  ISOTRACE_TRY_DONE(device_.download(tensor.mutable_bytes(), array.buffer->address()));
  return tensor;
}

Made Work::unary(Unary op, const Array& x, float p, float q) {
  ISOTRACE_TRY(Array out, make(Dtype::f32, x.shape));
  if (out.elements == 0) return out;
  ISOTRACE_TRY_DONE(
      launch_each("map_unary",
                  MapUnary::Arguments{out.elements, op, p, q, x.data<float>(), out.data<float>()}));
  return out;
}

Made Work::binary(Binary op, const Array& a, const Array& b, float p, float q) {
  ISOTRACE_TRY(Shape shape, common_shape(a, b));
  ISOTRACE_TRY(Array out, make(Dtype::f32, std::move(shape)));
  if (out.elements == 0) return out;
  ISOTRACE_TRY(const auto space,
               make_space<2>(out.shape, {broadcast(a, out.shape), broadcast(b, out.shape)}));
  ISOTRACE_TRY_DONE(
      launch_each("map_binary", MapBinary::Arguments{out.elements, op, p, q, a.data<float>(),
                                                     b.data<float>(), out.data<float>(), space}));
  return out;
}

Made Work::multiply_add(const Array& a, const Array& b, const Array& c) {
  ISOTRACE_TRY(const Shape factors, common_shape(a, b));
  ISOTRACE_TRY(Shape shape, reference::broadcast_shapes(factors, c.shape));
  ISOTRACE_TRY(Array out, make(Dtype::f32, std::move(shape)));
  if (out.elements == 0) return out;
  ISOTRACE_TRY(const auto space,
               make_space<3>(out.shape, {broadcast(a, out.shape), broadcast(b, out.shape),
                                         broadcast(c, out.shape)}));
  ISOTRACE_TRY_DONE(launch_each(
      "map_multiply_add", MapMultiplyAdd::Arguments{out.elements, a.data<float>(), b.data<float>(),
                                                    c.data<float>(), out.data<float>(), space}));
  return out;
}

Made Work::compare(Comparison op, const Array& a, const Array& b) {
  ISOTRACE_TRY(Shape shape, common_shape(a, b));
  ISOTRACE_TRY(Array out, make(Dtype::boolean, std::move(shape)));
  if (out.elements == 0) return out;
  ISOTRACE_TRY(const auto space,
               make_space<2>(out.shape, {broadcast(a, out.shape), broadcast(b, out.shape)}));
  ISOTRACE_TRY_DONE(launch_each(
      "map_comparison", MapComparison::Arguments{out.elements, op, a.data<float>(), b.data<float>(),
                                                 out.data<std::uint8_t>(), space}));
  return out;
}

Made Work::choose(const Array& condition, const Array& a, const Array& b) {
  ISOTRACE_TRY(const Shape values, common_shape(a, b));
  ISOTRACE_TRY(Shape shape, reference::broadcast_shapes(condition.shape, values));
  ISOTRACE_TRY(Array out, make(a.dtype, std::move(shape)));
  if (out.elements == 0) return out;
  ISOTRACE_TRY(const auto space,
               make_space<3>(out.shape, {broadcast(condition, out.shape), broadcast(a, out.shape),
                                         broadcast(b, out.shape)}));
  ISOTRACE_TRY_DONE(visit_size(a.dtype, [&](auto element) {
    using Element = decltype(element);
    return launch_each(sized("choose", a.dtype),
                       typename Choose<Element>::Arguments{
                           out.elements, condition.data<std::uint8_t>(), a.data<Element>(),
                           b.data<Element>(), out.data<Element>(), space});
  }));
  return out;
}

core::Result<core::Done> Work::copy(const Array& x, const Copy& copy, const Array& to) {
  ISOTRACE_TRY(const std::size_t count, core::element_count(copy.sizes));
  if (count == 0) return core::Done{};
  ISOTRACE_TRY(const auto space,
               make_space<2>(copy.sizes, {copy.from, copy.to}, {copy.from_start, copy.to_start}));
  return visit_size(x.dtype, [&](auto element) {
    using Element = decltype(element);
    return launch_each(sized("copy_strided", x.dtype),
                       typename CopyStrided<Element>::Arguments{count, x.data<Element>(),
                                                                to.data<Element>(), space});
  });
}

Made Work::gather(const Array& x, Shape shape, const Strides& strides, std::int64_t start) {
  ISOTRACE_TRY(Array out, make(x.dtype, std::move(shape)));
  const Strides to = reference::row_major_strides(out.shape);
  ISOTRACE_TRY_DONE(copy(x, {out.shape, strides, start, to, 0}, out));
  return out;
}

Made Work::look_up(const Array& x, const std::vector<std::vector<std::int64_t>>& tables,
                   core::ByteView fill) {
  Shape shape;
  std::vector<std::int64_t> entries;
  for (const auto& table : tables) {
    shape.push_back(std::ssize(table));
    entries.insert(entries.end(), table.begin(), table.end());
  }
  if (shape.size() > space_rank_max) {
    return core::refuse(core::RefusalCode::backend_operation_unsupported, "",
                        "more than " + std::to_string(space_rank_max) + " axes");
  }
  ISOTRACE_TRY(Array out, make(x.dtype, shape));
  if (out.elements == 0) return out;
  ISOTRACE_TRY(const Array table,
               upload(core::Tensor::of<std::int64_t>({std::ssize(entries)},
                                                     std::span<const std::int64_t>(entries))));
  ISOTRACE_TRY_DONE(visit_size(x.dtype, [&](auto element) {
    using Element = decltype(element);
    typename CopyByTables<Element>::Arguments arguments{};
    arguments.count = out.elements;
    arguments.from = x.data<Element>();
    arguments.to = out.data<Element>();
    arguments.tables = table.data<std::int64_t>();
    std::copy_n(fill.begin(), sizeof(Element), reinterpret_cast<std::uint8_t*>(&arguments.fill));
    arguments.rank = static_cast<std::uint32_t>(tables.size());
    std::uint64_t first = 0;
    for (std::size_t axis = 0; axis < tables.size(); ++axis) {
      arguments.sizes[axis] = tables[axis].size();
      arguments.first[axis] = first;
      first += tables[axis].size();
    }
    return launch_each(sized("copy_by_tables", x.dtype), arguments);
  }));
  return out;
}

Made Work::reduce(Reduction op, const Array& x, const std::vector<std::size_t>& axes) {
  // Rows of elements that lie together: the reduced axes become the last ones.
  const Strides own = reference::row_major_strides(x.shape);
  Shape outer;
  Shape order;
  Strides strides;
  Shape kept = x.shape;
  for (std::size_t axis = 0; axis < x.shape.size(); ++axis) {
    if (std::ranges::find(axes, axis) != axes.end()) continue;
    outer.push_back(x.shape[axis]);
    order.push_back(x.shape[axis]);
    strides.push_back(own[axis]);
  }
  std::uint64_t length = 1;
  for (const std::size_t axis : axes) {
    kept[axis] = 1;
    order.push_back(x.shape[axis]);
    strides.push_back(own[axis]);
    length *= static_cast<std::uint64_t>(x.shape[axis]);
  }
  const std::uint64_t rows = reference::product(outer, 0, outer.size());
  if (rows == 0) return make(Dtype::f32, std::move(kept));
  ISOTRACE_TRY(Array values, gather(x, std::move(order), strides, 0));
  while (true) {
    const std::uint64_t chunks =
        std::max<std::uint64_t>(1, (length + reduction_chunk - 1) / reduction_chunk);
    ISOTRACE_TRY(Array out, make(Dtype::f32, {static_cast<std::int64_t>(rows * chunks)}));
    const std::uint64_t per_block = ReduceChunks::chunks_per_block;
    const std::uint64_t blocks = (rows * chunks + per_block - 1) / per_block;
    if (blocks > grid_max.x) {
      return core::refuse(core::RefusalCode::limit_exceeded, "", "more rows than one launch has");
    }
    ISOTRACE_TRY_DONE(launch("reduce_chunks", {static_cast<std::uint32_t>(blocks), 1, 1},
                             ReduceChunks::Arguments{rows, length, chunks, op, values.data<float>(),
                                                     out.data<float>()}));
    if (chunks == 1) {
      // The sum alone; x * 1 makes NaN canonical.
      return unary(Unary::multiply, out.reshaped(std::move(kept)), 1);
    }
    values = std::move(out);
    length = chunks;
    if (op == Reduction::sum_of_squares || op == Reduction::sum_of_magnitudes) op = Reduction::sum;
  }
}

}  // namespace isotrace::backends::gpu
