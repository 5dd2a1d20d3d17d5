#include <isotrace/tools/commands/prove_module.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>

#include <isotrace/core/limits.hpp>
#include <isotrace/core/text.hpp>
#include <isotrace/proofs/functions/prove_function.hpp>
#include <isotrace/tools/cli/foreign_options.hpp>
#include <isotrace/tools/commands/cache_folder.hpp>
#include <isotrace/tools/commands/modules.hpp>
#include <isotrace/tools/commands/prove_verdict.hpp>
#include <isotrace/tools/commands/stack_frames.hpp>
#include <isotrace/tools/verify/claim_words.hpp>
#include <isotrace/wasm/decode.hpp>
#include <isotrace/wasm/value_text.hpp>

namespace isotrace::tools {
namespace {

using core::RefusalCode;
using core::Result;
using proofs::FunctionClaim;
using proofs::FunctionProperty;
using Clock = std::chrono::steady_clock;
using Kind = proofs::FunctionOutcome::Kind;

/// One end of --range: decimal, signed or unsigned.
Result<std::uint64_t> parse_end(const std::string& text, bool is_signed) {
  const char* const end = text.data() + text.size();
  std::uint64_t bits = 0;
  std::from_chars_result read{};
  if (is_signed) {
    std::int64_t value = 0;
    read = std::from_chars(text.data(), end, value);
    bits = static_cast<std::uint64_t>(value);
  } else {
    read = std::from_chars(text.data(), end, bits);
  }
  if (read.ec == std::errc::result_out_of_range) {
    return core::refuse(RefusalCode::value_out_of_range, "--range", text);
  }
  if (text.empty() || read.ec != std::errc() || read.ptr != end) {
    return core::refuse(RefusalCode::text_not_number, "--range", text);
  }
  return bits;
}

/// LO:HI. A range that begins below zero is one of signed numbers, else of unsigned ones; below
/// 2^31 (2^63) both mean the same.
Result<core::Done> parse_range(const std::string& text, FunctionClaim& claim) {
  const auto colon = text.find(':');
  if (colon == std::string::npos) {
    return core::refuse(RefusalCode::text_not_number, "--range", text + ", and LO:HI is needed");
  }
  claim.is_signed = text.starts_with('-');
  ISOTRACE_TRY(claim.low, parse_end(text.substr(0, colon), claim.is_signed));
  ISOTRACE_TRY(claim.high, parse_end(text.substr(colon + 1), claim.is_signed));
  const bool empty =
      claim.is_signed ? static_cast<std::int64_t>(claim.low) > static_cast<std::int64_t>(claim.high)
                      : claim.low > claim.high;
  if (empty) return core::refuse(RefusalCode::value_out_of_range, "--range", text + " is empty");
  return core::Done{};
}

/// g, or g:FILE of another module.
Result<core::Done> load_other(const Context& context, const std::string& text,
                              FunctionClaim& claim) {
  const auto colon = text.find(':');
  claim.other = text.substr(0, colon);
  if (colon == std::string::npos) return core::Done{};
  ISOTRACE_TRY(claim.other_module,
               context.read(text.substr(colon + 1), core::limits::wasm_module_bytes_max));
  return core::Done{};
}

/// --compare visible: frames below the stack pointer are left out, where both modules keep them.
/// What is wrong with a module, who makes the claim's obligation says.
void leave_out_frames(FunctionClaim& claim) {
  std::optional<ByteRange> common;
  for (const core::Bytes* bytes : {&claim.module, &claim.other_module}) {
    if (bytes->empty()) continue;
    const auto module = wasm::decode_module(*bytes, claim.edition);
    const auto frames = module ? find_stack_frames(*module) : std::nullopt;
    if (!frames) return;
    if (!common) common = frames;
    common = {std::max(common->low, frames->low), std::min(common->high, frames->high)};
  }
  if (!common || common->low >= common->high) return;
  claim.low = common->low;
  claim.high = common->high;
}

Result<FunctionClaim> load_claim(const Context& context, const Arguments& arguments,
                                 core::Bytes bytes) {
  FunctionClaim claim;
  claim.module = std::move(bytes);
  claim.edition = arguments.value("--edition") == "1.0" ? wasm::Edition::mvp : wasm::Edition::v2;
  claim.function = arguments.value("--func");
  if (arguments.has("--assume")) claim.assume = arguments.value("--assume");
  if (arguments.value("--memory") == "arbitrary") claim.memory = proofs::InitialMemory::arbitrary;
  if (arguments.has("--range")) {
    claim.property = FunctionProperty::range;
    ISOTRACE_TRY_DONE(parse_range(arguments.value("--range"), claim));
  } else if (arguments.has("--equivalent")) {
    claim.property = arguments.value("--compare") == "results" ? FunctionProperty::equivalent
                                                               : FunctionProperty::effects;
    ISOTRACE_TRY_DONE(load_other(context, arguments.value("--equivalent"), claim));
    if (arguments.value("--compare") == "visible") leave_out_frames(claim);
  } else if (arguments.has("--post")) {
    claim.property = FunctionProperty::post;
    claim.other = arguments.value("--post");
  }
  return claim;
}

/// One property, of a function, and nothing that only models have.
std::string find_problem(const Arguments& arguments) {
  std::string problem = find_foreign_option(
      arguments, "prove",
      {"--property", "--ensure", "--domain", "--robust", "--eps", "--label", "--jobs",
       "--semantics", "--lp-leaves", "--plain-splits", "--no-smt", "--search-memory",
       "--checkpoint", "--checkpoint-every", "--resume", "--result", "--trace"},
      "a WebAssembly module");
  if (!problem.empty()) return problem;
  if (!arguments.has("--func")) return "prove: a WebAssembly module needs --func";
  int properties = 0;
  for (const char* option : {"--never-traps", "--range", "--equivalent", "--post"}) {
    properties += arguments.has(option) ? 1 : 0;
  }
  if (properties != 1) {
    return "prove: --func needs one of --never-traps, --range, --equivalent and --post";
  }
  if (arguments.has("--compare") && !arguments.has("--equivalent")) {
    return "prove: --compare needs --equivalent";
  }
  if (arguments.has("--agree") && arguments.value("--solver") != "all") {
    return "prove: --agree needs --solver all";
  }
  return {};
}

/// What is told about the way to the answer.
struct Log {
  Json attempts = Json::array();
  std::string text;
  std::string events;
};

std::string engine_text(const smt::EngineRun& run) {
  std::string text = std::string(smt::name(run.engine)) + " " + std::string(smt::name(run.outcome));
  if (run.clauses > 0) text += " (" + std::to_string(run.clauses) + " clauses)";
  if (run.cached) text += " from the cache";
  return text;
}

void log_attempt(Log& log, const proofs::FunctionAttempt& attempt) {
  std::string line = "  unwind " + std::to_string(attempt.unwind) + ": " +
                     std::to_string(attempt.terms) + " terms, " +
                     (attempt.cut_possible ? "more rounds not excluded" : "nothing cut off");
  if (attempt.floats) line += ", floats as computed";
  Json engines = Json::array();
  for (const smt::EngineRun& run : attempt.decision.runs) {
    line += "; " + engine_text(run);
    engines.push_back({{"engine", smt::name(run.engine)},
                       {"outcome", smt::name(run.outcome)},
                       {"clauses", run.clauses},
                       {"proofClauses", run.proof_clauses},
                       {"cached", run.cached}});
  }
  log.text += line + "\n";
  log.attempts.push_back({{"unwind", attempt.unwind},
                          {"terms", attempt.terms},
                          {"cutPossible", attempt.cut_possible},
                          {"floats", attempt.floats},
                          {"engines", std::move(engines)}});
}

Result<proofs::FunctionOptions> load_options(const Arguments& arguments, Clock::time_point start,
                                             Log& log) {
  proofs::FunctionOptions options;
  ISOTRACE_TRY(const std::uint64_t seconds, load_count(arguments, "--timeout", 3600));
  const auto deadline = start + std::chrono::seconds(std::min<std::uint64_t>(seconds, 2'000'000));
  options.milliseconds_left = [deadline]() -> std::uint64_t {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    return left.count() > 0 ? static_cast<std::uint64_t>(left.count()) : 0;
  };
  options.decide.limits.wall_milliseconds = 2'000'000'000;
  options.decide.limits.cpu_seconds = seconds + 1;
  if (arguments.has("--unwind")) {
    ISOTRACE_TRY(const std::uint64_t unwind, load_count(arguments, "--unwind", 0));
    if (unwind > core::limits::unwind_max) {
      return core::refuse(RefusalCode::value_out_of_range, "--unwind", std::to_string(unwind));
    }
    options.unwind = static_cast<std::uint32_t>(unwind);
  }
  const std::string solver = arguments.value("--solver");
  if (solver == "gates") options.decide.engines = {smt::Engine::gates};
  if (solver == "z3") options.decide.engines = {smt::Engine::z3};
  if (solver == "cvc5") options.decide.engines = {smt::Engine::cvc5};
  options.decide.agree = arguments.has("--agree");
  if (!arguments.has("--no-cache")) options.decide.cache_folder = find_cache_folder();
  if (arguments.has("--dump-smt")) options.decide.dump_folder = arguments.value("--dump-smt");
  options.decide.on_event = [&log](const smt::QueryEvent& event) {
    log.events += smt::event_line(event) + "\n";
  };
  options.on_attempt = [&log](const proofs::FunctionAttempt& attempt) {
    log_attempt(log, attempt);
  };
  return options;
}

/// "i32 -1 0xffffffff".
std::string value_line(wasm::ValueType type, wasm::Slot value) {
  return std::string(wasm::type_name(type)) + " " + wasm::value_text(type, value) + " " +
         wasm::bits_text(type, value);
}

std::string call_text(const proofs::FunctionCall& call) {
  if (!call.returned) {
    return name_text(call.function) + " traps: " + std::string(wasm::trap_text(call.trap)) +
           " at byte " + std::to_string(call.pc);
  }
  std::string text = name_text(call.function) + " returns";
  for (std::size_t i = 0; i < call.results.size(); ++i) {
    text += (i == 0 ? " " : ", ") + value_line(call.result_types[i], call.results[i]);
  }
  return text;
}

Json counterexample_json(const proofs::FunctionOutcome& outcome) {
  const proofs::FunctionInputs& inputs = outcome.proof.inputs;
  Json arguments = Json::array();
  for (std::size_t i = 0; i < inputs.arguments.size(); ++i) {
    const wasm::ValueType type = outcome.type.parameters[i];
    arguments.push_back({{"type", wasm::type_name(type)},
                         {"value", wasm::value_text(type, inputs.arguments[i])},
                         {"bits", wasm::bits_text(type, inputs.arguments[i])}});
  }
  Json calls = Json::array();
  for (const proofs::FunctionCall& call : outcome.run.calls) calls.push_back(call_text(call));
  Json object = {{"arguments", std::move(arguments)}, {"calls", std::move(calls)}};
  if (!outcome.run.difference.empty()) object["difference"] = outcome.run.difference;
  if (outcome.proof.claim.memory == proofs::InitialMemory::arbitrary) {
    Json bytes = Json::array();
    for (const auto& [address, byte] : inputs.memory) bytes.push_back({address, byte});
    object["memory"] = {{"fill", inputs.fill}, {"bytes", std::move(bytes)}};
  }
  return object;
}

Json outcome_json(const proofs::FunctionOutcome& outcome) {
  const FunctionClaim& claim = outcome.proof.claim;
  Json object = {{"verdict", verdict_of(outcome.kind)},
                 {"property", claim_words(claim)},
                 {"unwind", claim.unwind},
                 {"counterexample", nullptr}};
  if (outcome.kind == Kind::undecided) {
    object["reason"] = proofs::undecided_name(outcome.reason);
    object["detail"] = outcome.detail;
    return object;
  }
  if (outcome.kind == Kind::violated) object["counterexample"] = counterexample_json(outcome);
  if (outcome.kind == Kind::proved) {
    const bool checked = outcome.proof.outcome == proofs::FunctionProof::Outcome::proved;
    object["level"] = checked ? "checked" : "solver-asserted";
  }
  object["proofDigest"] = proofs::function_proof_digest(outcome.proof).hex();
  return object;
}

void print_counterexample(const Context& context, const proofs::FunctionOutcome& outcome) {
  const proofs::FunctionInputs& inputs = outcome.proof.inputs;
  for (std::size_t i = 0; i < inputs.arguments.size(); ++i) {
    context.out << "  argument " << i << ": "
                << value_line(outcome.type.parameters[i], inputs.arguments[i]) << "\n";
  }
  if (outcome.proof.claim.memory == proofs::InitialMemory::arbitrary) {
    context.out << "  memory: " << inputs.memory.size() << " bytes, all others "
                << unsigned{inputs.fill} << "\n";
  }
  for (const proofs::FunctionCall& call : outcome.run.calls) {
    context.out << "  " << call_text(call) << "\n";
  }
  if (!outcome.run.difference.empty()) {
    context.out << "  they leave different state: " << outcome.run.difference
                << (outcome.type.results.empty() ? "" : " (--compare results leaves state out)")
                << "\n";
  }
}

void print_text(const Context& context, const proofs::FunctionOutcome& outcome) {
  const FunctionClaim& claim = outcome.proof.claim;
  context.out << verdict_of(outcome.kind);
  if (outcome.kind == Kind::undecided) {
    context.out << " (" << proofs::undecided_name(outcome.reason) << "): " << outcome.detail
                << "\n";
    return;
  }
  if (outcome.proof.outcome == proofs::FunctionProof::Outcome::asserted) {
    context.out << " (solver-asserted)";
  }
  context.out << ": " << claim_words(claim);
  if (outcome.kind == Kind::proved) {
    context.out << "; unwind " << claim.unwind << ", proof "
                << proofs::function_proof_digest(outcome.proof).hex() << "\n";
    return;
  }
  context.out << "; counterexample confirmed on the reference\n";
  print_counterexample(context, outcome);
}

}  // namespace

int prove_module(const Context& context, const Arguments& arguments, core::Bytes bytes) {
  const auto start = Clock::now();
  if (const std::string problem = find_problem(arguments); !problem.empty()) {
    return report_usage(context, problem);
  }
  ISOTRACE_OR_REPORT(context, FunctionClaim claim,
                     load_claim(context, arguments, std::move(bytes)));
  Log log;
  ISOTRACE_OR_REPORT(context, const proofs::FunctionOptions options,
                     load_options(arguments, start, log));
  const auto result = proofs::prove_function(std::move(claim), options);
  if (arguments.has("--events")) {
    ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                       context.write(arguments.value("--events"), core::as_bytes(log.events)));
  }
  if (!result) return report(context, result.error());
  const proofs::FunctionOutcome& outcome = *result;
  if (arguments.has("--out") && outcome.kind != Kind::undecided) {
    ISOTRACE_OR_REPORT(
        context, [[maybe_unused]] const core::Done done,
        context.write(arguments.value("--out"), proofs::write_function_proof(outcome.proof)));
  }
  const std::chrono::duration<double> seconds = Clock::now() - start;
  if (context.json) {
    Json object = outcome_json(outcome);
    if (arguments.has("--explain")) object["attempts"] = std::move(log.attempts);
    if (context.timings) object["seconds"] = seconds.count();
    context.print(object);
  } else {
    print_text(context, outcome);
    if (arguments.has("--explain")) context.out << log.text;
    if (context.timings) context.out << "seconds " << seconds.count() << "\n";
  }
  return exit_code_of_outcome(outcome.kind);
}

}  // namespace isotrace::tools
