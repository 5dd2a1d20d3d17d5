// Einsum (docs/spec/algebra.md): the last operand is multiplied by the product of those before it
// in one stack of matrix products, whose chains are those of the definition.
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/backends/gpu/product.hpp>
#include <isotrace/reference/einsum.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using reference::EinsumPlan;

/// Without axes of one position, which change nothing; of those summed over one stays, since a sum
/// of one product is no product (-0).
EinsumPlan drop_single_axes(const EinsumPlan& plan) {
  EinsumPlan dropped{{}, {}, std::vector<reference::Strides>(plan.strides.size())};
  const std::size_t outputs = plan.output.size();
  for (std::size_t axis = 0; axis < outputs + plan.summed.size(); ++axis) {
    const bool summed = axis >= outputs;
    const std::int64_t size = summed ? plan.summed[axis - outputs] : plan.output[axis];
    const bool stays =
        size != 1 || (axis + 1 == outputs + plan.summed.size() && summed && dropped.summed.empty());
    if (!stays) continue;
    (summed ? dropped.summed : dropped.output).push_back(size);
    for (std::size_t i = 0; i < plan.strides.size(); ++i) {
      dropped.strides[i].push_back(plan.strides[i][axis]);
    }
  }
  return dropped;
}

/// The axes of the equation: those of the result, then those summed over.
Shape all_axes(const EinsumPlan& plan) {
  Shape axes = plan.output;
  axes.insert(axes.end(), plan.summed.begin(), plan.summed.end());
  return axes;
}

/// An operand with all axes of the equation, of size 1 where it does not have them.
Made arrange(DeviceCall& call, const EinsumPlan& plan, std::size_t index) {
  ISOTRACE_TRY(const Array x, call.wide(index));
  Shape shape = all_axes(plan);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (plan.strides[index][axis] == 0) shape[axis] = 1;
  }
  return call.work.gather(x, std::move(shape), plan.strides[index], 0);
}

/// Operands [0, count) multiplied from the left.
Made multiply_first(DeviceCall& call, const EinsumPlan& plan, std::size_t count) {
  ISOTRACE_TRY(Array product, arrange(call, plan, 0));
  for (std::size_t i = 1; i < count; ++i) {
    ISOTRACE_TRY(const Array next, arrange(call, plan, i));
    ISOTRACE_TRY(product, call.work.binary(Binary::multiply, product, next));
  }
  return product;
}

/// Where nothing is summed, the product itself; floats are rounded all the same (NaN).
Made multiply_all(DeviceCall& call, const EinsumPlan& plan) {
  const std::size_t count = plan.strides.size();
  ISOTRACE_TRY(Array product, multiply_first(call, plan, count));
  if (count == 1 && core::is_float(product.dtype)) {
    ISOTRACE_TRY(product, call.work.unary(Unary::multiply, product, 1));
  }
  return product.reshaped(plan.output);
}

/// The axes of the result by the factors that have them.
struct Roles {
  std::vector<std::size_t> batch;
  std::vector<std::size_t> rows;     ///< of the first factor alone
  std::vector<std::size_t> columns;  ///< of the second alone
};

Roles find_roles(const EinsumPlan& plan, const Array& a, const Array& b) {
  Roles roles;
  for (std::size_t axis = 0; axis < plan.output.size(); ++axis) {
    if (plan.output[axis] == a.shape[axis] && plan.output[axis] != b.shape[axis]) {
      roles.rows.push_back(axis);
    } else if (plan.output[axis] == b.shape[axis] && plan.output[axis] != a.shape[axis]) {
      roles.columns.push_back(axis);
    } else {
      roles.batch.push_back(axis);
    }
  }
  return roles;
}

std::int64_t count_of(const Shape& axes, const std::vector<std::size_t>& chosen) {
  std::int64_t count = 1;
  for (const std::size_t axis : chosen) count *= axes[axis];
  return count;
}

/// A factor as a stack of matrices: these axes of the equation one after the other, of which it may
/// lack some.
Made stack(Work& work, const Shape& axes, const Array& factor,
           std::initializer_list<const std::vector<std::size_t>*> order) {
  const Strides own = reference::broadcast_strides(factor.shape, axes);
  Shape shape;
  Strides strides;
  Shape matrices;
  for (const std::vector<std::size_t>* part : order) {
    for (const std::size_t axis : *part) {
      shape.push_back(axes[axis]);
      strides.push_back(own[axis]);
    }
    matrices.push_back(count_of(axes, *part));
  }
  ISOTRACE_TRY(const Array stacked, work.gather(factor, std::move(shape), strides, 0));
  return stacked.reshaped(std::move(matrices));
}

/// Stacks of i64 multiply modulo 2^64 as those of u64 do.
Made multiply_stacks(Work& work, Array a, Array b, std::int64_t segment) {
  const Dtype dtype = a.dtype;
  if (dtype == Dtype::f32) return multiply_matrices<Floats>(work, a, b, segment, {1, 0, {}});
  if (dtype == Dtype::f64) return multiply_matrices<Doubles>(work, a, b, segment, {1, 0, {}});
  a.dtype = Dtype::u64;
  b.dtype = Dtype::u64;
  ISOTRACE_TRY(Array c, multiply_matrices<Words>(work, a, b, segment, {1, 0, {}}));
  c.dtype = dtype;
  return c;
}

/// The product [batch, rows, columns] with the axes in the order of the result.
Made restore_order(Work& work, const EinsumPlan& plan, const Roles& roles, const Array& product) {
  Shape shape;
  std::vector<std::size_t> axes;
  for (const auto* part : {&roles.batch, &roles.rows, &roles.columns}) {
    for (const std::size_t axis : *part) {
      axes.push_back(axis);
      shape.push_back(plan.output[axis]);
    }
  }
  const Strides own = reference::row_major_strides(shape);
  Strides strides(axes.size());
  for (std::size_t i = 0; i < axes.size(); ++i) strides[axes[i]] = own[i];
  return work.gather(product, plan.output, strides, 0);
}

Made sum_products(DeviceCall& call, const EinsumPlan& plan, std::int64_t segment) {
  Work& work = call.work;
  const std::size_t last = plan.strides.size() - 1;
  ISOTRACE_TRY(const Array b, arrange(call, plan, last));
  Parameter one_of_it(1);
  one_of_it.whole = 1;
  ISOTRACE_TRY(const Array a,
               last != 0 ? multiply_first(call, plan, last) : work.number(b.dtype, one_of_it));
  const Shape axes = all_axes(plan);
  const Array factor = last != 0 ? a : a.reshaped(Shape(axes.size(), 1));
  const Roles roles = find_roles(plan, factor, b);
  std::vector<std::size_t> summed;
  for (std::size_t axis = plan.output.size(); axis < axes.size(); ++axis) summed.push_back(axis);
  ISOTRACE_TRY(const Array left, stack(work, axes, factor, {&roles.batch, &roles.rows, &summed}));
  ISOTRACE_TRY(const Array right, stack(work, axes, b, {&roles.batch, &summed, &roles.columns}));
  ISOTRACE_TRY(const Array product, multiply_stacks(work, left, right, segment));
  return restore_order(work, plan, roles, product);
}

Made einsum(DeviceCall& call) {
  const std::int64_t segment = call.node().integer("k_segment");
  if (segment < 1) return reference::refuse_attribute("k_segment " + std::to_string(segment));
  ISOTRACE_TRY(const auto operands, call.call.all_operands());
  std::vector<reference::Dims> shapes;
  for (const core::TensorView& operand : operands) {
    ISOTRACE_TRY_DONE(reference::check_same_dtype(operands[0], operand));
    shapes.push_back(operand.shape());
  }
  ISOTRACE_TRY(const EinsumPlan given,
               reference::plan_einsum(call.node().text("equation"), shapes));
  const EinsumPlan plan = drop_single_axes(given);
  if (plan.output.size() + plan.summed.size() > space_rank_max) {
    return core::refuse(core::RefusalCode::backend_operation_unsupported, "",
                        "more than " + std::to_string(space_rank_max) + " axes");
  }
  ISOTRACE_TRY(const std::size_t elements, core::element_count(plan.output));
  ISOTRACE_TRY(const std::size_t terms, core::element_count(plan.summed));
  if (elements == 0 || terms == 0) {
    ISOTRACE_TRY(const core::Tensor zeros, core::Tensor::make(call.dtype(), given.output));
    return call.work.upload(zeros);
  }
  ISOTRACE_TRY(const Array result,
               call.narrow(plan.summed.empty() ? multiply_all(call, plan)
                                               : sum_products(call, plan, segment)));
  return result.reshaped(given.output);
}

}  // namespace

Results run_einsum(DeviceCall& call) { return one(einsum(call)); }

}  // namespace isotrace::backends::gpu
