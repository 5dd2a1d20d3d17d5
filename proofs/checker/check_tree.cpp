#include "check_tree.hpp"

#include <algorithm>
#include <cmath>

namespace isotrace::proofs {
namespace {

using core::Result;
using core::Verdict;

// Boxes and bounds that wait on the path to the node at hand, in binary64 numbers (512 MiB).
constexpr std::size_t waiting_numbers_max = std::size_t{1} << 26;

/// A subtree still to be read: its box, what its parent knew, and the signs of ReLU inputs that the
/// splits above it say.
struct Waiting {
  Bounds box;
  std::shared_ptr<const ActivationBounds> enclosing;
  std::vector<SignSplit> signs;
};

/// The greatest binary32 number that is not above a value: rounding is downward.
double float_below(double value) { return static_cast<double>(static_cast<float>(value)); }

/// The least binary32 number above a value.
double float_above(double value) {
  return static_cast<double>(std::nextafter(static_cast<float>(value), HUGE_VALF));
}

/// Inputs are binary32 numbers, unless arithmetic is real: so may be the sides of a box.
void narrow_to_inputs(Bounds& box, Level level) {
  for (std::size_t i = 0; i < box.lower.size() && level != Level::real; ++i) {
    const double low = box.lower[i];
    const double first = float_below(low) == low ? low : float_above(low);
    const double last = float_below(box.upper[i]);
    if (!(first <= last)) continue;
    box.lower[i] = first;
    box.upper[i] = last;
  }
}

/// The case's box, rounded outward. Strict sides are widened to closed ones: a larger set of inputs
/// is shown safe.
Bounds box_of(const Case& unsafe, Level level) {
  Bounds box(unsafe.box.size());
  for (std::size_t i = 0; i < unsafe.box.size(); ++i) {
    box.lower[i] = core::round_down(unsafe.box[i].lower);
    box.upper[i] = core::round_up(unsafe.box[i].upper);
  }
  narrow_to_inputs(box, level);
  return box;
}

class TreeWalk {
 public:
  TreeWalk(const Network& network, const NodeBounder& bounder, const Case& unsafe)
      : network_(network), bounder_(bounder), rows_(output_rows(network, unsafe)) {
    waiting_.push_back({box_of(unsafe, bounder.level()), nullptr, {}});
  }

  Result<Verdict> run(const CaseProof& tree, std::uint64_t& leaves);

 private:
  /// The two halves wait, the lower one first in line. False if the cut is not inside the box.
  bool split(const ProofNode& node, Waiting at);
  /// The same for z <= 0 and z >= 0. False if there is no such element, or nothing is known of it.
  bool split_sign(const ProofNode& node, Waiting at);

  const Network& network_;
  const NodeBounder& bounder_;
  OutputRows rows_;
  std::vector<Waiting> waiting_;
};

bool TreeWalk::split(const ProofNode& node, Waiting at) {
  const std::size_t dimension = node.dimension;
  if (dimension >= network_.inputs) return false;
  const auto bounds = bounder_.bound(at.box, at.enclosing);
  if (bounds) at.enclosing = bounds->inputs;
  if (!(at.box.lower[dimension] < node.at && node.at < at.box.upper[dimension])) {
    return false;
  }
  Waiting above = at;
  const bool floats = bounder_.level() != Level::real;
  at.box.upper[dimension] = floats ? float_below(node.at) : node.at;
  above.box.lower[dimension] = floats ? float_above(node.at) : node.at;
  waiting_.push_back(std::move(above));
  waiting_.push_back(std::move(at));
  return true;
}

bool TreeWalk::split_sign(const ProofNode& node, Waiting at) {
  std::size_t element = node.dimension;
  std::size_t activation = 0;
  std::size_t k = 0;
  for (; k < network_.layers.size(); ++k) {
    const Layer& layer = network_.layers[k];
    if (layer.kind == Layer::Kind::affine) continue;
    if (layer.kind == Layer::Kind::relu) {
      if (element < layer.active) break;
      element -= layer.active;
    }
    ++activation;
  }
  if (k == network_.layers.size()) return false;
  const auto bounds = bounder_.bound(at.box, at.enclosing);
  if (!bounds) return false;
  for (const double sign : {1.0, -1.0}) {
    auto known = std::make_shared<ActivationBounds>(*bounds->inputs);
    double& lower = (*known)[activation].lower[element];
    double& upper = (*known)[activation].upper[element];
    (sign > 0 ? lower : upper) = sign > 0 ? std::max(lower, 0.0) : std::min(upper, 0.0);
    waiting_.push_back({at.box, std::move(known), at.signs});
    waiting_.back().signs.push_back({k, element, sign});
  }
  return true;
}

Result<Verdict> TreeWalk::run(const CaseProof& tree, std::uint64_t& leaves) {
  const std::size_t numbers_each = 2 * (network_.inputs + network_.relus + network_.curves) + 16;
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
    const std::string place = "node " + std::to_string(i) + ": ";
    if (waiting_.empty()) return Verdict::reject(place + "stands after the end of the tree");
    // Nobody that waits has more signs above it than the one at hand.
    const std::size_t numbers = numbers_each + 4 * waiting_.back().signs.size();
    if (waiting_.size() > waiting_numbers_max / numbers) {
      return core::refuse(core::RefusalCode::limit_exceeded, "proof", place + "depth of the tree");
    }
    Waiting at = std::move(waiting_.back());
    waiting_.pop_back();
    const ProofNode& node = tree.nodes[i];
    if (node.kind == ProofNode::Kind::sign_split) {
      if (!split_sign(node, std::move(at))) return Verdict::reject(place + "split of no ReLU");
      continue;
    }
    if (node.kind == ProofNode::Kind::split) {
      if (!split(node, std::move(at))) return Verdict::reject(place + "split outside its box");
      continue;
    }
    const auto bounds = bounder_.bound(std::move(at.box), at.enclosing);
    if (!bounds) return Verdict::leave_undecided(place + "values may come near overflow");
    const std::string fault = find_leaf_fault(network_, rows_, *bounds, at.signs, node);
    if (!fault.empty()) return Verdict::reject(place + fault);
    ++leaves;
  }
  if (!waiting_.empty()) return Verdict::reject("the tree ends before its boxes are covered");
  return Verdict::accept();
}

}  // namespace

Result<Verdict> check_tree(const Network& network, const NodeBounder& bounder, const Case& unsafe,
                           const CaseProof& tree, std::uint64_t& leaves) {
  return TreeWalk(network, bounder, unsafe).run(tree, leaves);
}

}  // namespace isotrace::proofs
