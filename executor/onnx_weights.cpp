#include <isotrace/executor/onnx_weights.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_map>

#include <isotrace/core/limits.hpp>

namespace isotrace::executor {
namespace {

using core::RefusalCode;
using core::refuse;
using core::refuse_within;
using core::Result;
using core::Shape;
using onnx::TensorProto;

std::string kind_text(core::Dtype dtype, std::span<const std::int64_t> shape) {
  return std::string(core::dtype_name(dtype)) + core::shape_text(shape);
}

/// -1 in `declared` fits any size.
Result<core::Done> check_kind(const core::Tensor& given, std::int64_t declared_type,
                              const Shape& declared) {
  ISOTRACE_TRY(const core::Dtype dtype, find_onnx_dtype(declared_type));
  const bool fits = given.dtype() == dtype &&
                    std::equal(given.shape().begin(), given.shape().end(), declared.begin(),
                               declared.end(), [](auto g, auto d) { return d < 0 || g == d; });
  if (fits) return core::Done{};
  return refuse(RefusalCode::weight_mismatch, "",
                kind_text(given.dtype(), given.shape()) + " given, " + kind_text(dtype, declared) +
                    " declared");
}

/// A message of this name, element type and shape that holds `value`.
void fill(TensorProto& proto, std::string name, const core::Tensor& value) {
  proto.Clear();
  proto.set_name(std::move(name));
  proto.set_data_type(onnx_dtype_number(value.dtype()));
  for (const std::int64_t dim : value.shape()) proto.add_dims(dim);
  proto.set_raw_data(value.bytes().data(), value.bytes().size());
}

Result<core::Done> replace_initializer(TensorProto& proto, const core::Tensor& value) {
  ISOTRACE_TRY_DONE(
      check_kind(value, proto.data_type(), Shape(proto.dims().begin(), proto.dims().end())));
  fill(proto, proto.name(), value);
  return core::Done{};
}

Result<core::Done> replace_input(onnx::GraphProto& graph, const onnx::ValueInfoProto& input,
                                 const core::Tensor& value) {
  const auto& type = input.type().tensor_type();
  Shape shape = value.shape();
  if (type.has_shape()) {
    shape.clear();
    for (const auto& dim : type.shape().dim()) {
      shape.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
    }
  }
  ISOTRACE_TRY_DONE(check_kind(value, type.elem_type(), shape));
  fill(*graph.add_initializer(), input.name(), value);
  return core::Done{};
}

struct External {
  std::string location;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
};

Result<std::uint64_t> parse_size(const std::string& key, const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size()) return value;
  return refuse(RefusalCode::onnx_malformed, "external_data " + key, text.substr(0, 80));
}

Result<External> read_external(const TensorProto& proto) {
  External external;
  for (const auto& entry : proto.external_data()) {
    if (entry.key() == "location") {
      external.location = entry.value();
    } else if (entry.key() == "offset") {
      ISOTRACE_TRY(external.offset, parse_size(entry.key(), entry.value()));
    } else if (entry.key() == "length") {
      ISOTRACE_TRY(external.length, parse_size(entry.key(), entry.value()));
    }  // anything else (checksum) does not say where the bytes are
  }
  return external;
}

/// Bytes that the tensor's element type and shape need.
Result<std::uint64_t> expected_bytes(const TensorProto& proto) {
  ISOTRACE_TRY(const core::Dtype dtype, find_onnx_dtype(proto.data_type()));
  const Shape shape(proto.dims().begin(), proto.dims().end());
  const auto count = core::element_count(shape);
  if (!count) return refuse(RefusalCode::onnx_malformed, count.error().where, count.error().detail);
  return *count * core::dtype_bytes(dtype);
}

/// Walks a graph and those inside its attributes; nesting is bounded where messages are parsed.
class Embedding {
 public:
  explicit Embedding(const ModelFolder& folder) : folder_(folder) {}

  Result<core::Done> graph(onnx::GraphProto& graph) {
    for (TensorProto& proto : *graph.mutable_initializer()) {
      auto done = tensor(proto);
      if (!done) return refuse_within("initializer " + proto.name(), std::move(done).error());
    }
    for (onnx::SparseTensorProto& proto : *graph.mutable_sparse_initializer()) {
      auto done = sparse(proto);
      if (!done) {
        return refuse_within("initializer " + proto.values().name(), std::move(done).error());
      }
    }
    for (onnx::NodeProto& node : *graph.mutable_node()) {
      for (onnx::AttributeProto& proto : *node.mutable_attribute()) {
        auto done = attribute(proto);
        if (!done) {
          return refuse_within("node " + node.name() + ": attribute " + proto.name(),
                               std::move(done).error());
        }
      }
    }
    return core::Done{};
  }

 private:
  Result<core::Done> attribute(onnx::AttributeProto& proto) {
    if (proto.has_t()) ISOTRACE_TRY_DONE(tensor(*proto.mutable_t()));
    if (proto.has_sparse_tensor()) ISOTRACE_TRY_DONE(sparse(*proto.mutable_sparse_tensor()));
    for (TensorProto& one : *proto.mutable_tensors()) ISOTRACE_TRY_DONE(tensor(one));
    if (proto.has_g()) ISOTRACE_TRY_DONE(graph(*proto.mutable_g()));
    for (onnx::GraphProto& one : *proto.mutable_graphs()) ISOTRACE_TRY_DONE(graph(one));
    return core::Done{};
  }

  Result<core::Done> sparse(onnx::SparseTensorProto& proto) {
    ISOTRACE_TRY_DONE(tensor(*proto.mutable_values()));
    return tensor(*proto.mutable_indices());
  }

  Result<core::Done> tensor(TensorProto& proto) {
    if (proto.data_location() != TensorProto::EXTERNAL) return core::Done{};
    ISOTRACE_TRY(const External external, read_external(proto));
    ISOTRACE_TRY(const std::uint64_t due, expected_bytes(proto));
    // Many tensors may point at the same bytes, so the files' sizes do not bound the sum.
    bytes_ += due;
    if (bytes_ > core::limits::tensor_bytes_max) {
      return refuse(RefusalCode::limit_exceeded, "external_data", "more than all tensors may have");
    }
    const std::uint64_t length = external.length.value_or(due);
    if (length != due) {
      return refuse(RefusalCode::onnx_malformed, "external_data length",
                    std::to_string(length) + ", " + std::to_string(due) + " bytes are due");
    }
    ISOTRACE_TRY(const core::Bytes bytes, folder_.read(external.location, external.offset, length));
    proto.clear_external_data();
    proto.clear_data_location();
    proto.set_raw_data(bytes.data(), bytes.size());
    return core::Done{};
  }

  const ModelFolder& folder_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

Result<core::Done> apply_weights(onnx::GraphProto& graph, std::span<const NamedTensor> weights) {
  if (weights.empty()) return core::Done{};
  std::unordered_map<std::string, int> initializers;
  for (int i = 0; i < graph.initializer_size(); ++i) initializers[graph.initializer(i).name()] = i;
  std::unordered_map<std::string, int> inputs;
  for (int i = 0; i < graph.input_size(); ++i) inputs[graph.input(i).name()] = i;
  for (const NamedTensor& weight : weights) {
    const auto initializer = initializers.find(weight.name);
    const auto input = inputs.find(weight.name);
    if (initializer == initializers.end() && input == inputs.end()) {
      return refuse(RefusalCode::weight_unknown, "weight " + weight.name);
    }
    auto done =
        initializer != initializers.end()
            ? replace_initializer(*graph.mutable_initializer(initializer->second), weight.value)
            : replace_input(graph, graph.input(input->second), weight.value);
    if (!done) return refuse_within("weight " + weight.name, std::move(done).error());
  }
  return core::Done{};
}

Result<core::Done> embed_external_data(onnx::GraphProto& graph, const ModelFolder& folder) {
  return Embedding(folder).graph(graph);
}

}  // namespace isotrace::executor
