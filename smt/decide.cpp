#include <algorithm>
#include <memory>
#include <optional>

#include <isotrace/core/check.hpp>
#include <isotrace/core/digest.hpp>
#include <isotrace/smt/answer_cache.hpp>
#include <isotrace/smt/import_terms.hpp>
#include <isotrace/smt/portfolio.hpp>
#include <isotrace/smt/print.hpp>
#include <isotrace/smt/sandboxed_child.hpp>
#include <isotrace/smt/save_query.hpp>
#include <isotrace/smt/solve_gates.hpp>
#include <isotrace/smt/solvers.hpp>

namespace isotrace::smt {
namespace {

using core::RefusalCode;

/// One query and what its engines have said so far.
class Portfolio {
 public:
  Portfolio(const Question& question, const DecideOptions& options, const SolveFunction& solve)
      : options_(options), question_(question), cache_(options.cache_folder), solve_(solve) {}

  core::Result<Decision> run() {
    ISOTRACE_CHECK(!options_.engines.empty());
    ISOTRACE_TRY(text_,
                 print_query(question_.pool, question_.assertion, [this] { return is_stopped(); }));
    digest_ = core::sha256(core::as_bytes(text_));
    decision_.query = digest_.hex();
    if (!options_.dump_folder.empty()) {
      ISOTRACE_TRY_DONE(save_query(options_.dump_folder, options_.label, digest_, text_));
    }
    runs_.resize(options_.engines.size());
    children_.resize(options_.engines.size());
    for (std::size_t i = 0; i < runs_.size() && !is_decided(); ++i) look_up(i);
    for (std::size_t i = 0; i < runs_.size() && !is_decided(); ++i) {
      start(i);
      if (i == 0 && !options_.agree) wait(options_.head_start_milliseconds);
    }
    if (refusal_ && !any_started_ && !is_decided()) return tl::unexpected(*refusal_);
    while (!is_decided() && wait()) {
    }
    stop_the_rest();
    return conclude();
  }

 private:
  [[nodiscard]] bool is_stopped() const {
    return question_.bits != nullptr && question_.bits->is_stopped();
  }

  // ---- getting answers

  void look_up(std::size_t i) {
    const Engine engine = options_.engines[i];
    if (engine == Engine::gates && !blast(i)) return;
    if (options_.cache_folder.empty()) return;
    auto answer =
        cache_.find(AnswerCache::key(digest_, engine, options_.limits, options_.clauses_max));
    if (!answer) return;
    EngineRun run = judge_answer(question_, engine, *std::move(answer));
    if (!is_sure(run.outcome)) return;  // a damaged or foreign entry: asked anew
    run.cached = true;
    settle(i, std::move(run));
  }

  /// Makes the formula; without one the engine has reached a limit already.
  bool blast(std::size_t i) {
    auto blasted = bits::blast(*question_.bits, question_.bits_assertion, {options_.clauses_max});
    if (!blasted) {
      EngineRun run;
      run.engine = Engine::gates;
      run.outcome = is_stopped() ? Outcome::timeout : Outcome::memory;
      run.detail = core::describe(blasted.error());
      settle(i, std::move(run));
      return false;
    }
    blasted_ = *std::move(blasted);
    question_.blasted = &*blasted_;
    return true;
  }

  void start(std::size_t i) {
    if (runs_[i]) return;
    const Engine engine = options_.engines[i];
    if (engine != Engine::gates) {
      if (const auto solvers = load_solvers(); !solvers) return cannot_start(i, solvers.error());
    }
    auto child = start_sandboxed([&] { return solve_(question_, engine, options_.limits); },
                                 options_.limits);
    if (child) {
      children_[i] = *std::move(child);
      // Where processors are few, the engine whose `unsat` is a proof goes first.
      if (engine != Engine::gates && blasted_ && !options_.agree) children_[i]->give_way();
      any_started_ = true;
    } else {
      cannot_start(i, child.error());
    }
  }

  void cannot_start(std::size_t i, const core::Refusal& why) {
    refusal_ = why;
    EngineRun run;
    run.engine = options_.engines[i];
    run.outcome = Outcome::crashed;
    run.detail = core::describe(why);
    settle(i, std::move(run));
  }

  static constexpr int a_day = 86'400'000;

  /// Waits for the next engine to end; false if none is running.
  bool wait(int at_most_milliseconds = a_day) {
    std::vector<SandboxedChild*> running;
    for (const auto& child : children_) {
      if (child) running.push_back(child.get());
    }
    if (running.empty()) return false;
    SandboxedChild::wait_for_one(running, std::chrono::milliseconds(at_most_milliseconds));
    for (std::size_t i = 0; i < children_.size(); ++i) {
      if (children_[i] && children_[i]->has_ended()) take(i);
    }
    return true;
  }

  void take(std::size_t i) {
    const double start_milliseconds = children_[i]->start_milliseconds();
    const auto end = children_[i]->take_outcome();
    children_[i].reset();
    if (!end) return cannot_start(i, end.error());
    EngineRun run = judge_end(question_, options_.engines[i], *end);
    run.start_milliseconds = start_milliseconds;
    if (is_sure(run.outcome)) {
      // As it was: only what was judged is worth keeping.
      cache_.keep(
          AnswerCache::key(digest_, options_.engines[i], options_.limits, options_.clauses_max),
          *read_answer(end->output));
    }
    settle(i, std::move(run));
  }

  void stop_the_rest() {
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      if (runs_[i]) continue;
      EngineRun run;
      run.engine = options_.engines[i];
      run.outcome = Outcome::stopped;
      run.detail = "another engine had the answer";
      children_[i].reset();
      settle(i, std::move(run));
    }
  }

  void settle(std::size_t i, EngineRun run) {
    if (run.engine == Engine::gates && blasted_) run.clauses = blasted_->cnf.size();
    if (options_.on_event) {
      const std::size_t terms =
          question_.bits != nullptr ? question_.bits->size() : question_.pool.size();
      QueryEvent event{decision_.query, options_.label, terms, run};
      event.run.model = {};
      event.run.lrat.clear();
      options_.on_event(event);
    }
    runs_[i] = std::move(run);
  }

  // ---- drawing conclusions

  /// What no other engine can change: a model that holds, a proof that is one.
  [[nodiscard]] static bool is_final(const EngineRun& run) {
    return run.outcome == Outcome::sat ||
           (run.outcome == Outcome::unsat && run.engine == Engine::gates);
  }

  [[nodiscard]] bool is_decided() const {
    if (options_.agree) return false;  // everybody is heard
    bool proof_may_come = false;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      proof_may_come |= options_.engines[i] == Engine::gates && (!runs_[i] || is_final(*runs_[i]));
    }
    return std::any_of(runs_.begin(), runs_.end(), [&](const std::optional<EngineRun>& run) {
      return run && (is_final(*run) ||
                     (is_sure(run->outcome) && !proof_may_come && options_.accept_asserted));
    });
  }

  [[nodiscard]] const EngineRun* find(Outcome outcome, bool final_only) const {
    for (const auto& run : runs_) {
      if (run->outcome == outcome && (!final_only || is_final(*run))) return &*run;
    }
    return nullptr;
  }

  core::Result<Decision> conclude() {
    const EngineRun* sat = find(Outcome::sat, true);
    const EngineRun* proved = find(Outcome::unsat, true);
    const EngineRun* unsat = proved != nullptr ? proved : find(Outcome::unsat, false);
    const EngineRun* lied = find(Outcome::lied, false);
    if (sat != nullptr && unsat != nullptr) {
      return alarm(RefusalCode::solvers_disagree, std::string(name(sat->engine)) + " says sat, " +
                                                      std::string(name(unsat->engine)) +
                                                      " says unsat");
    }
    if (lied != nullptr && sat == nullptr && proved == nullptr) {
      return alarm(RefusalCode::solver_answer_wrong,
                   std::string(name(lied->engine)) + ": " + lied->detail);
    }
    const bool all_sure = std::all_of(runs_.begin(), runs_.end(),
                                      [](const auto& run) { return is_sure(run->outcome); });
    if (options_.agree && !all_sure) {
      undecided();
    } else if (sat != nullptr) {
      decision_.kind = Decision::Kind::sat;
      decision_.model = sat->model;
      decision_.checked = true;
    } else if (proved != nullptr || (unsat != nullptr && options_.accept_asserted)) {
      decision_.kind = Decision::Kind::unsat;
      decision_.checked = proved != nullptr;
      decision_.lrat = unsat->lrat;
    } else {
      undecided();
    }
    for (auto& run : runs_) decision_.runs.push_back(*std::move(run));
    return std::move(decision_);
  }

  /// The first engine without an answer says why; what a limit ended goes before what gave up.
  void undecided() {
    const EngineRun* why = nullptr;
    for (const Outcome outcome :
         {Outcome::timeout, Outcome::memory, Outcome::flooded, Outcome::crashed, Outcome::rejected,
          Outcome::lied, Outcome::unknown}) {
      if (why == nullptr) why = find(outcome, false);
    }
    decision_.kind = Decision::Kind::undecided;
    if (why == nullptr) {
      decision_.reason = Outcome::unknown;
      decision_.detail = "no engine gave a proof";
      return;
    }
    decision_.reason = why->outcome;
    decision_.detail = std::string(name(why->engine)) + ": " + why->detail;
  }

  core::Result<Decision> alarm(RefusalCode code, const std::string& what) {
    const std::string& folder =
        options_.dump_folder.empty() ? options_.alarm_folder : options_.dump_folder;
    ISOTRACE_TRY(const std::string path, save_alarm(folder, options_.label, digest_, text_, runs_));
    return core::refuse(code, path, what);
  }

  const DecideOptions& options_;
  Question question_;
  AnswerCache cache_;
  const SolveFunction& solve_;
  std::string text_;
  core::Digest digest_;
  std::optional<bits::Blasted> blasted_;
  std::vector<std::optional<EngineRun>> runs_;  // as in the options; nothing: no answer yet
  std::vector<std::unique_ptr<SandboxedChild>> children_;
  std::optional<core::Refusal> refusal_;
  bool any_started_ = false;
  Decision decision_;
};

}  // namespace

core::Result<Decision> decide_with(const bits::TermPool& pool, bits::Term assertion,
                                   const DecideOptions& options, const SolveFunction& solve) {
  ISOTRACE_TRY_DONE(pool.check());
  sorted::Pool copy;
  ISOTRACE_TRY(const sorted::Term copied, TermImport(pool, copy).copy(assertion));
  return Portfolio({copy, copied, &pool, assertion}, options, solve).run();
}

core::Result<Decision> decide_with(const sorted::Pool& pool, sorted::Term assertion,
                                   const DecideOptions& options, const SolveFunction& solve) {
  DecideOptions able = options;
  std::erase(able.engines, Engine::gates);
  if (!able.engines.empty()) return Portfolio({pool, assertion}, able, solve).run();
  Decision decision;
  decision.reason = Outcome::rejected;
  decision.detail = "gates: has no integers, reals and floats";
  return decision;
}

std::string solve_with_engine(const Question& question, Engine engine, const EngineLimits& limits) {
  if (engine == Engine::gates) {
    return write_answer(solve_gates(*question.bits, *question.blasted, limits.steps));
  }
  const auto solvers = load_solvers();
  ISOTRACE_CHECK(solvers.has_value(), "start() loads them before the fork");
  const auto solve =
      engine == Engine::z3 ? (*solvers)->solve_terms_z3 : (*solvers)->solve_terms_cvc5;
  return write_answer(solve(question.pool, question.assertion, limits.steps));
}

core::Result<Decision> decide(const bits::TermPool& pool, bits::Term assertion,
                              const DecideOptions& options) {
  return decide_with(pool, assertion, options, solve_with_engine);
}

core::Result<Decision> decide(const sorted::Pool& pool, sorted::Term assertion,
                              const DecideOptions& options) {
  return decide_with(pool, assertion, options, solve_with_engine);
}

}  // namespace isotrace::smt
