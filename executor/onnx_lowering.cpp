#include <isotrace/executor/onnx_lowering.hpp>

#include <algorithm>

#include <isotrace/core/convert.hpp>
#include <isotrace/core/limits.hpp>

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
  if (attribute.has_g()) return AttributeProto::GRAPH;
  if (attribute.floats_size() != 0) return AttributeProto::FLOATS;
  if (attribute.ints_size() != 0) return AttributeProto::INTS;
  if (attribute.strings_size() != 0) return AttributeProto::STRINGS;
  return AttributeProto::UNDEFINED;
}

}  // namespace

Lowering::Lowering(const onnx::NodeProto& node, std::int64_t opset, Draft& draft,
                   BodySource& bodies, std::vector<DraftValue> inputs, std::vector<bool> used)
    : node_(node),
      opset_(opset),
      draft_(draft),
      bodies_(bodies),
      inputs_(std::move(inputs)),
      used_(std::move(used)) {
  while (!inputs_.empty() && !inputs_.back()) inputs_.pop_back();
}

const ValueInfo& Lowering::info(std::size_t index) const {
  ISOTRACE_CHECK(input(index).has_value(), index);
  return draft_.info(*input(index));
}

std::size_t Lowering::outputs_used() const {
  std::size_t count = used_.size();
  while (count > 1 && !used_[count - 1]) --count;
  return std::max<std::size_t>(count, 1);
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

std::vector<std::string> Lowering::texts(std::string_view name) {
  const AttributeProto* found = find(name, AttributeProto::STRINGS);
  if (found == nullptr) return {};
  return {found->strings().begin(), found->strings().end()};
}

std::optional<core::Tensor> Lowering::tensor(std::string_view name) {
  const AttributeProto* found = find(name, AttributeProto::TENSOR);
  if (found == nullptr) return std::nullopt;
  auto value = read_tensor_proto(found->t());
  if (value) return *std::move(value);
  fail(value.error().code, "attribute " + std::string(name), value.error().detail);
  return std::nullopt;
}

std::optional<core::Tensor> Lowering::sparse_tensor(std::string_view name) {
  const AttributeProto* found = find(name, AttributeProto::SPARSE_TENSOR);
  if (found == nullptr) return std::nullopt;
  auto value = read_sparse_proto(found->sparse_tensor());
  if (value) return *std::move(value);
  fail(value.error().code, "attribute " + std::string(name), value.error().detail);
  return std::nullopt;
}

const onnx::GraphProto* Lowering::graph(std::string_view name) {
  const AttributeProto* found = find(name, AttributeProto::GRAPH);
  return found == nullptr ? nullptr : &found->g();
}

std::optional<OnnxType> Lowering::type(std::string_view name) {
  const AttributeProto* found = find(name, AttributeProto::TYPE_PROTO);
  if (found == nullptr) return std::nullopt;
  auto read = read_type_proto(found->tp());
  if (read) return *std::move(read);
  fail(read.error().code, "attribute " + std::string(name), read.error().detail);
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

std::optional<core::Tensor> make_scalar(core::Dtype dtype, double value) {
  switch (dtype) {
    case core::Dtype::f32: return core::Tensor::of<float>({}, {static_cast<float>(value)});
    case core::Dtype::f64: return core::Tensor::of<double>({}, {value});
    case core::Dtype::f16: return core::Tensor::of<core::Half>({}, {core::to_half(value)});
    case core::Dtype::bf16: return core::Tensor::of<core::BFloat16>({}, {core::to_bfloat16(value)});
    default: return std::nullopt;
  }
}

Result<DraftValue> first(Lowered results) {
  if (!results) return tl::make_unexpected(std::move(results).error());
  return DraftValue(results->front());
}

bool is_float8(core::Dtype dtype) {
  return core::is_float(dtype) && core::dtype_bytes(dtype) == 1 && dtype != core::Dtype::f4e2m1;
}

Lowered emit_cast(Lowering& node, DraftValue value, core::Dtype to, bool saturate) {
  return node.emit(core::Op::cast, {value},
                   {{"saturate", std::int64_t{saturate || !is_float8(to)}},
                    {"to", static_cast<std::int64_t>(to)}});
}

namespace {

std::vector<std::span<const LoweringRow>> all_lowerings() {
  return {
      elementwise_lowerings(), logic_lowerings(),     window_lowerings(),    movement_lowerings(),
      select_lowerings(),      normalise_lowerings(), recurrent_lowerings(), vision_lowerings(),
      sequence_lowerings(),    control_lowerings(),   scan_lowerings(),      quantise_lowerings(),
      signal_lowerings(),      attention_lowerings(), rotary_lowerings(),
  };
}

/// ONNX leaves the stream of random numbers open, so not even a seed says what these give.
constexpr std::string_view random_operations[] = {"Bernoulli",     "Multinomial",
                                                  "RandomNormal",  "RandomNormalLike",
                                                  "RandomUniform", "RandomUniformLike"};

}  // namespace

std::vector<OnnxOperation> onnx_operations() {
  std::vector<OnnxOperation> operations;
  for (const auto rows : all_lowerings()) {
    for (const LoweringRow& row : rows) {
      operations.push_back({row.operation, row.since, row.last});
    }
  }
  for (const auto rows : {ml_lowerings(), tree_lowerings()}) {
    for (const LoweringRow& row : rows) {
      operations.push_back({row.operation, row.since, row.last, ml_domain});
    }
  }
  std::ranges::sort(operations, {}, &OnnxOperation::name);
  return operations;
}

Result<LoweringRule> find_ml_lowering(std::string_view operation) {
  for (const auto rows : {ml_lowerings(), tree_lowerings()}) {
    for (const LoweringRow& row : rows) {
      if (row.operation == operation) return row.rule;
    }
  }
  return refuse(RefusalCode::onnx_operation_unsupported, "domain " + std::string(ml_domain));
}

Result<LoweringRule> find_lowering(std::string_view operation, std::int64_t opset) {
  for (const auto rows : all_lowerings()) {
    for (const LoweringRow& row : rows) {
      if (row.operation != operation) continue;
      if (opset >= row.since && opset <= row.last) return row.rule;
      return refuse(RefusalCode::onnx_operation_unsupported, "",
                    "not in operator set " + std::to_string(opset));
    }
  }
  const bool random =
      std::ranges::find(random_operations, operation) != std::end(random_operations);
  return refuse(RefusalCode::onnx_operation_unsupported, "",
                random ? "random values, which ONNX does not define even with a seed"
                       : std::string(operation));
}

}  // namespace isotrace::executor
