// The reference as a plugin: whatever the interface carries must arrive as it was sent, or some
// call of the conformance check is not exact.
#include <isotrace/backends/plugin/isotrace_backend.h>
#include <isotrace/backends/backend.hpp>

namespace isotrace::tests {
namespace {

core::AttributeValue value_of(const isotrace_attribute& attribute) {
  switch (attribute.kind) {
    case 'i': return attribute.integer;
    case 'f': return attribute.real;
    case 's': return std::string(attribute.text, attribute.count);
    case 'I':
      return std::vector<std::int64_t>(attribute.integers, attribute.integers + attribute.count);
    case 'F': return std::vector<float>(attribute.reals, attribute.reals + attribute.count);
    default: ISOTRACE_CHECK(false, attribute.kind);
  }
}

core::Node node_of(const isotrace_question& question) {
  const auto op = core::op_from_number(static_cast<std::uint16_t>(question.operation_number));
  ISOTRACE_CHECK(op && core::op_info(*op).name == question.operation, question.operation);
  core::Node node{.op = *op, .inputs = {}, .outputs = {}, .attributes = {}, .name = {}};
  core::ValueId value = 0;
  for (std::uint32_t i = 0; i < question.operand_count; ++i) {
    node.inputs.push_back(question.operand_dtypes[i] != 0 ? value++ : core::no_value);
  }
  for (std::uint32_t i = 0; i < question.result_count; ++i) node.outputs.push_back(value++);
  for (std::uint32_t i = 0; i < question.attribute_count; ++i) {
    const isotrace_attribute& attribute = *question.attributes[i];
    node.attributes.push_back({attribute.name, value_of(attribute)});
  }
  return node;
}

std::int32_t status_of(const core::Refusal& refusal) {
  switch (refusal.code) {
    case core::RefusalCode::backend_operation_unsupported: return ISOTRACE_NO_OPERATION;
    case core::RefusalCode::operation_dtype_unsupported: return ISOTRACE_NO_DTYPE;
    case core::RefusalCode::shape_mismatch: return ISOTRACE_BAD_SHAPE;
    case core::RefusalCode::operand_value_invalid: return ISOTRACE_BAD_VALUE;
    case core::RefusalCode::operation_attribute_invalid: return ISOTRACE_BAD_ATTRIBUTE;
    case core::RefusalCode::limit_exceeded: return ISOTRACE_NO_MEMORY;
    default: return ISOTRACE_FAILED;
  }
}

backends::Backend& reference() {
  static const auto backend = *backends::make_backend("reference", {});
  return *backend;
}

std::int32_t supports(void*, const isotrace_question* question) {
  std::vector<core::Dtype> dtypes;
  for (std::uint32_t i = 0; i < question->operand_count; ++i) {
    const std::uint32_t dtype = question->operand_dtypes[i];
    if (dtype != 0) dtypes.push_back(static_cast<core::Dtype>(dtype));
  }
  const auto supported = reference().supports(node_of(*question), dtypes);
  return supported ? ISOTRACE_OK : status_of(supported.error());
}

core::TensorView view_of(const isotrace_tensor& tensor) {
  return {static_cast<core::Dtype>(tensor.dtype),
          {tensor.dims, tensor.rank},
          {static_cast<const std::uint8_t*>(tensor.data), tensor.bytes}};
}

std::int32_t run(void*, const isotrace_call* call) {
  const isotrace_question& question = *call->question;
  std::vector<std::optional<core::TensorView>> operands;
  for (std::uint32_t i = 0; i < question.operand_count; ++i) {
    const isotrace_tensor* tensor = call->operands[i];
    operands.push_back(tensor != nullptr ? std::optional(view_of(*tensor)) : std::nullopt);
  }
  const auto results = reference().run(node_of(question), operands);
  if (!results) {
    call->explain(call->host, core::describe(results.error()).c_str());
    return status_of(results.error());
  }
  for (std::uint32_t i = 0; i < results->size(); ++i) {
    const core::Tensor& result = (*results)[i];
    void* const out =
        call->result(call->host, i, static_cast<std::uint32_t>(result.dtype()),
                     static_cast<std::uint32_t>(result.rank()), result.shape().data());
    if (out == nullptr) return ISOTRACE_NO_MEMORY;
    std::copy(result.bytes().begin(), result.bytes().end(), static_cast<std::uint8_t*>(out));
  }
  return ISOTRACE_OK;
}

std::int32_t open_reference(const isotrace_host*, void** instance) {
  *instance = &reference();
  return ISOTRACE_OK;
}
void close_reference(void*) {}
const char* device(void*) { return "the reference in disguise"; }

constexpr isotrace_backend backend = {sizeof(isotrace_backend),
                                      ISOTRACE_BACKEND_VERSION,
                                      "reference",
                                      "1",
                                      open_reference,
                                      close_reference,
                                      device,
                                      supports,
                                      run};

}  // namespace
}  // namespace isotrace::tests

const isotrace_backend* isotrace_backend_entry(std::uint32_t) { return &isotrace::tests::backend; }
