// Correctly rounded functions on the device: what the kernel leaves in doubt, one element of a
// hundred thousand, the host settles.
#include <isotrace/backends/gpu/spaces.hpp>
#include <isotrace/backends/gpu/work.hpp>
#include <isotrace/reference/math/functions.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::gpu {

namespace functions {
constexpr Function exp = {"map_exp", &reference::exp};
constexpr Function expm1 = {"map_expm1", &reference::expm1};
constexpr Function log = {"map_log", &reference::log};
constexpr Function log1p = {"map_log1p", &reference::log1p};
constexpr Function tanh = {"map_tanh", &reference::tanh};
constexpr Function erf = {"map_erf", &reference::erf};
}  // namespace functions

namespace {

using core::Dtype;
using core::Op;

struct Row {
  Op op;
  Function function;
};

constexpr Row rows[] = {
    {Op::exp, functions::exp},
    {Op::log, functions::log},
    {Op::sin, {"map_sin", &reference::sin}},
    {Op::cos, {"map_cos", &reference::cos}},
    {Op::tan, {"map_tan", &reference::tan}},
    {Op::asin, {"map_asin", &reference::asin}},
    {Op::acos, {"map_acos", &reference::acos}},
    {Op::atan, {"map_atan", &reference::atan}},
    {Op::sinh, {"map_sinh", &reference::sinh}},
    {Op::cosh, {"map_cosh", &reference::cosh}},
    {Op::tanh, functions::tanh},
    {Op::asinh, {"map_asinh", &reference::asinh}},
    {Op::acosh, {"map_acosh", &reference::acosh}},
    {Op::atanh, {"map_atanh", &reference::atanh}},
    {Op::erf, functions::erf},
};

/// So many elements in doubt are settled one by one; where there are more, all are.
constexpr std::uint32_t doubtful_max = 1U << 16;

}  // namespace

const Function* find_function(Op op) {
  for (const Row& row : rows) {
    if (row.op == op) return &row.function;
  }
  return nullptr;
}

Doubts Work::DoubtList::arguments() const {
  return {count.data<std::uint32_t>(), elements.data<std::uint64_t>(), doubtful_max};
}

core::Result<Work::DoubtList> Work::make_doubts() {
  ISOTRACE_TRY(Array count, upload(core::Tensor(Dtype::u32, {1})));
  ISOTRACE_TRY(Array elements, make(Dtype::u64, {doubtful_max}));
  return DoubtList{std::move(count), std::move(elements)};
}

core::Result<std::optional<std::vector<std::uint64_t>>> Work::read_doubts(const DoubtList& list) {
  ISOTRACE_TRY(const std::uint32_t count, read<std::uint32_t>(list.count, 0));
  if (count > doubtful_max) return std::optional<std::vector<std::uint64_t>>{};
  std::vector<std::uint64_t> elements(count);
  ISOTRACE_TRY_DONE(device_.download(
      {reinterpret_cast<std::uint8_t*>(elements.data()), count * sizeof(elements[0])},
      list.elements.buffer->address()));
  return std::optional(std::move(elements));
}

core::Result<core::Done> Work::settle(
    const std::optional<std::vector<std::uint64_t>>& listed, const Array& out,
    const std::function<core::Result<float>(std::uint64_t)>& answer) {
  if (!listed) {
    core::Tensor values(Dtype::f32, out.shape);
    const auto target = values.data<float>();
    for (std::size_t i = 0; i < target.size(); ++i) {
      ISOTRACE_TRY(target[i], answer(i));
    }
    return device_.upload(out.buffer->address(), values.bytes());
  }
  for (const std::uint64_t index : *listed) {
    ISOTRACE_TRY(const float value, answer(index));
    ISOTRACE_TRY_DONE(
        device_.upload(out.buffer->address() + index * sizeof(value),
                       {reinterpret_cast<const std::uint8_t*>(&value), sizeof(value)}));
  }
  return core::Done{};
}

Made Work::function(const Function& f, const Array& x) {
  ISOTRACE_TRY(Array out, make(Dtype::f32, x.shape));
  if (out.elements == 0) return out;
  ISOTRACE_TRY(const DoubtList doubts, make_doubts());
  ISOTRACE_TRY_DONE(launch_each(f.kernel, MathArguments{out.elements, x.data<float>(),
                                                        out.data<float>(), doubts.arguments()}));
  ISOTRACE_TRY(const auto listed, read_doubts(doubts));
  core::Tensor all;
  if (!listed) {
    ISOTRACE_TRY(all, download(x));
  }
  const auto answer = [&](std::uint64_t i) -> core::Result<float> {
    if (!listed) return f.settle(all.data<float>()[i]);
    ISOTRACE_TRY(const float value, read<float>(x, i));
    return f.settle(value);
  };
  ISOTRACE_TRY_DONE(settle(listed, out, answer));
  return out;
}

Made Work::power(const Array& x, const Array& y) {
  ISOTRACE_TRY(Shape shape, reference::broadcast_shapes(x.shape, y.shape));
  ISOTRACE_TRY(Array out, make(Dtype::f32, std::move(shape)));
  if (out.elements == 0) return out;
  ISOTRACE_TRY(const auto space,
               make_space<2>(out.shape, {reference::broadcast_strides(x.shape, out.shape),
                                         reference::broadcast_strides(y.shape, out.shape)}));
  ISOTRACE_TRY(const DoubtList doubts, make_doubts());
  ISOTRACE_TRY_DONE(launch_each(
      "map_power", PowerArguments{out.elements, x.data<float>(), y.dtype, y.data<const void>(),
                                  out.data<float>(), doubts.arguments(), space}));
  ISOTRACE_TRY(const auto listed, read_doubts(doubts));
  core::Tensor bases;
  core::Tensor exponents;
  if (!listed) {
    ISOTRACE_TRY(bases, download(x));
    ISOTRACE_TRY(exponents, download(y));
  }
  const auto answer = [&](std::uint64_t i) -> core::Result<float> {
    const Offsets<2> at = locate(space, i);
    const auto base_at = static_cast<std::uint64_t>(at.of[0]);
    const auto exponent_at = static_cast<std::uint64_t>(at.of[1]);
    if (!listed) {
      return reference::pow(
          bases.data<float>()[base_at],
          exponent_of(load_element(y.dtype, exponents.bytes().data(), exponent_at)));
    }
    ISOTRACE_TRY(const float base, read<float>(x, base_at));
    std::uint8_t element[8] = {};
    const std::size_t size = core::dtype_bytes(y.dtype);
    ISOTRACE_TRY_DONE(device_.download({element, size}, y.buffer->address() + exponent_at * size));
    return reference::pow(base, exponent_of(load_element(y.dtype, element, 0)));
  };
  ISOTRACE_TRY_DONE(settle(listed, out, answer));
  return out;
}

}  // namespace isotrace::backends::gpu
