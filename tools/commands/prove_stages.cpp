#include <isotrace/tools/commands/prove_stages.hpp>

namespace isotrace::tools {
namespace {

Json stage_json(const proofs::ProveStage& stage) {
  Json object = {{"engine", stage.engine}, {"outcome", stage.outcome}};
  if (stage.case_index) object["case"] = *stage.case_index + 1;
  for (const auto& [name, number] : stage.sizes) object[std::string(name)] = number;
  if (!stage.detail.empty()) object["detail"] = stage.detail;
  return object;
}

/// "  boxes, case 2: proved; boxes 17, leaves 9".
std::string stage_text(const proofs::ProveStage& stage) {
  std::string text = "  " + std::string(stage.engine);
  if (stage.case_index) text += ", case " + std::to_string(*stage.case_index + 1);
  text += ": " + stage.outcome;
  if (!stage.detail.empty()) text += " (" + stage.detail + ")";
  std::string separator = "; ";
  for (const auto& [name, number] : stage.sizes) {
    if (number == 0) continue;
    text += separator + std::string(name) + " " + std::to_string(number);
    separator = ", ";
  }
  return text + "\n";
}

}  // namespace

void StageLog::attach(proofs::ProveOptions& options, const std::string& question) {
  question_ = question;
  last_ = Clock::now();
  options.on_stage = [this](const proofs::ProveStage& stage) { add(stage); };
}

void StageLog::add(const proofs::ProveStage& stage) {
  const auto now = Clock::now();
  text_ += stage_text(stage);
  stages_.push_back(stage_json(stage));
  Json event = {{"event", "stage"}};
  if (!question_.empty()) event["property"] = question_;
  event.update(stage_json(stage));
  event["us"] = std::chrono::duration_cast<std::chrono::microseconds>(now - last_).count();
  events_ += event.dump(-1, ' ', true) + "\n";
  last_ = now;
}

}  // namespace isotrace::tools
