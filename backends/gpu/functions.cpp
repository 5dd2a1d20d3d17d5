// Correctly rounded functions on the device: what the kernel leaves in doubt, one element of a
// hundred thousand, the host settles.
#include <isotrace/backends/gpu/spaces.hpp>
#include <isotrace/backends/gpu/work.hpp>
#include <isotrace/reference/call.hpp>
#include <isotrace/reference/math/binary64.hpp>
#include <isotrace/reference/math/functions.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::gpu {

namespace functions {
constexpr Function exp = {"map_exp", &reference::exp, "map_exp_f64", &reference::exp64};
constexpr Function expm1 = {"map_expm1", &reference::expm1, "map_expm1_f64", &reference::expm1_64};
constexpr Function log = {"map_log", &reference::log, "map_log_f64", &reference::log64};
constexpr Function log1p = {"map_log1p", &reference::log1p, "map_log1p_f64", &reference::log1p_64};
constexpr Function tanh = {"map_tanh", &reference::tanh, "map_tanh_f64", &reference::tanh64};
constexpr Function erf = {"map_erf", &reference::erf, "map_erf_f64", &reference::erf64};
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
    {Op::sin, {"map_sin", &reference::sin, "map_sin_f64", &reference::sin64}},
    {Op::cos, {"map_cos", &reference::cos, "map_cos_f64", &reference::cos64}},
    {Op::tan, {"map_tan", &reference::tan, "map_tan_f64", &reference::tan64}},
    {Op::asin, {"map_asin", &reference::asin, "map_asin_f64", &reference::asin64}},
    {Op::acos, {"map_acos", &reference::acos, "map_acos_f64", &reference::acos64}},
    {Op::atan, {"map_atan", &reference::atan, "map_atan_f64", &reference::atan64}},
    {Op::sinh, {"map_sinh", &reference::sinh, "map_sinh_f64", &reference::sinh64}},
    {Op::cosh, {"map_cosh", &reference::cosh, "map_cosh_f64", &reference::cosh64}},
    {Op::tanh, functions::tanh},
    {Op::asinh, {"map_asinh", &reference::asinh, "map_asinh_f64", &reference::asinh64}},
    {Op::acosh, {"map_acosh", &reference::acosh, "map_acosh_f64", &reference::acosh64}},
    {Op::atanh, {"map_atanh", &reference::atanh, "map_atanh_f64", &reference::atanh64}},
    {Op::erf, functions::erf},
};

/// So many elements in doubt are settled one by one; where there are more, all are.
constexpr std::uint32_t doubtful_max = 1U << 16;

float settle_power(float x, const AnyElement& y) { return reference::pow(x, exponent_of(y)); }
double settle_power(double x, const AnyElement& y) {
  double exponent = 0;
  if (wide_exponent_of(y, exponent)) return reference::pow64(x, exponent);
  const bool negative = exponent < 0;
  return reference::pow64(x, negative, negative ? 0 - y.whole : y.whole);
}

}  // namespace

const Function* find_function(Op op) {
  for (const Row& row : rows) {
    if (row.op == op) return &row.function;
  }
  return nullptr;
}

Doubts Work::DoubtList::arguments() const {
  return {count.data<std::uint64_t>(), elements.data<std::uint64_t>(), doubtful_max};
}

core::Result<Work::DoubtList> Work::make_doubts() {
  ISOTRACE_TRY(Array count, upload(core::Tensor(Dtype::u64, {1})));
  ISOTRACE_TRY(Array elements, make(Dtype::u64, {doubtful_max}));
  return DoubtList{std::move(count), std::move(elements)};
}

core::Result<std::optional<std::vector<std::uint64_t>>> Work::read_doubts(const DoubtList& list) {
  ISOTRACE_TRY(const std::uint64_t count, read<std::uint64_t>(list.count, 0));
  if (count > doubtful_max) return std::optional<std::vector<std::uint64_t>>{};
  std::vector<std::uint64_t> elements(count);
  ISOTRACE_TRY_DONE(device_.download(
      {reinterpret_cast<std::uint8_t*>(elements.data()), count * sizeof(elements[0])},
      list.elements.buffer->address()));
  return std::optional(std::move(elements));
}

template <class Number>
core::Result<core::Done> Work::settle(
    const std::optional<std::vector<std::uint64_t>>& listed, const Array& out,
    const std::function<core::Result<Number>(std::uint64_t)>& answer) {
  if (!listed) {
    core::Tensor values(out.dtype, out.shape);
    const auto target = values.data<Number>();
    for (std::size_t i = 0; i < target.size(); ++i) {
      ISOTRACE_TRY(target[i], answer(i));
    }
    return device_.upload(out.buffer->address(), values.bytes());
  }
  for (const std::uint64_t index : *listed) {
    ISOTRACE_TRY(const Number value, answer(index));
    ISOTRACE_TRY_DONE(
        device_.upload(out.buffer->address() + index * sizeof(value),
                       {reinterpret_cast<const std::uint8_t*>(&value), sizeof(value)}));
  }
  return core::Done{};
}

template <class Number>
core::Result<core::Done> Work::settle_function(Number (*f)(Number), const Array& x,
                                               const DoubtList& doubts, const Array& out) {
  ISOTRACE_TRY(const auto listed, read_doubts(doubts));
  core::Tensor all;
  if (!listed) {
    ISOTRACE_TRY(all, download(x));
  }
  const auto answer = [&](std::uint64_t i) -> core::Result<Number> {
    if (!listed) return f(all.data<Number>()[i]);
    ISOTRACE_TRY(const Number value, read<Number>(x, i));
    return f(value);
  };
  return settle<Number>(listed, out, answer);
}

Made Work::function(const Function& f, const Array& x) {
  ISOTRACE_TRY(Array out, make(x.dtype, x.shape));
  if (out.elements == 0) return out;
  ISOTRACE_TRY(const DoubtList doubts, make_doubts());
  if (x.dtype == Dtype::f64) {
    ISOTRACE_TRY_DONE(launch_each(
        f.wide_kernel,
        WideMathArguments{out.elements, x.data<double>(), out.data<double>(), doubts.arguments()}));
    ISOTRACE_TRY_DONE(settle_function(f.settle_wide, x, doubts, out));
  } else {
    ISOTRACE_TRY_DONE(launch_each(f.kernel, MathArguments{out.elements, x.data<float>(),
                                                          out.data<float>(), doubts.arguments()}));
    ISOTRACE_TRY_DONE(settle_function(f.settle, x, doubts, out));
  }
  return out;
}

template <class Number>
Made Work::power_of(const Array& x, const Array& y) {
  ISOTRACE_TRY(Shape shape, reference::broadcast_shapes(x.shape, y.shape));
  ISOTRACE_TRY(Array out, make(x.dtype, std::move(shape)));
  if (out.elements == 0) return out;
  ISOTRACE_TRY(const auto space,
               make_space<2>(out.shape, {reference::broadcast_strides(x.shape, out.shape),
                                         reference::broadcast_strides(y.shape, out.shape)}));
  ISOTRACE_TRY(const DoubtList doubts, make_doubts());
  ISOTRACE_TRY_DONE(launch_each(
      of_type("map_power", x.dtype),
      PowerArguments<Number>{out.elements, x.data<Number>(), y.dtype, y.data<const void>(),
                             out.data<Number>(), doubts.arguments(), space}));
  ISOTRACE_TRY(const auto listed, read_doubts(doubts));
  core::Tensor bases;
  core::Tensor exponents;
  if (!listed) {
    ISOTRACE_TRY(bases, download(x));
    ISOTRACE_TRY(exponents, download(y));
  }
  const auto answer = [&](std::uint64_t i) -> core::Result<Number> {
    const Offsets<2> at = locate(space, i);
    const auto base_at = static_cast<std::uint64_t>(at.of[0]);
    const auto exponent_at = static_cast<std::uint64_t>(at.of[1]);
    if (!listed) {
      return settle_power(bases.data<Number>()[base_at],
                          load_element(y.dtype, exponents.bytes().data(), exponent_at));
    }
    ISOTRACE_TRY(const Number base, read<Number>(x, base_at));
    std::uint8_t element[8] = {};
    const std::size_t size = core::dtype_bytes(y.dtype);
    ISOTRACE_TRY_DONE(device_.download({element, size}, y.buffer->address() + exponent_at * size));
    return settle_power(base, load_element(y.dtype, element, 0));
  };
  ISOTRACE_TRY_DONE(settle<Number>(listed, out, answer));
  return out;
}

Made Work::power(const Array& x, const Array& y) {
  return visit_real(x.dtype, [&](auto number) { return power_of<decltype(number)>(x, y); });
}

Made Work::whole_power(const Array& x, const Array& y, Dtype narrow) {
  ISOTRACE_TRY(Shape shape, reference::broadcast_shapes(x.shape, y.shape));
  ISOTRACE_TRY(const auto space,
               make_space<2>(shape, {reference::broadcast_strides(x.shape, shape),
                                     reference::broadcast_strides(y.shape, shape)}));
  std::optional<Array> out;
  if (core::is_float(y.dtype)) {
    ISOTRACE_TRY(const Array real, convert(x, Dtype::f32));
    ISOTRACE_TRY(out, power(real, y));
    ISOTRACE_TRY(out, convert(*out, narrow));
    ISOTRACE_TRY(out, convert(*out, x.dtype));
  } else {
    ISOTRACE_TRY(out, make(x.dtype, std::move(shape)));
  }
  if (out->elements == 0) return *out;
  ISOTRACE_TRY(const Array flag, upload(core::Tensor(Dtype::u32, {1})));
  const auto launch_for = [&](auto number) {
    using Integer = decltype(number);
    return launch_each(of_type("map_whole_power", x.dtype),
                       WholePowerArguments<Integer>{out->elements, x.data<Integer>(), y.dtype,
                                                    y.data<const void>(), out->data<Integer>(),
                                                    flag.data<std::uint32_t>(), space});
  };
  ISOTRACE_TRY_DONE(x.dtype == Dtype::u64 ? launch_for(std::uint64_t{})
                                          : launch_for(std::int64_t{}));
  ISOTRACE_TRY(const std::uint32_t of_zero, read<std::uint32_t>(flag, 0));
  if (of_zero != 0) return reference::refuse_value("a negative power of integer zero");
  return *out;
}

}  // namespace isotrace::backends::gpu
