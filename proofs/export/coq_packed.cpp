#include "coq_packed.hpp"

#include <cmath>
#include <optional>

#include "coq_numbers.hpp"

namespace isotrace::proofs {
namespace {

using core::RefusalCode;
using core::Result;

constexpr int shift_max = 511;

/// value * 2^scale, an integer, as Packed.v reads it: magnitude, sign, shift.
std::optional<std::uint64_t> packed(double value, int scale) {
  if (value == 0) return 0;
  const int own = fraction_bits(value);  // value * 2^own is an integer, odd if own > 0
  int exponent = 0;
  const double fraction = std::frexp(std::fabs(value), &exponent);
  auto magnitude = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
  int shift = exponent - 53 + scale;
  const int zeros = __builtin_ctzll(magnitude);
  magnitude >>= zeros;
  shift += zeros;
  if (own > scale || shift < 0 || shift > shift_max) return std::nullopt;
  return magnitude | std::uint64_t{value < 0} << 53 | static_cast<std::uint64_t>(shift) << 54;
}

class PackedText {
 public:
  explicit PackedText(int scale) : scale_(scale) {}

  /// As row_text of coq_text.cpp, with packed numbers.
  [[nodiscard]] std::string row(const AffineRow& row) {
    std::string text = "([";
    std::size_t next = 0;
    for (std::size_t i = 0; i < row.terms.size(); ++i) {
      const std::size_t operand = row.terms[i].operand;
      if (i == 0 || operand != next) {
        if (i != 0) text += "]); ";
        text += "(" + std::to_string(operand - next) + ", [";
      } else {
        text += "; ";
      }
      text += number(row.terms[i].weight);
      next = operand + 1;
    }
    return text + (row.terms.empty() ? "]" : "])]") + ", " + number(row.bias) + ")";
  }
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  std::string number(double value) {
    const auto bits = packed(value, scale_);
    complete_ = complete_ && bits.has_value();
    return std::to_string(bits.value_or(0));
  }

  int scale_;
  bool complete_ = true;
};

}  // namespace

Result<std::string> coq_packed_network(const AffineChain& chain) {
  std::string text = "[";
  for (std::size_t i = 0; i < chain.layers.size(); ++i) {
    const AffineLayer& layer = chain.layers[i];
    const int scale = coq_scale(layer);
    PackedText packer(scale);
    text += std::string(i == 0 ? "" : ";\n ") + "unpacked_layer " + std::to_string(scale) + " " +
            std::to_string(layer.roundings) + (layer.relu ? " true " : " false ") +
            coq_list(layer.rows, ";\n  ", [&](const AffineRow& row) { return packer.row(row); });
    if (!packer.complete()) {
      return core::refuse(RefusalCode::export_unsupported, "layer " + std::to_string(i),
                          "weights too far apart in size for tier primint");
    }
  }
  return text + "]";
}

}  // namespace isotrace::proofs
