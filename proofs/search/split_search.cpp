#include <isotrace/proofs/search/split_search.hpp>

#include <algorithm>
#include <memory>

#include <isotrace/core/check.hpp>

#include <isotrace/proofs/search/branching.hpp>

namespace isotrace::proofs::search {
namespace {

/// Every so many levels a single point of an open box is tried on its own.
constexpr std::size_t point_check_levels = 8;
/// Networks with more inputs are split by the signs of their ReLUs, others by their inputs.
constexpr std::size_t narrow_inputs = 24;
/// Sign splits above one box, after which inputs are split.
constexpr std::size_t signs_max = 64;
/// Attack evaluations per box of a round.
constexpr std::size_t evaluations_per_node = 24;

struct TreeNode {
  ProofNode node;
  std::size_t lower_child = 0;
  std::size_t upper_child = 0;
};

struct OpenBox {
  Box box;
  std::shared_ptr<const Bounds> inherited;
  std::vector<SignSplit> signs;
  std::size_t tree_node;
  std::size_t depth;
};

/// What a worker finds out about one box; merged in order afterwards.
struct BoxResult {
  bool looked_at = false;
  LeafAttempt attempt;
  std::optional<Split> split;
  std::optional<SignSplit> sign_split;
  bool point_unprovable = false;
  std::shared_ptr<const Bounds> bounds;
  std::vector<Candidate> candidates;
};

class Search {
 public:
  Search(const Network& network, const FloatModel& model, const Problem& problem,
         const Kernels& kernels, Workers& workers, const SearchRules& rules)
      : network_(network),
        model_(model),
        problem_(problem),
        kernels_(kernels),
        workers_(workers),
        rules_(rules),
        splits_signs_(network.inputs > narrow_inputs) {
    for (std::size_t i = 0; i < workers.count(); ++i) relaxations_.emplace_back(network, kernels);
  }

  SearchResult run() {
    tree_.emplace_back();
    open_.push_back(
        {problem_.box, std::make_shared<const Bounds>(unknown_bounds(network_)), {}, 0, 0});
    for (std::uint64_t round = 0; !open_.empty(); ++round) {
      if (rules_.out_of_time()) return finish(SearchEnd::timeout);
      if (tree_.size() + 2 * rules_.round_nodes > rules_.nodes_max) {
        return finish(SearchEnd::nodes);
      }
      if (const auto end = run_round(round)) return finish(*end);
      if (rules_.progress) rules_.progress(looked_at_, open_.size());
    }
    return finish(SearchEnd::proved);
  }

 private:
  /// Takes the newest boxes; the last job of a round is a stretch of attack on the whole case.
  std::optional<SearchEnd> run_round(std::uint64_t round) {
    const std::size_t size = std::min(open_.size(), rules_.round_nodes);
    std::vector<OpenBox> batch(std::make_move_iterator(open_.end() - static_cast<long>(size)),
                               std::make_move_iterator(open_.end()));
    open_.resize(open_.size() - size);
    std::vector<BoxResult> results(size);
    std::optional<Candidate> attacked;
    std::atomic<bool> stop = false;
    workers_.run(size + 1, [&](std::size_t worker, std::size_t index) {
      if (worker == 0 && rules_.out_of_time()) stop = true;
      if (stop) return;
      if (index == size) {
        attacked = attack(round, size * evaluations_per_node);
      } else {
        results[index] = look_at(batch[index], relaxations_[worker]);
      }
    });
    if (stop) return SearchEnd::timeout;
    for (std::size_t i = 0; i < size; ++i) {
      if (const auto end = merge(batch[i], results[i])) return end;
    }
    if (attacked && confirmed(*attacked)) return SearchEnd::confirmed;
    return std::nullopt;
  }

  std::optional<Candidate> attack(std::uint64_t round, std::size_t evaluations) const {
    if (problem_.floats.empty) return std::nullopt;
    core::PhiloxStream random(rules_.seed, 1, static_cast<std::uint32_t>(round));
    return Attack(network_, model_, problem_).evolve(random, evaluations);
  }

  BoxResult look_at(const OpenBox& open, Relaxation& relaxation) const {
    BoxResult result;
    result.looked_at = true;
    auto bounds = std::make_shared<Bounds>(*open.inherited);
    relaxation.tighten(*bounds, open.box);
    result.attempt = attempt_leaf(network_, problem_, *bounds, relaxation, open.signs, rules_.leaf);
    if (result.attempt.proved) return result;
    if (!problem_.floats.empty) add_candidates(open, result);
    if (problem_.rows.empty()) return result;
    if (splits_signs_ && result.attempt.loosest && open.signs.size() < signs_max) {
      result.sign_split = result.attempt.loosest;
      result.bounds = std::move(bounds);
      return result;
    }
    result.split = find_split(network_, kernels_, *bounds,
                              combine_rows(problem_, result.attempt.weights), open.box);
    result.bounds = std::move(bounds);
    if (!result.split || open.depth % point_check_levels == point_check_levels - 1) {
      result.point_unprovable = !proves_point(result.attempt.weakest, relaxation);
    }
    return result;
  }

  void add_candidates(const OpenBox& open, BoxResult& result) const {
    Attack attack(network_, model_, problem_);
    result.candidates.push_back(attack.probe(result.attempt.weakest));
    std::vector<double> centre(network_.inputs);
    for (std::size_t i = 0; i < centre.size(); ++i) {
      centre[i] = 0.5 * open.box.lower[i] + 0.5 * open.box.upper[i];
    }
    result.candidates.push_back(attack.probe(centre));
  }

  /// Whether the bounds prove this one point. If not, no splitting will: some leaf contains it.
  bool proves_point(const std::vector<double>& point, Relaxation& relaxation) const {
    Box box;
    box.lower = point;
    box.lower.resize(padded(network_.inputs), 0);
    box.upper = box.lower;
    Bounds bounds = unknown_bounds(network_);
    relaxation.tighten(bounds, box);
    return attempt_leaf(network_, problem_, bounds, relaxation, {}, rules_.leaf).proved;
  }

  bool confirmed(const Candidate& candidate) { return rules_.confirm(candidate); }

  std::optional<SearchEnd> merge(OpenBox& open, BoxResult& result) {
    ISOTRACE_CHECK(result.looked_at);
    ++looked_at_;
    ProofNode& node = tree_[open.tree_node].node;
    if (result.attempt.proved) {
      node.kind = ProofNode::Kind::leaf;
      node.multipliers = std::move(result.attempt.weights);
      const std::vector<double>& signs = result.attempt.sign_weights;
      if (std::any_of(signs.begin(), signs.end(), [](double w) { return w > 0; })) {
        node.multipliers.insert(node.multipliers.end(), signs.begin(), signs.end());
      }
      node.slopes = std::move(result.attempt.slopes);
      return std::nullopt;
    }
    for (const Candidate& candidate : result.candidates) {
      if (confirmed(candidate)) return SearchEnd::confirmed;
    }
    if (result.sign_split) {
      node.kind = ProofNode::Kind::sign_split;
      node.dimension = result.sign_split->element;
      push_signs(open, result);
      return std::nullopt;
    }
    if (result.point_unprovable || !result.split) {
      unprovable_ = result.attempt.weakest;
      return SearchEnd::precision;
    }
    node.kind = ProofNode::Kind::split;
    node.dimension = result.split->dimension;
    node.at = result.split->at;
    push_children(open, result);
    return std::nullopt;
  }

  std::size_t add_children(const OpenBox& open) {
    const std::size_t first = tree_.size();
    tree_.resize(first + 2);
    tree_[open.tree_node].lower_child = first;
    tree_[open.tree_node].upper_child = first + 1;
    return first;
  }

  /// The child with z <= 0 comes first, as the file has it.
  void push_signs(const OpenBox& open, const BoxResult& result) {
    const std::size_t first = add_children(open);
    for (const double sign : {1.0, -1.0}) {
      SignSplit split = *result.sign_split;
      split.sign = sign;
      auto bounds = std::make_shared<Bounds>(*result.bounds);
      double& lower = bounds->lower[split.layer][split.neuron];
      double& upper = bounds->upper[split.layer][split.neuron];
      (sign > 0 ? lower : upper) = 0;
      OpenBox child{open.box, std::move(bounds), open.signs, first + (sign > 0 ? 1U : 0U),
                    open.depth + 1};
      for (std::size_t s = 0; s < child.signs.size(); ++s) {
        child.signs[s].weight = result.attempt.sign_weights[s];
      }
      child.signs.push_back(split);
      open_.push_back(std::move(child));
    }
  }

  void push_children(const OpenBox& open, const BoxResult& result) {
    const Split& split = *result.split;
    const std::size_t first = add_children(open);
    OpenBox lower{open.box, result.bounds, open.signs, first, open.depth + 1};
    OpenBox upper{open.box, result.bounds, open.signs, first + 1, open.depth + 1};
    lower.box.upper[split.dimension] = split.at;
    upper.box.lower[split.dimension] = split.at;
    open_.push_back(std::move(upper));
    open_.push_back(std::move(lower));
  }

  SearchResult finish(SearchEnd end) {
    SearchResult result;
    result.end = end;
    result.nodes = looked_at_;
    result.unprovable = std::move(unprovable_);
    if (end == SearchEnd::proved) result.proof = in_preorder();
    return result;
  }

  CaseProof in_preorder() {
    CaseProof proof;
    proof.nodes.reserve(tree_.size());
    std::vector<std::size_t> next = {0};
    while (!next.empty()) {
      TreeNode& node = tree_[next.back()];
      next.pop_back();
      if (node.node.kind != ProofNode::Kind::leaf) {
        next.push_back(node.upper_child);
        next.push_back(node.lower_child);
      }
      proof.nodes.push_back(std::move(node.node));
    }
    return proof;
  }

  const Network& network_;
  const FloatModel& model_;
  const Problem& problem_;
  const Kernels& kernels_;
  Workers& workers_;
  const SearchRules& rules_;
  bool splits_signs_;
  std::vector<Relaxation> relaxations_;
  std::vector<TreeNode> tree_;
  std::vector<OpenBox> open_;
  std::vector<double> unprovable_;
  std::uint64_t looked_at_ = 0;
};

}  // namespace

SearchResult search_splits(const Network& network, const FloatModel& model, const Problem& problem,
                           const Kernels& kernels, Workers& workers, const SearchRules& rules) {
  return Search(network, model, problem, kernels, workers, rules).run();
}

}  // namespace isotrace::proofs::search
