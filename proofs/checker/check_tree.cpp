#include "check_tree.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "exact_rule.hpp"

namespace isotrace::proofs {
namespace {

using core::Result;
using core::Verdict;

// Boxes and bounds that wait on the path to the node at hand, in binary64 numbers (512 MiB).
constexpr std::size_t waiting_numbers_max = std::size_t{1} << 26;

constexpr std::size_t all_settled = std::numeric_limits<std::size_t>::max();

/// A subtree still to be read: its box, what its parent knew, and the signs of ReLU inputs that the
/// splits above it say.
struct Waiting {
  Bounds box;
  std::shared_ptr<const ActivationBounds> enclosing;
  std::vector<SignSplit> signs;
  /// Activations whose bounds are those of this very box already: refining them changes nothing.
  /// Of boxes below bounds that the proof names all_settled: it names what it needs.
  std::size_t settled = 0;
};

/// The greatest binary32 number that is not above a value: rounding is downward.
double float_below(double value) { return static_cast<double>(static_cast<float>(value)); }

/// The least binary32 number above a value.
double float_above(double value) {
  return static_cast<double>(std::nextafter(static_cast<float>(value), HUGE_VALF));
}

/// The values that inputs can have: integers of a type, binary32 numbers, or all reals.
class InputGrid {
 public:
  InputGrid(const Network& network, Level level) : network_(network), level_(level) {}

  /// The greatest value that is not above `value`, and the least one above it.
  [[nodiscard]] double below(std::size_t input, double value) const {
    if (find_whole(input) != nullptr) return std::floor(value);
    return level_ == Level::real ? value : float_below(value);
  }
  [[nodiscard]] double above(std::size_t input, double value) const {
    if (find_whole(input) != nullptr) return std::floor(value) + 1;
    return level_ == Level::real ? value : float_above(value);
  }
  /// Moves sides inward to values, but for ranges that hold none.
  void narrow(Bounds& box) const {
    for (std::size_t i = 0; i < network_.inputs; ++i) {
      const double low = box.lower[i];
      double first = below(i, low) == low ? low : above(i, low);
      double last = below(i, box.upper[i]);
      if (const WholeInputs* whole = find_whole(i); whole != nullptr) {
        first = std::max(first, whole->least);
        last = std::min(last, whole->most);
      }
      if (!(first <= last)) continue;
      box.lower[i] = first;
      box.upper[i] = last;
    }
  }

 private:
  [[nodiscard]] const WholeInputs* find_whole(std::size_t input) const {
    for (const WholeInputs& whole : network_.whole) {
      if (input >= whole.first && input - whole.first < whole.count) return &whole;
    }
    return nullptr;
  }

  const Network& network_;
  Level level_;
};

/// The case's box, rounded outward. Strict sides are widened to closed ones: a larger set of inputs
/// is shown safe.
Bounds box_of(const Case& unsafe, const InputGrid& grid) {
  Bounds box(unsafe.box.size());
  for (std::size_t i = 0; i < unsafe.box.size(); ++i) {
    box.lower[i] = core::round_down(unsafe.box[i].lower);
    box.upper[i] = core::round_up(unsafe.box[i].upper);
  }
  grid.narrow(box);
  return box;
}

class TreeWalk {
 public:
  TreeWalk(const Network& network, const NodeBounder& bounder, const Case& unsafe,
           std::optional<KnownBounds>& root, NamedSlopes& slopes)
      : network_(network),
        grid_(network, bounder.level()),
        bounder_(bounder),
        unsafe_(unsafe),
        rows_(output_rows(network, unsafe)),
        root_(root),
        slopes_(slopes) {
    waiting_.push_back({box_of(unsafe, grid_), nullptr, {}});
    const Bounds& box = waiting_[0].box;
    if (slopes.box.lower != box.lower || slopes.box.upper != box.upper) slopes = {box, {}};
  }

  Result<Verdict> run(const CaseProof& tree, std::uint64_t& leaves);

 private:
  /// The bounds of a node; those of a root are kept for the next case with its box.
  std::optional<NodeBounds> bound(const Waiting& at);
  /// The two halves wait, the lower one first in line; or what is wrong with the split.
  std::string split(const ProofNode& node, Waiting at);
  /// The node itself waits again, with the bounds that the proof names for it.
  std::string name_bounds(std::span<const ProofNode> claims, Waiting at);
  /// Halves for z <= 0 and z >= 0.
  std::string split_sign(const ProofNode& node, Waiting at);

  const Network& network_;
  InputGrid grid_;
  const NodeBounder& bounder_;
  const Case& unsafe_;
  OutputRows rows_;
  std::optional<KnownBounds>& root_;
  NamedSlopes& slopes_;
  std::vector<Waiting> waiting_;
};

std::optional<NodeBounds> TreeWalk::bound(const Waiting& at) {
  if (at.enclosing != nullptr) return bounder_.bound(at.box, at.enclosing, at.settled);
  if (!root_ || root_->first.lower != at.box.lower || root_->first.upper != at.box.upper) {
    root_.emplace(at.box, bounder_.bound(at.box, nullptr));
  }
  return root_->second;
}

std::string TreeWalk::split(const ProofNode& node, Waiting at) {
  const std::size_t dimension = node.dimension;
  if (dimension >= network_.inputs) return "split outside its box";
  const auto bounds = bound(at);
  if (bounds) at.enclosing = bounds->inputs;
  if (at.settled != all_settled) at.settled = 0;
  if (node.kind == ProofNode::Kind::clipped_split) {
    if (!bounds) return "clip without bounds";
    std::string fault = clip_box(network_, rows_, *bounds, at.signs, node, at.box);
    if (!fault.empty()) return fault;
    grid_.narrow(at.box);
  }
  if (!(at.box.lower[dimension] < node.at && node.at < at.box.upper[dimension])) {
    return "split outside its box";
  }
  Waiting above = at;
  at.box.upper[dimension] = grid_.below(dimension, node.at);
  above.box.lower[dimension] = grid_.above(dimension, node.at);
  waiting_.push_back(std::move(above));
  waiting_.push_back(std::move(at));
  return {};
}

std::string TreeWalk::name_bounds(std::span<const ProofNode> claims, Waiting at) {
  for (const ProofNode& claim : claims) {
    if (!claim.slopes.empty()) slopes_.of[claim.dimension] = &claim.slopes;
  }
  NamedBounds named{claims, slopes_};
  const auto bounds = bounder_.bound(at.box, at.enclosing, at.settled, &named);
  if (!bounds) return "bounds of values that may come near overflow";
  if (!named.claims.empty()) return "a bound of no ReLU, of an earlier layer, or with wrong slopes";
  at.enclosing = bounds->inputs;
  at.settled = all_settled;
  waiting_.push_back(std::move(at));
  return {};
}

std::string TreeWalk::split_sign(const ProofNode& node, Waiting at) {
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
  if (k == network_.layers.size()) return "split of no ReLU";
  const auto bounds = bound(at);
  if (!bounds) return "split without bounds";
  for (const double sign : {1.0, -1.0}) {
    auto known = std::make_shared<ActivationBounds>(*bounds->inputs);
    double& lower = (*known)[activation].lower[element];
    double& upper = (*known)[activation].upper[element];
    (sign > 0 ? lower : upper) = sign > 0 ? std::max(lower, 0.0) : std::min(upper, 0.0);
    const std::size_t settled = at.settled == all_settled ? all_settled : activation + 1;
    waiting_.push_back({at.box, std::move(known), at.signs, settled});
    waiting_.back().signs.push_back({k, element, sign});
  }
  return {};
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
    if (node.kind == ProofNode::Kind::bound) {
      const std::size_t start = i;
      while (i + 1 < tree.nodes.size() && tree.nodes[i + 1].kind == node.kind) ++i;
      const std::string fault = name_bounds({&node, i + 1 - start}, std::move(at));
      if (!fault.empty()) return Verdict::reject(place + fault);
      continue;
    }
    if (node.kind != ProofNode::Kind::leaf) {
      const std::string fault =
          node.has_cut() ? split(node, std::move(at)) : split_sign(node, std::move(at));
      if (!fault.empty()) return Verdict::reject(place + fault);
      continue;
    }
    const auto bounds = bound(at);
    if (!bounds) return Verdict::leave_undecided(place + "values may come near overflow");
    const std::string fault =
        has_exact_multipliers(unsafe_, at.signs, node)
            ? find_exact_fault(network_, bounder_.level(), unsafe_, *bounds, at.signs, node)
            : find_leaf_fault(network_, rows_, *bounds, at.signs, node);
    if (!fault.empty()) return Verdict::reject(place + fault);
    ++leaves;
  }
  if (!waiting_.empty()) return Verdict::reject("the tree ends before its boxes are covered");
  return Verdict::accept();
}

}  // namespace

Result<Verdict> check_tree(const Network& network, const NodeBounder& bounder, const Case& unsafe,
                           const CaseProof& tree, std::optional<KnownBounds>& root,
                           NamedSlopes& slopes, std::uint64_t& leaves) {
  return TreeWalk(network, bounder, unsafe, root, slopes).run(tree, leaves);
}

}  // namespace isotrace::proofs
