// NegativeLogLikelihoodLoss (docs/spec/loss.md). The targets are read on the host, which judges
// them; scores and weights are picked by them on the device.
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/reference/loss.hpp>
#include <isotrace/reference/odometer.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;

/// Of each target, the number of its score, or of its weight, for Work::pick; 0 if it is ignored.
struct Places {
  std::vector<std::int64_t> scores;
  std::vector<std::int64_t> weights;
};

Places find_places(const reference::Targets& targets, const Array& x) {
  const auto classes = static_cast<std::size_t>(x.shape[1]);
  const std::size_t inner = reference::product(x.shape, 2, x.shape.size());
  Places places;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const std::size_t target = targets[i].value_or(0);
    const std::size_t score = (i / inner * classes + target) * inner + i % inner;
    places.scores.push_back(targets[i] ? static_cast<std::int64_t>(score) + 1 : 0);
    places.weights.push_back(targets[i] ? static_cast<std::int64_t>(target) + 1 : 0);
  }
  return places;
}

/// The weight of each target's class, 1 without weights, 0 where it is ignored.
Made find_shares(DeviceCall& call, Places& places, Dtype wide) {
  Work& work = call.work;
  const Shape shape = {std::ssize(places.weights)};
  std::optional<Array> weights;
  if (call.has(2)) {
    ISOTRACE_TRY(weights, call.wide(2));
  } else {
    ISOTRACE_TRY(const Array number, work.number(wide, 1));
    weights = number.reshaped({1});
    for (std::int64_t& place : places.weights) place = place == 0 ? 0 : 1;
  }
  return work.pick(*weights, *weights, places.weights, shape);
}

Made loss(DeviceCall& call) {
  Work& work = call.work;
  ISOTRACE_TRY(const reference::Targets targets, reference::read_loss_targets(call.call));
  ISOTRACE_TRY(const Array x, call.wide(0));
  const Shape line = {std::ssize(targets)};
  Places places = find_places(targets, x);
  ISOTRACE_TRY(const Array scores, work.pick(x, x, places.scores, line));
  ISOTRACE_TRY(const Array shares, find_shares(call, places, x.dtype));
  ISOTRACE_TRY(const Array negated, work.unary(Unary::negate, scores));
  ISOTRACE_TRY(const Array products, work.binary(Binary::multiply, negated, shares));
  // What is ignored is +0, where -0 * 0 is not.
  core::Tensor counts(Dtype::boolean, line);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    counts.data<core::Bool8>()[i].value = targets[i] ? 1 : 0;
  }
  ISOTRACE_TRY(const Array counted, work.upload(counts));
  ISOTRACE_TRY(const Array zero, work.number(x.dtype, 0));
  ISOTRACE_TRY(const Array losses, work.choose(counted, products, zero));
  const std::string& reduction = call.node().text("reduction");
  if (reduction == "none") {
    const auto shape = call.call.operand(1).shape();
    return losses.reshaped({shape.begin(), shape.end()});
  }
  ISOTRACE_TRY(Array sum, work.reduce(Reduction::sum, losses, {0}));
  if (reduction == "mean") {
    ISOTRACE_TRY(const Array whole, work.reduce(Reduction::sum, shares, {0}));
    ISOTRACE_TRY(sum, work.binary(Binary::divide, sum, whole));
  }
  return sum.reshaped({});
}

}  // namespace

Results run_loss(DeviceCall& call) { return one(call.narrow(loss(call))); }

}  // namespace isotrace::backends::gpu
