// Elements of tensors as text for people: exact, and the same in every locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <isotrace/core/tensor.hpp>

namespace isotrace::core {

/// Hex float that names the value exactly: "0x1.8p+1", "-0x0p+0", "inf", "-inf", "nan".
std::string hex_float(double value);

/// Element i: hex float for floats (of any width), decimal for integers, "true" or "false".
std::string element_text(const TensorView& tensor, std::size_t i);
/// Element i: for floats the shortest decimal that reads back as the same element of its type
/// ("0.1", "1e-07", "3.0", "-0.0", "inf", "nan"); everything else as element_text.
std::string element_decimal(const TensorView& tensor, std::size_t i);
/// The bits of element i, all digits of its width: "0x40400000".
std::string element_bits(const TensorView& tensor, std::size_t i);
/// How many values of the float type lie between element i of both (1 for neighbours, 0 for equal
/// values and for the two zeros). Nothing for integers and where one of them is NaN. Both tensors
/// must have the same dtype.
std::optional<std::uint64_t> ulp_distance(const TensorView& a, const TensorView& b, std::size_t i);

}  // namespace isotrace::core
