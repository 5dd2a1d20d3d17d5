#include <isotrace/proofs/search/split_search.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>

#include <isotrace/core/check.hpp>

#include <isotrace/proofs/search/children.hpp>
#include <isotrace/proofs/search/exact_leaf.hpp>
#include <isotrace/proofs/search/linear_program.hpp>
#include <isotrace/proofs/search/sign_choice.hpp>

namespace isotrace::proofs::search {
namespace {

/// Every so many levels a single point of an open box is tried on its own.
constexpr std::size_t point_check_levels = 8;
/// Sign splits above one box, after which inputs are split.
constexpr std::size_t signs_max = 256;
/// Where no more ReLUs than these are open, a box at level R is worth going through their signs.
constexpr std::size_t exact_open_max = 64;
/// And where no more than these are in the whole case, it is gone through from its root: zero spare
/// is mostly zero in many places.
constexpr std::size_t exact_root_max = 24;
/// Attack evaluations per box of a round, and of later rounds: what was not found by then is rare.
constexpr std::size_t evaluations_per_node = 24;
constexpr std::uint64_t early_boxes = 4096;
constexpr std::size_t later_evaluations_per_node = 4;
/// Of the climb from the nearest point of each round.
constexpr std::size_t climb_evaluations = 160;
constexpr double climb_step = 0.02;
/// From this depth on a leaf needs no coarse margin: some properties hold with none.
constexpr std::size_t coarse_depth = 40;

/// What a worker finds out about one box; merged in order afterwards.
struct BoxResult {
  bool looked_at = false;
  LeafAttempt attempt;
  std::optional<Box> clipped;  ///< what `split` splits, if not the whole box
  std::optional<Split> split;
  std::optional<SignSplit> sign_split;
  std::vector<ProofNode> named;  ///< bounds behind it all
  bool point_unprovable = false;
  bool zero_spare = false;         ///< split by a sign because of such a point
  std::vector<double> real_point;  ///< violates the case over the reals
  std::shared_ptr<const Bounds> bounds;
  std::vector<Candidate> candidates;
};

class Search {
 public:
  Search(const Network& network, const FloatModel& model, const Problem& problem,
         const Kernels& kernels, Workers& workers, const SearchRules& rules, CaseState& state)
      : network_(network),
        cells_(network),
        model_(model),
        problem_(problem),
        kernels_(kernels),
        workers_(workers),
        rules_(rules),
        state_(state),
        tree_(state.tree),
        open_(state.open),
        splits_signs_(network.inputs > rules.narrow_inputs),
        first_round_(state.round) {
    unwanted_.resize(workers.count());
    for (std::size_t i = 0; i < workers.count(); ++i) {
      relaxations_.emplace_back(network, kernels);
      // Time is asked for by the calling thread alone.
      unwanted_[i] = [this, i] {
        if (i == 0 && rules_.out_of_time()) stop_ = true;
        return stop_.load();
      };
    }
    for (std::size_t i = 0; i < workers.count(); ++i) {
      relaxations_[i].ask_whether_unwanted(&unwanted_[i]);
    }
    // A saved search goes on below a root that is not known here.
    if (!tree_.empty() && !tree_[0].named.empty()) {
      (void)know_root(problem_.box, true, relaxations_[0]);
    }
  }

  SearchResult run() {
    if (tree_.empty()) {
      tree_.emplace_back();
      open_.push_back(
          {problem_.box, std::make_shared<const Bounds>(unknown_bounds(network_)), {}, {}, 0, 0});
    }
    for (const TreeNode& node : tree_) {
      tree_bytes_ += sizeof(TreeNode) + bytes_of(node.node) + bytes_of(node.named);
    }
    for (; !open_.empty(); ++state_.round) {
      if (rules_.out_of_time()) return finish(SearchEnd::timeout);
      if (tree_.size() + 2 * rules_.round_nodes > rules_.nodes_max) {
        return finish(SearchEnd::nodes);
      }
      if (bytes_held() > rules_.memory_max) return finish(SearchEnd::memory);
      if (const auto end = run_round()) return finish(*end);
      if (rules_.progress) rules_.progress(state_);
    }
    return finish(SearchEnd::proved);
  }

 private:
  /// Takes the newest boxes; the last job of a round is a stretch of attack on the whole case.
  std::optional<SearchEnd> run_round() {
    const std::size_t size = std::min(open_.size(), rules_.round_nodes);
    std::vector<OpenBox> batch(std::make_move_iterator(open_.end() - static_cast<long>(size)),
                               std::make_move_iterator(open_.end()));
    open_.resize(open_.size() - size);
    std::vector<BoxResult> results(size);
    std::optional<Candidate> attacked;
    workers_.run(size + 1, [&](std::size_t worker, std::size_t index) {
      if (unwanted_[worker]()) return;
      if (index == size) {
        attacked = attack(size * (state_.looked_at < early_boxes ? evaluations_per_node
                                                                 : later_evaluations_per_node));
      } else {
        results[index] = look_at(batch[index], relaxations_[worker]);
      }
    });
    if (stop_) {
      std::move(batch.begin(), batch.end(), std::back_inserter(open_));
      return SearchEnd::timeout;
    }
    for (std::size_t i = 0; i < size; ++i) {
      if (results[i].zero_spare && !rules_.splits_first && start_with_signs()) return std::nullopt;
      if (const auto end = merge(batch[i], results[i])) return end;
    }
    if (attacked && confirmed(*attacked)) return SearchEnd::confirmed;
    return confirms_nearest(results) ? std::optional(SearchEnd::confirmed) : std::nullopt;
  }

  /// Begins anew with a tree of signs; false if there are too many.
  bool start_with_signs() {
    OpenBox root{
        problem_.box, std::make_shared<const Bounds>(unknown_bounds(network_)), {}, {}, 0, 0};
    Bounds bounds = *root.inherited;
    relaxations_[0].tighten(bounds, root.box);
    if (count_open(network_, bounds) > exact_root_max) return false;
    BoxResult result;
    decide(root, bounds, relaxations_[0], result);
    if (!result.sign_split) return false;
    tree_.assign(1, {});
    tree_bytes_ = sizeof(TreeNode);
    open_.clear();
    state_.explored = 0;
    programs_ = exact_ = 0;
    tree_[0].node.kind = ProofNode::Kind::sign_split;
    tree_[0].node.dimension = result.sign_split->element;
    push(root, cut(root, std::make_shared<const Bounds>(std::move(bounds)), *result.sign_split));
    return true;
  }

  /// Goes on from the point of this round that came nearest to a violation.
  bool confirms_nearest(const std::vector<BoxResult>& results) {
    const Candidate* nearest = nullptr;
    for (const BoxResult& result : results) {
      for (const Candidate& candidate : result.candidates) {
        if (nearest == nullptr || candidate.excess < nearest->excess) nearest = &candidate;
      }
    }
    if (nearest == nullptr) return false;
    Candidate current = *nearest;
    core::PhiloxStream random(rules_.seed, 3, static_cast<std::uint32_t>(state_.round));
    Attack(network_, model_, problem_)
        .climb(current, climb_step, random, worthwhile(network_, model_, climb_evaluations));
    return confirmed(current);
  }

  std::optional<Candidate> attack(std::size_t evaluations) const {
    if (problem_.floats.empty) return std::nullopt;
    core::PhiloxStream random(rules_.seed, 1, static_cast<std::uint32_t>(state_.round));
    return Attack(network_, model_, problem_)
        .evolve(random, worthwhile(network_, model_, evaluations));
  }

  /// What is known about the root, if asked for with named bounds; `relaxation` says when to end.
  KnownRoot& know_root(const Box& box, bool named, const Relaxation& relaxation) const {
    std::optional<KnownRoot>& known = *rules_.known_root;
    if (!known || known->box != box) {
      known.emplace(KnownRoot{box, nullptr, relaxation, {}});
      auto bounds = std::make_shared<Bounds>(unknown_bounds(network_));
      known->relaxation.tighten(*bounds, box);
      known->bounds = std::move(bounds);
      known->relaxation.ask_whether_unwanted(nullptr);  // it outlives this search
    }
    if (named && !known->named) {
      known->named.emplace(KnownRoot::Named{*known->bounds, known->relaxation, {}, {}});
      KnownRoot::Named& made = *known->named;
      made.relaxation.ask_whether_unwanted(relaxation.who_is_asked());
      made.nodes = made.relaxation.tighten_named(made.bounds, box, made.rows);
      made.relaxation.ask_whether_unwanted(nullptr);
    }
    return *known;
  }

  BoxResult look_at(const OpenBox& open, Relaxation& relaxation) const {
    if (open.tree_node != 0 || rules_.known_root == nullptr) {
      auto bounds = std::make_shared<Bounds>(*open.inherited);
      // Below named bounds, here and in the checker, only what is named again is refined.
      if (tree_[0].named.empty()) {
        relaxation.tighten(*bounds, open.box, open.settled);
        return look_at(open, std::move(bounds), relaxation, nullptr);
      }
      const InnerRows& rows = (*rules_.known_root)->named->rows;
      auto named = relaxation.tighten_below(*bounds, open.box, open.settled, rows);
      BoxResult result = look_at(open, std::move(bounds), relaxation, &rows);
      result.named = std::move(named);
      return result;
    }
    KnownRoot& known = know_root(open.box, false, relaxation);
    Relaxation copy = known.relaxation;
    copy.ask_whether_unwanted(relaxation.who_is_asked());
    BoxResult plain = look_at(open, std::make_shared<Bounds>(*known.bounds), copy, nullptr);
    if (plain.attempt.proved || !splits_signs_ || !rules_.names_bounds) return plain;
    const KnownRoot::Named& named = *know_root(open.box, true, relaxation).named;
    if (named.nodes.empty()) return plain;
    Relaxation improved = named.relaxation;
    improved.ask_whether_unwanted(relaxation.who_is_asked());
    BoxResult result = look_at(open, std::make_shared<Bounds>(named.bounds), improved, &named.rows);
    result.named = named.nodes;
    return result;
  }

  /// With the bounds of the box, which `relaxation` holds.
  BoxResult look_at(const OpenBox& open, std::shared_ptr<Bounds> bounds, Relaxation& relaxation,
                    const InnerRows* rows) const {
    BoxResult result;
    result.looked_at = true;
    result.attempt = attempt_leaf(network_, problem_, *bounds, relaxation, open.signs, open.slopes,
                                  leaf_rules(open));
    if (rules_.splits_first && first_round()) result.attempt.proved = false;
    if (!result.attempt.proved) take_if_thin_for_good(open, *bounds, relaxation, result.attempt);
    if (result.attempt.proved) return result;
    if (!problem_.floats.empty) add_candidates(open, result);
    if (problem_.rows.empty()) return result;
    if (splits_signs_ && open.signs.size() < signs_max) {
      result.sign_split = choose_sign_split(network_, problem_, *bounds, relaxation, open.signs,
                                            result.attempt, rows);
    }
    // Below signs that were split for that, all are.
    const bool exact = rules_.exact != nullptr && !(rules_.splits_first && first_round());
    if (!result.sign_split && exact && (splits_signs_ || !open.signs.empty())) {
      decide(open, *bounds, relaxation, result);
      if (result.attempt.proved) return result;
    }
    if (result.sign_split || !result.real_point.empty()) {
      result.bounds = std::move(bounds);
      return result;
    }
    choose_split(open, *bounds, result);
    if (!result.split && rules_.coarse_margin > 0 && !rules_.splits_first) {
      LeafAttempt last = attempt_leaf(network_, problem_, *bounds, relaxation, open.signs,
                                      open.slopes, rules_.leaf);
      if (last.proved) {
        result.attempt = std::move(last);
        return result;
      }
    }
    result.bounds = bounds;
    if (!result.split || open.depth % point_check_levels == point_check_levels - 1) {
      result.point_unprovable = !proves_point(result.attempt.weakest, relaxation, rules_.leaf);
      if (exact && open.signs.empty()) look_closer(open, *bounds, relaxation, result);
    }
    return result;
  }

  /// Where the weakest point itself holds by less than the coarse margin, no split makes it hold by
  /// more: a leaf that holds as it is stays one.
  void take_if_thin_for_good(const OpenBox& open, const Bounds& bounds, Relaxation& relaxation,
                             LeafAttempt& attempt) const {
    if (leaf_rules(open).margin <= rules_.leaf.margin || attempt.share <= rules_.leaf.margin)
      return;
    if (rules_.splits_first && first_round()) return;
    Relaxation copy = relaxation;
    LeafRules rules = rules_.leaf;
    rules.margin = rules_.coarse_margin;
    rules.offers_zero = false;
    if (proves_point(attempt.weakest, copy, rules)) return;
    LeafAttempt thin =
        attempt_leaf(network_, problem_, bounds, relaxation, open.signs, open.slopes, rules_.leaf);
    if (thin.proved) attempt = std::move(thin);
  }

  /// Boxes around a point without anything to spare stay open, however small they become.
  void look_closer(const OpenBox& open, const Bounds& bounds, Relaxation& relaxation,
                   BoxResult& result) const {
    LeafRules spares = rules_.leaf;
    spares.offers_zero = false;
    const bool deep = open.depth > point_check_levels;
    if (!result.point_unprovable &&
        !(deep && !proves_point(result.attempt.weakest, relaxation, spares))) {
      return;
    }
    if (count_open(network_, bounds) > exact_open_max) {
      result.point_unprovable = !result.split;  // smaller boxes have fewer
      return;
    }
    Bounds again = bounds;
    relaxation.tighten(again, open.box);
    decide(open, bounds, relaxation, result);
    result.zero_spare = result.sign_split.has_value() && open.depth > 0;
  }

  /// Splits by a sign that is not known yet; where all are, closes the box or finds what violates.
  void decide(const OpenBox& open, const Bounds& bounds, Relaxation& relaxation,
              BoxResult& result) const {
    const auto unknown = find_unknown_sign(network_, bounds, relaxation.magnitudes(), open.signs,
                                           rules_.leaf.nearness);
    if (unknown) {
      if (open.signs.size() >= signs_max) return;
      result.sign_split =
          choose_sign_split(network_, problem_, bounds, relaxation, open.signs, result.attempt);
      if (!result.sign_split) result.sign_split = unknown;
      return;
    }
    ExactDecision decision = decide_exactly(network_, *rules_.exact, open.box, bounds, open.signs);
    if (decision.kind == ExactDecision::Kind::closed) {
      result.attempt.proved = true;
      result.attempt.exact = std::move(decision.multipliers);
    }
    result.real_point = std::move(decision.point);
  }

  [[nodiscard]] bool first_round() const { return state_.round == first_round_; }

  /// Where a coarse checker is to follow, thin margins are split while that is cheap.
  [[nodiscard]] LeafRules leaf_rules(const OpenBox& open) const {
    LeafRules leaf = rules_.leaf;
    if (rules_.coarse_margin > leaf.margin && open.depth < coarse_depth) {
      leaf.margin = rules_.coarse_margin;
      leaf.offers_zero = false;
    }
    if (rules_.exact != nullptr && !splits_signs_ && !open.signs.empty()) {
      leaf.program_neurons = std::max(leaf.program_neurons, exact_open_max);
      leaf.offers_zero = false;  // that is what exact leaves are for
    }
    return leaf;
  }

  void choose_split(const OpenBox& open, const Bounds& bounds, BoxResult& result) const {
    const RowForm row = combine_rows(problem_, result.attempt.weights);
    // Inputs of integers are not clipped: an end a rounding apart would be another integer here
    // than in the checker.
    if (state_.looked_at >= rules_.plain_boxes && result.attempt.half_space &&
        network_.whole.empty()) {
      result.clipped = clip(network_, open.box, *result.attempt.half_space);
    }
    if (result.clipped) {
      result.split = find_split(network_, cells_, kernels_, bounds, row, *result.clipped);
      if (result.split) return;
      result.clipped.reset();
    }
    result.split = find_split(network_, cells_, kernels_, bounds, row, open.box);
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
  bool proves_point(const std::vector<double>& point, Relaxation& relaxation,
                    const LeafRules& rules) const {
    Box box;
    box.lower = point;
    box.lower.resize(padded(network_.inputs), 0);
    box.upper = box.lower;
    Bounds bounds = unknown_bounds(network_);
    relaxation.tighten(bounds, box);
    return attempt_leaf(network_, problem_, bounds, relaxation, {}, {}, rules).proved;
  }

  bool confirmed(const Candidate& candidate) { return rules_.confirm(candidate); }

  std::optional<SearchEnd> merge(OpenBox& open, BoxResult& result) {
    ISOTRACE_CHECK(result.looked_at);
    ++state_.looked_at;
    ProofNode& node = tree_[open.tree_node].node;
    tree_[open.tree_node].named = std::move(result.named);
    tree_bytes_ += bytes_of(tree_[open.tree_node].named);
    if (result.attempt.proved) {
      state_.explored +=
          std::ldexp(1.0, -static_cast<int>(std::min<std::size_t>(open.depth, 1000)));
      node.kind = ProofNode::Kind::leaf;
      programs_ += result.attempt.by_program ? 1 : 0;
      exact_ += result.attempt.exact.empty() ? 0 : 1;
      put_combination(node, result.attempt);
      return std::nullopt;
    }
    for (const Candidate& candidate : result.candidates) {
      if (confirmed(candidate)) return SearchEnd::confirmed;
    }
    if (!result.real_point.empty()) {
      unprovable_ = std::move(result.real_point);
      return confirmed(nearest_floats(unprovable_)) ? SearchEnd::confirmed : SearchEnd::real;
    }
    if (result.sign_split || !open.signs.empty()) keep_hints(open, result.attempt);
    if (result.sign_split) {
      node.kind = ProofNode::Kind::sign_split;
      node.dimension = result.sign_split->element;
      push(open, cut(open, result.bounds, *result.sign_split));
      return std::nullopt;
    }
    if (result.point_unprovable || !result.split) {
      unprovable_ = result.attempt.weakest;
      return SearchEnd::precision;
    }
    node.kind = ProofNode::Kind::split;
    if (result.clipped) {
      node.kind = ProofNode::Kind::clipped_split;
      node.multipliers = std::move(result.attempt.half_space->weights);
      tree_bytes_ += bytes_of(node);
      open.box = *std::move(result.clipped);
    }
    node.dimension = result.split->dimension;
    node.at = result.split->at;
    push(open, cut(network_, open, result.bounds, *result.split));
    return std::nullopt;
  }

  /// What was best for a box is where the boxes below it start.
  static void keep_hints(OpenBox& open, LeafAttempt& attempt) {
    for (std::size_t s = 0; s < attempt.sign_weights.size(); ++s) {
      open.signs[s].weight = attempt.sign_weights[s];
    }
    open.slopes = std::move(attempt.reached);
  }

  [[nodiscard]] Candidate nearest_floats(const std::vector<double>& point) const {
    Candidate candidate;
    for (std::size_t i = 0; i < point.size() && !problem_.floats.empty; ++i) {
      candidate.x.push_back(round_into(problem_.floats, i, point[i]));
    }
    candidate.excess = problem_.floats.empty ? HUGE_VAL : 0;
    return candidate;
  }

  void put_combination(ProofNode& node, const LeafAttempt& attempt) {
    if (!attempt.exact.empty()) {
      node.multipliers = attempt.exact;
      tree_bytes_ += bytes_of(node);
      return;
    }
    node.multipliers = attempt.weights;
    const std::vector<double>& signs = attempt.sign_weights;
    if (std::any_of(signs.begin(), signs.end(), [](double w) { return w > 0; })) {
      node.multipliers.insert(node.multipliers.end(), signs.begin(), signs.end());
    }
    node.slopes = attempt.slopes;
    tree_bytes_ += bytes_of(node);
  }

  std::size_t add_children(const OpenBox& open) {
    const std::size_t first = tree_.size();
    tree_.resize(first + 2);
    tree_bytes_ += 2 * sizeof(TreeNode);
    tree_[open.tree_node].lower_child = first;
    tree_[open.tree_node].upper_child = first + 1;
    return first;
  }

  /// The lower half is looked at first.
  void push(const OpenBox& parent, Children children) {
    const std::size_t first = add_children(parent);
    children.lower.tree_node = first;
    children.upper.tree_node = first + 1;
    open_.push_back(std::move(children.upper));
    open_.push_back(std::move(children.lower));
  }

  static std::uint64_t bytes_of(const ProofNode& node) {
    return node.multipliers.size() * sizeof(double) + node.slopes.size();
  }

  static std::uint64_t bytes_of(const std::vector<ProofNode>& nodes) {
    std::uint64_t bytes = 0;
    for (const ProofNode& node : nodes) bytes += sizeof(ProofNode) + bytes_of(node);
    return bytes;
  }

  /// What tree and open boxes take, allocators aside: the same for any number of workers.
  [[nodiscard]] std::uint64_t bytes_held() const {
    std::uint64_t neurons = 0;
    for (const Layer& layer : network_.layers) neurons += layer.activated ? padded(layer.out) : 0;
    const std::uint64_t box = sizeof(OpenBox) + 2 * sizeof(double) * padded(network_.inputs);
    std::uint64_t bytes = tree_bytes_ + open_.size() * box;
    const Bounds* last = nullptr;
    for (const OpenBox& open : open_) {
      bytes += open.signs.size() * sizeof(SignSplit) + open.slopes.size();
      if (open.inherited.get() != last) bytes += 2 * sizeof(double) * neurons;
      last = open.inherited.get();
    }
    return bytes;
  }

  SearchResult finish(SearchEnd end) {
    SearchResult result;
    result.end = end;
    result.nodes = state_.looked_at;
    result.programs = programs_;
    result.exact = exact_;
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
      std::move(node.named.begin(), node.named.end(), std::back_inserter(proof.nodes));
      proof.nodes.push_back(std::move(node.node));
    }
    return proof;
  }

  const Network& network_;
  const InputCells cells_;
  const FloatModel& model_;
  const Problem& problem_;
  const Kernels& kernels_;
  Workers& workers_;
  const SearchRules& rules_;
  CaseState& state_;
  std::vector<TreeNode>& tree_;
  std::vector<OpenBox>& open_;
  bool splits_signs_;
  std::uint64_t first_round_;
  std::vector<Relaxation> relaxations_;
  std::atomic<bool> stop_ = false;
  std::vector<std::function<bool()>> unwanted_;  ///< one per worker
  std::vector<double> unprovable_;
  std::uint64_t tree_bytes_ = 0;
  std::uint64_t programs_ = 0;
  std::uint64_t exact_ = 0;
};

}  // namespace

std::string_view search_end_name(SearchEnd end) {
  switch (end) {
    case SearchEnd::proved: return "proved";
    case SearchEnd::confirmed: return "counterexample";
    case SearchEnd::timeout: return "timeout";
    case SearchEnd::nodes: return "nodes";
    case SearchEnd::memory: return "memory";
    case SearchEnd::precision: return "precision";
    case SearchEnd::real: return "counterexample over the reals";
  }
  return "precision";
}

SearchResult search_splits(const Network& network, const FloatModel& model, const Problem& problem,
                           const Kernels& kernels, Workers& workers, const SearchRules& rules,
                           CaseState& state) {
  return Search(network, model, problem, kernels, workers, rules, state).run();
}

}  // namespace isotrace::proofs::search
