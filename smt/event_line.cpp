#include <cstdio>

#include <isotrace/smt/decide.hpp>

namespace isotrace::smt {
namespace {

std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7F) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
      result += escaped;
    } else {
      if (c == '"' || c == '\\') result += '\\';
      result += c;
    }
  }
  return result + '"';
}

/// Microseconds, without a decimal point that a locale could change.
std::string microseconds(double milliseconds) {
  return std::to_string(static_cast<std::uint64_t>(milliseconds * 1000));
}

}  // namespace

std::string event_line(const QueryEvent& event) {
  const EngineRun& run = event.run;
  return "{\"event\": \"query\", \"query\": " + in_quotes(event.query) +
         ", \"label\": " + in_quotes(event.label) + ", \"terms\": " + std::to_string(event.terms) +
         ", \"engine\": " + in_quotes(name(run.engine)) +
         ", \"outcome\": " + in_quotes(name(run.outcome)) +
         ", \"detail\": " + in_quotes(run.detail) +
         ", \"cached\": " + (run.cached ? "true" : "false") +
         ", \"clauses\": " + std::to_string(run.clauses) +
         ", \"proof_clauses\": " + std::to_string(run.proof_clauses) +
         ", \"start_us\": " + microseconds(run.start_milliseconds) +
         ", \"solve_us\": " + microseconds(run.solve_milliseconds) +
         ", \"trim_us\": " + microseconds(run.trim_milliseconds) +
         ", \"check_us\": " + microseconds(run.check_milliseconds) + "}";
}

}  // namespace isotrace::smt
