#include <isotrace/executor/onnx_function.hpp>

#include <algorithm>
#include <deque>

#include <google/protobuf/unknown_field_set.h>

namespace isotrace::executor {
namespace {

using core::RefusalCode;
using core::refuse;
using core::Result;
using Attributes = std::map<std::string, const onnx::AttributeProto*>;

std::string domain_key(const std::string& domain) {
  return is_standard_domain(domain) ? std::string() : domain;
}

void replace_references(onnx::NodeProto& node, const Attributes& given);

void replace_references(onnx::GraphProto& graph, const Attributes& given) {
  for (onnx::NodeProto& node : *graph.mutable_node()) replace_references(node, given);
}

/// Also inside graphs: they belong to the function's body like the node that holds them.
void replace_references(onnx::NodeProto& node, const Attributes& given) {
  for (int i = node.attribute_size(); i-- > 0;) {
    onnx::AttributeProto& attribute = *node.mutable_attribute(i);
    if (attribute.ref_attr_name().empty()) {
      if (attribute.has_g()) replace_references(*attribute.mutable_g(), given);
      for (onnx::GraphProto& graph : *attribute.mutable_graphs()) replace_references(graph, given);
      continue;
    }
    const auto found = given.find(attribute.ref_attr_name());
    if (found == given.end()) {
      node.mutable_attribute()->DeleteSubrange(i, 1);
      continue;
    }
    const std::string name = attribute.name();
    attribute = *found->second;
    attribute.set_name(name);
  }
}

/// Attributes that have default values. They came with IR version 9, after the messages that are
/// used here, which keep field 11 of FunctionProto as one that they do not know.
Result<std::deque<onnx::AttributeProto>> read_defaults(const onnx::FunctionProto& function) {
  constexpr int attribute_proto = 11;
  std::deque<onnx::AttributeProto> defaults;
  const auto& fields = function.GetReflection()->GetUnknownFields(function);
  for (int i = 0; i < fields.field_count(); ++i) {
    const auto& field = fields.field(i);
    if (field.number() != attribute_proto) continue;
    onnx::AttributeProto& attribute = defaults.emplace_back();
    if (field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED ||
        !attribute.ParseFromString(field.length_delimited())) {
      return refuse(RefusalCode::onnx_malformed, "function " + function.name(),
                    "a default value that is no attribute");
    }
  }
  return defaults;
}

/// Adds the names that a graph reads and does not give.
void add_free_names(const onnx::GraphProto& graph, std::unordered_set<std::string>& names) {
  std::unordered_set<std::string> own;
  for (const auto& input : graph.input()) own.insert(input.name());
  for (const auto& tensor : graph.initializer()) own.insert(tensor.name());
  for (const auto& tensor : graph.sparse_initializer()) own.insert(tensor.values().name());
  std::unordered_set<std::string> read;
  const auto pass_on = [&] {
    for (const std::string& name : read) {
      if (!own.contains(name)) names.insert(name);
    }
    read.clear();
  };
  for (const onnx::NodeProto& node : graph.node()) {
    add_names_read(node, read);
    pass_on();
    own.insert(node.output().begin(), node.output().end());
  }
  for (const auto& output : graph.output()) read.insert(output.name());
  pass_on();
}

}  // namespace

bool is_standard_domain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

Result<FunctionTable> make_function_table(const onnx::ModelProto& model) {
  FunctionTable table;
  for (const onnx::FunctionProto& function : model.functions()) {
    if (!table.try_emplace({domain_key(function.domain()), function.name()}, &function).second) {
      return refuse(RefusalCode::onnx_malformed, "function " + function.name(), "given twice");
    }
  }
  return table;
}

const onnx::FunctionProto* find_function(const FunctionTable& table, const std::string& domain,
                                         const std::string& name) {
  const auto found = table.find({domain_key(domain), name});
  return found == table.end() ? nullptr : found->second;
}

Result<onnx::GraphProto> instantiate(const onnx::FunctionProto& function,
                                     const onnx::NodeProto& call) {
  ISOTRACE_TRY(const auto defaults, read_defaults(function));
  Attributes given;
  for (const onnx::AttributeProto& attribute : defaults) given[attribute.name()] = &attribute;
  for (const onnx::AttributeProto& attribute : call.attribute()) {
    const auto& known = function.attribute();
    if (std::find(known.begin(), known.end(), attribute.name()) == known.end() &&
        !given.contains(attribute.name())) {
      return refuse(RefusalCode::onnx_attribute_unsupported, "attribute " + attribute.name(),
                    "function " + function.name() + " has none of that name");
    }
    given[attribute.name()] = &attribute;
  }
  onnx::GraphProto graph;
  *graph.mutable_node() = function.node();
  for (const std::string& name : function.input()) graph.add_input()->set_name(name);
  for (const std::string& name : function.output()) graph.add_output()->set_name(name);
  replace_references(graph, given);
  return graph;
}

void add_names_read(const onnx::NodeProto& node, std::unordered_set<std::string>& names) {
  for (const std::string& input : node.input()) {
    if (!input.empty()) names.insert(input);
  }
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (attribute.has_g()) add_free_names(attribute.g(), names);
  }
}

}  // namespace isotrace::executor
