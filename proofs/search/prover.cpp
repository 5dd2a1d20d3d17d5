#include <isotrace/proofs/search/prover.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include <isotrace/core/check.hpp>
#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/search/children.hpp>
#include <isotrace/proofs/search/exact_pass.hpp>
#include <isotrace/proofs/search/solver_leaf.hpp>

namespace isotrace::proofs::search {
namespace {

constexpr const char* no_float = "no binary32 input lies in its box";

/// First stretch of attack per box, before any splitting, and how many cases of it get a descent of
/// their own.
constexpr std::size_t first_evaluations = 2000;
constexpr std::size_t targets_max = 9;
/// Further attack once some point is known to be beyond the bounds.
constexpr std::size_t further_evaluations = 50'000;
/// Excess below which the reference's order of operations might still satisfy the rows.
constexpr double near_zero = 1e-6;
/// Runs of the reference that a near miss may cost in all.
constexpr std::size_t false_candidates_max = 500;

/// How much further bounds of neurons, and what follows from them, may be off than one sum is.
constexpr double margin_safety = 64;
constexpr double margin_growth = 1e3;
constexpr std::uint64_t margins_tried = 3;
/// What tier primint of the Coq bundles may lose where bounds go through some layers of 24-bit
/// words: below it a leaf costs Coq a second look, some fifty times as long, or is not accepted.
constexpr double words_margin = 0x1p-13;
/// Rejected leaves that are split one by one: each takes another check.
constexpr std::size_t leaves_mended_max = 16;

double power(double base, std::uint64_t exponent) {
  double value = 1;
  for (std::uint64_t i = 0; i < exponent; ++i) value *= base;
  return value;
}

/// What rounding may take from a bound in the checker, relative to all that is added up: a sum errs
/// by at most 2^-53 per term, and a form passes one sum per neuron.
double first_margin(const Network& network) {
  std::size_t terms = padded(network.inputs);
  for (const Layer& layer : network.layers) terms += padded(layer.out);
  return std::ldexp(margin_safety * static_cast<double>(terms), -53);
}

/// Slopes of named bounds that stand in a case before of the same box already are left to it.
void drop_repeated_slopes(const std::vector<Problem>& problems, Proof& proof) {
  std::map<std::uint32_t, std::vector<std::uint8_t>> last;
  for (std::size_t c = 0; c < proof.cases.size(); ++c) {
    if (c > 0 && problems[c].box != problems[c - 1].box) last.clear();
    for (ProofNode& node : proof.cases[c].nodes) {
      if (node.kind != ProofNode::Kind::bound || node.slopes.empty()) continue;
      std::vector<std::uint8_t>& before = last[node.dimension];
      if (before == node.slopes) {
        node.slopes.clear();
      } else {
        before = node.slopes;
      }
    }
  }
}

}  // namespace

Prover::Prover(const core::Program& program, const Network& network, const Property& property,
               const std::string& property_text, const ProveOptions& options, Judge judge)
    : program_(program),
      network_(network),
      property_(property),
      property_text_(property_text),
      options_(options),
      judge_(std::move(judge)),
      kernels_(best_kernels()),
      model_(network, kernels_) {
  for (const Case& unsafe : property.cases) problems_.push_back(make_problem(network, unsafe));
}

core::Result<ProveOutcome> Prover::run() {
  if (!options_.resume_from.empty()) ISOTRACE_TRY_DONE(resume());
  tell_network();
  ProveOutcome outcome = decide();
  if (refusal_) return tl::make_unexpected(*std::move(refusal_));
  outcome.nodes = progress_.nodes + current_.looked_at;
  return outcome;
}

ProveOutcome Prover::decide() {
  // What cut it short does so to the whole search; whoever resumes that attacks from the beginning.
  if (progress_.attacked == 0) {
    const bool found = attack_all();
    tell_attack(std::nullopt);
    if (found) return violated();
    progress_.attacked = out_of_time() ? 0 : 1;
    if (progress_.attacked == 0) progress_.false_candidates = 0;
  }
  for (;;) {
    if (auto ended = search_cases()) return *std::move(ended);
    Proof proof = empty_proof(Proof::Outcome::proved);
    proof.cases = std::move(progress_.cases);
    progress_.cases.clear();
    bool rejected = false;
    ProveOutcome outcome = check_and_mend(std::move(proof), rejected);
    if (!rejected || ++progress_.attempt == margins_tried || refusal_) return outcome;
  }
}

/// Leaves that the checker rejects are split, one by one; `rejected` if there are too many.
ProveOutcome Prover::check_and_mend(Proof proof, bool& rejected) {
  for (std::size_t mended = 0;; ++mended) {
    drop_repeated_slopes(problems_, proof);
    std::uint64_t leaf = 0;
    rejected = false;
    ProveOutcome outcome = check(proof, rejected, leaf);
    if (!rejected || mended == leaves_mended_max || out_of_time()) return outcome;
    if (auto ended = split_leaf(proof, leaf)) return *std::move(ended);
  }
}

/// The leaf in the order of all trees gets a subtree of its own.
std::optional<ProveOutcome> Prover::split_leaf(Proof& proof, std::uint64_t leaf) {
  for (std::size_t c = 0; c < proof.cases.size(); ++c) {
    const std::vector<ProofNode>& nodes = proof.cases[c].nodes;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (nodes[i].kind != ProofNode::Kind::leaf || leaf-- > 0) continue;
      SearchRules rules = rules_of(c);
      CaseState state =
          reopen_leaf(network_, kernels_, problems_[c], proof.cases[c], i, rules.leaf.margin);
      rules.splits_first = true;
      rules.leaf.offers_zero = false;
      rules.progress = nullptr;
      Workers workers(std::max(1U, options_.jobs));
      SearchResult result =
          search_splits(network_, model_, problems_[c], kernels_, workers, rules, state);
      progress_.nodes += state.looked_at;
      tell_search(c, result, state);
      if (result.end == SearchEnd::confirmed) return violated();
      if (result.end != SearchEnd::proved) return attack_further(c, result);
      proof.cases[c] = std::move(result.proof);
      return std::nullopt;
    }
  }
  ISOTRACE_CHECK(false, leaf);
  return std::nullopt;
}

/// What the tree depends on besides this code. Limits of time and memory may change on the way.
core::Digest Prover::question() const {
  core::ByteWriter fields;
  fields.text("isotrace.search-question.v3").raw(core::program_digest(program_).view());
  fields.text(property_text_).u8(static_cast<std::uint8_t>(options_.level)).u64(options_.seed);
  fields.u64(options_.plain_boxes);
  fields.u64(options_.program_neurons).u64(options_.narrow_inputs);
  return core::sha256(fields.bytes());
}

core::Result<core::Done> Prover::resume() {
  ISOTRACE_TRY(SearchState state, read_search_state(options_.resume_from, question(), network_));
  if (state.progress.cases.size() >= std::max<std::size_t>(1, problems_.size()) ||
      state.progress.attempt >= margins_tried) {
    return core::refuse(core::RefusalCode::search_state_malformed, "search state",
                        "more cases or attempts than there are");
  }
  progress_ = std::move(state.progress);
  current_ = std::move(state.current);
  return core::Done{};
}

void Prover::save(const CaseState& state) {
  if (!options_.save_state || refusal_) return;
  auto saved = options_.save_state(write_search_state(question(), progress_, state));
  if (!saved) refusal_ = std::move(saved).error();
}

void Prover::tell(ProveStage stage) const {
  if (options_.on_stage) options_.on_stage(stage);
}

void Prover::tell_network() const {
  std::uint64_t relus = 0, curves = 0, steps = 0;
  for (const Layer& layer : network_.layers) {
    relus += layer.relu_order.size();
    if (!layer.activated || layer.activation == Activation::relu) continue;
    const auto acting = std::count(layer.activated_on.begin(), layer.activated_on.end(), 1);
    (layer.activation == Activation::round ? steps : curves) += static_cast<std::uint64_t>(acting);
  }
  tell({"lowering",
        std::nullopt,
        "read",
        {{"inputs", network_.inputs},
         {"outputs", network_.output_neurons.size()},
         {"layers", network_.layers.size()},
         {"relus", relus},
         {"curves", curves},
         {"roundings", steps}},
        {}});
}

void Prover::tell_attack(std::optional<std::size_t> case_index) {
  tell({"attack",
        case_index,
        counterexample_ ? "counterexample" : "nothing",
        {{"executions", std::exchange(executions_, 0)}},
        {}});
}

void Prover::tell_search(std::size_t case_index, const SearchResult& result,
                         const CaseState& state) {
  std::uint64_t cuts = 0, signs = 0, leaves = 0;
  for (const ProofNode& node : result.proof.nodes) {
    cuts += node.kind == ProofNode::Kind::split ? 1 : 0;
    signs += node.kind == ProofNode::Kind::sign_split ? 1 : 0;
    leaves += node.kind == ProofNode::Kind::leaf ? 1 : 0;
  }
  tell({"boxes",
        case_index,
        std::string(search_end_name(result.end)),
        {{"boxes", result.nodes},
         {"open", state.open.size()},
         {"cuts", cuts},
         {"signCuts", signs},
         {"leaves", leaves},
         {"programs", result.programs},
         {"exactLeaves", result.exact},
         {"executions", std::exchange(executions_, 0)}},
        {}});
}

bool Prover::out_of_time() const {
  return refusal_.has_value() || (options_.out_of_time && options_.out_of_time());
}

bool Prover::confirm(const Candidate& candidate) {
  if (!(candidate.excess <= near_zero) || refusal_) return false;
  if (candidate.excess > 0 && progress_.false_candidates >= false_candidates_max) return false;
  if (options_.level == Level::real && !violates_in_reals(candidate)) return false;
  ++executions_;
  auto judged = judge_.confirm(candidate.x);
  if (!judged) {
    refusal_ = std::move(judged).error();
    return false;
  }
  counterexample_ = *std::move(judged);
  if (!counterexample_) ++progress_.false_candidates;
  return counterexample_.has_value();
}

/// Over the reals, rounding alone violates nothing: the point must do so exactly, or, in networks
/// that are too large for that or have curves, in binary64.
bool Prover::violates_in_reals(const Candidate& candidate) const {
  if (has_exact_passes(network_)) {
    return std::any_of(property_.cases.begin(), property_.cases.end(), [&](const Case& unsafe) {
      return holds_exactly(network_, unsafe, candidate.x);
    });
  }
  const std::vector<double> x(candidate.x.begin(), candidate.x.end());
  const std::vector<double> y = evaluate(network_, x);
  return std::any_of(problems_.begin(), problems_.end(), [&](const Problem& problem) {
    for (std::size_t r = 0; r < problem.rows.size(); ++r) {
      const double value = value_at(problem.rows[r], x, y);
      if (!(problem.strict[r] ? value < problem.limits[r] : value <= problem.limits[r])) {
        return false;
      }
    }
    return true;
  });
}

/// Cases in a row that share a box are attacked together: each run of the network serves them all.
bool Prover::attack_all() {
  for (std::size_t c = 0; c < problems_.size() && !out_of_time();) {
    Problems together = {&problems_[c]};
    core::PhiloxStream random(options_.seed, 0, static_cast<std::uint32_t>(c));
    while (++c < problems_.size() && problems_[c].floats == together[0]->floats) {
      together.push_back(&problems_[c]);
    }
    if (together[0]->floats.empty) continue;
    const std::size_t targets = std::min(together.size(), targets_max);
    Attack attack(network_, model_, std::move(together), [this] { return out_of_time(); });
    if (confirm(attack.probe_landmarks(random))) return true;
    const std::size_t evaluations = std::min<std::size_t>(targets, 4) * first_evaluations;
    if (confirm(attack.evolve(random, worthwhile(network_, model_, evaluations)))) return true;
    if (confirm(attack.descend(random, 1 + targets))) return true;
  }
  return false;
}

SearchRules Prover::rules_of(std::size_t case_index) {
  SearchRules rules;
  rules.leaf.margin = first_margin(network_) * power(margin_growth, progress_.attempt);
  rules.leaf.offers_zero = progress_.attempt == 0;
  rules.leaf.program_neurons = options_.program_neurons;
  // The words of Coq's tier primint are coarser than binary64, and count open neurons themselves:
  // where one more or less is open there, slopes of open ones would go to the wrong neurons.
  if (options_.plain_boxes == ProveOptions::no_clips) {
    rules.leaf.nearness = std::numeric_limits<double>::infinity();
    rules.coarse_margin = words_margin;
  }
  rules.seed = options_.seed ^ (std::uint64_t{case_index} << 32U);
  rules.plain_boxes = options_.plain_boxes;
  rules.narrow_inputs = options_.narrow_inputs;
  rules.names_bounds = options_.plain_boxes != ProveOptions::no_clips;
  rules.known_root = &known_root_;
  if (network_.real && has_exact_passes(network_) && rules.names_bounds) {
    rules.exact = &property_.cases[case_index];
  }
  rules.nodes_max = options_.nodes_max;
  rules.memory_max = options_.memory_max;
  rules.out_of_time = [this] { return out_of_time(); };
  rules.confirm = [this](const Candidate& candidate) { return confirm(candidate); };
  rules.progress = [this, case_index](const CaseState& state) {
    const auto cases = static_cast<double>(problems_.size());
    if (options_.progress) {
      options_.progress({case_index, problems_.size(), state.looked_at, state.open.size(),
                         (static_cast<double>(case_index) + state.explored) / cases});
    }
    if (options_.wants_state && options_.wants_state()) save(state);
  };
  return rules;
}

std::optional<ProveOutcome> Prover::search_cases() {
  Workers workers(std::max(1U, options_.jobs));
  for (std::size_t c = progress_.cases.size(); c < problems_.size(); ++c) {
    SearchResult result =
        search_splits(network_, model_, problems_[c], kernels_, workers, rules_of(c), current_);
    tell_search(c, result, current_);
    if (result.end == SearchEnd::confirmed) return violated();
    if (result.end != SearchEnd::proved) {
      if (result.end != SearchEnd::precision && result.end != SearchEnd::real) save(current_);
      return attack_further(c, result);
    }
    progress_.nodes += current_.looked_at;
    progress_.cases.push_back(std::move(result.proof));
    current_ = {};
  }
  return std::nullopt;
}

/// The search gave up on a case: what may still be found is a counterexample.
ProveOutcome Prover::attack_further(std::size_t case_index, const SearchResult& result) {
  const std::string place = "case " + std::to_string(case_index);
  const bool real = result.end == SearchEnd::real;
  if ((result.end == SearchEnd::precision || real) && !problems_[case_index].floats.empty) {
    core::PhiloxStream random(options_.seed, 2, static_cast<std::uint32_t>(case_index));
    Attack attack(network_, model_, {&problems_[case_index]}, [this] { return out_of_time(); });
    // However far the float model is off: the reference judges what comes nearest.
    const auto judge = [&](Candidate candidate) {
      candidate.excess = std::min(candidate.excess, 0.0);
      return confirm(candidate);
    };
    bool found = judge(attack.probe(result.unprovable));
    for (std::size_t done = 0; done < further_evaluations && !found && !out_of_time();
         done += 1000) {
      found = judge(attack.evolve(random, worthwhile(network_, model_, 1000)));
    }
    tell_attack(case_index);
    if (found) return violated();
  }
  if (real) return unconfirmed(case_index);
  // The solver has seconds of its own, which whoever is out of time has not.
  if (options_.solver && !network_.order_only && result.end != SearchEnd::timeout) {
    if (auto answered = ask_solver(case_index)) return *std::move(answered);
  }
  if (result.end == SearchEnd::precision && problems_[case_index].floats.empty) {
    return undecided(UndecidedReason::precision,
                     place + ": undecided over the reals; " + std::string(no_float));
  }
  switch (result.end) {
    case SearchEnd::timeout: return undecided(UndecidedReason::timeout, place + ": out of time");
    case SearchEnd::memory:
      return undecided(UndecidedReason::memory, place +
                                                    ": tree and open boxes reached the limit of " +
                                                    std::to_string(options_.memory_max) + " bytes");
    case SearchEnd::nodes:
      return undecided(UndecidedReason::memory, place + ": the tree reached its limit of " +
                                                    std::to_string(options_.nodes_max) + " nodes");
    default:
      return undecided(
          UndecidedReason::precision,
          place + ": the bounds cannot decide some single input" +
              (options_.level == Level::any_order ? "; those of exact-order may" : ""));
  }
}

std::optional<ProveOutcome> Prover::ask_solver(std::size_t case_index) {
  smt::DecideOptions decide = options_.decide;
  decide.label = "case " + std::to_string(case_index);
  auto answer = find_real_counterexample(network_, property_.cases[case_index], decide);
  if (!answer) {
    refusal_ = std::move(answer).error();
    return std::nullopt;
  }
  const SolverOpinion opinion = *std::move(answer);
  if (opinion.decision.runs.empty()) tell({"z3", case_index, "too large", {}, {}});
  for (const smt::EngineRun& run : opinion.decision.runs) {
    const std::string_view outcome =
        run.outcome == smt::Outcome::sat ? "counterexample over the reals" : smt::name(run.outcome);
    tell({smt::name(run.engine), case_index, std::string(outcome), {}, run.detail});
  }
  const std::vector<double>& model = opinion.point;
  if (model.empty()) return std::nullopt;
  const Problem& problem = problems_[case_index];
  Candidate candidate;
  for (std::size_t i = 0; i < model.size() && !problem.floats.empty; ++i) {
    candidate.x.push_back(round_into(problem.floats, i, model[i]));
  }
  candidate.excess = 0;
  if (!problem.floats.empty && confirm(candidate)) return violated();
  return unconfirmed(case_index);
}

ProveOutcome Prover::unconfirmed(std::size_t case_index) const {
  return undecided(
      UndecidedReason::unconfirmed_real,
      "case " + std::to_string(case_index) + ": violated in real arithmetic; " +
          (problems_[case_index].floats.empty ? no_float : "the float run does not confirm it"));
}

/// An accepted proof moves into the outcome. `leaf`, if rejected: how many leaves were accepted
/// before.
ProveOutcome Prover::check(Proof& proof, bool& rejected, std::uint64_t& leaf) const {
  auto report = check_proof(proof);
  if (!report) {
    ProveOutcome outcome = undecided(UndecidedReason::unsupported, core::describe(report.error()));
    outcome.refusal = std::move(report).error();
    return outcome;
  }
  tell({"checker",
        std::nullopt,
        report->verdict.accepted() ? "accepted" : "rejected",
        {{"leaves", report->leaves}},
        report->verdict.reason});
  if (!report->verdict.accepted()) {
    rejected = true;
    leaf = report->leaves;
    return undecided(UndecidedReason::precision,
                     "the checker rejects the proof: " + report->verdict.reason);
  }
  ProveOutcome outcome;
  outcome.kind = ProveOutcome::Kind::proved;
  outcome.proof = std::move(proof);
  return outcome;
}

Proof Prover::empty_proof(Proof::Outcome outcome) const {
  Proof proof;
  proof.outcome = outcome;
  proof.level = options_.level;
  proof.semantics = core::semantics_id;
  proof.program = core::write_program(program_);
  proof.property_text = property_text_;
  return proof;
}

ProveOutcome Prover::violated() const {
  ISOTRACE_CHECK(counterexample_.has_value());
  ProveOutcome outcome;
  outcome.kind = ProveOutcome::Kind::violated;
  outcome.proof = empty_proof(Proof::Outcome::violated);
  outcome.proof.counterexample = *counterexample_;
  return outcome;
}

ProveOutcome Prover::undecided(UndecidedReason reason, std::string detail) const {
  ProveOutcome outcome;
  outcome.reason = reason;
  outcome.detail = std::move(detail);
  return outcome;
}

}  // namespace isotrace::proofs::search
