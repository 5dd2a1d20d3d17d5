// selftest math: the elementary functions of every implementation on this machine against MPFR.
#include <algorithm>

#include <isotrace/tools/commands/commands.hpp>
#ifdef ISOTRACE_HAVE_MPFR
#include <isotrace/tools/selftest/math_samples64.hpp>
#endif

namespace isotrace::tools {

#ifdef ISOTRACE_HAVE_MPFR
namespace {

constexpr std::string_view pow_name = "pow";  // two arguments: samples only
constexpr std::uint64_t samples_max = 100'000'000;

Json row_json(const MathRow& row, bool timings) {
  Json object = {{"function", row.function},
                 {"implementation", row.implementation},
                 {"checked", row.checked},
                 {"wrong", row.wrong}};
  if (row.first_wrong) object["first_wrong"] = *row.first_wrong;
  if (timings) object["seconds"] = row.seconds;
  return object;
}

void print_row(const Context& context, const MathRow& row) {
  char text[160];
  std::snprintf(text, sizeof text, "%-6s %-6s %10llu checked %10llu wrong", row.function.c_str(),
                row.implementation.c_str(), static_cast<unsigned long long>(row.checked),
                static_cast<unsigned long long>(row.wrong));
  context.out << text;
  if (context.timings) {
    std::snprintf(text, sizeof text, " %7.1f s", row.seconds);
    context.out << text;
  }
  if (row.first_wrong) {
    std::snprintf(text, sizeof text, "  first at bits 0x%08llx",
                  static_cast<unsigned long long>(*row.first_wrong));
    context.out << text;
  }
  context.out << std::endl;  // a long check shows each function when it is done
}

/// Accumulates reports into JSON, and prints them otherwise.
struct Summary {
  Json rows = Json::array();
  bool correct = true;

  void add(const Context& context, const MathReport& report) {
    for (const MathRow& row : report.rows) {
      correct = correct && row.wrong == 0;
      if (context.json) {
        rows.push_back(row_json(row, context.timings));
      } else {
        print_row(context, row);
      }
    }
    if (!context.json && context.timings) {
      char text[80];
      std::snprintf(text, sizeof text, "%-6s oracle %42.1f s", report.rows[0].function.c_str(),
                    report.oracle_seconds);
      context.out << text << std::endl;
    }
  }
};

}  // namespace

int selftest_command(const Context& context, const Arguments& arguments) {
  const auto jobs = parse_count(arguments.value("--jobs"));
  if (!jobs || *jobs == 0 || *jobs > 1024) return report_usage(context, "--jobs: 1 to 1024");
  const auto samples = parse_count(arguments.value("--samples"));
  if (!samples || *samples > samples_max) {
    return report_usage(context, "--samples: 0 to " + std::to_string(samples_max));
  }
  std::vector<std::string> names = math_function_names();
  Summary summary;
  if (arguments.has("--exhaustive")) {
    const std::string chosen = arguments.value("--exhaustive");
    if (chosen != "all") {
      if (std::ranges::find(names, chosen) == names.end()) {
        return report_usage(context,
                            "--exhaustive: no function of one argument is named '" + chosen + "'");
      }
      names = {chosen};
    }
    for (const std::string& name : names) {
      summary.add(context, check_every_argument(name, static_cast<unsigned>(*jobs)));
    }
  } else {
    names.emplace_back(pow_name);
    for (const std::string& name : names) {
      summary.add(context, check_samples(name, *samples));
    }
    for (const MathReport& report : check_samples64(*samples)) summary.add(context, report);
  }
  if (context.json) {
    context.print({{"verdict", summary.correct ? "yes" : "no"}, {"rows", std::move(summary.rows)}});
  }
  return summary.correct ? exit_yes : exit_no;
}
#else
int selftest_command(const Context& context, const Arguments&) {
  context.err << tool_name << ": selftest: built without MPFR (libmpfr-dev)\n";
  return exit_environment;
}
#endif

}  // namespace isotrace::tools
