#include <isotrace/proofs/search/concrete.hpp>

#include <isotrace/executor/execute.hpp>

namespace isotrace::proofs::search {

core::Result<Judge> Judge::make(const core::Program& program, const Property& property) {
  ISOTRACE_TRY(auto backend, backends::make_backend("reference", {}));
  return Judge(program, property, std::move(backend));
}

core::Result<std::optional<Counterexample>> Judge::confirm(std::span<const float> inputs) {
  core::Shape shape = program_->inputs[0].shape;
  for (std::int64_t& dim : shape) dim = dim < 0 ? 1 : dim;
  std::vector<executor::NamedTensor> given;
  given.push_back({program_->inputs[0].name, core::Tensor::of<float>(shape, inputs)});
  ISOTRACE_TRY(const auto results, executor::execute(*program_, given, *backend_));
  if (results.size() != 1 || results[0].value.dtype() != core::Dtype::f32 ||
      results[0].value.elements() != property_->outputs) {
    return core::refuse(core::RefusalCode::property_mismatch, "outputs",
                        "the program gives another number of values");
  }
  const auto outputs = results[0].value.data<float>();
  const auto violated = find_violated_case(*property_, inputs, outputs);
  if (!violated) return std::optional<Counterexample>{};
  Counterexample found;
  found.inputs.assign(inputs.begin(), inputs.end());
  found.outputs.assign(outputs.begin(), outputs.end());
  found.violated_case = static_cast<std::uint32_t>(*violated);
  return std::optional<Counterexample>(std::move(found));
}

}  // namespace isotrace::proofs::search
