// Lowering of normalisations.
#include <limits>

#include <isotrace/executor/onnx_lowering.hpp>

namespace isotrace::executor {
namespace {

using core::Op;
using core::RefusalCode;

/// One set of statistics per element of a sample: a sample becomes a list of channels.
Lowered normalise_elements(Lowering& node, float epsilon) {
  ISOTRACE_TRY(const DraftValue flat,
               first(node.emit(Op::flatten, {node.input(0)}, {{"axis", std::int64_t{1}}})));
  std::vector<DraftValue> inputs = {flat};
  for (std::size_t i = 1; i < 5; ++i) {
    ISOTRACE_TRY(const DraftValue list,
                 first(node.emit(Op::reshape, {node.input(i), node.integer_list({-1})},
                                 {{"allowzero", std::int64_t{0}}})));
    inputs.push_back(list);
  }
  ISOTRACE_TRY(const DraftValue y, first(node.emit(Op::batch_normalization, std::move(inputs),
                                                   {{"epsilon", epsilon}})));
  ISOTRACE_TRY(const DraftValue shape,
               first(node.emit(Op::shape, {node.input(0)},
                               {{"end", std::numeric_limits<std::int64_t>::max()},
                                {"start", std::int64_t{0}}})));
  return node.emit(Op::reshape, {y, shape}, {{"allowzero", std::int64_t{1}}});
}

/// before * momentum + now * (1 - momentum).
core::Result<DraftValue> move_statistic(Lowering& node, std::size_t before, DraftValue now,
                                        float momentum) {
  auto old_weight = make_scalar(node.info(before).dtype, momentum);
  auto new_weight = make_scalar(node.info(before).dtype, 1.0F - momentum);
  if (!old_weight || !new_weight) {
    return core::refuse(RefusalCode::onnx_dtype_unsupported, "operand " + std::to_string(before),
                        "not floating-point");
  }
  const std::size_t a = node.constant(*std::move(old_weight));
  const std::size_t b = node.constant(*std::move(new_weight));
  ISOTRACE_TRY(const DraftValue kept, first(node.emit(Op::mul, {node.input(before), a})));
  ISOTRACE_TRY(const DraftValue added, first(node.emit(Op::mul, {now, b})));
  return first(node.emit(Op::add, {kept, added}));
}

/// training_mode: the statistics of x itself, and the running ones moved towards them.
Lowered normalise_batch(Lowering& node, float epsilon, float momentum) {
  const auto rank = node.find_rank(0);
  if (!rank || *rank < 2) {
    return core::refuse(RefusalCode::onnx_attribute_unsupported, "attribute training_mode",
                        "the rank of the data is not known or below 2");
  }
  Integers list = {0};
  for (std::size_t i = 2; i < *rank; ++i) list.push_back(static_cast<std::int64_t>(i));
  const std::size_t axes = node.integer_list(list);
  const std::vector<core::Attribute> keep = {{"keepdims", std::int64_t{1}},
                                             {"noop_with_empty_axes", std::int64_t{0}}};
  ISOTRACE_TRY(const DraftValue wide,
               first(node.emit(Op::reduce_mean, {node.input(0), axes}, keep)));
  ISOTRACE_TRY(const DraftValue d, first(node.emit(Op::sub, {node.input(0), wide})));
  ISOTRACE_TRY(const DraftValue squares, first(node.emit(Op::mul, {d, d})));
  ISOTRACE_TRY(const DraftValue spread, first(node.emit(Op::reduce_mean, {squares, axes}, keep)));
  ISOTRACE_TRY(const DraftValue mean, first(node.emit(Op::squeeze, {wide, axes})));
  ISOTRACE_TRY(const DraftValue variance, first(node.emit(Op::squeeze, {spread, axes})));
  ISOTRACE_TRY(const DraftValue y,
               first(node.emit(Op::batch_normalization,
                               {node.input(0), node.input(1), node.input(2), mean, variance},
                               {{"epsilon", epsilon}})));
  ISOTRACE_TRY(const DraftValue running_mean, move_statistic(node, 3, mean, momentum));
  ISOTRACE_TRY(const DraftValue running_variance, move_statistic(node, 4, variance, momentum));
  return std::vector<std::size_t>{*y, *running_mean, *running_variance};
}

Lowered batch_normalization(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(5, 5));
  const float epsilon = node.real("epsilon", 1e-5F);
  const float momentum = node.real("momentum", 0.9F);  // moves statistics in training only
  const bool spatial = node.opset() >= 9 || node.integer("spatial", 1) != 0;
  const bool training = node.opset() >= 14 && node.integer("training_mode", 0) != 0;
  if (node.opset() < 7) node.expect(node.integer("is_test", 0) != 0, "is_test", "training");
  if (!spatial) return normalise_elements(node, epsilon);
  if (training) return normalise_batch(node, epsilon, momentum);
  return node.emit(Op::batch_normalization, {{"epsilon", epsilon}});
}

Lowered layer_normalization(Lowering& node) {
  const std::int64_t axis = node.integer("axis", -1);
  const float epsilon = node.real("epsilon", 1e-5F);
  node.expect(node.integer("stash_type", 1) == 1, "stash_type", "not f32");
  return node.emit(Op::layer_normalization, node.inputs(), {{"axis", axis}, {"epsilon", epsilon}},
                   node.outputs_used());
}

/// x divided by the root of its mean square over the last axes, as ONNX composes it: in the type
/// `stash_type` up to the division, which is rounded to that of x.
Lowered rms_normalization(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(2, 2));
  const std::int64_t axis = node.integer("axis", -1);
  const float epsilon = node.real("epsilon", 1e-5F);
  const auto stash = find_onnx_dtype(node.integer("stash_type", 1));
  auto addend = stash ? make_scalar(*stash, epsilon) : std::nullopt;
  node.expect(addend.has_value(), "stash_type", "not floating-point");
  ISOTRACE_TRY_DONE(node.check_attributes());
  const auto rank = node.find_rank(0);
  if (!rank) {
    return core::refuse(RefusalCode::onnx_operation_unsupported, "operand 0",
                        "its rank is not known");
  }
  const auto axes = static_cast<std::int64_t>(*rank);
  if (axis < -axes || axis >= axes) {
    return core::refuse(RefusalCode::operation_attribute_invalid, "attribute axis",
                        std::to_string(axis) + " of rank " + std::to_string(axes));
  }
  Integers list;
  for (std::int64_t i = axis < 0 ? axis + axes : axis; i < axes; ++i) list.push_back(i);
  const core::Dtype dtype = node.info(0).dtype;
  DraftValue x = node.input(0);
  if (*stash != dtype) {
    ISOTRACE_TRY(x, first(emit_cast(node, x, *stash)));
  }
  ISOTRACE_TRY(const DraftValue squares, first(node.emit(Op::mul, {x, x})));
  ISOTRACE_TRY(
      const DraftValue mean,
      first(node.emit(Op::reduce_mean, {squares, node.integer_list(list)},
                      {{"keepdims", std::int64_t{1}}, {"noop_with_empty_axes", std::int64_t{0}}})));
  ISOTRACE_TRY(const DraftValue sum,
               first(node.emit(Op::add, {mean, node.constant(*std::move(addend))})));
  ISOTRACE_TRY(const DraftValue root, first(node.emit(Op::sqrt, {sum})));
  ISOTRACE_TRY(DraftValue y, first(node.emit(Op::div, {x, root})));
  if (*stash != dtype) {
    ISOTRACE_TRY(y, first(emit_cast(node, y, dtype)));
  }
  return node.emit(Op::mul, {y, node.input(1)});
}

Lowered instance_normalization(Lowering& node) {
  return node.emit(Op::instance_normalization, {{"epsilon", node.real("epsilon", 1e-5F)}});
}

/// Groups, and channels of x in each: a constant if the number of channels is known.
core::Result<DraftValue> group_sizes(Lowering& node, std::int64_t groups) {
  const auto rank = node.find_rank(0);
  const std::int64_t channels = rank && *rank >= 2 ? (*node.info(0).shape)[1] : -1;
  if (channels >= 0) return DraftValue(node.integer_list({groups, channels / groups}));
  ISOTRACE_TRY(const DraftValue all,
               first(node.emit(Op::shape, {node.input(0)},
                               {{"end", std::int64_t{2}}, {"start", std::int64_t{1}}})));
  const std::size_t number = node.integer_list({groups});
  ISOTRACE_TRY(const DraftValue each, first(node.emit(Op::div, {all, number})));
  return first(node.emit(Op::concat, {number, each}, {{"axis", std::int64_t{0}}}));
}

/// Each of the groups' parameters for every channel of its group.
Lowered repeat_parameter(Lowering& node, std::size_t input, DraftValue sizes) {
  ISOTRACE_TRY(const DraftValue column,
               first(node.emit(Op::unsqueeze, {node.input(input), node.integer_list({1})})));
  ISOTRACE_TRY(const DraftValue rows, first(node.emit(Op::expand, {column, sizes})));
  return node.emit(Op::reshape, {rows, node.integer_list({-1})}, {{"allowzero", std::int64_t{0}}});
}

/// Before operator set 21 scale and bias had one element per group.
Lowered group_normalization(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(3, 3));
  const float epsilon = node.real("epsilon", 1e-5F);
  const std::int64_t groups = node.integer("num_groups", 0);
  if (node.opset() >= 21) {
    node.expect(node.integer("stash_type", 1) == 1, "stash_type", "not f32");
  }
  std::vector<DraftValue> inputs = node.inputs();
  if (node.opset() < 21) {
    if (groups < 1) {
      return core::refuse(RefusalCode::operation_attribute_invalid, "attribute num_groups",
                          std::to_string(groups));
    }
    ISOTRACE_TRY(const DraftValue sizes, group_sizes(node, groups));
    for (std::size_t i = 1; i < 3; ++i) {
      ISOTRACE_TRY(inputs[i], first(repeat_parameter(node, i, sizes)));
    }
  }
  return node.emit(Op::group_normalization, std::move(inputs),
                   {{"epsilon", epsilon}, {"num_groups", groups}});
}

Lowered mean_variance_normalization(Lowering& node) {
  return node.emit(Op::mean_variance_normalization, {{"axes", node.integers("axes", {0, 2, 3})}});
}

Lowered lp_normalization(Lowering& node) {
  return node.emit(Op::lp_normalization,
                   {{"axis", node.integer("axis", -1)}, {"p", node.integer("p", 2)}});
}

Lowered lrn(Lowering& node) {
  if (!node.has("size")) node.fail(RefusalCode::onnx_malformed, "attribute size", "is missing");
  return node.emit(Op::lrn, {{"alpha", node.real("alpha", 0.0001F)},
                             {"beta", node.real("beta", 0.75F)},
                             {"bias", node.real("bias", 1.0F)},
                             {"size", node.integer("size", 1)}});
}

constexpr LoweringRow rows[] = {
    {"BatchNormalization", 6, batch_normalization},
    {"LayerNormalization", 17, layer_normalization},
    {"RMSNormalization", 23, rms_normalization},
    {"InstanceNormalization", 6, instance_normalization},
    {"GroupNormalization", 18, group_normalization},
    {"MeanVarianceNormalization", 9, mean_variance_normalization},
    {"LpNormalization", 1, lp_normalization},
    {"LRN", 1, lrn},
};

}  // namespace

std::span<const LoweringRow> normalise_lowerings() { return rows; }

}  // namespace isotrace::executor
