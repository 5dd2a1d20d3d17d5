#include <isotrace/proofs/search/concrete.hpp>

#include <algorithm>

#include <isotrace/executor/execute.hpp>

namespace isotrace::proofs::search {

core::Result<std::vector<float>> run_on_floats(const core::Program& program,
                                               std::span<const float> inputs,
                                               backends::Backend& backend) {
  std::vector<executor::NamedTensor> given;
  for (const core::ProgramInput& input : program.inputs) {
    core::Shape shape = input.shape;
    for (std::int64_t& dim : shape) dim = dim < 0 ? 1 : dim;
    ISOTRACE_TRY(core::Tensor tensor, core::Tensor::make(core::Dtype::f32, shape));
    if (tensor.elements() > inputs.size()) {
      return core::refuse(core::RefusalCode::property_mismatch, "input " + input.name,
                          "too few values");
    }
    std::copy_n(inputs.begin(), tensor.elements(), tensor.data<float>().begin());
    inputs = inputs.subspan(tensor.elements());
    given.push_back({input.name, std::move(tensor)});
  }
  if (!inputs.empty()) {
    return core::refuse(core::RefusalCode::property_mismatch, "inputs", "too many values");
  }
  ISOTRACE_TRY(const auto results, executor::execute(program, given, backend));
  std::vector<float> outputs;
  for (const auto& result : results) {
    if (result.value.dtype() != core::Dtype::f32) {
      return core::refuse(core::RefusalCode::property_mismatch, "output " + result.name, "not f32");
    }
    const auto values = result.value.data<float>();
    outputs.insert(outputs.end(), values.begin(), values.end());
  }
  return outputs;
}

core::Result<Judge> Judge::make(const core::Program& program, const Property& property) {
  ISOTRACE_TRY(auto backend, backends::make_backend("reference", {}));
  return Judge(program, property, std::move(backend));
}

core::Result<std::optional<Counterexample>> Judge::confirm(std::span<const float> inputs) {
  ISOTRACE_TRY(const std::vector<float> outputs, run_on_floats(*program_, inputs, *backend_));
  if (outputs.size() != property_->outputs) {
    return core::refuse(core::RefusalCode::property_mismatch, "outputs",
                        "the program gives another number of values");
  }
  const auto violated = find_violated_case(*property_, inputs, outputs);
  if (!violated) return std::optional<Counterexample>{};
  Counterexample found;
  found.inputs.assign(inputs.begin(), inputs.end());
  found.outputs.assign(outputs.begin(), outputs.end());
  found.violated_case = static_cast<std::uint32_t>(*violated);
  return std::optional<Counterexample>(std::move(found));
}

}  // namespace isotrace::proofs::search
