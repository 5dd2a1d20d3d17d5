#include <isotrace/core/limits.hpp>
#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/obligation/function_proof.hpp>
#include <isotrace/tools/commands/vacuous.hpp>
#include <isotrace/tools/verify/claim_words.hpp>
#include <isotrace/tools/verify/commands.hpp>
#include <isotrace/trace/foreign.hpp>
#include <isotrace/trace/reader.hpp>
#include <isotrace/wasm/witness/check_step.hpp>

namespace isotrace::tools {
namespace {

/// What is said about one file.
struct Answer {
  Json fields;
  std::string text;
  int code = exit_undecided;
};

struct Kind {
  bool (*is_of)(core::ByteView bytes);
  std::string_view name;
};

/// The kinds of file that stand in a text behind eight bytes of its length, and others.
constexpr Kind kinds[] = {
    {trace::looks_like_trace, "a trace, for `isotrace-verify trace`"},
    {proofs::is_function_proof, "a proof, for `isotrace-verify proof`"},
    {[](core::ByteView b) { return core::as_text(b).find("isotrace.wasm.step.") == 8; },
     "a witness, for `isotrace-verify step`"},
    {[](core::ByteView b) { return proofs::parse_proof(b).has_value(); },
     "a proof, for `isotrace-verify proof`"},
};

/// Of a file that could not be read: with what it is, if it is of another kind than `expected` (the
/// beginning of a name).
tl::unexpected<core::Refusal> refuse_kind(const std::string& path, core::Refusal refusal,
                                          core::ByteView bytes, std::string_view expected) {
  for (const Kind& kind : kinds) {
    if (kind.name.starts_with(expected) || !kind.is_of(bytes)) continue;
    refusal.detail += (refusal.detail.empty() ? "the file is " : "; the file is ");
    refusal.detail += kind.name;
    break;
  }
  return core::refuse_within(path, std::move(refusal));
}

core::Result<Answer> judge_trace(const Context& context, const std::string& path) {
  ISOTRACE_TRY(const core::Bytes bytes, context.read(path, core::limits::trace_bytes_max));
  auto trace = trace::parse_trace(bytes);
  if (!trace) return refuse_kind(path, std::move(trace).error(), bytes, "a trace");
  if (auto own = trace::check_not_foreign(trace->identity); !own) {
    return core::refuse_within(path, std::move(own).error());
  }
  return Answer{{{"file", path},
                 {"verdict", "accepted"},
                 {"root", trace->root.hex()},
                 {"steps", trace::step_count(*trace)},
                 {"semantics", trace->identity.semantics},
                 {"programDigest", trace->identity.program.hex()}},
                "accepted: root " + trace->root.hex() + ", " +
                    std::to_string(trace::step_count(*trace)) + " steps",
                exit_yes};
}

core::Result<Answer> judge_function_proof(const std::string& path, core::ByteView bytes) {
  auto proof = proofs::parse_function_proof(bytes);
  if (!proof) return core::refuse_within(path, std::move(proof).error());
  auto report = proofs::check_function_proof(*proof);
  if (!report) return core::refuse_within(path, std::move(report).error());
  const std::string verdict(core::verdict_name(report->verdict.kind));
  const std::string claim(proofs::outcome_name(proof->outcome));
  Answer answer{{{"file", path},
                 {"verdict", verdict},
                 {"reason", report->verdict.reason},
                 {"claim", claim},
                 {"property", claim_words(proof->claim)},
                 {"moduleDigest", report->module.hex()},
                 {"clauses", report->clauses},
                 {"steps", report->steps}},
                verdict + ": " + claim + ": " + claim_words(proof->claim) + "; module " +
                    report->module.hex(),
                exit_code_of(report->verdict.kind)};
  if (!report->verdict.reason.empty()) answer.text += " (" + report->verdict.reason + ")";
  return answer;
}

core::Result<Answer> judge_proof(const Context& context, const std::string& path) {
  ISOTRACE_TRY(const core::Bytes bytes, context.read(path, core::limits::proof_bytes_max));
  if (proofs::is_function_proof(bytes)) return judge_function_proof(path, bytes);
  auto proof = proofs::parse_proof(bytes);
  if (!proof) return refuse_kind(path, std::move(proof).error(), bytes, "a proof");
  auto report = proofs::check_proof(*proof);
  if (!report) return core::refuse_within(path, std::move(report).error());
  const std::string verdict(core::verdict_name(report->verdict.kind));
  Answer answer{{{"file", path},
                 {"verdict", verdict},
                 {"reason", report->verdict.reason},
                 {"programDigest", report->program.hex()},
                 {"propertyDigest", report->property.hex()},
                 {"leaves", report->leaves}},
                verdict + ": program " + report->program.hex() + ", " +
                    std::to_string(report->leaves) + " leaves",
                exit_code_of(report->verdict.kind)};
  if (!report->verdict.reason.empty()) answer.text += " (" + report->verdict.reason + ")";
  if (is_vacuous(*proof)) {
    answer.fields["vacuous"] = true;
    answer.text += "\n  " + std::string(vacuous_text);
  }
  return answer;
}

core::Result<Answer> judge_step(const Context& context, const std::string& path) {
  ISOTRACE_TRY(const core::Bytes bytes, context.read(path, core::limits::witness_bytes_max));
  auto witness = wasm::parse_witness(bytes);
  if (!witness) return refuse_kind(path, std::move(witness).error(), bytes, "a witness");
  auto judged = wasm::check_step(*witness);
  if (!judged) return core::refuse_within(path, std::move(judged).error());
  const std::string verdict(core::verdict_name(judged->verdict.kind));
  Answer answer{{{"file", path},
                 {"verdict", verdict},
                 {"reason", judged->verdict.reason},
                 {"steps", judged->steps},
                 {"programDigest", judged->program.hex()},
                 {"before", judged->before.hex()},
                 {"after", judged->after.hex()}},
                verdict + ": step " + std::to_string(judged->steps) + " of program " +
                    judged->program.hex() + " from " + judged->before.hex() + " to " +
                    judged->after.hex(),
                exit_code_of(judged->verdict.kind)};
  if (judged->opcode != nullptr) {
    answer.fields["opcode"] = judged->opcode->text;
    answer.text += ", " + std::string(judged->opcode->text);
  }
  if (!judged->verdict.reason.empty()) answer.text += " (" + judged->verdict.reason + ")";
  return answer;
}

/// Of exit_code_of.
core::Verdict::Kind verdict_of_exit(int code) {
  if (code == exit_yes) return core::Verdict::Kind::accepted;
  return code == exit_undecided ? core::Verdict::Kind::undecided : core::Verdict::Kind::rejected;
}

/// Judges every file; the exit code is that of the first file that was not accepted.
template <class Judge>
int judge_all(const Context& context, const Arguments& arguments, const Judge& judge) {
  Json answers = Json::array();
  int code = exit_yes;
  for (const std::string& path : arguments.operands()) {
    auto answer = judge(context, path);
    if (!answer) return report(context, answer.error());
    if (code == exit_yes) code = answer->code;
    if (!context.json) context.out << printable(path) << ": " << answer->text << "\n";
    answers.push_back(std::move(answer->fields));
  }
  if (context.json) {
    // One file is one flat object; several are a list beside the common verdict.
    if (answers.size() == 1) {
      context.print(answers[0]);
    } else {
      context.print(
          {{"verdict", core::verdict_name(verdict_of_exit(code))}, {"files", std::move(answers)}});
    }
  }
  return code;
}

}  // namespace

int verify_traces(const Context& context, const Arguments& arguments) {
  return judge_all(context, arguments, judge_trace);
}

int verify_proofs(const Context& context, const Arguments& arguments) {
  return judge_all(context, arguments, judge_proof);
}

int verify_steps(const Context& context, const Arguments& arguments) {
  return judge_all(context, arguments, judge_step);
}

}  // namespace isotrace::tools
