// Speeds of the cpu backend beside other libraries, measured in the same run. Results are compared
// with the reference first of all: a fast wrong answer exits 1.
#include <cmath>
#include <cstdlib>
#include <iomanip>

#include <isotrace/tools/bench/section.hpp>
#include <isotrace/tools/commands/commands.hpp>

namespace isotrace::tools {
namespace {

using bench::BenchOptions;
using bench::BenchRow;
using bench::BenchTable;

/// How many times faster ours is than a peer in this row.
std::optional<double> ratio(const BenchTable& table, const BenchRow& row, std::size_t column) {
  if (!row.speeds[0] || !row.speeds[column]) return std::nullopt;
  const double quotient = *row.speeds[0] / *row.speeds[column];
  return table.less_is_better ? 1 / quotient : quotient;
}

/// The geometric mean of the ratios of a column, over the rows where it is present.
std::optional<double> mean_ratio(const BenchTable& table, std::size_t column) {
  double sum = 0.0;
  int count = 0;
  for (const BenchRow& row : table.rows) {
    const auto value = ratio(table, row, column);
    if (!value) continue;
    sum += std::log(*value);
    ++count;
  }
  return count == 0 ? std::nullopt : std::optional(std::exp(sum / count));
}

std::string number(std::optional<double> value, int digits) {
  if (!value) return "absent";
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << *value;
  return text.str();
}

void print_text(const Context& context, const BenchTable& table) {
  std::ostream& out = context.out;
  out << table.section << " (" << table.unit
      << "; in brackets: " << (table.less_is_better ? "peer / ours" : "ours / peer") << ")\n";
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
  out << "  " << std::setw(45) << "geometric mean";
  for (std::size_t i = 1; i < table.columns.size(); ++i) {
    out << std::setw(21) << number(mean_ratio(table, i), 2);
  }
  out << std::right << "\n\n" << std::flush;
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
  const auto threads = parse_count(arguments.value("--threads"));
  if (!threads || *threads == 0 || *threads > 1024) {
    return report_usage(context, "--threads must be a number from 1 to 1024");
  }
  const char* modules = std::getenv("ISOTRACE_ORT");
  const BenchOptions options{static_cast<unsigned>(*threads), arguments.value("--isa"),
                             arguments.has("--quick"), modules == nullptr ? "" : modules,
                             arguments.values("--model")};
  const std::string only = arguments.value("--only");
  bool identical = true;
  Json tables = Json::array();
  for (const bench::Section& section : bench::all_sections()) {
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
