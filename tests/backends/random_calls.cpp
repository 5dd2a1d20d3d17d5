#include <tests/backends/random_calls.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <map>
#include <sstream>

namespace isotrace::tests {
namespace {

using backends::Sample;
using core::Dtype;
using core::PhiloxStream;
using core::Shape;
using core::Tensor;

constexpr std::size_t elements_max = 6000;

template <class T, std::size_t n>
const T& choose(PhiloxStream& random, const std::array<T, n>& all) {
  return all[random.next_below(n)];
}

bool happens(PhiloxStream& random, std::uint64_t one_in) { return random.next_below(one_in) == 0; }

std::int64_t random_size(PhiloxStream& random) {
  constexpr std::array<std::int64_t, 16> sizes = {0, 1,  1,  2,  3,  4,  5,  6,
                                                  8, 12, 15, 16, 17, 31, 33, 65};
  return choose(random, sizes);
}

/// Sizes of the operands by those that they had: equal ones stay equal.
using Sizes = std::map<std::int64_t, std::int64_t>;

Sizes random_sizes(PhiloxStream& random, const Sample& call) {
  Sizes sizes;
  for (const auto& operand : call.operands) {
    if (!operand) continue;
    for (const std::int64_t size : operand->shape()) {
      if (size != 1 || happens(random, 6)) {
        sizes.emplace(size, happens(random, 2) ? random_size(random) : size);
      }
    }
  }
  return sizes;
}

/// A tensor of this shape whose elements are some of those of another; of floats, sometimes any
/// bits.
Tensor refill(PhiloxStream& random, const Tensor& from, Shape shape) {
  Tensor tensor(from.dtype(), std::move(shape));
  const std::size_t size = core::dtype_bytes(from.dtype());
  const bool any_bits = core::is_float(from.dtype()) && from.dtype() < Dtype::i4;
  const bool wild = any_bits && happens(random, 4);
  const auto bytes = tensor.mutable_bytes();
  for (std::size_t i = 0; i < tensor.elements(); ++i) {
    if (wild || from.elements() == 0) {
      const std::uint64_t bits = wild ? random.next_u64() : 0;
      for (std::size_t b = 0; b < size; ++b) {
        bytes[i * size + b] = static_cast<std::uint8_t>(bits >> (8 * b));
      }
    } else {
      const std::size_t other = random.next_below(from.elements());
      std::copy_n(from.bytes().data() + other * size, size, bytes.data() + i * size);
    }
  }
  return tensor;
}

bool is_small(const Shape& shape) {
  const auto count = core::element_count(shape);
  return count && *count <= elements_max;
}

/// Sizes of axes that come before all others: mostly few, sometimes so many that no operand could
/// have them all.
Shape leading_axes(PhiloxStream& random) {
  if (!happens(random, 8)) return {};
  Shape axes(1 + random.next_below(12), 1);
  const std::size_t pairs = random.next_below(happens(random, 4) ? 10 : 4);
  for (std::size_t i = 0; i < pairs; ++i) axes[random.next_below(axes.size())] = 2;
  return axes;
}

/// Some of them are of one position, which broadcasts.
Shape add_axes(PhiloxStream& random, Shape shape, Shape leading, bool all) {
  if (!all && happens(random, 3)) return shape;
  for (std::int64_t& size : leading) {
    if (!all && happens(random, 3)) size = 1;
  }
  shape.insert(shape.begin(), leading.begin(), leading.end());
  return shape;
}

/// Lists of axes, sizes and indices are i64 where the data is not.
bool is_list(const Tensor& operand, Dtype data) {
  return operand.dtype() == Dtype::i64 && data != Dtype::i64;
}

void change_shapes(PhiloxStream& random, Sample& call, Dtype data) {
  const Sizes sizes = random_sizes(random, call);
  const Shape leading = leading_axes(random);
  const bool same_axes = happens(random, 2);
  const bool change_lists = happens(random, 3);
  for (auto& operand : call.operands) {
    if (!operand || core::is_structured(operand->dtype())) continue;
    if (is_list(*operand, data) && !change_lists) continue;
    Shape shape = operand->shape();
    for (std::int64_t& size : shape) {
      const auto other = sizes.find(size);
      if (other != sizes.end()) size = other->second;
    }
    if (happens(random, 24) && !shape.empty()) shape[random.next_below(shape.size())] = 1;
    if (!leading.empty()) shape = add_axes(random, std::move(shape), leading, same_axes);
    if (is_small(shape)) operand = refill(random, *operand, std::move(shape));
  }
}

std::int64_t small_integer(PhiloxStream& random) {
  constexpr std::array<std::int64_t, 12> numbers = {-3, -2, -1, 0, 0, 1, 1, 2, 3, 4, 5, 7};
  return choose(random, numbers);
}

float some_float(PhiloxStream& random) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr std::array<float, 14> numbers = {
      0,     -0.0F, 1,      -1,      0.5F,     -0.25F,    2,
      1e-3F, 3.7F,  1e-40F, 3.4e38F, infinity, -infinity, std::numeric_limits<float>::quiet_NaN()};
  return choose(random, numbers);
}

/// Words that stand in one attribute or another.
std::string some_word(PhiloxStream& random, std::string_view attribute, std::string before) {
  using Words = std::vector<const char*>;
  const std::map<std::string_view, Words> known = {
      {"approximate", {"none", "tanh"}},
      {"auto_pad", {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"}},
      {"coordinate_transformation_mode",
       {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
        "tf_half_pixel_for_nn", "tf_crop_and_resize", "output_half_pixel"}},
      {"direction", {"LEFT", "RIGHT", "forward", "reverse", "bidirectional"}},
      {"keep_aspect_ratio_policy", {"stretch", "not_larger", "not_smaller"}},
      {"mode",
       {"nearest", "linear", "cubic", "constant", "reflect", "edge", "wrap", "DCR", "CRD", "avg",
        "max", "TF", "IDF", "TFIDF"}},
      {"nearest_mode", {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}},
      {"padding_mode", {"zeros", "border", "reflection"}},
      {"reduction", {"none", "add", "mul", "max", "min", "mean", "sum"}}};
  const auto words = known.find(attribute);
  if (words == known.end()) return before;
  return words->second[random.next_below(words->second.size())];
}

void change_list(PhiloxStream& random, std::vector<std::int64_t>& list) {
  if (!list.empty()) list[random.next_below(list.size())] = small_integer(random);
  if (happens(random, 8)) list.push_back(small_integer(random));
  if (happens(random, 8) && !list.empty()) list.pop_back();
}

void change_attributes(PhiloxStream& random, Sample& call) {
  for (core::Attribute& attribute : call.node.attributes) {
    if (attribute.name == "to" || attribute.name == "output_datatype" || !happens(random, 3)) {
      continue;
    }
    if (auto* whole = std::get_if<std::int64_t>(&attribute.value)) {
      *whole = small_integer(random);
    } else if (auto* real = std::get_if<float>(&attribute.value)) {
      *real = some_float(random);
    } else if (auto* text = std::get_if<std::string>(&attribute.value)) {
      *text = some_word(random, attribute.name, *text);
    } else if (auto* list = std::get_if<std::vector<std::int64_t>>(&attribute.value)) {
      change_list(random, *list);
    } else if (auto* reals = std::get_if<std::vector<float>>(&attribute.value)) {
      if (!reals->empty()) (*reals)[random.next_below(reals->size())] = some_float(random);
    }
  }
}

void change_values(PhiloxStream& random, Sample& call, Dtype data) {
  for (auto& operand : call.operands) {
    if (!operand || !is_list(*operand, data) || operand->elements() == 0) continue;
    if (!happens(random, 2)) continue;
    operand->data<std::int64_t>()[random.next_below(operand->elements())] = small_integer(random);
  }
}

/// An operand that may be left out, or results that nobody asked for.
void leave_out(PhiloxStream& random, Sample& call) {
  const core::OpInfo& info = core::op_info(call.node.op);
  for (std::size_t i = info.inputs_min; i < call.operands.size(); ++i) {
    if (info.inputs_max == core::any_number || !happens(random, 4)) continue;
    call.operands[i].reset();
    call.node.inputs[i] = core::no_value;
  }
}

void describe_values(std::ostringstream& out, const Tensor& tensor) {
  if (tensor.dtype() != Dtype::i64 || tensor.elements() > 16) return;
  out << " =";
  for (const std::int64_t value : tensor.data<std::int64_t>()) out << ' ' << value;
}

}  // namespace

Sample make_random_call(PhiloxStream& random, core::Op op, Dtype dtype) {
  std::vector<Sample> samples = backends::make_samples(op, dtype, random.next_u64());
  Sample call = std::move(samples[random.next_below(samples.size())]);
  change_shapes(random, call, dtype);
  if (happens(random, 2)) change_attributes(random, call);
  if (happens(random, 4)) change_values(random, call, dtype);
  if (happens(random, 4)) leave_out(random, call);
  return call;
}

std::string describe_call(const Sample& call) {
  std::ostringstream out;
  out << core::op_info(call.node.op).name;
  for (const auto& operand : call.operands) {
    out << ", ";
    if (!operand) {
      out << "none";
      continue;
    }
    out << core::dtype_name(operand->dtype()) << core::shape_text(operand->shape());
    describe_values(out, *operand);
  }
  for (const core::Attribute& attribute : call.node.attributes) {
    out << ", " << attribute.name << " = ";
    if (const auto* whole = std::get_if<std::int64_t>(&attribute.value)) {
      out << *whole;
    } else if (const auto* real = std::get_if<float>(&attribute.value)) {
      out << *real;
    } else if (const auto* text = std::get_if<std::string>(&attribute.value)) {
      out << *text;
    } else if (const auto* list = std::get_if<std::vector<std::int64_t>>(&attribute.value)) {
      out << core::shape_text(*list);
    } else {
      out << "...";
    }
  }
  return out.str();
}

}  // namespace isotrace::tests
