#include <filesystem>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/tensor_file.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/memory_files.hpp>
#include <isotrace/tools/commands/tensor_json.hpp>
#include <isotrace/tools/commands/traces.hpp>

namespace isotrace::tools {
namespace {

using trace::Divergence;

/// One side of a comparison: where its tensors can come from.
struct Side {
  const trace::Trace* trace;
  std::string backend;  ///< who is asked to compute a tensor again
};

/// The contents of a tensor the trace names: stored, embedded, or computed again. A recomputed
/// tensor counts only if it has the recorded digest: a value that the run did not have must never
/// be shown as its value.
std::optional<core::Tensor> find_contents(const Arguments& arguments, const Side& side,
                                          const Divergence& divergence,
                                          const core::Digest& digest) {
  if (const core::Tensor* stored = side.trace->find_content(digest)) return *stored;
  auto run = executor::embedded_run(*side.trace);
  if (!run || divergence.kind == Divergence::Kind::input) return std::nullopt;
  for (const std::string& name : {side.backend, std::string("reference")}) {
    auto backend = load_backend(arguments, name);
    if (!backend) continue;
    auto step = executor::recompute_step(*run, **backend, divergence.step);
    if (!step) continue;
    for (auto& operand : step->operands) {
      if (operand && core::tensor_digest(*operand) == digest) return std::move(operand);
    }
    for (auto& result : step->results) {
      if (core::tensor_digest(result) == digest) return std::move(result);
    }
  }
  return std::nullopt;
}

core::Result<core::Done> extract(const Context& context, const std::string& folder,
                                 const char* name, const std::optional<core::Tensor>& tensor) {
  if (!tensor) return core::Done{};
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  ISOTRACE_TRY(const core::Bytes bytes, executor::write_npy(*tensor));
  return context.files.write(folder + "/" + name + ".npy", bytes);
}

/// A fresh recording of A's program and inputs on another backend, as a trace.
core::Result<trace::Trace> run_again(const Arguments& arguments, const trace::Trace& a) {
  ISOTRACE_TRY(const executor::EmbeddedRun run, executor::embedded_run(a));
  ISOTRACE_TRY(const auto backend, load_backend(arguments, arguments.value("--against")));
  ISOTRACE_TRY(const unsigned hash_threads, load_hash_threads(arguments));
  MemoryFiles files;
  const executor::RecordOptions options{.path = "again",
                                        .keep = executor::Keep::none,
                                        .embed_program = true,
                                        .seed = a.identity.seed,
                                        .tool = std::string(tool_name),
                                        .hash_threads = hash_threads};
  ISOTRACE_TRY([[maybe_unused]] const auto recording,
               executor::record(run.program, run.inputs, *backend, files, options));
  ISOTRACE_TRY(const core::Bytes bytes, files.read("again", core::limits::trace_bytes_max));
  return trace::parse_trace(bytes);
}

void print_identical(const Context& context, const trace::Trace& a) {
  if (context.json) {
    context.print({{"verdict", "identical"}, {"root", a.root.hex()}, {"divergence", nullptr}});
  } else {
    context.out << "identical: " << a.steps.size() << " steps, root " << a.root.hex() << "\n";
  }
}

void print_diverged(const Context& context, const Arguments& arguments, const trace::Trace& a,
                    const trace::Trace& b, const Divergence& divergence,
                    const std::optional<trace::ElementDifference>& element) {
  if (context.json) {
    context.print({{"verdict", "diverged"},
                   {"rootA", a.root.hex()},
                   {"rootB", b.root.hex()},
                   {"divergence", divergence_json(divergence, element)}});
    return;
  }
  context.out << "diverged: roots " << a.root.hex() << " and " << b.root.hex() << "\n"
              << divergence_text(divergence, element);
  if (!element)
    context.out << "  values are not in the traces: record with --keep all to see them\n";
  const std::string step = std::to_string(divergence.step);
  context.out << "  reproduce: isotrace replay " << arguments.operand(0) << " --from " << step
              << " --to " << step << "\n";
}

}  // namespace

int compare_command(const Context& context, const Arguments& arguments) {
  const bool against = arguments.has("--against");
  if (against == (arguments.operands().size() == 2)) {
    return report_usage(context, "compare: give two traces, or one and --against");
  }
  ISOTRACE_OR_REPORT(context, const trace::Trace a, load_trace(context, arguments.operand(0)));
  ISOTRACE_OR_REPORT(context, const trace::Trace b,
                     against ? run_again(arguments, a) : load_trace(context, arguments.operand(1)));
  const auto divergence = trace::find_divergence(a, b);
  if (!divergence) {
    print_identical(context, a);
    return exit_yes;
  }
  std::optional<trace::ElementDifference> element;
  if (divergence->a && divergence->b) {
    const Side side_a{&a, a.provenance.backend};
    const Side side_b{&b, b.provenance.backend};
    const auto value_a = find_contents(arguments, side_a, *divergence, divergence->a->digest);
    const auto value_b = find_contents(arguments, side_b, *divergence, divergence->b->digest);
    if (value_a && value_b && value_a->dtype() == value_b->dtype() &&
        value_a->shape() == value_b->shape()) {
      element = trace::find_element_difference(*value_a, *value_b);
    }
    if (arguments.has("--extract")) {
      const std::string folder = arguments.value("--extract");
      ISOTRACE_OR_REPORT(context, [[maybe_unused]] const auto a_done,
                         extract(context, folder, "a", value_a));
      ISOTRACE_OR_REPORT(context, [[maybe_unused]] const auto b_done,
                         extract(context, folder, "b", value_b));
    }
  }
  print_diverged(context, arguments, a, b, *divergence, element);
  return exit_no;
}

}  // namespace isotrace::tools
