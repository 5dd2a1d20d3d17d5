#include <isotrace/proofs/search/prover.hpp>

#include <algorithm>
#include <cmath>

#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/search/solver_leaf.hpp>

namespace isotrace::proofs::search {
namespace {

/// First stretch of attack per case, before any splitting.
constexpr std::size_t first_evaluations = 2000;
constexpr std::size_t descents = 2;
/// Further attack once some point is known to be beyond the bounds.
constexpr std::size_t further_evaluations = 50'000;
/// Excess below which the reference's order of operations might still satisfy the rows.
constexpr double near_zero = 1e-6;
/// Runs of the reference that a near miss may cost in all.
constexpr std::size_t false_candidates_max = 500;

constexpr double first_margin = 1e-9;
constexpr double margin_growth = 1e3;
constexpr int margins_tried = 3;

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
  ProveOutcome outcome = decide();
  if (execution_refusal_) return tl::make_unexpected(*std::move(execution_refusal_));
  outcome.nodes = nodes_;
  return outcome;
}

ProveOutcome Prover::decide() {
  if (attack_all()) return violated();
  double margin = first_margin;
  for (int attempt = 1;; ++attempt, margin *= margin_growth) {
    Proof proof = empty_proof(Proof::Outcome::proved);
    if (auto ended = search_cases(margin, proof)) return *std::move(ended);
    bool retry = false;
    ProveOutcome outcome = check(std::move(proof), retry);
    if (!retry || attempt == margins_tried || execution_refusal_) return outcome;
  }
}

bool Prover::out_of_time() const {
  return execution_refusal_.has_value() || (options_.out_of_time && options_.out_of_time());
}

bool Prover::confirm(const Candidate& candidate) {
  if (!(candidate.excess <= near_zero) || execution_refusal_) return false;
  if (candidate.excess > 0 && false_candidates_ >= false_candidates_max) return false;
  if (options_.level == Level::real && !violates_in_reals(candidate)) return false;
  auto judged = judge_.confirm(candidate.x);
  if (!judged) {
    execution_refusal_ = std::move(judged).error();
    return false;
  }
  counterexample_ = *std::move(judged);
  if (!counterexample_) ++false_candidates_;
  return counterexample_.has_value();
}

/// Over the reals, rounding alone violates nothing: the point must do so in binary64 as well.
bool Prover::violates_in_reals(const Candidate& candidate) const {
  const std::vector<double> x(candidate.x.begin(), candidate.x.end());
  const std::vector<double> y = evaluate(network_, x);
  return std::any_of(problems_.begin(), problems_.end(), [&](const Problem& problem) {
    for (std::size_t r = 0; r < problem.rows.size(); ++r) {
      if (!(value_at(problem.rows[r], x, y) <= problem.limits[r])) return false;
    }
    return true;
  });
}

bool Prover::attack_all() {
  for (std::size_t c = 0; c < problems_.size() && !out_of_time(); ++c) {
    if (problems_[c].floats.empty) continue;
    core::PhiloxStream random(options_.seed, 0, static_cast<std::uint32_t>(c));
    Attack attack(network_, model_, problems_[c]);
    if (confirm(attack.probe_landmarks(random))) return true;
    if (confirm(attack.evolve(random, first_evaluations))) return true;
    if (confirm(attack.descend(random, descents))) return true;
  }
  return false;
}

std::optional<ProveOutcome> Prover::search_cases(double margin, Proof& proof) {
  Workers workers(std::max(1U, options_.jobs));
  for (std::size_t c = 0; c < problems_.size(); ++c) {
    SearchRules rules;
    rules.leaf.margin = margin;
    rules.leaf.offers_zero = margin == first_margin;
    rules.seed = options_.seed ^ (std::uint64_t{c} << 32U);
    rules.nodes_max = options_.nodes_max;
    rules.out_of_time = [this] { return out_of_time(); };
    rules.confirm = [this](const Candidate& candidate) { return confirm(candidate); };
    rules.progress = [&](std::uint64_t done, std::uint64_t open) {
      if (options_.progress) options_.progress({c, problems_.size(), done, open});
    };
    SearchResult result = search_splits(network_, model_, problems_[c], kernels_, workers, rules);
    nodes_ += result.nodes;
    if (result.end == SearchEnd::confirmed) return violated();
    if (result.end != SearchEnd::proved) return attack_further(c, result);
    proof.cases.push_back(std::move(result.proof));
  }
  return std::nullopt;
}

/// The search gave up on a case: what may still be found is a counterexample.
ProveOutcome Prover::attack_further(std::size_t case_index, const SearchResult& result) {
  const std::string place = "case " + std::to_string(case_index);
  if (result.end == SearchEnd::precision && !problems_[case_index].floats.empty) {
    core::PhiloxStream random(options_.seed, 2, static_cast<std::uint32_t>(case_index));
    Attack attack(network_, model_, problems_[case_index]);
    if (confirm(attack.probe(result.unprovable))) return violated();
    for (std::size_t done = 0; done < further_evaluations && !out_of_time(); done += 1000) {
      if (confirm(attack.evolve(random, 1000))) return violated();
    }
  }
  if (options_.solver) {
    if (auto answered = ask_solver(case_index)) return *std::move(answered);
  }
  switch (result.end) {
    case SearchEnd::timeout: return undecided(UndecidedReason::timeout, place + ": out of time");
    case SearchEnd::nodes:
      return undecided(UndecidedReason::memory, place + ": the tree reached its limit of " +
                                                    std::to_string(options_.nodes_max) + " nodes");
    default:
      return undecided(UndecidedReason::precision,
                       place + ": the bounds cannot decide some single input");
  }
}

std::optional<ProveOutcome> Prover::ask_solver(std::size_t case_index) {
  const auto model =
      find_real_counterexample(network_, property_.cases[case_index], options_.solver_milliseconds);
  if (!model) return std::nullopt;
  const Problem& problem = problems_[case_index];
  Candidate candidate;
  for (std::size_t i = 0; i < model->size() && !problem.floats.empty; ++i) {
    candidate.x.push_back(round_into(problem.floats, i, (*model)[i]));
  }
  candidate.excess = 0;
  if (!problem.floats.empty && confirm(candidate)) return violated();
  return undecided(UndecidedReason::unconfirmed_real,
                   "case " + std::to_string(case_index) +
                       ": violated in real arithmetic; the float run does not confirm it");
}

ProveOutcome Prover::check(Proof proof, bool& retry) const {
  auto report = check_proof(proof);
  if (!report) {
    ProveOutcome outcome = undecided(UndecidedReason::unsupported, core::describe(report.error()));
    outcome.refusal = std::move(report).error();
    return outcome;
  }
  if (!report->verdict.accepted()) {
    retry = true;
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
