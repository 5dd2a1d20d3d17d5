// Model-local functions, and the names that graphs read (internal to the importer).
#pragma once

#include <map>
#include <string>
#include <unordered_set>

#include <isotrace/executor/onnx_proto.hpp>

namespace isotrace::executor {

bool is_standard_domain(const std::string& domain);

/// Functions by domain and name; points into the model.
using FunctionTable = std::map<std::pair<std::string, std::string>, const onnx::FunctionProto*>;

/// Refuses onnx_malformed for two functions of one name.
core::Result<FunctionTable> make_function_table(const onnx::ModelProto& model);
/// The function that a node calls, or nullptr.
const onnx::FunctionProto* find_function(const FunctionTable& table, const std::string& domain,
                                         const std::string& name);

/// The function's body as a graph, in which every reference to an attribute of the function is
/// replaced by the attribute of the call, or by the function's default value; one that has neither
/// is left out. Refuses onnx_attribute_unsupported for an attribute that the function does not have
/// and onnx_malformed for a default value that cannot be read.
core::Result<onnx::GraphProto> instantiate(const onnx::FunctionProto& function,
                                           const onnx::NodeProto& call);

/// Adds the names that a node reads, those that graphs inside it read from around them included.
void add_names_read(const onnx::NodeProto& node, std::unordered_set<std::string>& names);

}  // namespace isotrace::executor
