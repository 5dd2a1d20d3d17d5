// find_element_difference: the first element of two tensors that differs in bits.
#include <cstring>

#include <isotrace/core/text.hpp>
#include <isotrace/trace/compare.hpp>

namespace isotrace::trace {
namespace {

std::vector<std::int64_t> index_of(std::uint64_t element, std::span<const std::int64_t> shape) {
  std::vector<std::int64_t> index(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const auto size = static_cast<std::uint64_t>(shape[axis]);
    index[axis] = static_cast<std::int64_t>(element % size);
    element /= size;
  }
  return index;
}

}  // namespace

std::optional<ElementDifference> find_element_difference(const core::TensorView& a,
                                                         const core::TensorView& b) {
  ISOTRACE_CHECK(a.dtype() == b.dtype(), core::dtype_name(a.dtype()), core::dtype_name(b.dtype()));
  ISOTRACE_CHECK(std::equal(a.shape().begin(), a.shape().end(), b.shape().begin(), b.shape().end()),
                 core::shape_text(a.shape()), core::shape_text(b.shape()));
  if (core::identical(a, b)) return std::nullopt;
  const std::size_t width = core::dtype_bytes(a.dtype());
  std::optional<std::size_t> first;
  std::uint64_t differing = 0;
  for (std::size_t i = 0; i < a.elements(); ++i) {
    if (std::memcmp(a.bytes().data() + i * width, b.bytes().data() + i * width, width) == 0)
      continue;
    if (!first) first = i;
    ++differing;
  }
  return ElementDifference{*first,
                           index_of(*first, a.shape()),
                           core::element_text(a, *first),
                           core::element_text(b, *first),
                           core::element_bits(a, *first),
                           core::element_bits(b, *first),
                           core::ulp_distance(a, b, *first),
                           differing};
}

}  // namespace isotrace::trace
