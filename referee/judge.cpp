#include <isotrace/referee/judge.hpp>

#include <isotrace/core/program.hpp>
#include <isotrace/referee/hearing.hpp>
#include <isotrace/wasm/record/module_run.hpp>

namespace isotrace::referee {
namespace {

using Verdict = Ruling::Verdict;

/// What of two identities differs.
std::string identity_difference(const trace::TraceIdentity& a, const trace::TraceIdentity& b) {
  if (a.semantics != b.semantics) return "semantics";
  if (a.program != b.program) return "programs";
  if (a.seed != b.seed) return "seeds";
  if (a.machine.has_value() != b.machine.has_value()) return "kinds of program";
  if (!a.machine) return "inputs";
  if (a.machine->invoke != b.machine->invoke) return "functions invoked";
  if (a.machine->arguments != b.machine->arguments) return "arguments";
  if (a.machine->settings != b.machine->settings) return "settings of the host";
  return "limits or intervals of checkpoints";
}

/// They state that they have executed different things: nobody is wrong about the other's.
void part_at_identity(Hearing& hearing) {
  hearing.leave_undecided("the two executed different things: their " +
                          identity_difference(hearing.a.identity, hearing.b.identity) + " differ");
  hearing.ruling.place = Place{.leaf = 0,
                               .kind = "identity",
                               .operation = {},
                               .stated_a = identity_digest(hearing.a.identity).hex(),
                               .stated_b = identity_digest(hearing.b.identity).hex()};
}

void hear(Hearing& hearing) {
  ++hearing.ruling.rounds;
  const bool heard_a = hear_commitment(hearing.a);
  const bool heard_b = hear_commitment(hearing.b);
  hearing.ruling.root_a = hearing.a.root;
  hearing.ruling.root_b = hearing.b.root;
  if (!heard_a || !heard_b) return;
  if (hearing.a.root == hearing.b.root) {
    hearing.ruling.verdict = Verdict::agree;
    return;
  }
  const trace::TraceIdentity& identity = hearing.identity();
  if (identity_digest(identity) != identity_digest(hearing.b.identity)) {
    return part_at_identity(hearing);
  }
  const bool machine = identity.machine.has_value();
  if (identity.semantics != (machine ? wasm::semantics_id : core::semantics_id)) {
    return hearing.leave_undecided("both follow semantics that this referee does not know");
  }
  const auto leaf = find_parting(hearing);
  if (!leaf) return;
  if (machine) {
    judge_machine_leaf(hearing, *leaf);
  } else {
    judge_tensor_leaf(hearing, *leaf);
  }
}

bool stands(const Ruling& ruling, Standing standing) {
  return ruling.a.standing == standing || ruling.b.standing == standing;
}

/// What the findings come to, where the roots are not equal.
void conclude(Ruling& ruling) {
  if (ruling.verdict == Verdict::agree) return;
  if (stands(ruling, Standing::wrong) || stands(ruling, Standing::lied)) {
    ruling.verdict = Verdict::decided;
    ruling.host.reset();
  } else if (ruling.verdict == Verdict::host) {
    return;
  } else if (stands(ruling, Standing::failed)) {
    ruling.verdict = Verdict::forfeited;
  }
  std::string reasons;
  for (const auto& [name, finding] : {std::pair{"A ", &ruling.a}, std::pair{"B ", &ruling.b}}) {
    if (!finding->at_fault()) continue;
    reasons += (reasons.empty() ? "" : "; ") + (name + finding->reason);
  }
  if (!reasons.empty()) ruling.reason = reasons;
  if (ruling.reason.empty()) ruling.reason = "an answer is larger than this referee takes";
}

}  // namespace

Ruling judge(Party& a, Party& b, backends::Backend& reference, const JudgeLimits& limits) {
  Ruling ruling;
  Hearing hearing{.ruling = ruling,
                  .reference = reference,
                  .limits = limits,
                  .a = {.party = a, .finding = ruling.a},
                  .b = {.party = b, .finding = ruling.b}};
  hear(hearing);
  conclude(ruling);
  return ruling;
}

}  // namespace isotrace::referee
