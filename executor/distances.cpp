#include <isotrace/executor/distances.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include <isotrace/core/convert.hpp>
#include <isotrace/core/text.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::TensorView;

template <class T>
T element(const TensorView& tensor, std::size_t i) {
  T value{};
  std::memcpy(&value, tensor.bytes().data() + i * sizeof(T), sizeof(T));
  return value;
}

/// The value of a float; binary64 holds every one exactly.
double real(const TensorView& tensor, std::size_t i) {
  switch (tensor.dtype()) {
    case Dtype::f32: return element<float>(tensor, i);
    case Dtype::f64: return element<double>(tensor, i);
    case Dtype::f16: return core::to_f32(element<core::Half>(tensor, i));
    case Dtype::bf16: return core::to_f32(element<core::BFloat16>(tensor, i));
    default:
      return core::float8_to_f32(element<std::uint8_t>(tensor, i),
                                 core::float8_format(tensor.dtype()));
  }
}

template <class T>
std::uint64_t difference(const TensorView& a, const TensorView& b, std::size_t i) {
  const auto [low, high] = std::minmax({element<T>(a, i), element<T>(b, i)});
  // Modulo 2^64 the difference of any two is right.
  return static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
}

std::uint64_t integer_distance(const TensorView& a, const TensorView& b, std::size_t i) {
  switch (a.dtype()) {
    case Dtype::i2:
    case Dtype::i4:
    case Dtype::i8: return difference<std::int8_t>(a, b, i);
    case Dtype::i16: return difference<std::int16_t>(a, b, i);
    case Dtype::u16: return difference<std::uint16_t>(a, b, i);
    case Dtype::i32: return difference<std::int32_t>(a, b, i);
    case Dtype::u32: return difference<std::uint32_t>(a, b, i);
    case Dtype::i64: return difference<std::int64_t>(a, b, i);
    case Dtype::u64: return difference<std::uint64_t>(a, b, i);
    default: return difference<std::uint8_t>(a, b, i);  // u2, u4, u8, booleans
  }
}

void count(Distances& distances, std::uint64_t distance) {
  const auto above = std::ranges::upper_bound(Distances::least, distance);
  ++distances.elements[static_cast<std::size_t>(above - Distances::least.begin()) - 1];
  distances.largest = std::max(distances.largest, distance);
}

/// Element i, whose bits differ.
void count_float(Distances& distances, const TensorView& a, const TensorView& b, std::size_t i) {
  const auto ulps = core::ulp_distance(a, b, i);
  if (!ulps) {
    ++distances.nans;
  } else if (std::isinf(real(a, i)) || std::isinf(real(b, i))) {
    ++distances.infinities;
  } else {
    count(distances, *ulps);
  }
}

}  // namespace

void add_distances(Distances& distances, const TensorView& a, const TensorView& b,
                   std::size_t begin, std::size_t end) {
  const std::size_t width = core::dtype_bytes(a.dtype());
  for (std::size_t i = begin; i < end; ++i) {
    if (std::memcmp(a.bytes().data() + i * width, b.bytes().data() + i * width, width) == 0) {
      ++distances.elements[0];
    } else if (core::is_float(a.dtype())) {
      count_float(distances, a, b, i);
    } else {
      count(distances, integer_distance(a, b, i));
    }
  }
}

std::optional<Distances> measure_distances(const TensorView& a, const TensorView& b) {
  ISOTRACE_CHECK(a.dtype() == b.dtype(), core::dtype_name(a.dtype()), core::dtype_name(b.dtype()));
  ISOTRACE_CHECK(a.elements() == b.elements(), a.elements(), b.elements());
  if (core::is_structured(a.dtype())) return std::nullopt;
  Distances distances;
  add_distances(distances, a, b, 0, a.elements());
  return distances;
}

}  // namespace isotrace::executor
