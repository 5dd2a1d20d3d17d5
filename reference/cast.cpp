// Cast between any two element types, each with one rounding (docs/spec/elementwise.md).
#include <isotrace/reference/cast.hpp>

#include <isotrace/reference/operations.hpp>

namespace isotrace::reference {
namespace {

template <class To, class From>
Result<Tensor> cast_tensor(const TensorView& x, bool saturate) {
  ISOTRACE_TRY(Tensor out,
               Tensor::make(core::dtype_of<To>, Shape(x.shape().begin(), x.shape().end())));
  std::transform(x.data<From>().begin(), x.data<From>().end(), out.data<To>().begin(),
                 [saturate](From value) { return cast_element<To>(value, saturate); });
  return out;
}

}  // namespace

// [elementwise.cast] `to` is the number of a core::Dtype.
Outcome evaluate_cast(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const Dtype to, dtype_attribute(call.node, "to"));
  const bool saturate = call.node.integer("saturate") != 0;
  return one(visit_all(to, [&](auto to_type) {
    return visit_all(x.dtype(), [&](auto from_type) {
      using From = typename decltype(from_type)::type;
      return cast_tensor<typename decltype(to_type)::type, From>(x, saturate);
    });
  }));
}

}  // namespace isotrace::reference
