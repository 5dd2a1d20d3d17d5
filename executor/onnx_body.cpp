#include <isotrace/executor/onnx_body.hpp>

namespace isotrace::executor {

std::size_t Body::add_input(const core::Shape& declared, ValueInfo info) {
  // Inputs go by position: a name would tell equal programs apart.
  core::ProgramInput input{std::to_string(inputs_++), info.dtype, declared};
  return draft_.add_input(std::move(input), std::move(info));
}

std::size_t Body::capture(std::size_t value) {
  if (through_ != nullptr) value = through_->capture(value);
  const auto [place, fresh] = captured_.try_emplace(value);
  if (fresh) {
    place->second = add_input(core::any_rank, around_.info(value));
    captures_.push_back(value);
  }
  return place->second;
}

core::Result<core::SubProgram> Body::finish(const std::vector<std::size_t>& outputs) && {
  std::vector<Draft::Output> named;
  for (const std::size_t value : outputs) named.push_back({std::to_string(named.size()), value});
  ISOTRACE_TRY(core::Program program, std::move(draft_).finish(named));
  return core::SubProgram::make(std::move(program));
}

}  // namespace isotrace::executor
