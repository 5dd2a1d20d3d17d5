#include <isotrace/reference/quantise.hpp>

namespace isotrace::reference {

IntegerRange integer_range(Dtype dtype) {
  switch (dtype) {
    case Dtype::i4: return {-8, 7};
    case Dtype::u4: return {0, 15};
    case Dtype::i2: return {-2, 1};
    case Dtype::u2: return {0, 3};
    case Dtype::i8: return {-128, 127};
    case Dtype::u8: return {0, 255};
    case Dtype::i16: return {-32768, 32767};
    default: ISOTRACE_CHECK(dtype == Dtype::u16, core::dtype_name(dtype)); return {0, 65535};
  }
}

Result<std::vector<std::int64_t>> read_small_integers(const TensorView& x) {
  if (x.dtype() >= Dtype::i4 && x.dtype() <= Dtype::u2) {
    // All stand as their value in one byte; those without sign are small enough.
    const auto* values = reinterpret_cast<const std::int8_t*>(x.bytes().data());
    return std::vector<std::int64_t>(values, values + x.elements());
  }
  if (core::dtype_bytes(x.dtype()) > 4 || x.dtype() == Dtype::u32) return refuse_dtype(x.dtype());
  return visit_integers(x.dtype(), [&](auto type) -> Result<std::vector<std::int64_t>> {
    const auto values = x.data<typename decltype(type)::type>();
    return std::vector<std::int64_t>(values.begin(), values.end());
  });
}

Result<std::vector<float>> read_scales(const TensorView& scale) {
  if (core::dtype_bytes(scale.dtype()) == 1) return refuse_dtype(scale.dtype());
  return visit_singles(scale.dtype(), [&](auto type) -> Result<std::vector<float>> {
    std::vector<float> values;
    for (auto element : scale.data<typename decltype(type)::type>()) {
      values.push_back(widen(element));
    }
    return values;
  });
}

std::int64_t quantise(double value, std::int64_t zero_point, IntegerRange range) {
  if (value != value) return zero_point;
  // Clamped before the zero point is added, so that everything is a small integer from there on.
  const double low = static_cast<double>(range.low - zero_point);
  const double high = static_cast<double>(range.high - zero_point);
  const double rounded = std::nearbyint(value);
  return static_cast<std::int64_t>(std::clamp(rounded, low, high)) + zero_point;
}

}  // namespace isotrace::reference
