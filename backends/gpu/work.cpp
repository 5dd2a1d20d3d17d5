#include <isotrace/backends/gpu/work.hpp>

#include <algorithm>
#include <limits>

#include <isotrace/backends/gpu/kernels/convert.hpp>
#include <isotrace/backends/gpu/kernels/move.hpp>
#include <isotrace/backends/gpu/spaces.hpp>
#include <isotrace/reference/call.hpp>
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

Strides row_major(const Array& array) { return reference::row_major_strides(array.shape); }

}  // namespace

Dtype wide_type(Dtype dtype) {
  if (core::is_float(dtype)) return dtype == Dtype::f64 ? Dtype::f64 : Dtype::f32;
  const bool is_signed = dtype == Dtype::i8 || dtype == Dtype::i16 || dtype == Dtype::i32 ||
                         dtype == Dtype::i64 || dtype == Dtype::i4 || dtype == Dtype::i2;
  return is_signed ? Dtype::i64 : Dtype::u64;
}

std::string of_type(std::string_view kernel, Dtype wide) {
  return std::string(kernel) + "_" + std::string(core::dtype_name(wide));
}

std::string of_size(std::string_view kernel, Dtype dtype) {
  return std::string(kernel) + "_" + std::to_string(core::dtype_bytes(dtype));
}

Parameter least_of(Dtype dtype) {
  const Dtype wide = wide_type(dtype);
  if (wide == Dtype::f32 || wide == Dtype::f64) return -std::numeric_limits<double>::infinity();
  if (wide == Dtype::u64) return Parameter::of_integer(0);
  const unsigned bits = 8 * static_cast<unsigned>(core::dtype_bytes(dtype));
  return Parameter::of_integer(std::numeric_limits<std::int64_t>::min() >> (64 - bits));
}

Parameter greatest_of(Dtype dtype) {
  const Dtype wide = wide_type(dtype);
  if (wide == Dtype::f32 || wide == Dtype::f64) return std::numeric_limits<double>::infinity();
  if (dtype == Dtype::boolean) return Parameter::of_integer(1);
  const unsigned bits = 8 * static_cast<unsigned>(core::dtype_bytes(dtype));
  const std::uint64_t greatest = wide == Dtype::u64 ? std::numeric_limits<std::uint64_t>::max()
                                                    : std::numeric_limits<std::int64_t>::max();
  return Parameter::of_integer(static_cast<std::int64_t>(greatest >> (64 - bits)));
}

core::Result<Grid> Work::grid_for(std::uint64_t count) {
  constexpr unsigned threads = ForEach<Convert>::threads;  // of all such kernels
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

Made Work::cast(const Array& x, Dtype to, bool saturate) {
  ISOTRACE_TRY(Array out, make(to, x.shape));
  ISOTRACE_TRY_DONE(
      launch_each("convert", Convert::Arguments{out.elements, x.dtype, to, saturate,
                                                x.data<const void>(), out.data<void>()}));
  return out;
}

Made Work::unary(Unary op, const Array& x, Parameter p, Parameter q) {
  ISOTRACE_TRY(Array out, make(x.dtype, x.shape));
  ISOTRACE_TRY_DONE(visit_wide(x.dtype, [&](auto number) {
    using Number = decltype(number);
    return launch_each(
        of_type("map_unary", x.dtype),
        typename MapUnary<Number>::Arguments{out.elements, op, p.as<Number>(), q.as<Number>(),
                                             x.data<Number>(), out.data<Number>()});
  }));
  return out;
}

Made Work::binary(Binary op, const Array& a, const Array& b, Parameter p, Parameter q) {
  ISOTRACE_TRY(Shape shape, common_shape(a, b));
  ISOTRACE_TRY(Array out, make(a.dtype, std::move(shape)));
  if (out.elements == 0) return out;
  ISOTRACE_TRY(const auto space,
               make_space<2>(out.shape, {broadcast(a, out.shape), broadcast(b, out.shape)}));
  const bool may_fail =
      (op == Binary::divide || op == Binary::remainder || op == Binary::truncated_remainder) &&
      core::is_integer(a.dtype);
  std::optional<Array> flag;
  if (may_fail) {
    ISOTRACE_TRY(flag, upload(core::Tensor(Dtype::u32, {1})));
  }
  ISOTRACE_TRY_DONE(visit_wide(a.dtype, [&](auto number) {
    using Number = decltype(number);
    return launch_each(
        of_type("map_binary", a.dtype),
        typename MapBinary<Number>::Arguments{
            out.elements, op, p.as<Number>(), q.as<Number>(), a.data<Number>(), b.data<Number>(),
            out.data<Number>(), flag ? flag->data<std::uint32_t>() : nullptr, space});
  }));
  if (flag) {
    ISOTRACE_TRY(const std::uint32_t by_zero, read<std::uint32_t>(*flag, 0));
    if (by_zero != 0) return reference::refuse_value("integer division by zero");
  }
  return out;
}

Made Work::multiply_add(const Array& a, const Array& b, const Array& c) {
  ISOTRACE_TRY(const Shape factors, common_shape(a, b));
  ISOTRACE_TRY(Shape shape, reference::broadcast_shapes(factors, c.shape));
  ISOTRACE_TRY(Array out, make(a.dtype, std::move(shape)));
  if (out.elements == 0) return out;
  ISOTRACE_TRY(const auto space,
               make_space<3>(out.shape, {broadcast(a, out.shape), broadcast(b, out.shape),
                                         broadcast(c, out.shape)}));
  ISOTRACE_TRY_DONE(visit_real(a.dtype, [&](auto number) {
    using Number = decltype(number);
    return launch_each(
        of_type("map_multiply_add", a.dtype),
        typename MapMultiplyAdd<Number>::Arguments{out.elements, a.data<Number>(), b.data<Number>(),
                                                   c.data<Number>(), out.data<Number>(), space});
  }));
  return out;
}

Made Work::compare(Comparison op, const Array& a, const Array& b) {
  ISOTRACE_TRY(Shape shape, common_shape(a, b));
  ISOTRACE_TRY(Array out, make(Dtype::boolean, std::move(shape)));
  if (out.elements == 0) return out;
  ISOTRACE_TRY(const auto space,
               make_space<2>(out.shape, {broadcast(a, out.shape), broadcast(b, out.shape)}));
  ISOTRACE_TRY_DONE(visit_wide(a.dtype, [&](auto number) {
    using Number = decltype(number);
    return launch_each(
        of_type("map_comparison", a.dtype),
        typename MapComparison<Number>::Arguments{
            out.elements, op, a.data<Number>(), b.data<Number>(), out.data<std::uint8_t>(), space});
  }));
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
    return launch_each(of_size("choose", a.dtype),
                       typename Choose<Element>::Arguments{
                           out.elements, condition.data<std::uint8_t>(), a.data<Element>(),
                           b.data<Element>(), out.data<Element>(), space});
  }));
  return out;
}

Made Work::number(Dtype wide, Parameter value) {
  return visit_wide(wide, [&](auto number) -> Made {
    return upload(core::Tensor::of<decltype(number)>({}, {value.as<decltype(number)>()}));
  });
}

core::Result<core::Done> Work::copy(const Array& x, const Copy& copy, const Array& to) {
  ISOTRACE_TRY(const std::size_t count, core::element_count(copy.sizes));
  if (count == 0) return core::Done{};
  ISOTRACE_TRY(const auto space,
               make_space<2>(copy.sizes, {copy.from, copy.to}, {copy.from_start, copy.to_start}));
  return visit_size(x.dtype, [&](auto element) {
    using Element = decltype(element);
    return launch_each(of_size("copy_strided", x.dtype),
                       typename CopyStrided<Element>::Arguments{count, x.data<Element>(),
                                                                to.data<Element>(), space});
  });
}

Made Work::gather(const Array& x, Shape shape, const Strides& strides, std::int64_t start) {
  ISOTRACE_TRY(Array out, make(x.dtype, std::move(shape)));
  ISOTRACE_TRY_DONE(copy(x, {out.shape, strides, start, row_major(out), 0}, out));
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
  ISOTRACE_TRY(const Array table, send(entries));
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
    return launch_each(of_size("copy_by_tables", x.dtype), arguments);
  }));
  return out;
}

Made Work::pick(const Array& x, const Array& y, std::span<const std::int64_t> places, Shape shape) {
  ISOTRACE_TRY(Array out, make(x.dtype, std::move(shape)));
  if (out.elements == 0) return out;
  ISOTRACE_TRY(const Array at,
               upload(core::Tensor::of<std::int64_t>({std::ssize(places)}, places)));
  ISOTRACE_TRY_DONE(visit_size(x.dtype, [&](auto element) {
    using Element = decltype(element);
    return launch_each(of_size("copy_by_places", x.dtype),
                       typename CopyByPlaces<Element>::Arguments{
                           out.elements, at.data<std::int64_t>(), x.elements, x.data<Element>(),
                           y.data<Element>(), 0, out.data<Element>()});
  }));
  return out;
}

// Rows of elements that lie together: the reduced axes become the last ones.
Made Work::reduce(Reduction op, const Array& x, const std::vector<std::size_t>& axes,
                  std::optional<Parameter> empty) {
  const Strides own = row_major(x);
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
  if (rows == 0) return make(x.dtype, std::move(kept));
  Array values = x;  // whose rows may lie together already
  if (strides != own) {
    ISOTRACE_TRY(values, gather(x, std::move(order), strides, 0));
  }
  if (!empty) {
    const bool product = op == Reduction::product;
    empty = Parameter(product ? 1 : 0);
    empty->whole = product ? 1 : 0;
    if (op == Reduction::maximum) empty = least_of(x.dtype);
    if (op == Reduction::minimum) empty = greatest_of(x.dtype);
  }
  ISOTRACE_TRY(const Array reduced, visit_wide(x.dtype, [&](auto number) {
                 using Number = decltype(number);
                 return reduce_rows<Number>(op, values, rows, length, empty->as<Number>());
               }));
  const Array shaped = reduced.reshaped(std::move(kept));
  // Alone, the kernel leaves NaN as it is; x * 1 makes it canonical.
  return core::is_float(x.dtype) ? unary(Unary::multiply, shaped, 1) : shaped;
}

template <class Number>
Made Work::reduce_rows(Reduction op, Array values, std::uint64_t rows, std::uint64_t length,
                       Number neutral) {
  while (true) {
    const std::uint64_t chunks =
        std::max<std::uint64_t>(1, (length + reduction_chunk - 1) / reduction_chunk);
    ISOTRACE_TRY(Array out, make(values.dtype, {static_cast<std::int64_t>(rows * chunks)}));
    const std::uint64_t per_block = ReduceChunks<Number>::chunks_per_block;
    const std::uint64_t blocks = (rows * chunks + per_block - 1) / per_block;
    if (blocks > grid_max.x) {
      return core::refuse(core::RefusalCode::limit_exceeded, "", "more rows than one launch has");
    }
    ISOTRACE_TRY_DONE(
        launch(of_type("reduce_chunks", values.dtype), {static_cast<std::uint32_t>(blocks), 1, 1},
               typename ReduceChunks<Number>::Arguments{
                   rows, length, chunks, op, neutral, values.data<Number>(), out.data<Number>()}));
    if (chunks == 1) return out;
    values = std::move(out);
    length = chunks;
    if (op == Reduction::sum_of_squares || op == Reduction::sum_of_magnitudes) op = Reduction::sum;
  }
}

}  // namespace isotrace::backends::gpu
