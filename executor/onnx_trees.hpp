// Ensembles of decision trees as operations on tensors: all rows walk all trees together, level by
// level, by gathering the features and thresholds of the nodes they stand at (internal to the
// importer). A leaf leads to itself, so that short trees wait for the deepest one.
#pragma once

#include <isotrace/executor/onnx_ml.hpp>

namespace isotrace::executor::ml {

enum class Branch : std::uint8_t { leaf, leq, lt, gte, gt, eq, neq, member };

struct TreeNode {
  std::int64_t feature = 0;
  double threshold = 0;
  Branch branch = Branch::leaf;
  std::int64_t yes = 0;  ///< number of the node where the comparison leads if it holds
  std::int64_t no = 0;
  bool missing_goes_yes = false;  ///< where the feature is NaN
  std::vector<double> members;    ///< of Branch::member
};

struct Trees {
  std::vector<TreeNode> nodes;
  std::vector<std::int64_t> roots;
  std::int64_t targets = 1;
  std::vector<double> weights;  ///< [nodes, targets]; of leaves
};

/// The branch of a mode by its ONNX name.
std::optional<Branch> find_branch(std::string_view name);
/// Lets leaves lead to themselves. Refuses program_ill_formed for numbers that are none of a node
/// and for branches in circles, limit_exceeded for trees that are too deep. Returns the depth.
core::Result<std::size_t> check_trees(Trees& trees);
/// The weights [rows, trees, targets] of the leaves that operand 0 reaches, in f64 if it is of that
/// type and else in f32.
Value reached_weights(Lowering& node, const Trees& trees, std::size_t depth);

}  // namespace isotrace::executor::ml
