#include <isotrace/tools/report/lanes.hpp>

#include <algorithm>
#include <map>

namespace isotrace::tools::page {
namespace {

class LaneFinder {
 public:
  LaneFinder(const Flow& flow, RowRange steps) : flow_(flow) { lanes_.steps = steps; }

  Lanes find() {
    open_from_above();
    for (std::size_t i = lanes_.steps.begin; i < lanes_.steps.end; ++i) take_step(i);
    for (const auto& [from, lane] : open_) {
      lanes_.rails.push_back({from, flow_.steps[from].readers.back(), lane});
    }
    return std::move(lanes_);
  }

 private:
  /// Values made before the first shown step that a shown one reads.
  void open_from_above() {
    for (std::size_t i = lanes_.steps.begin; i < lanes_.steps.end; ++i) {
      for (const std::size_t from : sources_of(i)) {
        if (from < lanes_.steps.begin && !open_.contains(from)) open_[from] = take_lane();
      }
    }
  }

  void take_step(std::size_t at) {
    std::vector<std::size_t> ended;  // lanes of values that no later step reads
    for (const std::size_t from : sources_of(at)) {
      const auto open = open_.find(from);
      if (open == open_.end()) continue;  // read last by an operand that is not drawn
      const std::size_t lane = open->second;
      lanes_.rails.push_back({from, at, lane});
      if (flow_.steps[from].readers.back() == at) {
        ended.push_back(lane);
        open_.erase(open);
      }
    }
    // The first value that ends here hands its lane on, so that a chain runs straight down.
    const std::size_t mark = ended.empty() ? take_lane() : ended.front();
    for (std::size_t i = 1; i < ended.size(); ++i) free_lane(ended[i]);
    lanes_.lane.push_back(std::min(mark, lanes_max - 1));
    lanes_.width = std::max(lanes_.width, lanes_.lane.back() + 1);
    const std::vector<std::size_t>& readers = flow_.steps[at].readers;
    if (readers.empty()) {
      free_lane(mark);
      return;
    }
    open_[at] = mark;
  }

  /// Each step that the first operands come from once, in their order.
  [[nodiscard]] std::vector<std::size_t> sources_of(std::size_t at) const {
    const std::vector<Source>& operands = flow_.steps[at].operands;
    std::vector<std::size_t> steps;
    for (std::size_t i = 0; i < std::min(operands.size(), drawn_operands_max); ++i) {
      const Source& source = operands[i];
      if (source.kind == Source::Kind::step &&
          std::ranges::find(steps, source.index) == steps.end())
        steps.push_back(source.index);
    }
    return steps;
  }

  std::size_t take_lane() {
    const auto free = std::ranges::find(used_, false);
    const auto lane = static_cast<std::size_t>(free - used_.begin());
    if (free == used_.end()) used_.push_back(true);
    used_[lane] = true;
    return lane;
  }
  void free_lane(std::size_t lane) { used_[lane] = false; }

  const Flow& flow_;
  Lanes lanes_;
  std::vector<bool> used_;
  std::map<std::size_t, std::size_t> open_;  // lane of the value, by the step that made it
};

}  // namespace

Lanes find_lanes(const Flow& flow, RowRange steps) {
  Lanes lanes = LaneFinder(flow, steps).find();
  for (Rail& rail : lanes.rails) {
    rail.lane = std::min(rail.lane, lanes_max - 1);
    lanes.width = std::max(lanes.width, rail.lane + 1);
  }
  return lanes;
}

}  // namespace isotrace::tools::page
