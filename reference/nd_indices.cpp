#include <isotrace/reference/nd_indices.hpp>

#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/select_shape.hpp>

namespace isotrace::reference {

Result<std::vector<std::size_t>> locate_elements(Dims shape, const TensorView& indices,
                                                 std::size_t axis) {
  ISOTRACE_TRY_DONE(check_element_indices(shape, indices.shape(), axis));
  ISOTRACE_TRY(const auto values, read_indices(indices));
  Strides strides = row_major_strides(shape);
  const auto step = static_cast<std::size_t>(strides[axis]);
  strides[axis] = 0;
  Odometer at(indices.shape());
  at.add_stream(std::move(strides));
  std::vector<std::size_t> elements;
  for (std::int64_t value : values) {
    ISOTRACE_TRY(const std::size_t index, resolve_index(value, shape[axis]));
    elements.push_back(static_cast<std::size_t>(at.offset(0)) + index * step);
    at.next();
  }
  return elements;
}

Result<Slices> locate_slices(Dims shape, const TensorView& indices, std::int64_t batch_dims) {
  Slices slices;
  ISOTRACE_TRY(slices.shape, gathered_nd_shape(shape, indices.shape(), batch_dims));
  ISOTRACE_TRY(const auto values, read_indices(indices));
  const auto batch = static_cast<std::size_t>(batch_dims);
  const auto tuple = static_cast<std::size_t>(indices.shape().back());
  const Strides strides = row_major_strides(shape);
  slices.length = product(shape, batch + tuple, shape.size());
  const std::size_t batch_elements = product(shape, batch, shape.size());
  const std::size_t tuples_per_batch = product(indices.shape(), batch, indices.shape().size() - 1);
  for (std::size_t first = 0; first < values.size(); first += tuple) {
    std::size_t start = first / tuple / tuples_per_batch * batch_elements;
    for (std::size_t i = 0; i < tuple; ++i) {
      ISOTRACE_TRY(const std::size_t index, resolve_index(values[first + i], shape[batch + i]));
      start += index * static_cast<std::size_t>(strides[batch + i]);
    }
    slices.starts.push_back(start);
  }
  return slices;
}

}  // namespace isotrace::reference
