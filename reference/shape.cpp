// Shapes of results; the rules are those of the ONNX operators, stated in docs/spec.
#include <isotrace/reference/shape.hpp>

#include <algorithm>
#include <iterator>
#include <string>

#include <isotrace/reference/call.hpp>
#include <isotrace/reference/odometer.hpp>

namespace isotrace::reference {
namespace {

std::string pair_text(Dims a, Dims b) {
  return core::shape_text(a) + " and " + core::shape_text(b);
}

/// The size of `shape` at `axis` of a result of `rank` axes, 1 where it has none.
std::int64_t aligned_dim(Dims shape, std::size_t rank, std::size_t axis) {
  const std::size_t missing = rank - shape.size();
  return axis < missing ? 1 : shape[axis - missing];
}

}  // namespace

Result<Shape> broadcast_shapes(Dims a, Dims b) {
  const std::size_t rank = std::max(a.size(), b.size());
  Shape shape(rank);
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const std::int64_t x = aligned_dim(a, rank, axis);
    const std::int64_t y = aligned_dim(b, rank, axis);
    if (x != y && x != 1 && y != 1) return refuse_shape(pair_text(a, b) + " do not broadcast");
    shape[axis] = x == 1 ? y : x;
  }
  return shape;
}

Result<core::Done> check_broadcastable(Dims shape, Dims target) {
  const auto both = broadcast_shapes(shape, target);
  if (both && std::equal(both->begin(), both->end(), target.begin(), target.end())) {
    return core::Done{};
  }
  return refuse_shape(core::shape_text(shape) + " does not broadcast to " +
                      core::shape_text(target));
}

Result<std::size_t> resolve_axis(std::int64_t axis, std::size_t rank) {
  const auto limit = static_cast<std::int64_t>(rank);
  if (axis < -limit || axis >= limit) {
    return refuse_attribute("axis " + std::to_string(axis) + " of rank " + std::to_string(rank));
  }
  return static_cast<std::size_t>(axis < 0 ? axis + limit : axis);
}

Result<std::vector<std::size_t>> resolve_axes(Dims axes, std::size_t rank) {
  std::vector<bool> named(rank, false);
  for (std::int64_t axis : axes) {
    ISOTRACE_TRY(const std::size_t resolved, resolve_axis(axis, rank));
    if (named[resolved]) return refuse_attribute("axis " + std::to_string(axis) + " named twice");
    named[resolved] = true;
  }
  std::vector<std::size_t> sorted;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    if (named[axis]) sorted.push_back(axis);
  }
  return sorted;
}

Result<MatmulShape> matmul_shape(Dims a, Dims b) {
  if (a.empty() || b.empty()) return refuse_shape("a scalar operand");
  const bool a_is_row = a.size() == 1;
  const bool b_is_column = b.size() == 1;
  MatmulShape shape{};
  shape.m = a_is_row ? 1 : a[a.size() - 2];
  shape.k = a.back();
  shape.n = b_is_column ? 1 : b.back();
  const std::int64_t k_of_b = b_is_column ? b[0] : b[b.size() - 2];
  if (shape.k != k_of_b) return refuse_shape(pair_text(a, b));
  ISOTRACE_TRY(shape.batch, broadcast_shapes(a.first(a_is_row ? 0 : a.size() - 2),
                                             b.first(b_is_column ? 0 : b.size() - 2)));
  shape.output = shape.batch;
  if (!a_is_row) shape.output.push_back(shape.m);
  if (!b_is_column) shape.output.push_back(shape.n);
  return shape;
}

Result<GemmShape> gemm_shape(Dims a, Dims b, bool transpose_a, bool transpose_b) {
  if (a.size() != 2 || b.size() != 2) return refuse_shape(pair_text(a, b) + ": not matrices");
  const GemmShape shape{transpose_a ? a[1] : a[0], transpose_a ? a[0] : a[1],
                        transpose_b ? b[0] : b[1]};
  if (shape.k != (transpose_b ? b[1] : b[0])) return refuse_shape(pair_text(a, b));
  return shape;
}

Shape reduced_shape(Dims shape, std::span<const std::size_t> axes, bool keepdims) {
  Shape result;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const bool reduced = std::find(axes.begin(), axes.end(), axis) != axes.end();
    if (!reduced) result.push_back(shape[axis]);
    if (reduced && keepdims) result.push_back(1);
  }
  return result;
}

Result<Shape> reshaped_shape(Dims shape, Dims requested, bool allow_zero) {
  ISOTRACE_TRY(const std::size_t elements, core::element_count(shape));
  Shape result(requested.begin(), requested.end());
  std::size_t inferred = result.size();
  bool explicit_zero = false;
  for (std::size_t axis = 0; axis < result.size(); ++axis) {
    if (result[axis] == 0 && !allow_zero) {
      if (axis >= shape.size()) return refuse_value("size 0 at an axis that the input has not");
      result[axis] = shape[axis];
    } else if (result[axis] == 0) {
      explicit_zero = true;
    } else if (result[axis] == -1) {
      if (inferred != result.size()) return refuse_value("more than one size -1");
      inferred = axis;
    } else if (result[axis] < 0) {
      return refuse_value("size " + std::to_string(result[axis]));
    }
  }
  if (inferred != result.size()) {
    if (explicit_zero) return refuse_value("both 0 and -1 with allowzero");
    result[inferred] = 1;
    ISOTRACE_TRY(const std::size_t others, core::element_count(result));
    // If the other sizes have no elements, every size would fit and none can be inferred.
    if (others == 0 || elements % others != 0) {
      return refuse_shape("cannot infer -1 in " + core::shape_text(requested) + " from " +
                          core::shape_text(shape));
    }
    result[inferred] = static_cast<std::int64_t>(elements / others);
  }
  ISOTRACE_TRY(const std::size_t count, core::element_count(result));
  if (count != elements) return refuse_shape(pair_text(shape, result));
  return result;
}

Result<Shape> flattened_shape(Dims shape, std::int64_t axis) {
  const auto rank = static_cast<std::int64_t>(shape.size());
  if (axis < -rank || axis > rank) return refuse_attribute("axis " + std::to_string(axis));
  const auto split = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
  const Shape result = {static_cast<std::int64_t>(product(shape, 0, split)),
                        static_cast<std::int64_t>(product(shape, split, shape.size()))};
  ISOTRACE_TRY_DONE(core::element_count(result));
  return result;
}

Result<std::vector<std::size_t>> resolve_permutation(Dims perm, std::size_t rank) {
  std::vector<std::size_t> resolved(rank);
  if (perm.empty()) {
    for (std::size_t axis = 0; axis < rank; ++axis) resolved[axis] = rank - 1 - axis;
    return resolved;
  }
  if (perm.size() != rank) return refuse_attribute("perm " + core::shape_text(perm));
  std::vector<bool> named(rank, false);
  for (std::size_t axis = 0; axis < rank; ++axis) {
    if (perm[axis] < 0 || perm[axis] >= static_cast<std::int64_t>(rank) ||
        named[static_cast<std::size_t>(perm[axis])]) {
      return refuse_attribute("perm " + core::shape_text(perm));
    }
    resolved[axis] = static_cast<std::size_t>(perm[axis]);
    named[resolved[axis]] = true;
  }
  return resolved;
}

Result<Shape> squeezed_shape(Dims shape, const std::vector<std::int64_t>* axes) {
  Shape result;
  if (axes == nullptr) {
    std::copy_if(shape.begin(), shape.end(), std::back_inserter(result),
                 [](std::int64_t dim) { return dim != 1; });
    return result;
  }
  ISOTRACE_TRY(const auto resolved, resolve_axes(*axes, shape.size()));
  for (std::size_t axis : resolved) {
    if (shape[axis] != 1) {
      return refuse_shape("axis " + std::to_string(axis) + " of " + core::shape_text(shape) +
                          " is not 1");
    }
  }
  return reduced_shape(shape, resolved, false);
}

Result<Shape> unsqueezed_shape(Dims shape, Dims axes) {
  const std::size_t rank = shape.size() + axes.size();
  ISOTRACE_TRY(const auto resolved, resolve_axes(axes, rank));
  Shape result;
  std::size_t next = 0;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const bool inserted = std::binary_search(resolved.begin(), resolved.end(), axis);
    result.push_back(inserted ? 1 : shape[next++]);
  }
  return result;
}

Result<Shape> concatenated_shape(std::span<const Dims> shapes, std::int64_t axis) {
  ISOTRACE_CHECK(!shapes.empty());
  Shape result(shapes[0].begin(), shapes[0].end());
  ISOTRACE_TRY(const std::size_t along, resolve_axis(axis, result.size()));
  for (const Dims& shape : shapes.subspan(1)) {
    if (shape.size() != result.size()) return refuse_shape(pair_text(shapes[0], shape));
    for (std::size_t i = 0; i < result.size(); ++i) {
      if (i != along && shape[i] != result[i]) return refuse_shape(pair_text(shapes[0], shape));
    }
    if (__builtin_add_overflow(result[along], shape[along], &result[along])) {
      return refuse_shape("sizes do not fit");
    }
  }
  return result;
}

Result<std::vector<std::int64_t>> split_sizes(std::int64_t size, std::size_t parts,
                                              const std::vector<std::int64_t>* sizes) {
  if (sizes == nullptr) {
    const auto count = static_cast<std::int64_t>(parts);
    const std::int64_t chunk = size / count + (size % count != 0 ? 1 : 0);
    std::vector<std::int64_t> equal(parts, chunk);
    equal.back() = size - chunk * (count - 1);
    if (equal.back() < 0) {
      return refuse_shape(std::to_string(size) + " into " + std::to_string(parts) + " parts");
    }
    return equal;
  }
  if (sizes->size() != parts) return refuse_shape(std::to_string(sizes->size()) + " sizes");
  std::int64_t rest = size;
  for (std::int64_t part : *sizes) {
    if (part < 0 || part > rest) return refuse_value("size " + std::to_string(part));
    rest -= part;
  }
  if (rest != 0) return refuse_value("sizes leave " + std::to_string(rest) + " over");
  return *sizes;
}

Result<SliceRange> slice_range(std::int64_t size, std::int64_t start, std::int64_t end,
                               std::int64_t step) {
  if (step == 0) return refuse_value("step 0");
  const std::int64_t low = step > 0 ? 0 : -1;
  const std::int64_t high = step > 0 ? size : size - 1;
  const std::int64_t from = std::clamp<std::int64_t>(start < 0 ? start + size : start, 0,
                                                     std::max<std::int64_t>(high, 0));
  const std::int64_t to = std::clamp(end < 0 ? end + size : end, low, std::max(low, high));
  const std::int64_t distance = step > 0 ? to - from : from - to;
  if (distance <= 0 || size == 0) return SliceRange{0, step, 0};
  // Unsigned, because the magnitude of the least step does not fit in its own type.
  const std::uint64_t stride =
      step > 0 ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
  const std::uint64_t count = (static_cast<std::uint64_t>(distance) - 1) / stride + 1;
  return SliceRange{from, step, static_cast<std::int64_t>(count)};
}

}  // namespace isotrace::reference
