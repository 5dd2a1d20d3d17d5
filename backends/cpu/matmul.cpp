// MatMul and Gemm as products over strided matrices.
#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::cpu {
namespace {

/// The batches of MatMul's operands as they are to be read, and the product of each.
struct MatMulPlan {
  Index rows;
  Index depth;
  Index columns;
  core::Shape a_batch;
  core::Shape b_batch;
  core::Shape batch;
};

core::Shape leading_axes(const core::TensorView& tensor) {
  if (tensor.rank() <= 2) return {};
  return {tensor.shape().begin(), tensor.shape().end() - 2};
}

MatMulPlan make_plan(const reference::MatmulShape& shape, const core::TensorView& a,
                     const core::TensorView& b) {
  MatMulPlan plan{shape.m, shape.k, shape.n, leading_axes(a), leading_axes(b), shape.batch};
  // One matrix on the right for all on the left: the left ones are one tall matrix.
  const auto count = [](const core::Shape& s) { return reference::product(s, 0, s.size()); };
  if (count(plan.b_batch) == 1) {
    plan.rows *= static_cast<Index>(count(plan.batch));
    plan.a_batch = plan.b_batch = plan.batch = {};
  }
  return plan;
}

/// Where each matrix of the operands begins, in the order of the results.
reference::Odometer batch_positions(const MatMulPlan& plan) {
  const auto strides = [&](const core::Shape& batch, Index size) {
    reference::Strides all = reference::broadcast_strides(batch, plan.batch);
    for (std::int64_t& stride : all) stride *= size;
    return all;
  };
  reference::Odometer position(plan.batch);
  position.add_stream(strides(plan.a_batch, plan.rows * plan.depth));
  position.add_stream(strides(plan.b_batch, plan.depth * plan.columns));
  return position;
}

/// Gemm's addend, a matrix, row, column or number that broadcasts to the result.
bool set_addend(Finish& finish, const core::TensorView& c, Index rows, Index columns) {
  const std::int64_t target[] = {rows, columns};
  if (!reference::check_broadcastable(c.shape(), target)) return false;
  const reference::Strides strides = reference::broadcast_strides(c.shape(), target);
  finish.addend = c.data<float>().data();
  finish.addend_row_stride = strides[0];
  finish.addend_column_stride = strides[1];
  return true;
}

std::optional<Gemm> find_gemm(const core::Node& node, core::Operands operands) {
  const bool a_transposed = node.integer("transA") != 0;
  const bool b_transposed = node.integer("transB") != 0;
  const auto shape =
      reference::gemm_shape(operands[0]->shape(), operands[1]->shape(), a_transposed, b_transposed);
  if (!shape) return std::nullopt;
  Gemm g{};
  g.rows = shape->m;
  g.depth = shape->k;
  g.columns = shape->n;
  g.segment = node.integer("k_segment");
  g.a = operands[0]->data<float>().data();
  g.a_row_stride = a_transposed ? 1 : g.depth;
  g.a_depth_stride = a_transposed ? g.rows : 1;
  g.c_stride = g.columns;
  g.finish.alpha = node.real("alpha");
  g.finish.beta = node.real("beta");
  const bool with_addend = operands.size() > 2 && operands[2];
  if (with_addend && !set_addend(g.finish, *operands[2], g.rows, g.columns)) return std::nullopt;
  return g;
}

}  // namespace

Attempt try_matmul(const core::Node& node, core::Operands operands, Steps steps,
                   const Engine& engine) {
  if (!is_regular_call(node, operands)) return std::nullopt;
  const auto shape = reference::matmul_shape(operands[0]->shape(), operands[1]->shape());
  if (!shape) return std::nullopt;
  auto result = core::Tensor::make_for_overwrite(core::Dtype::f32, shape->output);
  if (!result || result->elements() == 0) return std::nullopt;
  const auto tail = Tail::make(steps, *result, shape->n, engine);
  if (!tail) return std::nullopt;
  const MatMulPlan plan = make_plan(*shape, *operands[0], *operands[1]);
  reference::Odometer position = batch_positions(plan);
  const float* a = operands[0]->data<float>().data();
  const float* b = operands[1]->data<float>().data();
  float* c = result->data<float>().data();
  const float* end = c + result->elements();
  std::vector<Product> products;
  for (; c != end; c += plan.rows * plan.columns, position.next()) {
    if (products.size() == products_max) {
      ISOTRACE_TRY_DONE(run_products(products, engine));
      products.clear();
    }
    const Gemm gemm{.rows = plan.rows,
                    .columns = plan.columns,
                    .depth = plan.depth,
                    .segment = node.integer("k_segment"),
                    .a = a + position.offset(0),
                    .a_row_stride = plan.depth,
                    .a_depth_stride = 1,
                    .b = nullptr,
                    .c = c,
                    .c_stride = plan.columns,
                    .finish = {.tail = tail->if_any()}};
    products.push_back(make_product(gemm, b + position.offset(1), plan.columns, 1));
  }
  ISOTRACE_TRY_DONE(run_products(products, engine));
  return result;
}

Attempt try_gemm(const core::Node& node, core::Operands operands, Steps steps,
                 const Engine& engine) {
  std::optional<Gemm> gemm;
  if (is_regular_call(node, operands)) gemm = find_gemm(node, operands);
  if (!gemm) return std::nullopt;
  auto result = core::Tensor::make_for_overwrite(core::Dtype::f32, {gemm->rows, gemm->columns});
  if (!result || result->elements() == 0) return std::nullopt;
  const auto tail = Tail::make(steps, *result, gemm->columns, engine);
  if (!tail) return std::nullopt;
  gemm->finish.tail = tail->if_any();
  gemm->c = result->data<float>().data();
  const bool transposed = node.integer("transB") != 0;
  std::vector<Product> products;
  products.push_back(make_product(*gemm, operands[1]->data<float>().data(),
                                  transposed ? 1 : gemm->columns, transposed ? gemm->depth : 1));
  ISOTRACE_TRY_DONE(run_products(products, engine));
  return result;
}

}  // namespace isotrace::backends::cpu
