#include <isotrace/tools/plugin_host/call.hpp>

#include <unistd.h>

#include <isotrace/core/limits.hpp>

namespace isotrace::tools {

using backends::plugin::Answer;
using backends::plugin::PlacedTensor;
using backends::plugin::Placement;
using backends::plugin::Reply;

Call::Call(const backends::plugin::Request& request, std::uint64_t results_bytes_max)
    : request_(request),
      results_bytes_max_(results_bytes_max),
      question_(request.question),
      results_(request.question.results) {
  call_.struct_size = sizeof call_;
  call_.question = question_.get();
  call_.host = this;
  call_.result = &Call::give_result;
  call_.explain = &Call::take_explanation;
}

bool Call::map_operands() {
  const auto& placed = *request_.operands;
  mappings_.reserve(placed.size());
  tensors_.reserve(placed.size());  // pointers to them are handed out
  std::uint64_t begin = 0;
  for (const std::optional<PlacedTensor>& operand : placed) {
    if (!operand) {
      operands_.push_back(nullptr);
      continue;
    }
    const std::uint64_t bytes = *core::byte_count(operand->dtype, operand->shape);
    const Placement at = backends::plugin::place(begin, bytes);
    auto mapping = Mapping::map(backends::plugin::operands_descriptor, at, MappingUse::read);
    if (!mapping) return false;
    begin = at.end();
    isotrace_tensor tensor{};
    tensor.struct_size = sizeof tensor;
    tensor.dtype = static_cast<std::uint32_t>(operand->dtype);
    tensor.rank = static_cast<std::uint32_t>(operand->shape.size());
    tensor.dims = operand->shape.empty() ? nullptr : operand->shape.data();
    tensor.data = mapping->data();
    tensor.bytes = bytes;
    mappings_.push_back(*std::move(mapping));
    tensors_.push_back(tensor);
    operands_.push_back(&tensors_.back());
  }
  call_.operands = operands_.data();
  return ::ftruncate(backends::plugin::results_descriptor, 0) == 0;
}

void* Call::add_result(std::uint32_t index, core::Dtype dtype, core::Shape shape) {
  const auto bytes = core::byte_count(dtype, shape);
  if (!bytes || *bytes > results_bytes_max_) return nullptr;
  const Placement at = backends::plugin::place(results_end_, *bytes);
  if (at.end() > results_bytes_max_ ||
      ::ftruncate(backends::plugin::results_descriptor, static_cast<off_t>(at.end())) != 0) {
    return nullptr;
  }
  auto mapping = Mapping::map(backends::plugin::results_descriptor, at, MappingUse::write);
  if (!mapping) return nullptr;
  mapping->mark_surroundings(*bytes);
  results_end_ = at.end();
  results_[index].emplace(Result{{dtype, std::move(shape), at.data}, *bytes, *std::move(mapping)});
  return results_[index]->mapping.data();
}

void* Call::give_result(void* host, std::uint32_t index, std::uint32_t dtype, std::uint32_t rank,
                        const std::int64_t* dims) noexcept {
  try {
    Call& call = *static_cast<Call*>(host);
    const auto known =
        dtype < 256 ? core::dtype_from_number(static_cast<std::uint8_t>(dtype)) : std::nullopt;
    if (index >= call.results_.size()) {
      call.misuse_ = "asked for result " + std::to_string(index) + " of " +
                     std::to_string(call.results_.size());
    } else if (call.results_[index]) {
      call.misuse_ = "asked for result " + std::to_string(index) + " twice";
    } else if (!known) {
      call.misuse_ = "asked for a result of element type " + std::to_string(dtype);
    } else if (rank > core::limits::tensor_rank_max || (rank != 0 && dims == nullptr)) {
      call.misuse_ = "asked for a result without a shape";
    } else {
      return call.add_result(index, *known, {dims, dims + rank});
    }
  } catch (...) {
    // Without memory there is no result.
  }
  return nullptr;
}

void Call::take_explanation(void* host, const char* text) noexcept {
  Explanation::take(&static_cast<Call*>(host)->explanation_, text);
}

Reply Call::judge(std::int32_t status) const {
  if (!misuse_.empty()) return {Answer::contract_broken, misuse_, {}, {}};
  for (std::size_t i = 0; i < results_.size(); ++i) {
    if (results_[i] && !results_[i]->mapping.surroundings_intact(results_[i]->bytes)) {
      return {Answer::contract_broken, "wrote outside of result " + std::to_string(i), {}, {}};
    }
  }
  if (status < 0 || status > ISOTRACE_FAILED) {
    return {Answer::contract_broken, "returned status " + std::to_string(status), {}, {}};
  }
  Reply reply{static_cast<Answer>(status), explanation_.text(), {}, {}};
  if (status != ISOTRACE_OK) return reply;
  for (std::size_t i = 0; i < results_.size(); ++i) {
    if (!results_[i]) {
      return {Answer::contract_broken, "made no result " + std::to_string(i), {}, {}};
    }
    reply.results.push_back(results_[i]->tensor);
  }
  return reply;
}

}  // namespace isotrace::tools
