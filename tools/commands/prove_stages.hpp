// What the engines of the prover did for a model: lines for --explain, and for --events lines of
// JSON with times, which stand nowhere else.
#pragma once

#include <chrono>
#include <string>

#include <isotrace/proofs/search/prove.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

class StageLog {
 public:
  /// `question` names the property where several are asked. The log must outlive the options.
  void attach(proofs::ProveOptions& options, const std::string& question);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const Json& stages() const { return stages_; }
  [[nodiscard]] std::string take_events() { return std::move(events_); }

 private:
  using Clock = std::chrono::steady_clock;
  void add(const proofs::ProveStage& stage);

  std::string question_;
  Clock::time_point last_;
  std::string text_;
  Json stages_ = Json::array();
  std::string events_;
};

}  // namespace isotrace::tools
