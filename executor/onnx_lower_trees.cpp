// Lowering of TreeEnsembleRegressor, TreeEnsembleClassifier and TreeEnsemble of the domain
// ai.onnx.ml (docs/formats/onnx-import.md).
#include <cmath>
#include <map>

#include <isotrace/core/convert.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/executor/onnx_trees.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::Op;
using core::RefusalCode;
using core::refuse;
using core::Result;
using ml::emit;
using ml::Trees;
using ml::Value;

using Place = std::pair<std::int64_t, std::int64_t>;  // tree, node

/// Floats of an attribute, or the tensor (f32 or f64) that stands for it.
std::vector<double> read_numbers(Lowering& node, const std::string& name) {
  const std::vector<float> floats = node.reals(name);
  if (!floats.empty() || !node.has(name + "_as_tensor")) return {floats.begin(), floats.end()};
  const auto tensor = node.tensor(name + "_as_tensor");
  if (!tensor) return {};
  if (tensor->dtype() == Dtype::f64) {
    const auto values = tensor->data<double>();
    return {values.begin(), values.end()};
  }
  if (tensor->dtype() == Dtype::f32) {
    const auto values = tensor->data<float>();
    return {values.begin(), values.end()};
  }
  node.fail(RefusalCode::onnx_dtype_unsupported, "attribute " + name + "_as_tensor",
            std::string(core::dtype_name(tensor->dtype())));
  return {};
}

/// The nodes as the attributes nodes_* list them.
struct Listing {
  Trees trees;
  std::map<Place, std::size_t> numbers;
};

Result<Listing> read_nodes(Lowering& node) {
  const Integers tree_ids = node.integers("nodes_treeids");
  const Integers node_ids = node.integers("nodes_nodeids");
  const Integers features = node.integers("nodes_featureids");
  const Integers yes = node.integers("nodes_truenodeids");
  const Integers no = node.integers("nodes_falsenodeids");
  const Integers missing = node.integers("nodes_missing_value_tracks_true");
  const std::vector<std::string> modes = node.texts("nodes_modes");
  const std::vector<double> values = read_numbers(node, "nodes_values");
  node.ignore("nodes_hitrates");
  node.ignore("nodes_hitrates_as_tensor");
  ISOTRACE_TRY_DONE(node.check_attributes());
  const std::size_t count = tree_ids.size();
  if (count == 0 || node_ids.size() != count || features.size() != count || yes.size() != count ||
      no.size() != count || modes.size() != count || values.size() != count ||
      (!missing.empty() && missing.size() != count)) {
    return refuse(RefusalCode::onnx_malformed, "nodes", "lists of different lengths");
  }
  Listing list;
  for (std::size_t i = 0; i < count; ++i) {
    const auto branch = ml::find_branch(modes[i]);
    if (!branch) {
      return refuse(RefusalCode::onnx_attribute_unsupported, "attribute nodes_modes", modes[i]);
    }
    if (!list.numbers.emplace(Place{tree_ids[i], node_ids[i]}, i).second) {
      return refuse(RefusalCode::onnx_malformed, "nodes", "one node twice");
    }
    if (i == 0 || tree_ids[i] != tree_ids[i - 1]) {
      list.trees.roots.push_back(static_cast<std::int64_t>(i));
    }
    list.trees.nodes.push_back(
        {features[i], values[i], *branch, yes[i], no[i], !missing.empty() && missing[i] != 0, {}});
  }
  for (std::size_t i = 0; i < count; ++i) {
    ml::TreeNode& each = list.trees.nodes[i];
    const auto number_of = [&](std::int64_t id) {
      const auto found = list.numbers.find({tree_ids[i], id});
      return found == list.numbers.end() ? -1 : static_cast<std::int64_t>(found->second);
    };
    each.yes = number_of(each.yes);
    each.no = number_of(each.no);
  }
  return list;
}

/// Adds the weights that lists of tree, node, target and weight give to leaves.
Result<core::Done> add_weights(Listing& list, const Integers& tree_ids, const Integers& node_ids,
                               const Integers& targets, const std::vector<double>& weights) {
  if (tree_ids.size() != node_ids.size() || tree_ids.size() != targets.size() ||
      tree_ids.size() != weights.size()) {
    return refuse(RefusalCode::onnx_malformed, "weights", "lists of different lengths");
  }
  const auto width = static_cast<std::size_t>(list.trees.targets);
  if (list.trees.nodes.size() > core::limits::attribute_elements_max / width) {
    return refuse(RefusalCode::limit_exceeded, "weights", "too many nodes and targets");
  }
  list.trees.weights.assign(list.trees.nodes.size() * width, 0);
  for (std::size_t i = 0; i < tree_ids.size(); ++i) {
    const auto found = list.numbers.find({tree_ids[i], node_ids[i]});
    if (found == list.numbers.end() || targets[i] < 0 || targets[i] >= list.trees.targets) {
      return refuse(RefusalCode::program_ill_formed, "weights", "of no node or target");
    }
    const std::size_t at = found->second * width + static_cast<std::size_t>(targets[i]);
    list.trees.weights[at] += weights[i];
  }
  return core::Done{};
}

/// What all trees say together, [rows, targets], with the values that every row begins with.
Value aggregate(Lowering& node, const Trees& trees, std::size_t depth, const std::string& how,
                const std::vector<double>& base) {
  ISOTRACE_TRY(const DraftValue weights, ml::reached_weights(node, trees, depth));
  const Op op = how == "MIN" ? Op::reduce_min : how == "MAX" ? Op::reduce_max : Op::reduce_sum;
  ISOTRACE_TRY(DraftValue y, ml::reduce(node, op, weights, 1, false));
  const Dtype dtype = node.draft().info(*y).dtype;
  if (how == "AVERAGE") {
    const auto count = static_cast<double>(trees.roots.size());
    ISOTRACE_TRY(y, emit(node, Op::div, {y, ml::numbers(node, dtype, {}, {count})}));
  }
  if (base.empty()) return y;
  return emit(node, Op::add, {y, ml::numbers(node, dtype, {trees.targets}, base)});
}

/// Refuses base values that are neither left out nor one for each target, and extremes of targets
/// of which some trees say nothing.
Result<core::Done> check_aggregate(const Trees& trees, const std::string& how,
                                   const std::vector<double>& base) {
  const auto targets = static_cast<std::size_t>(trees.targets);
  if (!base.empty() && base.size() != targets) {
    return refuse(RefusalCode::onnx_attribute_unsupported, "attribute base_values",
                  std::to_string(base.size()) + " for " + std::to_string(targets) + " targets");
  }
  const bool extreme = how == "MIN" || how == "MAX";
  if (extreme ? targets == 1 : how == "SUM" || how == "AVERAGE") return core::Done{};
  return refuse(RefusalCode::onnx_attribute_unsupported, "attribute aggregate_function",
                how + " of " + std::to_string(targets) + " targets");
}

Lowered tree_ensemble_regressor(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  const std::string how = node.text("aggregate_function", "SUM");
  const std::string post = ml::read_post_transform(node);
  const std::vector<double> base = read_numbers(node, "base_values");
  const Integers tree_ids = node.integers("target_treeids");
  const Integers node_ids = node.integers("target_nodeids");
  const Integers targets = node.integers("target_ids");
  const std::vector<double> weights = read_numbers(node, "target_weights");
  const std::int64_t count = node.integer("n_targets", 1);
  ISOTRACE_TRY(Listing list, read_nodes(node));
  list.trees.targets = std::max<std::int64_t>(count, 1);
  ISOTRACE_TRY_DONE(add_weights(list, tree_ids, node_ids, targets, weights));
  ISOTRACE_TRY_DONE(check_aggregate(list.trees, how, base));
  ISOTRACE_TRY(const std::size_t depth, ml::check_trees(list.trees));
  ISOTRACE_TRY(const DraftValue y, aggregate(node, list.trees, depth, how, base));
  ISOTRACE_TRY(const DraftValue single, ml::in_type(node, y, Dtype::f32));
  ISOTRACE_TRY(const DraftValue z, ml::transform(node, single, post));
  return std::vector<std::size_t>{*z};
}

/// Two labels and one sum s of weights: above 0.5, or 0 where some weight is negative, the second
/// label wins. Weights of the first class leave the other score to be -s, or 1 - s if nothing is
/// negative or transformed; those of the second class leave it 0.
Lowered binary_labels(Lowering& node, DraftValue score, DraftValue labels, bool positive,
                      std::int64_t of_class, const std::string& post) {
  const float bound = positive ? 0.5F : 0.0F;
  ISOTRACE_TRY(const DraftValue above, emit(node, Op::greater, {score, ml::real(node, bound)}));
  ISOTRACE_TRY(const DraftValue wide, ml::in_type(node, above, Dtype::i64));
  ISOTRACE_TRY(const DraftValue winner, emit(node, Op::squeeze, {wide, node.integer_list({1})}));
  ISOTRACE_TRY(const DraftValue label, ml::look_up(node, labels, winner));
  DraftValue rest;
  if (of_class == 1) {
    const DraftValue zero = ml::real(node, 0);
    ISOTRACE_TRY(rest, emit(node, Op::where, {above, zero, zero}));
  } else if (positive && post == "NONE") {
    ISOTRACE_TRY(rest, emit(node, Op::sub, {ml::real(node, 1), score}));
  } else {
    ISOTRACE_TRY(rest, emit(node, Op::neg, {score}));
  }
  ISOTRACE_TRY(const DraftValue both,
               emit(node, Op::concat, {rest, score}, {{"axis", std::int64_t{1}}}));
  ISOTRACE_TRY(const DraftValue z, ml::transform(node, both, post));
  return std::vector<std::size_t>{*label, *z};
}

Lowered tree_ensemble_classifier(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  Integers labels = node.integers("classlabels_int64s");
  const std::size_t texts = node.texts("classlabels_strings").size();
  ml::refuse_text_labels(node, "classlabels_strings");
  const std::string post = ml::read_post_transform(node);
  const std::vector<double> base = read_numbers(node, "base_values");
  const Integers tree_ids = node.integers("class_treeids");
  const Integers node_ids = node.integers("class_nodeids");
  Integers classes = node.integers("class_ids");
  const std::vector<double> weights = read_numbers(node, "class_weights");
  ISOTRACE_TRY(Listing list, read_nodes(node));
  if (labels.empty()) labels.resize(texts);  // that nobody reads
  const bool one_class = !classes.empty() && std::ranges::count(classes, classes[0]) ==
                                                 static_cast<std::int64_t>(classes.size());
  const bool binary = labels.size() == 2 && one_class && (classes[0] == 0 || classes[0] == 1);
  const std::int64_t of_class = binary ? classes[0] : 0;
  if (binary && (post == "SOFTMAX" || (of_class == 1 && !base.empty()))) {
    return refuse(RefusalCode::onnx_attribute_unsupported, "attribute class_ids",
                  "one class of two, with base values or SOFTMAX");
  }
  if (binary) std::ranges::fill(classes, 0);
  list.trees.targets = binary ? 1 : std::max<std::int64_t>(1, std::ssize(labels));
  ISOTRACE_TRY_DONE(add_weights(list, tree_ids, node_ids, classes, weights));
  ISOTRACE_TRY_DONE(check_aggregate(list.trees, "SUM", base));
  ISOTRACE_TRY(const std::size_t depth, ml::check_trees(list.trees));
  ISOTRACE_TRY(const DraftValue sums, aggregate(node, list.trees, depth, "SUM", base));
  ISOTRACE_TRY(const DraftValue scores, ml::in_type(node, sums, Dtype::f32));
  const DraftValue table = node.integer_list(labels);
  const auto is_negative = [](double number) { return number < 0; };
  const bool positive =
      std::ranges::none_of(weights, is_negative) && std::ranges::none_of(base, is_negative);
  if (binary) return binary_labels(node, scores, table, positive, of_class, post);
  ISOTRACE_TRY(const DraftValue winner, ml::first_greatest(node, scores));
  ISOTRACE_TRY(const DraftValue label, ml::look_up(node, table, winner));
  ISOTRACE_TRY(const DraftValue z, ml::transform(node, scores, post));
  return std::vector<std::size_t>{*label, *z};
}

/// Floating-point numbers of a tensor attribute; nothing if it is not there.
std::vector<double> read_tensor(Lowering& node, const std::string& name) {
  const auto tensor = node.tensor(name);
  if (!tensor) return {};
  std::vector<double> values;
  switch (tensor->dtype()) {
    case Dtype::f64:
      values.assign(tensor->data<double>().begin(), tensor->data<double>().end());
      break;
    case Dtype::f32:
      values.assign(tensor->data<float>().begin(), tensor->data<float>().end());
      break;
    case Dtype::f16:
      for (const core::Half value : tensor->data<core::Half>())
        values.push_back(core::to_f32(value));
      break;
    case Dtype::u8:
      values.assign(tensor->data<std::uint8_t>().begin(), tensor->data<std::uint8_t>().end());
      break;
    default:
      node.fail(RefusalCode::onnx_dtype_unsupported, "attribute " + name,
                std::string(core::dtype_name(tensor->dtype())));
  }
  return values;
}

/// The inner nodes and, behind them, the leaves as TreeEnsemble-5 lists them.
struct Forest {
  Integers roots, features, yes, no, yes_leaves, no_leaves, missing, leaf_targets;
  std::vector<double> modes, splits, members, leaf_weights;

  explicit Forest(Lowering& node)
      : roots(node.integers("tree_roots")),
        features(node.integers("nodes_featureids")),
        yes(node.integers("nodes_truenodeids")),
        no(node.integers("nodes_falsenodeids")),
        yes_leaves(node.integers("nodes_trueleafs")),
        no_leaves(node.integers("nodes_falseleafs")),
        missing(node.integers("nodes_missing_value_tracks_true")),
        leaf_targets(node.integers("leaf_targetids")),
        modes(read_tensor(node, "nodes_modes")),
        splits(read_tensor(node, "nodes_splits")),
        members(read_tensor(node, "membership_values")),
        leaf_weights(read_tensor(node, "leaf_weights")) {}

  [[nodiscard]] bool is_even() const {
    const std::size_t count = features.size();
    return yes.size() == count && no.size() == count && yes_leaves.size() == count &&
           no_leaves.size() == count && (missing.empty() || missing.size() == count) &&
           modes.size() == count && splits.size() == count &&
           leaf_targets.size() == leaf_weights.size();
  }
};

/// The set of the next node that asks for members: up to a NaN.
std::vector<double> take_members(const std::vector<double>& members, std::size_t& at) {
  std::vector<double> taken;
  while (at < members.size() && !std::isnan(members[at])) taken.push_back(members[at++]);
  ++at;
  return taken;
}

Result<Trees> make_trees(const Forest& forest, std::int64_t targets) {
  constexpr ml::Branch branches[] = {ml::Branch::leq,   ml::Branch::lt, ml::Branch::gte,
                                     ml::Branch::gt,    ml::Branch::eq, ml::Branch::neq,
                                     ml::Branch::member};
  const std::size_t inner = forest.features.size();
  const std::size_t leaves = forest.leaf_weights.size();
  const auto width = static_cast<std::size_t>(targets);
  if (inner + leaves > core::limits::attribute_elements_max / width) {
    return refuse(RefusalCode::limit_exceeded, "trees", "too many nodes and targets");
  }
  Trees trees;
  trees.targets = targets;
  trees.roots = forest.roots;
  // A leaf's number that is too large or negative stays one of no node.
  const auto number = [&](std::int64_t id, bool leaf) {
    const bool fits = id >= 0 && static_cast<std::size_t>(id) < (leaf ? leaves : inner);
    return fits ? id + static_cast<std::int64_t>(leaf ? inner : 0) : -1;
  };
  std::size_t member = 0;
  for (std::size_t i = 0; i < inner; ++i) {
    if (!(forest.modes[i] >= 0 && forest.modes[i] < std::size(branches))) {
      return refuse(RefusalCode::onnx_attribute_unsupported, "attribute nodes_modes",
                    std::to_string(forest.modes[i]));
    }
    const ml::Branch branch = branches[static_cast<std::size_t>(forest.modes[i])];
    trees.nodes.push_back({forest.features[i], forest.splits[i], branch,
                           number(forest.yes[i], forest.yes_leaves[i] != 0),
                           number(forest.no[i], forest.no_leaves[i] != 0),
                           !forest.missing.empty() && forest.missing[i] != 0,
                           branch == ml::Branch::member ? take_members(forest.members, member)
                                                        : std::vector<double>{}});
  }
  trees.nodes.resize(inner + leaves);
  trees.weights.assign(trees.nodes.size() * width, 0);
  for (std::size_t i = 0; i < leaves; ++i) {
    const std::int64_t target = forest.leaf_targets[i];
    if (target < 0 || target >= targets) {
      return refuse(RefusalCode::program_ill_formed, "leaf_targetids", std::to_string(target));
    }
    trees.weights[(inner + i) * width + static_cast<std::size_t>(target)] = forest.leaf_weights[i];
  }
  return trees;
}

Lowered tree_ensemble(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  constexpr std::string_view functions[] = {"AVERAGE", "SUM", "MIN", "MAX"};
  constexpr std::string_view posts[] = {"NONE", "SOFTMAX", "LOGISTIC"};
  const std::int64_t how = node.integer("aggregate_function", 1);
  const std::int64_t post = node.integer("post_transform", 0);
  const std::int64_t targets = node.integer("n_targets", 1);
  node.ignore("nodes_hitrates");
  node.expect(how >= 0 && how < std::ssize(functions), "aggregate_function", std::to_string(how));
  node.expect(post >= 0 && post < std::ssize(posts), "post_transform", std::to_string(post));
  node.expect(targets >= 1, "n_targets", std::to_string(targets));
  const Forest forest(node);
  ISOTRACE_TRY_DONE(node.check_attributes());
  if (!forest.is_even()) {
    return refuse(RefusalCode::onnx_malformed, "nodes", "lists of different lengths");
  }
  ISOTRACE_TRY(Trees trees, make_trees(forest, targets));
  const std::string name(functions[static_cast<std::size_t>(how)]);
  ISOTRACE_TRY_DONE(check_aggregate(trees, name, {}));
  ISOTRACE_TRY(const std::size_t depth, ml::check_trees(trees));
  ISOTRACE_TRY(const DraftValue sums, aggregate(node, trees, depth, name, {}));
  ISOTRACE_TRY(const DraftValue y, ml::in_type(node, sums, node.info(0).dtype));
  ISOTRACE_TRY(const DraftValue z,
               ml::transform(node, y, std::string(posts[static_cast<std::size_t>(post)])));
  return std::vector<std::size_t>{*z};
}

constexpr LoweringRow rows[] = {
    {"TreeEnsemble", 5, tree_ensemble, ml_opset_max},
    {"TreeEnsembleClassifier", 1, tree_ensemble_classifier, ml_opset_max},
    {"TreeEnsembleRegressor", 1, tree_ensemble_regressor, ml_opset_max},
};

}  // namespace

std::span<const LoweringRow> tree_lowerings() { return rows; }

}  // namespace isotrace::executor
