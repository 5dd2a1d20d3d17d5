// `isotrace conform backend`: how far a backend comes - loaded, described, executed, verified - and
// what it does with every operation, element type and layout.
#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include <isotrace/tools/commands/choose_backend.hpp>
#include <isotrace/tools/commands/conform_cases.hpp>
#include <isotrace/tools/commands/receipt.hpp>

namespace isotrace::tools {
namespace {

using backends::CallVerdict;
using backends::ConformanceCell;
using backends::ConformanceReport;
using backends::Layout;

/// A name of the list as it is; everything else is a plugin's file.
std::string name_of_operand(const std::string& operand) {
  const auto names = backends::backend_names();
  const bool known = std::ranges::find(names, operand) != names.end();
  const bool named = operand.starts_with("plugin:");
  return known || named ? operand : "plugin:" + operand;
}

/// Options of the other kinds, and one output form at a time.
std::string usage_problem(const Context& context, const Arguments& arguments,
                          const std::string& name) {
  for (const char* option : {"--backend", "--jobs"}) {
    if (arguments.has(option)) return std::string(option) + " does not apply to backend";
  }
  for (const char* option : {"--plugin-timeout", "--plugin-memory", "--plugin-access"}) {
    if (arguments.has(option) && !name.starts_with("plugin:")) {
      return std::string(option) + " applies to plugins only";
    }
  }
  if (context.json && arguments.has("--markdown")) return "give --json or --markdown, not both";
  return {};
}

bool passed(const ConformanceCell& cell) { return cell.verdict() == CallVerdict::exact; }
bool failed(const ConformanceCell& cell) {
  return cell.verdict() == CallVerdict::wrong || cell.verdict() == CallVerdict::lost;
}

/// The cells that --failures leaves.
std::vector<ConformanceCell> listed_cells(const Arguments& arguments,
                                          const ConformanceReport& report) {
  std::vector<ConformanceCell> cells = report.cells;
  if (arguments.has("--failures")) std::erase_if(cells, [](const auto& c) { return !failed(c); });
  return cells;
}

/// Rows of the matrix: the cells of one operation and element type, by layout.
struct Row {
  core::Op op;
  core::Dtype dtype;
  std::map<Layout, const ConformanceCell*> cells;
};

std::vector<Row> rows_of(const std::vector<ConformanceCell>& cells) {
  std::vector<Row> rows;
  for (const ConformanceCell& cell : cells) {
    if (rows.empty() || rows.back().op != cell.op || rows.back().dtype != cell.dtype) {
      rows.push_back({cell.op, cell.dtype, {}});
    }
    rows.back().cells[cell.layout] = &cell;
  }
  return rows;
}

std::string markdown_matrix(const std::vector<ConformanceCell>& cells) {
  std::string text = "| operation | dtype |";
  std::string rule = "\n|---|---|";
  for (const Layout layout : backends::all_layouts) {
    text += " " + std::string(backends::layout_name(layout)) + " |";
    rule += "---|";
  }
  text += rule + "\n";
  for (const Row& row : rows_of(cells)) {
    text += "| " + std::string(core::op_info(row.op).name) + " | " +
            std::string(core::dtype_name(row.dtype)) + " |";
    for (const Layout layout : backends::all_layouts) {
      const auto cell = row.cells.find(layout);
      text += " " + (cell == row.cells.end() ? "-" : cell_text(*cell->second)) + " |";
    }
    text += "\n";
  }
  return text;
}

/// One line for each row that is not refused as a whole, with the reason of what failed.
std::string text_matrix(const std::vector<ConformanceCell>& cells) {
  std::string text;
  std::size_t refused = 0;
  for (const Row& row : rows_of(cells)) {
    const bool whole = std::ranges::all_of(row.cells, [](const auto& cell) {
      return cell.second->verdict() == CallVerdict::refused && cell.second->exact == 0;
    });
    if (whole) {
      ++refused;
      continue;
    }
    text += std::string(core::op_info(row.op).name) + " " +
            std::string(core::dtype_name(row.dtype)) + ":";
    for (const auto& [layout, cell] : row.cells) {
      text += " " + std::string(backends::layout_name(layout)) + " " + cell_text(*cell);
    }
    text += "\n";
    for (const auto& [layout, cell] : row.cells) {
      if (failed(*cell)) {
        text +=
            "  " + std::string(backends::layout_name(layout)) + ": " + cell_reason(*cell) + "\n";
      }
    }
  }
  if (refused != 0) {
    text += "refused altogether: " + std::to_string(refused) + " pairs of operation and dtype\n";
  }
  return text;
}

/// How far it came, one line each.
std::string ladder_text(const std::string& name, const backends::BackendInfo& info,
                        const ConformanceReport& report) {
  const auto count = [&](auto field) { return report.count(field); };
  const std::size_t executed = count(&ConformanceCell::exact) + count(&ConformanceCell::wrong);
  std::string text = "loaded     " + name + "\n" + "described  " + info.name + ": " + info.device +
                     "\n" + "executed   " + std::to_string(executed) + " calls, refused " +
                     std::to_string(count(&ConformanceCell::refused)) + ", lost " +
                     std::to_string(count(&ConformanceCell::lost)) + "\n";
  text += std::string(is_conformant(report) ? "verified   " : "not verified  ") +
          std::to_string(count(&ConformanceCell::exact)) + " calls equal to the reference, " +
          std::to_string(count(&ConformanceCell::wrong)) + " not\n";
  if (report.given_up) text += "given up: too many calls were lost; what follows is not listed\n";
  return text;
}

Json ladder_json(const ConformanceReport& report) {
  const auto executed =
      report.count(&ConformanceCell::exact) + report.count(&ConformanceCell::wrong);
  return {{"loaded", true},
          {"described", true},
          {"executed", executed != 0},
          {"verified", is_conformant(report)}};
}

std::vector<JunitCase> junit_cases(const ConformanceReport& report) {
  std::vector<JunitCase> tests;
  for (const ConformanceCell& cell : report.cells) {
    JunitCase& test =
        tests.emplace_back(JunitCase{cell_name(cell.op, cell.dtype, cell.layout), {}, {}});
    if (failed(cell)) test.failure = cell_reason(cell);
    if (cell.verdict() == CallVerdict::refused) test.skipped = cell_reason(cell);
  }
  return tests;
}

backends::CellFilter filter_of(const Arguments& arguments) {
  if (!arguments.has("--only")) return {};
  return [glob = arguments.value("--only")](core::Op op, core::Dtype dtype, Layout layout) {
    return ::fnmatch(glob.c_str(), cell_name(op, dtype, layout).c_str(), 0) == 0;
  };
}

void print(const Context& context, const Arguments& arguments, const std::string& name,
           const backends::BackendInfo& info, const ConformanceReport& report) {
  const std::vector<ConformanceCell> cells = listed_cells(arguments, report);
  if (arguments.has("--markdown")) {
    context.out << markdown_matrix(cells);
    return;
  }
  if (!context.json) {
    context.out << ladder_text(name, info, report) << text_matrix(cells);
    return;
  }
  Json list = Json::array();
  for (const ConformanceCell& cell : cells) list.push_back(cell_json(cell));
  context.print({{"backend", info.name},
                 {"device", info.device},
                 {"ladder", ladder_json(report)},
                 {"calls", counts_json(report)},
                 {"givenUp", report.given_up},
                 {"matrix", std::move(list)}});
}

}  // namespace

int conform_backend(const Context& context, const Arguments& arguments) {
  const std::string name = name_of_operand(arguments.operand(1));
  if (const std::string problem = usage_problem(context, arguments, name); !problem.empty()) {
    return report_usage(context, "conform: " + problem);
  }
  ISOTRACE_OR_REPORT(context, const auto backend, open_backend(arguments, name, {}));
  ISOTRACE_OR_REPORT(context, const ConformanceReport found,
                     backends::check_conformance(*backend, filter_of(arguments)));
  if (found.cells.empty()) {
    return report(context,
                  {core::RefusalCode::file_not_found, arguments.operand(1),
                   "no operation, element type and layout matches " + arguments.value("--only")});
  }
  const backends::BackendInfo info = backend->info();
  ISOTRACE_OR_REPORT(
      context, [[maybe_unused]] const core::Done done,
      write_junit(context, arguments, "isotrace conform backend " + info.name, junit_cases(found)));
  if (arguments.has("--out")) {
    Json part = Json::array();
    part.push_back(receipt_json(info, found));
    ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done written,
                       write_receipt(context, arguments.value("--out"), std::move(part)));
  }
  print(context, arguments, name, info, found);
  return conform_exit(static_cast<std::size_t>(std::ranges::count_if(found.cells, passed)),
                      static_cast<std::size_t>(std::ranges::count_if(found.cells, failed)));
}

}  // namespace isotrace::tools
