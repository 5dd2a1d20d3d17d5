#include <isotrace/proofs/search/blind_attack.hpp>

#include <algorithm>
#include <limits>
#include <numeric>

#include <isotrace/proofs/search/attack.hpp>
#include <isotrace/proofs/search/concrete.hpp>
#include <isotrace/proofs/search/lowering.hpp>

namespace isotrace::proofs::search {
namespace {

/// Executions of one group of cases, by each way of searching.
constexpr std::size_t executions_max = 1500;
/// What one of them may take: seconds, not minutes, and no more memory than a search.
constexpr executor::ExecuteLimits execution_limits{std::uint64_t{2} << 30, std::uint64_t{1} << 34};
/// Above any count of products: time is asked for before each execution.
constexpr std::size_t execution_cost = std::size_t{1} << 30;

/// Inputs and outputs alone: one layer that computes nothing.
std::optional<Network> make_shell(const core::Program& program, const Property& property) {
  Network network;
  for (const core::ProgramInput& input : program.inputs) {
    const auto range = range_of(input.dtype);
    if ((!range && input.dtype != core::Dtype::f32) || input.shape == core::any_rank) {
      return std::nullopt;
    }
    core::Shape shape = input.shape;
    for (std::int64_t& dim : shape) dim = dim < 0 ? 1 : dim;
    const auto elements = core::element_count(shape);
    if (!elements || *elements > property.inputs - network.inputs) return std::nullopt;
    if (range) network.whole.push_back({network.inputs, *elements, range->first, range->second});
    network.inputs += *elements;
  }
  if (network.inputs != property.inputs || network.inputs == 0) return std::nullopt;
  Layer layer;
  layer.in = network.inputs;
  layer.out = property.outputs;
  network.layers.push_back(std::move(layer));
  network.output_neurons.resize(property.outputs);
  std::iota(network.output_neurons.begin(), network.output_neurons.end(), 0U);
  return network;
}

/// The program itself, on the backend that is fast and gives the reference's bits.
class Execution final : public Objective {
 public:
  Execution(const core::Program& program, std::size_t outputs,
            std::unique_ptr<backends::Backend> backend)
      : program_(program), outputs_(outputs), backend_(std::move(backend)) {}

  double excess(std::span<const Problem* const> problems, std::span<const float> x,
                std::vector<float>& /*scratch*/) const override {
    const auto outputs = failed_ ? core::Result<std::vector<float>>()
                                 : run_on_floats(program_, x, *backend_, execution_limits);
    failed_ = failed_ || !outputs || outputs->size() != outputs_;
    if (failed_) return std::numeric_limits<double>::infinity();
    return nearest_excess(problems, x, outputs->data());
  }
  [[nodiscard]] std::size_t cost() const override { return execution_cost; }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  const core::Program& program_;
  std::size_t outputs_;
  std::unique_ptr<backends::Backend> backend_;
  mutable bool failed_ = false;
};

bool runs_others(const core::Program& program) {
  return std::any_of(program.nodes.begin(), program.nodes.end(), [](const core::Node& node) {
    return std::any_of(node.attributes.begin(), node.attributes.end(),
                       [](const core::Attribute& attribute) {
                         return std::holds_alternative<core::SubProgram>(attribute.value);
                       });
  });
}

}  // namespace

std::optional<Counterexample> attack_blindly(const core::Program& program, const Property& property,
                                             const ProveOptions& options) {
  if (options.level == Level::real || runs_others(program)) return std::nullopt;
  const auto shell = make_shell(program, property);
  auto backend = backends::make_backend("cpu", {});
  auto judge = Judge::make(program, property);
  if (!shell || !backend || !judge) return std::nullopt;
  const Execution execution(program, property.outputs, *std::move(backend));
  std::vector<Problem> problems;
  for (const Case& unsafe : property.cases) problems.push_back(make_problem(*shell, unsafe));
  const auto stop = [&] {
    return execution.failed() || (options.out_of_time && options.out_of_time());
  };
  for (std::size_t c = 0; c < problems.size() && !stop();) {
    Problems together = {&problems[c]};
    core::PhiloxStream random(options.seed, 4, static_cast<std::uint32_t>(c));
    while (++c < problems.size() && problems[c].floats == together[0]->floats) {
      together.push_back(&problems[c]);
    }
    if (together[0]->floats.empty) continue;
    Attack attack(*shell, execution, std::move(together), stop);
    for (int way = 0; way < 3; ++way) {
      const Candidate found = way == 0   ? attack.probe_landmarks(random)
                              : way == 1 ? attack.turn_runs(random, executions_max)
                                         : attack.evolve(random, executions_max);
      if (!(found.excess <= 0)) continue;
      auto confirmed = judge->confirm(found.x);
      if (confirmed && *confirmed) return *std::move(*confirmed);
    }
  }
  return std::nullopt;
}

}  // namespace isotrace::proofs::search
