#include <isotrace/reference/select_shape.hpp>

#include <isotrace/reference/scalar.hpp>

namespace isotrace::reference {
namespace {

using core::Done;

Result<std::int64_t> times(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (!__builtin_mul_overflow(a, b, &result)) return result;
  return refuse_shape(std::to_string(a) + " times " + std::to_string(b));
}

Result<Done> check_image(Dims shape, std::int64_t blocksize) {
  constexpr std::int64_t blocksize_max = (std::int64_t{1} << 31) - 1;
  if (blocksize < 1 || blocksize > blocksize_max) {
    return refuse_attribute("blocksize " + std::to_string(blocksize));
  }
  if (shape.size() != 4) return refuse_shape(core::shape_text(shape) + ": four axes expected");
  return Done{};
}

auto refuse_pair(Dims a, Dims b) {
  return refuse_shape(core::shape_text(a) + " and " + core::shape_text(b));
}

}  // namespace

Result<Shape> tiled_shape(Dims shape, Dims repeats) {
  if (repeats.size() != shape.size()) {
    return refuse_shape(std::to_string(repeats.size()) + " repeats of " + core::shape_text(shape));
  }
  Shape result;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (repeats[axis] < 0) return refuse_value("repeats " + std::to_string(repeats[axis]));
    ISOTRACE_TRY(const std::int64_t size, times(shape[axis], repeats[axis]));
    result.push_back(size);
  }
  return result;
}

Result<Shape> depth_to_space_shape(Dims shape, std::int64_t blocksize) {
  ISOTRACE_TRY_DONE(check_image(shape, blocksize));
  if (shape[1] % (blocksize * blocksize) != 0) {
    return refuse_shape(std::to_string(shape[1]) + " channels in blocks of " +
                        std::to_string(blocksize * blocksize));
  }
  ISOTRACE_TRY(const std::int64_t height, times(shape[2], blocksize));
  ISOTRACE_TRY(const std::int64_t width, times(shape[3], blocksize));
  return Shape{shape[0], shape[1] / (blocksize * blocksize), height, width};
}

Result<Shape> space_to_depth_shape(Dims shape, std::int64_t blocksize) {
  ISOTRACE_TRY_DONE(check_image(shape, blocksize));
  if (shape[2] % blocksize != 0 || shape[3] % blocksize != 0) {
    return refuse_shape(core::shape_text(shape) + " in blocks of " + std::to_string(blocksize));
  }
  ISOTRACE_TRY(const std::int64_t channels, times(shape[1], blocksize * blocksize));
  return Shape{shape[0], channels, shape[2] / blocksize, shape[3] / blocksize};
}

Result<Shape> center_crop_pad_shape(Dims shape, Dims sizes, Dims axes) {
  const std::size_t count = axes.empty() ? shape.size() : axes.size();
  if (sizes.size() != count) return refuse_shape(std::to_string(sizes.size()) + " sizes");
  ISOTRACE_TRY_DONE(resolve_axes(axes, shape.size()));  // in range, none twice
  Shape result(shape.begin(), shape.end());
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t named = axes.empty() ? static_cast<std::int64_t>(i) : axes[i];
    ISOTRACE_TRY(const std::size_t axis, resolve_axis(named, shape.size()));
    if (sizes[i] < 0) return refuse_value("size " + std::to_string(sizes[i]));
    result[axis] = sizes[i];
  }
  return result;
}

Result<Done> check_element_indices(Dims shape, Dims indices, std::size_t axis) {
  bool fits = shape.size() == indices.size();
  for (std::size_t i = 0; fits && i < shape.size(); ++i) {
    fits = i == axis || indices[i] <= shape[i];
  }
  if (!fits) return refuse_pair(shape, indices);
  return Done{};
}

Result<Shape> gathered_nd_shape(Dims shape, Dims indices, std::int64_t batch_dims) {
  const auto least_rank = static_cast<std::int64_t>(std::min(shape.size(), indices.size()));
  if (batch_dims < 0 || batch_dims >= least_rank) {
    return refuse_attribute("batch_dims " + std::to_string(batch_dims) + " of " +
                            core::shape_text(shape) + " and " + core::shape_text(indices));
  }
  const auto batch = static_cast<std::size_t>(batch_dims);
  if (!std::equal(shape.begin(), shape.begin() + batch_dims, indices.begin())) {
    return refuse_pair(shape, indices);
  }
  const std::int64_t length = indices.back();
  if (length < 1 || length > static_cast<std::int64_t>(shape.size() - batch)) {
    return refuse_pair(shape, indices);
  }
  Shape result(indices.begin(), indices.end() - 1);
  result.insert(result.end(), shape.begin() + batch_dims + length, shape.end());
  return result;
}

Result<std::size_t> tensor_scatter_axis(Dims shape, Dims update, std::int64_t axis) {
  ISOTRACE_TRY(const std::size_t resolved, resolve_axis(axis, shape.size()));
  if (resolved == 0) return refuse_attribute("axis 0 is that of the batch");
  bool fits = update.size() == shape.size();
  for (std::size_t i = 0; fits && i < shape.size(); ++i) {
    fits = i == resolved ? update[i] <= shape[i] : update[i] == shape[i];
  }
  if (!fits) return refuse_pair(shape, update);
  return resolved;
}

Result<Shape> one_hot_shape(Dims indices, std::int64_t depth, std::int64_t axis) {
  if (depth < 0) return refuse_value("depth " + std::to_string(depth));
  ISOTRACE_TRY(const std::size_t place, resolve_axis(axis, indices.size() + 1));
  Shape result(indices.begin(), indices.end());
  result.insert(result.begin() + static_cast<std::ptrdiff_t>(place), depth);
  return result;
}

Result<std::int64_t> read_depth(const TensorView& depth) {
  if (depth.elements() != 1 || depth.rank() > 1) {
    return refuse_shape("depth " + core::shape_text(depth.shape()) + " is not a scalar");
  }
  return visit_numbers(depth.dtype(), [&](auto type) -> Result<std::int64_t> {
    using T = typename decltype(type)::type;
    return to_index(widen(depth.data<T>()[0]));
  });
}

namespace {

/// Integers exactly; floats with one rounding in the difference and one in the quotient.
template <class Number>
Result<std::int64_t> count_steps(Number start, Number limit, Number delta) {
  if (delta == 0) return refuse_value("delta 0");
  if constexpr (std::is_floating_point_v<Number>) {
    const Number steps = std::ceil((limit - start) / delta);
    if (!std::isfinite(steps) || !std::isfinite(delta)) {
      return refuse_value("start, limit or delta is not finite");
    }
    return core::to_integer<std::int64_t>(std::max(steps, Number{0}));
  } else {
    __extension__ using Wider = __int128;
    const Wider distance = Wider{limit} - Wider{start};
    if (distance == 0 || (distance < 0) != (Wider{delta} < 0)) return 0;
    const Wider steps = (distance - (delta < 0 ? Wider{-1} : Wider{1})) / Wider{delta} + 1;
    return static_cast<std::int64_t>(
        std::min(steps, Wider{std::numeric_limits<std::int64_t>::max()}));
  }
}

}  // namespace

Result<std::int64_t> range_size(const TensorView& start, const TensorView& limit,
                                const TensorView& delta) {
  for (const TensorView* operand : {&start, &limit, &delta}) {
    ISOTRACE_TRY_DONE(check_same_dtype(start, *operand));
    if (operand->elements() != 1 || operand->rank() > 1) {
      return refuse_shape(core::shape_text(operand->shape()) + " is not a scalar");
    }
  }
  return visit_numbers(start.dtype(), [&](auto type) -> Result<std::int64_t> {
    using T = typename decltype(type)::type;
    return count_steps(widen(start.data<T>()[0]), widen(limit.data<T>()[0]),
                       widen(delta.data<T>()[0]));
  });
}

}  // namespace isotrace::reference
