// report: what a trace, or the comparison of two, tells, as text, JSON, JUnit and a page.
#include <isotrace/core/limits.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/other_kind.hpp>
#include <isotrace/tools/commands/report_module.hpp>
#include <isotrace/tools/commands/report_tensors.hpp>
#include <isotrace/tools/commands/traces.hpp>

namespace isotrace::tools {
namespace {

constexpr std::uint64_t rows_limit = 100'000;

core::Result<std::size_t> load_rows(const Arguments& arguments) {
  const std::string text = arguments.value("--rows");
  const auto rows = parse_count(text);
  if (!rows) return core::refuse(core::RefusalCode::text_not_number, "--rows", text);
  if (*rows < 1 || *rows > rows_limit) {
    return core::refuse(core::RefusalCode::value_out_of_range, "--rows",
                        "1 to 100000 are possible");
  }
  return *rows;
}

/// A trace, or what is valid of one that ends early; anything else that is wrong is refused.
core::Result<trace::RecoveredTrace> load_first(const Context& context, const std::string& path,
                                               bool must_be_whole) {
  ISOTRACE_TRY(const core::Bytes bytes, context.read(path, core::limits::trace_bytes_max));
  auto recovered = trace::recover_trace(bytes);
  if (!recovered) return refuse_kind(path, std::move(recovered).error(), bytes, "a trace");
  if (!recovered->damage) return recovered;
  const core::RefusalCode code = recovered->damage->code;
  const bool early = !recovered->complete && (code == core::RefusalCode::trace_incomplete ||
                                              code == core::RefusalCode::trace_truncated);
  if (early && !must_be_whole) return recovered;
  return core::refuse_within(path, *std::move(recovered->damage));
}

/// Why options do not fit each other or the trace: what would change nothing is refused. Empty if
/// they do.
std::string find_misfit(const Arguments& arguments, const trace::Trace& a, bool compared) {
  if (arguments.has("--rows") && !arguments.has("--html")) return "--rows needs --html";
  for (const char* option : {"--html", "--junit"}) {
    if (arguments.value(option) == "-") {
      return std::string(option) + " needs a file: text or JSON goes to standard output";
    }
  }
  for (const char* option : {"--input", "--weights"}) {
    if (arguments.has(option) && (a.identity.machine || !arguments.has("--program"))) {
      return std::string(option) + " belongs to the model that --program names";
    }
  }
  const bool timed = arguments.has("--timings");
  for (const char* option : {"--jobs", "--isa", "--memory-max"}) {
    if (arguments.has(option) && (a.identity.machine || (!timed && !compared))) {
      return std::string(option) + " is for executing a tensor program: give --timings or OTHER";
    }
  }
  if (arguments.has("--backend") && !a.identity.machine && !timed) {
    return "--backend is what --timings measures";
  }
  return {};
}

}  // namespace

int report_command(const Context& context, const Arguments& arguments) {
  const bool compared = arguments.operands().size() == 2;
  ISOTRACE_OR_REPORT(context, const std::size_t rows, load_rows(arguments));
  ISOTRACE_OR_REPORT(context, const trace::RecoveredTrace a,
                     load_first(context, arguments.operand(0), compared));
  const std::string misfit = find_misfit(arguments, a.trace, compared);
  if (!misfit.empty()) return report_usage(context, "report: " + misfit);
  std::optional<trace::Trace> b;
  if (compared) {
    ISOTRACE_OR_REPORT(context, b, load_trace(context, arguments.operand(1)));
  }
  const trace::Trace* other = b ? &*b : nullptr;
  // Runs of different kinds are compared, and told, as tensor programs are: they part at once.
  const bool modules = a.trace.identity.machine && (other == nullptr || other->identity.machine);
  return modules ? report_module(context, arguments, a, other, rows)
                 : report_tensors(context, arguments, a, other, rows);
}

}  // namespace isotrace::tools
