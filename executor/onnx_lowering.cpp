#include <isotrace/executor/onnx_lowering.hpp>

#include <algorithm>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/import_onnx.hpp>

namespace isotrace::executor {

using core::RefusalCode;
using core::refuse;
using core::Result;
using onnx::AttributeProto;

namespace {

/// IR versions 1 and 2 left the type out; then it shows from the field that is set.
int type_of(const AttributeProto& attribute) {
  if (attribute.has_type() && attribute.type() != AttributeProto::UNDEFINED) {
    return attribute.type();
  }
  if (attribute.has_f()) return AttributeProto::FLOAT;
  if (attribute.has_i()) return AttributeProto::INT;
  if (attribute.has_s()) return AttributeProto::STRING;
  if (attribute.has_t()) return AttributeProto::TENSOR;
  if (attribute.floats_size() != 0) return AttributeProto::FLOATS;
  if (attribute.ints_size() != 0) return AttributeProto::INTS;
  return AttributeProto::UNDEFINED;
}

}  // namespace

Lowering::Lowering(const onnx::NodeProto& node, std::int64_t opset, Draft& draft,
                   std::vector<DraftValue> inputs, std::vector<bool> used)
    : node_(node),
      opset_(opset),
      draft_(draft),
      inputs_(std::move(inputs)),
      used_(std::move(used)) {
  while (!inputs_.empty() && !inputs_.back()) inputs_.pop_back();
}

const ValueInfo& Lowering::info(std::size_t index) const {
  ISOTRACE_CHECK(input(index).has_value(), index);
  return draft_.info(*input(index));
}

std::optional<std::size_t> Lowering::find_rank(std::size_t index) const {
  if (!input(index) || !info(index).shape) return std::nullopt;
  return info(index).shape->size();
}

Result<core::Done> Lowering::require_inputs(std::size_t count, std::size_t most) const {
  bool complete = inputs_.size() >= count && inputs_.size() <= most;
  for (std::size_t i = 0; complete && i < count; ++i) complete = inputs_[i].has_value();
  if (complete) return core::Done{};
  return refuse(RefusalCode::program_ill_formed, "", "operand missing or extra");
}

bool Lowering::has(std::string_view attribute) const {
  for (const AttributeProto& candidate : node_.attribute()) {
    if (candidate.name() == attribute) return true;
  }
  return false;
}

const AttributeProto* Lowering::find(std::string_view name, int type) {
  asked_.emplace(name);
  for (const AttributeProto& attribute : node_.attribute()) {
    if (attribute.name() != name) continue;
    if (attribute.has_ref_attr_name() && !attribute.ref_attr_name().empty()) {
      fail(RefusalCode::onnx_attribute_unsupported, "attribute " + std::string(name),
           "refers to a function's attribute");
      return nullptr;
    }
    // An empty list may come without a field, so only its declared type can tell.
    if (type_of(attribute) == type) return &attribute;
    fail(RefusalCode::onnx_malformed, "attribute " + std::string(name),
         "type " + std::to_string(attribute.type()));
    return nullptr;
  }
  return nullptr;
}

std::int64_t Lowering::integer(std::string_view name, std::int64_t otherwise) {
  const AttributeProto* found = find(name, AttributeProto::INT);
  return found == nullptr ? otherwise : found->i();
}

float Lowering::real(std::string_view name, float otherwise) {
  const AttributeProto* found = find(name, AttributeProto::FLOAT);
  return found == nullptr ? otherwise : found->f();
}

std::string Lowering::text(std::string_view name, std::string otherwise) {
  const AttributeProto* found = find(name, AttributeProto::STRING);
  if (found == nullptr) return otherwise;
  if (found->s().size() > core::limits::name_bytes_max) {
    fail(RefusalCode::limit_exceeded, "attribute " + std::string(name), "text too long");
    return otherwise;
  }
  return found->s();
}

Integers Lowering::integers(std::string_view name, Integers otherwise) {
  const AttributeProto* found = find(name, AttributeProto::INTS);
  if (found == nullptr) return otherwise;
  if (static_cast<std::size_t>(found->ints_size()) > core::limits::attribute_elements_max) {
    fail(RefusalCode::limit_exceeded, "attribute " + std::string(name), "list too long");
    return otherwise;
  }
  return {found->ints().begin(), found->ints().end()};
}

std::vector<float> Lowering::reals(std::string_view name) {
  const AttributeProto* found = find(name, AttributeProto::FLOATS);
  if (found == nullptr) return {};
  return {found->floats().begin(), found->floats().end()};
}

std::optional<core::Tensor> Lowering::tensor(std::string_view name) {
  const AttributeProto* found = find(name, AttributeProto::TENSOR);
  if (found == nullptr) return std::nullopt;
  auto value = read_tensor_proto(found->t());
  if (value) return *std::move(value);
  fail(value.error().code, "attribute " + std::string(name), value.error().detail);
  return std::nullopt;
}

void Lowering::fail(RefusalCode code, std::string where, std::string detail) {
  if (!mistake_) mistake_ = core::Refusal{code, std::move(where), std::move(detail)};
}

void Lowering::expect(bool fine, std::string_view attribute, std::string detail) {
  if (fine) return;
  fail(RefusalCode::onnx_attribute_unsupported, "attribute " + std::string(attribute),
       std::move(detail));
}

std::size_t Lowering::integer_list(const Integers& values) {
  return constant(core::Tensor::of<std::int64_t>({static_cast<std::int64_t>(values.size())},
                                                 std::span<const std::int64_t>(values)));
}

Result<core::Done> Lowering::check_attributes() const {
  if (mistake_) return tl::make_unexpected(*mistake_);
  std::set<std::string_view> seen;
  for (const AttributeProto& attribute : node_.attribute()) {
    const std::string where = "attribute " + attribute.name();
    if (!seen.insert(attribute.name()).second) {
      return refuse(RefusalCode::onnx_malformed, where, "given twice");
    }
    if (!asked_.contains(attribute.name())) {
      return refuse(RefusalCode::onnx_attribute_unsupported, where,
                    "not defined here for operator set " + std::to_string(opset_));
    }
  }
  return core::Done{};
}

Lowered Lowering::emit(core::Op op, std::vector<DraftValue> inputs,
                       std::vector<core::Attribute> attributes, std::size_t outputs) {
  ISOTRACE_TRY_DONE(check_attributes());
  return draft_.add_node({op, std::move(inputs), std::move(attributes), node_.name()}, outputs);
}

namespace {

std::vector<std::span<const LoweringRow>> all_lowerings() {
  return {
      elementwise_lowerings(),
      window_lowerings(),
      movement_lowerings(),
  };
}

}  // namespace

std::vector<OnnxOperation> onnx_operations() {
  std::vector<OnnxOperation> operations;
  for (const auto rows : all_lowerings()) {
    for (const LoweringRow& row : rows) operations.push_back({row.operation, row.since});
  }
  std::ranges::sort(operations, {}, &OnnxOperation::name);
  return operations;
}

Result<LoweringRule> find_lowering(std::string_view operation, std::int64_t opset) {
  for (const auto rows : all_lowerings()) {
    for (const LoweringRow& row : rows) {
      if (row.operation != operation) continue;
      if (opset >= row.since) return row.rule;
      return refuse(RefusalCode::onnx_operation_unsupported, "",
                    "not in operator set " + std::to_string(opset));
    }
  }
  return refuse(RefusalCode::onnx_operation_unsupported, "", std::string(operation));
}

}  // namespace isotrace::executor
