// Correctly rounded functions on the device: what the kernel leaves in doubt, one element of a
// hundred thousand, the host settles.
#include <isotrace/backends/gpu/kernels/math_arguments.hpp>
#include <isotrace/backends/gpu/work.hpp>
#include <isotrace/reference/math/functions.hpp>

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

Made Work::function(const Function& f, const Array& x) {
  ISOTRACE_TRY(Array out, make(Dtype::f32, x.shape));
  if (out.elements == 0) return out;
  ISOTRACE_TRY(const Array count, upload(core::Tensor(Dtype::u32, {1})));
  ISOTRACE_TRY(const Array doubtful, make(Dtype::u64, {doubtful_max}));
  ISOTRACE_TRY_DONE(launch_each(
      f.kernel,
      MathArguments{out.elements, x.data<float>(), out.data<float>(), count.data<std::uint32_t>(),
                    doubtful.data<std::uint64_t>(), doubtful_max}));
  ISOTRACE_TRY(const core::Tensor counted, download(count));
  const std::uint32_t doubts = counted.data<std::uint32_t>()[0];
  if (doubts != 0) {
    ISOTRACE_TRY_DONE(settle(f, x, doubts <= doubtful_max ? &doubtful : nullptr, doubts, out));
  }
  return out;
}

core::Result<core::Done> Work::settle(const Function& f, const Array& x, const Array* doubtful,
                                      std::uint32_t doubts, const Array& out) {
  if (doubtful == nullptr) {
    ISOTRACE_TRY(core::Tensor values, download(x));
    for (float& value : values.data<float>()) value = f.settle(value);
    return device_.upload(out.buffer->address(), values.bytes());
  }
  std::vector<std::uint64_t> indices(doubts);
  ISOTRACE_TRY_DONE(device_.download(
      {reinterpret_cast<std::uint8_t*>(indices.data()), doubts * sizeof(indices[0])},
      doubtful->buffer->address()));
  for (const std::uint64_t index : indices) {
    float value = 0;
    const std::span<std::uint8_t> bytes(reinterpret_cast<std::uint8_t*>(&value), sizeof(value));
    const Address offset = index * sizeof(value);
    ISOTRACE_TRY_DONE(device_.download(bytes, x.buffer->address() + offset));
    value = f.settle(value);
    ISOTRACE_TRY_DONE(device_.upload(out.buffer->address() + offset, bytes));
  }
  return core::Done{};
}

}  // namespace isotrace::backends::gpu
