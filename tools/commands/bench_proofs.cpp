#include <isotrace/tools/commands/bench_proofs.hpp>

#include <chrono>
#include <cmath>
#include <ctime>
#include <iomanip>

#include <isotrace/core/limits.hpp>
#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/search/prove.hpp>
#include <isotrace/tools/commands/instances.hpp>

namespace isotrace::tools {
namespace {

using core::Result;
using Clock = std::chrono::steady_clock;
using Kind = proofs::ProveOutcome::Kind;

struct Measured {
  std::string verdict;  ///< as prove says it; or the name of a refusal
  std::string detail;
  double prove_seconds = 0;  ///< of the processor, all threads
  double check_seconds = 0;
  std::size_t proof_bytes = 0;
  std::uint64_t boxes = 0;
  bool checked = false;
};

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

std::string verdict_of(Kind kind) {
  return kind == Kind::proved ? "proved" : kind == Kind::violated ? "violated" : "undecided";
}

Result<Measured> measure(const Context& context, const std::string& folder,
                         const Instance& instance, double timeout, unsigned jobs) {
  ISOTRACE_TRY(const core::Program program,
               load_instance_model(context, folder + "/" + instance.model));
  ISOTRACE_TRY(const core::Bytes text, read_instance_file(context, folder + "/" + instance.property,
                                                          core::limits::property_bytes_max));
  proofs::ProveOptions options;
  options.jobs = jobs;
  const auto deadline = Clock::now() + std::chrono::milliseconds(std::llround(1000 * timeout));
  options.out_of_time = [deadline] { return Clock::now() >= deadline; };
  Measured measured;
  const double start = cpu_seconds();
  ISOTRACE_TRY(const proofs::ProveOutcome outcome,
               proofs::prove(program, std::string(core::as_text(text)), options));
  measured.prove_seconds = cpu_seconds() - start;
  measured.verdict = verdict_of(outcome.kind);
  measured.boxes = outcome.nodes;
  if (outcome.kind == Kind::undecided) {
    measured.detail = outcome.detail;
    return measured;
  }
  const core::Bytes proof = proofs::write_proof(outcome.proof);
  measured.proof_bytes = proof.size();
  const double before = cpu_seconds();
  ISOTRACE_TRY(const proofs::Proof read, proofs::parse_proof(proof));
  ISOTRACE_TRY(const proofs::CheckReport report, proofs::check_proof(read));
  measured.check_seconds = cpu_seconds() - before;
  // Counterexamples were run on the reference by prove(); the checker alone cannot confirm them.
  measured.checked = outcome.kind == Kind::violated || report.verdict.accepted();
  return measured;
}

/// Whether our answer contradicts the published one. "sat*" (tools disagreed) cannot be
/// contradicted, and undecided contradicts nothing.
bool contradicts(const Instance& instance, const Measured& measured) {
  return (instance.published == "sat" && measured.verdict == "proved") ||
         (instance.published == "unsat" && measured.verdict == "violated");
}

struct Totals {
  std::size_t decided = 0, open = 0, contradictions = 0, unchecked = 0, bytes = 0;
  double prove = 0, check = 0, worst = 0;

  void add(const Instance& instance, const Measured& measured) {
    const bool is_decided = measured.verdict == "proved" || measured.verdict == "violated";
    (is_decided ? decided : open) += 1;
    contradictions += contradicts(instance, measured) ? 1 : 0;
    unchecked += is_decided && !measured.checked ? 1 : 0;
    bytes += measured.proof_bytes;
    prove += measured.prove_seconds;
    check += measured.check_seconds;
    worst = std::max(worst, measured.prove_seconds);
  }
  [[nodiscard]] Json json() const {
    return {{"decided", decided},     {"open", open},          {"contradictions", contradictions},
            {"unchecked", unchecked}, {"proveSeconds", prove}, {"worstSeconds", worst},
            {"checkSeconds", check},  {"proofBytes", bytes}};
  }
};

void print_row(const Context& context, const Instance& instance, const Measured& measured) {
  context.out << std::left << std::setw(64) << instance.model + " " + instance.property + " "
              << std::setw(11) << measured.verdict << std::setw(8)
              << (instance.published.empty() ? "-" : instance.published) << std::right << std::fixed
              << std::setprecision(2) << std::setw(8) << measured.prove_seconds << " s"
              << std::setw(9) << measured.boxes << " boxes" << std::setw(9) << measured.proof_bytes
              << " B" << std::setw(8) << measured.check_seconds << " s  "
              << (contradicts(instance, measured) ? "CONTRADICTS" : measured.detail) << "\n"
              << std::flush;
}

Json row_json(const Instance& instance, const Measured& measured) {
  return {{"model", instance.model},
          {"property", instance.property},
          {"verdict", measured.verdict},
          {"published", instance.published},
          {"proveSeconds", measured.prove_seconds},
          {"boxes", measured.boxes},
          {"proofBytes", measured.proof_bytes},
          {"checkSeconds", measured.check_seconds},
          {"checked", measured.checked},
          {"detail", measured.detail}};
}

}  // namespace

int bench_proofs(const Context& context, const Arguments& arguments) {
  const auto limit = parse_count(arguments.value("--timeout"));
  const auto jobs = parse_count(arguments.value("--threads"));
  if (!arguments.has("--instances") || !limit || !jobs || *jobs == 0 || *jobs > 1024) {
    return report_usage(context,
                        "bench proofs needs --instances DIR, and numbers of "
                        "--timeout seconds and --threads (1 to 1024)");
  }
  ISOTRACE_OR_REPORT(context, const InstanceList instances,
                     read_instances(context, arguments.value("--instances")));
  Totals totals;
  Json rows = Json::array();
  for (const Instance& instance : instances.rows) {
    const std::string name = instance.model + " " + instance.property;
    if (name.find(arguments.value("--match")) == std::string::npos) continue;
    auto result = measure(context, instances.folder, instance,
                          std::min(static_cast<double>(*limit), instance.timeout),
                          static_cast<unsigned>(*jobs));
    Measured measured;
    if (result) {
      measured = *std::move(result);
    } else {
      measured.verdict = "refused";
      measured.detail = core::describe(result.error());
    }
    totals.add(instance, measured);
    if (context.json) {
      rows.push_back(row_json(instance, measured));
    } else {
      print_row(context, instance, measured);
    }
  }
  if (totals.decided + totals.open == 0) {
    return report(context,
                  core::refuse(core::RefusalCode::file_not_found, arguments.value("--instances"),
                               "no instance that matches \"" + arguments.value("--match") + "\"")
                      .value());
  }
  if (context.json) {
    Json object = totals.json();
    object["rows"] = std::move(rows);
    context.print(object);
  } else {
    context.out << totals.decided << " decided, " << totals.open << " open, "
                << totals.contradictions << " contradict the published verdict, "
                << totals.unchecked << " not accepted by the checker\n"
                << std::fixed << std::setprecision(1) << totals.prove << " CPU-s to decide (worst "
                << totals.worst << "), " << totals.check << " CPU-s to check, " << totals.bytes
                << " bytes of proofs\n";
  }
  return totals.contradictions == 0 && totals.unchecked == 0 ? exit_yes : exit_no;
}

}  // namespace isotrace::tools
