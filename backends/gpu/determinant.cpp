// Det (docs/spec/algebra.md).
#include <isotrace/backends/gpu/kernels/determinant.hpp>
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::gpu {
namespace {

Made determinant(DeviceCall& call) {
  ISOTRACE_TRY(const Array x, call.wide(0));
  const std::size_t rank = x.shape.size();
  if (rank < 2 || x.shape[rank - 1] != x.shape[rank - 2]) {
    return reference::refuse_shape("matrices of shape " + core::shape_text(x.shape));
  }
  Work& work = call.work;
  ISOTRACE_TRY(const Array scratch,
               work.gather(x, x.shape, reference::row_major_strides(x.shape), 0));
  ISOTRACE_TRY(Array out, work.make(x.dtype, Shape(x.shape.begin(), x.shape.end() - 2)));
  const auto n = static_cast<std::uint64_t>(x.shape.back());
  ISOTRACE_TRY_DONE(visit_real(x.dtype, [&](auto number) {
    using Number = decltype(number);
    return work.launch_each(of_type("determinants", x.dtype),
                            typename Determinants<Number>::Arguments{
                                out.elements, n, scratch.data<Number>(), out.data<Number>()});
  }));
  return out;
}

}  // namespace

Results run_determinant(DeviceCall& call) { return one(call.narrow(determinant(call))); }

}  // namespace isotrace::backends::gpu
