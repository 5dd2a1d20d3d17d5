// find_element_difference: the first element of two tensors that differs in bits.
#include <algorithm>
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

/// Elements whose bits differ: the first, and how many.
struct Bits {
  std::size_t first = 0;
  std::uint64_t differing = 0;
};

template <class Word>
std::uint64_t count_differing(const std::uint8_t* a, const std::uint8_t* b, std::size_t elements) {
  std::uint64_t differing = 0;
  for (std::size_t i = 0; i < elements; ++i) {
    Word x;
    Word y;
    std::memcpy(&x, a + i * sizeof(Word), sizeof(Word));
    std::memcpy(&y, b + i * sizeof(Word), sizeof(Word));
    differing += x != y ? 1 : 0;
  }
  return differing;
}

std::uint64_t count_differing(std::size_t width, const std::uint8_t* a, const std::uint8_t* b,
                              std::size_t elements) {
  switch (width) {
    case 1: return count_differing<std::uint8_t>(a, b, elements);
    case 2: return count_differing<std::uint16_t>(a, b, elements);
    case 4: return count_differing<std::uint32_t>(a, b, elements);
    default: return count_differing<std::uint64_t>(a, b, elements);
  }
}

/// Reads both tensors once. Blocks that are equal, as most are, go at the speed of memory.
Bits compare_bits(const core::TensorView& a, const core::TensorView& b) {
  constexpr std::size_t block_bytes = 4096;
  const std::size_t width = core::dtype_bytes(a.dtype());
  const std::size_t size = a.bytes().size();
  Bits bits;
  for (std::size_t offset = 0; offset < size; offset += block_bytes) {
    const std::size_t block = std::min(block_bytes, size - offset);
    const std::uint8_t* left = a.bytes().data() + offset;
    const std::uint8_t* right = b.bytes().data() + offset;
    if (std::memcmp(left, right, block) == 0) continue;
    if (bits.differing == 0) {
      const auto part = std::mismatch(left, left + block, right).first - left;
      bits.first = (offset + static_cast<std::size_t>(part)) / width;
    }
    bits.differing += count_differing(width, left, right, block / width);
  }
  return bits;
}

}  // namespace

std::optional<ElementDifference> find_element_difference(const core::TensorView& a,
                                                         const core::TensorView& b) {
  ISOTRACE_CHECK(a.dtype() == b.dtype(), core::dtype_name(a.dtype()), core::dtype_name(b.dtype()));
  ISOTRACE_CHECK(std::equal(a.shape().begin(), a.shape().end(), b.shape().begin(), b.shape().end()),
                 core::shape_text(a.shape()), core::shape_text(b.shape()));
  const Bits bits = compare_bits(a, b);
  if (bits.differing == 0) return std::nullopt;
  return ElementDifference{bits.first,
                           index_of(bits.first, a.shape()),
                           core::element_text(a, bits.first),
                           core::element_text(b, bits.first),
                           core::element_decimal(a, bits.first),
                           core::element_decimal(b, bits.first),
                           core::element_bits(a, bits.first),
                           core::element_bits(b, bits.first),
                           core::ulp_distance(a, b, bits.first),
                           bits.differing};
}

}  // namespace isotrace::trace
