#include <isotrace/executor/onnx_trees.hpp>

#include <algorithm>
#include <limits>

namespace isotrace::executor::ml {
namespace {

using core::Dtype;
using core::Op;
using core::RefusalCode;
using core::refuse;
using core::Result;

constexpr std::size_t depth_max = 1024;
/// How often a node is met, on average: trees share none, but nothing says that they must not.
constexpr std::size_t visits_max = 16;

struct BranchName {
  std::string_view name;
  Branch branch;
};
constexpr BranchName names[] = {{"LEAF", Branch::leaf},     {"BRANCH_LEQ", Branch::leq},
                                {"BRANCH_LT", Branch::lt},  {"BRANCH_GTE", Branch::gte},
                                {"BRANCH_GT", Branch::gt},  {"BRANCH_EQ", Branch::eq},
                                {"BRANCH_NEQ", Branch::neq}};

/// One value of every node, in the order of the nodes.
template <class F>
DraftValue table_of(Lowering& node, const Trees& trees, F f) {
  Integers values;
  for (const TreeNode& each : trees.nodes) values.push_back(f(each));
  return node.integer_list(values);
}

/// The walk: x [rows, features], and the node numbers at which each row stands in each tree.
class Walk {
 public:
  Walk(Lowering& node, const Trees& trees) : node_(node), trees_(trees) {}

  Result<core::Done> begin() {
    ISOTRACE_TRY(const DraftValue rows, as_rows(node_, 0));
    const Dtype own = node_.draft().info(*rows).dtype;
    ISOTRACE_TRY(x_, in_type(node_, rows, own == Dtype::f64 ? own : Dtype::f32));
    add_tables();
    add_thresholds();
    ISOTRACE_TRY(const DraftValue count,
                 emit(node_, Op::shape, {x_}, {{"end", std::int64_t{1}}, {"start", zero}}));
    ISOTRACE_TRY(const DraftValue shape,
                 emit(node_, Op::concat,
                      {count, node_.integer_list({static_cast<std::int64_t>(trees_.roots.size())})},
                      {{"axis", zero}}));
    ISOTRACE_TRY(at_, emit(node_, Op::expand, {node_.integer_list(trees_.roots), shape}));
    return core::Done{};
  }

  Result<core::Done> descend() {
    ISOTRACE_TRY(const DraftValue features, look_up(node_, features_, at_));
    ISOTRACE_TRY(const DraftValue value,
                 emit(node_, Op::gather_elements, {x_, features}, {{"axis", std::int64_t{1}}}));
    ISOTRACE_TRY(const DraftValue holds, decide(value));
    ISOTRACE_TRY(const DraftValue yes, look_up(node_, yes_, at_));
    ISOTRACE_TRY(const DraftValue no, look_up(node_, no_, at_));
    ISOTRACE_TRY(at_, emit(node_, Op::where, {holds, yes, no}));
    return core::Done{};
  }

  Value weights() {
    const auto count = static_cast<std::int64_t>(trees_.nodes.size());
    return look_up(node_, numbers(node_, dtype(), {count, trees_.targets}, trees_.weights), at_);
  }

 private:
  static constexpr std::int64_t zero = 0;

  [[nodiscard]] Dtype dtype() const { return node_.draft().info(*x_).dtype; }

  void add_tables() {
    features_ = table_of(node_, trees_, [](const TreeNode& each) { return each.feature; });
    yes_ = table_of(node_, trees_, [](const TreeNode& each) { return each.yes; });
    no_ = table_of(node_, trees_, [](const TreeNode& each) { return each.no; });
    modes_ = table_of(node_, trees_,
                      [](const TreeNode& each) { return static_cast<std::int64_t>(each.branch); });
    for (const TreeNode& each : trees_.nodes) {
      if (each.branch != Branch::leaf) used_.insert(each.branch);
      some_missing_ = some_missing_ || each.missing_goes_yes;
      most_members_ = std::max(most_members_, each.members.size());
    }
    if (used_.empty()) used_.insert(Branch::leq);
    missing_ = table_of(node_, trees_,
                        [](const TreeNode& each) { return std::int64_t{each.missing_goes_yes}; });
  }

  /// Thresholds, and sets filled up with NaN, which nothing is equal to, in the type of x.
  void add_thresholds() {
    const auto count = static_cast<std::int64_t>(trees_.nodes.size());
    std::vector<double> thresholds;
    std::vector<double> members;
    for (const TreeNode& each : trees_.nodes) {
      thresholds.push_back(each.threshold);
      for (std::size_t i = 0; i < most_members_; ++i) {
        members.push_back(i < each.members.size() ? each.members[i]
                                                  : std::numeric_limits<double>::quiet_NaN());
      }
    }
    thresholds_ = numbers(node_, dtype(), {count}, thresholds);
    if (most_members_ == 0) return;
    members_ = numbers(node_, dtype(), {count, static_cast<std::int64_t>(most_members_)}, members);
  }

  /// Whether the comparison of the node that each row stands at holds for its feature.
  Value decide(DraftValue value) {
    ISOTRACE_TRY(const DraftValue threshold, look_up(node_, thresholds_, at_));
    DraftValue holds;
    for (const Branch branch : used_) {
      ISOTRACE_TRY(const DraftValue result, compare(branch, value, threshold));
      if (!holds) {
        holds = result;
        continue;
      }
      ISOTRACE_TRY(const DraftValue mode, look_up(node_, modes_, at_));
      const std::size_t wanted = node_.integer_list({static_cast<std::int64_t>(branch)});
      ISOTRACE_TRY(const DraftValue is_mode, emit(node_, Op::equal, {mode, wanted}));
      ISOTRACE_TRY(holds, emit(node_, Op::where, {is_mode, result, holds}));
    }
    if (!some_missing_) return holds;
    ISOTRACE_TRY(const DraftValue missing, emit(node_, Op::is_nan, {value}));
    ISOTRACE_TRY(const DraftValue ways, look_up(node_, missing_, at_));
    ISOTRACE_TRY(const DraftValue goes_yes, in_type(node_, ways, Dtype::boolean));
    ISOTRACE_TRY(const DraftValue there, emit(node_, Op::logical_and, {missing, goes_yes}));
    return emit(node_, Op::logical_or, {holds, there});
  }

  Value compare(Branch branch, DraftValue value, DraftValue threshold) {
    switch (branch) {
      case Branch::lt: return emit(node_, Op::less, {value, threshold});
      case Branch::gte: return emit(node_, Op::greater_or_equal, {value, threshold});
      case Branch::gt: return emit(node_, Op::greater, {value, threshold});
      case Branch::eq: return emit(node_, Op::equal, {value, threshold});
      case Branch::neq: {
        ISOTRACE_TRY(const DraftValue equal, emit(node_, Op::equal, {value, threshold}));
        return emit(node_, Op::logical_not, {equal});
      }
      case Branch::member: return is_member(value);
      default: return emit(node_, Op::less_or_equal, {value, threshold});
    }
  }

  Value is_member(DraftValue value) {
    ISOTRACE_TRY(const DraftValue sets, look_up(node_, members_, at_));
    ISOTRACE_TRY(const DraftValue column,
                 emit(node_, Op::unsqueeze, {value, node_.integer_list({-1})}));
    ISOTRACE_TRY(const DraftValue same, emit(node_, Op::equal, {column, sets}));
    return reduce(node_, Op::reduce_max, same, -1, false);
  }

  Lowering& node_;
  const Trees& trees_;
  std::set<Branch> used_;
  bool some_missing_ = false;
  std::size_t most_members_ = 0;
  DraftValue x_, at_, features_, thresholds_, members_, modes_, yes_, no_, missing_;
};

}  // namespace

std::optional<Branch> find_branch(std::string_view name) {
  const auto* found = std::ranges::find(names, name, &BranchName::name);
  if (found == std::end(names)) return std::nullopt;
  return found->branch;
}

Result<std::size_t> check_trees(Trees& trees) {
  const auto count = static_cast<std::int64_t>(trees.nodes.size());
  const auto is_node = [count](std::int64_t number) { return number >= 0 && number < count; };
  for (std::size_t i = 0; i < trees.nodes.size(); ++i) {
    TreeNode& each = trees.nodes[i];
    if (each.branch == Branch::leaf) {
      each.yes = each.no = static_cast<std::int64_t>(i);
      each.feature = 0;
    } else if (!is_node(each.yes) || !is_node(each.no)) {
      return refuse(RefusalCode::program_ill_formed, "node " + std::to_string(i) + " of the trees",
                    "leads to no node");
    }
  }
  if (trees.roots.empty() || !std::ranges::all_of(trees.roots, is_node)) {
    return refuse(RefusalCode::program_ill_formed, "trees", "a root that is no node");
  }
  // Level by level: in a circle or a ladder of shared branches there is no last level.
  std::set<std::int64_t> level(trees.roots.begin(), trees.roots.end());
  std::size_t visits_left = visits_max * trees.nodes.size();
  for (std::size_t depth = 0; depth <= depth_max && level.size() <= visits_left; ++depth) {
    visits_left -= level.size();
    std::set<std::int64_t> next;
    for (const std::int64_t number : level) {
      const TreeNode& each = trees.nodes[static_cast<std::size_t>(number)];
      if (each.branch == Branch::leaf) continue;
      next.insert(each.yes);
      next.insert(each.no);
    }
    if (next.empty()) return depth;
    level = std::move(next);
  }
  return refuse(RefusalCode::limit_exceeded, "trees",
                "deeper than " + std::to_string(depth_max) + ", or branches that meet too often");
}

Value reached_weights(Lowering& node, const Trees& trees, std::size_t depth) {
  Walk walk(node, trees);
  ISOTRACE_TRY_DONE(walk.begin());
  for (std::size_t level = 0; level < depth; ++level) ISOTRACE_TRY_DONE(walk.descend());
  return walk.weights();
}

}  // namespace isotrace::executor::ml
