// Speeds beside other libraries and interpreters, measured in the same run. Results are compared
// with the reference first of all: a fast wrong answer exits 1.
#include <algorithm>
#include <cstdlib>
#include <iomanip>

#include <isotrace/tools/bench/section.hpp>
#include <isotrace/tools/commands/bench_proofs.hpp>
#include <isotrace/tools/commands/commands.hpp>

namespace isotrace::tools {
namespace {

using bench::BenchOptions;
using bench::BenchRow;
using bench::BenchTable;

std::string number(std::optional<double> value, int digits) {
  if (!value) return "absent";
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << *value;
  return text.str();
}

void print_text(const Context& context, const BenchTable& table) {
  std::ostream& out = context.out;
  out << table.section << " (" << table.unit;
  const bool compared = table.columns.size() > 1;
  if (compared) {
    out << "; in brackets: " << (table.less_is_better ? "peer / ours" : "ours / peer");
  }
  out << ")\n";
  for (const std::string& note : table.notes) out << "  " << note << "\n";
  out << "  " << std::left << std::setw(24) << "";
  for (const std::string& column : table.columns) out << std::setw(21) << column;
  out << "result\n";
  for (const BenchRow& row : table.rows) {
    out << "  " << std::setw(24) << row.name;
    for (std::size_t i = 0; i < row.speeds.size(); ++i) {
      std::string cell = number(row.speeds[i], table.less_is_better ? 2 : 1);
      if (i != 0 && row.speeds[i]) cell += " (" + number(ratio(table, row, i), 2) + ")";
      out << std::setw(21) << cell;
    }
    out << (row.identical ? "identical" : "DIFFERENT") << "\n";
  }
  if (compared) {
    out << "  " << std::setw(45) << "geometric mean";
    for (std::size_t i = 1; i < table.columns.size(); ++i) {
      out << std::setw(21) << number(mean_ratio(table, i), 2);
    }
    out << "\n";
  }
  out << std::right << "\n" << std::flush;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Json to_json(const BenchTable& table) {
  Json rows = Json::array();
  for (const BenchRow& row : table.rows) {
    Json speeds = Json::object();
    for (std::size_t i = 0; i < row.speeds.size(); ++i) {
      speeds[table.columns[i]] = row.speeds[i] ? Json(*row.speeds[i]) : Json("absent");
    }
    rows.push_back({{"case", row.name}, {"speeds", speeds}, {"identical", row.identical}});
  }
  return {{"section", table.section},
          {"unit", table.unit},
          {"notes", table.notes},
          {"rows", std::move(rows)}};
}

}  // namespace

int bench_command(const Context& context, const Arguments& arguments) {
  if (arguments.operand(0) == "proofs") return bench_proofs(context, arguments);
  const auto threads = parse_count(arguments.value("--threads"));
  if (!threads || *threads == 0 || *threads > 1024) {
    return report_usage(context, "--threads must be a number from 1 to 1024");
  }
  const auto rounds = parse_count(arguments.value("--rounds"));
  if (!rounds || *rounds == 0 || *rounds > 1000) {
    return report_usage(context, "--rounds must be a number from 1 to 1000");
  }
  const BenchOptions options{.threads = static_cast<unsigned>(*threads),
                             .isa = arguments.value("--isa"),
                             .quick = arguments.has("--quick"),
                             .onnx_runtime_path = environment("ISOTRACE_ORT"),
                             .models = arguments.values("--model"),
                             .kernels = arguments.has("--kernels")
                                            ? arguments.value("--kernels")
                                            : environment("ISOTRACE_DATA") + "/wasm-kernels",
                             .wabt = arguments.value("--wabt"),
                             .wasm3 = arguments.value("--wasm3"),
                             .rounds = *rounds};
  const std::string only = arguments.value("--only");
  const auto& sections = bench::all_sections();
  const bool known = std::ranges::any_of(sections, [&](const bench::Section& section) {
    return section.what == arguments.operand(0) && (only.empty() || section.name == only);
  });
  if (!known) {
    return report_usage(context, "bench: " + arguments.operand(0) + " has no section " + only);
  }
  bool identical = true;
  Json tables = Json::array();
  for (const bench::Section& section : sections) {
    if (section.what != arguments.operand(0)) continue;
    if (!only.empty() && section.name != only) continue;
    ISOTRACE_OR_REPORT(context, const std::vector<BenchTable> measured, section.run(options));
    for (const BenchTable& table : measured) {
      for (const BenchRow& row : table.rows) identical = identical && row.identical;
      if (!context.json) print_text(context, table);
      tables.push_back(to_json(table));
    }
  }
  if (context.json) {
    context.print(
        {{"threads", *threads}, {"identical", identical}, {"sections", std::move(tables)}});
  }
  return identical ? exit_yes : exit_no;
}

}  // namespace isotrace::tools
