#include <isotrace/proofs/search/concrete.hpp>

#include <algorithm>
#include <limits>

#include <isotrace/executor/execute.hpp>

namespace isotrace::proofs::search {
namespace {

using core::Dtype;

/// Beyond it not every integer is a binary32 number.
constexpr std::int64_t integer_max = std::int64_t{1} << 24;

core::Refusal mismatch(std::string place, std::string detail) {
  return {core::RefusalCode::property_mismatch, std::move(place), std::move(detail)};
}

/// Calls with a value of the element type of integers that properties speak of; false for others.
template <class Visit>
bool visit_integers(Dtype dtype, const Visit& visit) {
  switch (dtype) {
    case Dtype::i8: visit(std::int8_t{}); return true;
    case Dtype::u8: visit(std::uint8_t{}); return true;
    case Dtype::i16: visit(std::int16_t{}); return true;
    case Dtype::u16: visit(std::uint16_t{}); return true;
    case Dtype::i32: visit(std::int32_t{}); return true;
    default: return false;
  }
}

/// The values as a tensor; where its elements are integers, so must the values be.
core::Result<core::Tensor> tensor_of(const core::ProgramInput& input, core::Shape shape,
                                     std::span<const float>& values) {
  ISOTRACE_TRY(core::Tensor tensor, core::Tensor::make(input.dtype, std::move(shape)));
  const std::size_t size = tensor.elements();
  if (size > values.size()) {
    return tl::make_unexpected(mismatch("input " + input.name, "too few values"));
  }
  const std::span<const float> own = values.first(size);
  values = values.subspan(size);
  if (input.dtype == Dtype::f32) {
    std::copy(own.begin(), own.end(), tensor.data<float>().begin());
    return tensor;
  }
  bool fits = true;
  const bool known = visit_integers(input.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto to = tensor.data<T>();
    for (std::size_t i = 0; i < size; ++i) {
      const bool inside = double{own[i]} >= double{std::numeric_limits<T>::min()} &&
                          double{own[i]} <= double{std::numeric_limits<T>::max()};
      if (inside) to[i] = static_cast<T>(own[i]);
      fits = fits && inside && static_cast<double>(to[i]) == double{own[i]};
    }
  });
  if (known && fits) return tensor;
  return tl::make_unexpected(
      mismatch("input " + input.name, known ? "not integers of its type" : "element type"));
}

/// The elements as floats, which they must be exactly.
core::Result<core::Done> append(const core::Tensor& tensor, const std::string& name,
                                std::vector<float>& to) {
  if (tensor.dtype() == Dtype::f32) {
    const auto values = tensor.data<float>();
    to.insert(to.end(), values.begin(), values.end());
    return core::Done{};
  }
  bool fits = true;
  const bool known = visit_integers(tensor.dtype(), [&](auto zero) {
    for (const std::int64_t value : tensor.data<decltype(zero)>()) {
      fits = fits && value >= -integer_max && value <= integer_max;
      to.push_back(static_cast<float>(value));
    }
  });
  if (known && fits) return core::Done{};
  return tl::make_unexpected(
      mismatch("output " + name, known ? "an integer beyond 2^24" : "element type"));
}

}  // namespace

core::Result<std::vector<executor::NamedTensor>> inputs_of(const core::Program& program,
                                                           std::span<const float> values) {
  std::vector<executor::NamedTensor> given;
  for (const core::ProgramInput& input : program.inputs) {
    core::Shape shape = input.shape;
    for (std::int64_t& dim : shape) dim = dim < 0 ? 1 : dim;
    ISOTRACE_TRY(core::Tensor tensor, tensor_of(input, std::move(shape), values));
    given.push_back({input.name, std::move(tensor)});
  }
  if (!values.empty()) {
    return core::refuse(core::RefusalCode::property_mismatch, "inputs", "too many values");
  }
  return given;
}

core::Result<std::vector<float>> run_on_floats(const core::Program& program,
                                               std::span<const float> inputs,
                                               backends::Backend& backend,
                                               const executor::ExecuteLimits& limits) {
  ISOTRACE_TRY(const auto given, inputs_of(program, inputs));
  ISOTRACE_TRY(const auto results, executor::execute(program, given, backend, {}, limits));
  std::vector<float> outputs;
  for (const auto& result : results) {
    ISOTRACE_TRY_DONE(append(result.value, result.name, outputs));
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
