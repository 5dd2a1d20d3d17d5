// BERT and GPT-2, in the operations that exporters write.
#include <cmath>

#include <isotrace/tools/models/graph_writer.hpp>
#include <isotrace/tools/models/models.hpp>

namespace isotrace::models {
namespace {

constexpr float masked = -10000.0F;

/// The parts that both models are made of.
class TransformerWriter {
 public:
  TransformerWriter(GraphWriter& graph, const TransformerOptions& options, float epsilon)
      : graph_(graph), options_(options), epsilon_(epsilon) {}

  Value op(const std::string& name, const std::vector<Value>& inputs) {
    return graph_.node(name, inputs);
  }
  Value gather(const Value& table, const Value& indices) { return op("Gather", {table, indices}); }
  Value reshape(const Value& x, const Ints& shape) {
    return op("Reshape", {x, graph_.integers(shape)});
  }
  Value transpose(const Value& x, const Ints& perm) {
    return graph_.node("Transpose", {x}).set("perm", perm);
  }

  /// x W + b with b added by an Add, as torch.nn.Linear on three axes is exported.
  Value linear(const Value& x, std::int64_t inputs, std::int64_t outputs) {
    const float spread = std::sqrt(3.0F / static_cast<float>(inputs));
    const Value y = op("MatMul", {x, graph_.weight({inputs, outputs}, spread)});
    return op("Add", {graph_.weight({outputs}, 0.1F), y});
  }

  Value normalise(const Value& x) {
    const Value scale = graph_.weight({options_.width}, 0.25F, 1.0F);
    const Value bias = graph_.weight({options_.width}, 0.1F);
    if (!options_.norm_in_parts) {
      return graph_.node("LayerNormalization", {x, scale, bias})
          .set("axis", std::int64_t{-1})
          .set("epsilon", epsilon_);
    }
    const auto mean = [this](const Value& v) -> Value {
      return graph_.node("ReduceMean", {v}).set("axes", Ints{-1});
    };
    const Value d = op("Sub", {x, mean(x)});
    const Value variance = op("Add", {mean(op("Mul", {d, d})), graph_.scalar(epsilon_)});
    const Value scaled = op("Mul", {op("Div", {d, op("Sqrt", {variance})}), scale});
    return op("Add", {scaled, bias});
  }

  /// [batch, sequence, width] to [batch, heads, ...] with the last two axes as asked for.
  Value heads_of(const Value& x, const Ints& perm) {
    const std::int64_t size = options_.width / options_.heads;
    return transpose(reshape(x, {options_.batch, options_.sequence, options_.heads, size}), perm);
  }
  [[nodiscard]] float head_scale() const {
    return std::sqrt(static_cast<float>(options_.width / options_.heads));
  }
  Value scores(const Value& q, const Value& k) {
    const Value product = op("MatMul", {heads_of(q, {0, 2, 1, 3}), heads_of(k, {0, 2, 3, 1})});
    return op("Div", {product, graph_.scalar(head_scale())});
  }
  Value attend(const Value& scores, const Value& v) {
    const Value weights = graph_.node("Softmax", {scores}).set("axis", std::int64_t{-1});
    const Value heads = op("MatMul", {weights, heads_of(v, {0, 2, 1, 3})});
    return reshape(transpose(heads, {0, 2, 1, 3}),
                   {options_.batch, options_.sequence, options_.width});
  }

  Value gelu_erf(const Value& x) {
    const Value root = graph_.scalar(std::sqrt(2.0F));
    const Value erf = op("Erf", {op("Div", {x, root})});
    const Value product = op("Mul", {x, op("Add", {erf, graph_.scalar(1.0F)})});
    return op("Mul", {product, graph_.scalar(0.5F)});
  }
  Value gelu_tanh(const Value& x) {
    const Value cubed = op("Mul", {op("Mul", {x, x}), x});
    const Value inner = op("Add", {x, op("Mul", {cubed, graph_.scalar(0.044715F)})});
    const Value tanh = op("Tanh", {op("Mul", {inner, graph_.scalar(0.79788456F)})});
    return op("Mul", {op("Mul", {x, graph_.scalar(0.5F)}), op("Add", {tanh, graph_.scalar(1.0F)})});
  }

 private:
  GraphWriter& graph_;
  const TransformerOptions& options_;
  float epsilon_;
};

TransformerOptions with_defaults(TransformerOptions options, std::int64_t positions,
                                 std::int64_t vocabulary) {
  if (options.positions == 0) options.positions = positions;
  if (options.vocabulary == 0) options.vocabulary = vocabulary;
  return options;
}

/// One embedding per position 0, 1, ...
Value position_ids(GraphWriter& graph, std::int64_t sequence) {
  Ints ids;
  for (std::int64_t i = 0; i < sequence; ++i) ids.push_back(i);
  return graph.integers(ids);
}

/// c_attn and its like: Conv1D of the original, exported as a Gemm over flattened positions.
Value flat_gemm(GraphWriter& graph, TransformerWriter& writer, const TransformerOptions& options,
                const Value& x, std::int64_t inputs, std::int64_t outputs, float gain) {
  const float spread = gain * std::sqrt(3.0F / static_cast<float>(inputs));
  const Value flat = writer.reshape(x, {-1, inputs});
  const Value y = writer.op(
      "Gemm", {flat, graph.weight({inputs, outputs}, spread), graph.weight({outputs}, 0.1F)});
  return writer.reshape(y, {options.batch, options.sequence, outputs});
}

}  // namespace

onnx::ModelProto make_bert(const TransformerOptions& given) {
  const TransformerOptions options = with_defaults(given, 512, 30522);
  GraphWriter graph("bert", 17, options.seed);
  TransformerWriter w(graph, options, 1e-12F);
  const Ints shape = {options.batch, options.sequence};
  const Value ids = graph.input("input_ids", onnx::TensorProto::INT64, shape);
  const Value mask = graph.input("attention_mask", onnx::TensorProto::INT64, shape);
  const Value types = graph.input("token_type_ids", onnx::TensorProto::INT64, shape);
  const std::int64_t width = options.width;

  const Value words = w.gather(graph.weight({options.vocabulary, width}, 1.0F), ids);
  const Value segments = w.gather(graph.weight({2, width}, 0.5F), types);
  const Value positions = w.gather(graph.weight({options.positions, width}, 0.5F),
                                   position_ids(graph, options.sequence));
  Value x = w.normalise(w.op("Add", {w.op("Add", {words, segments}), positions}));

  const Value wide = w.op("Unsqueeze", {mask, graph.integers({1, 2})});
  const Value real = graph.node("Cast", {wide}).set("to", std::int64_t{onnx::TensorProto::FLOAT});
  const Value absent = w.op("Sub", {graph.scalar(1.0F), real});
  const Value bias = w.op("Mul", {absent, graph.scalar(masked)});

  for (std::int64_t layer = 0; layer < options.layers; ++layer) {
    const Value q = w.linear(x, width, width);
    const Value k = w.linear(x, width, width);
    const Value v = w.linear(x, width, width);
    const Value context = w.attend(w.op("Add", {w.scores(q, k), bias}), v);
    x = w.normalise(w.op("Add", {w.linear(context, width, width), x}));
    const Value inner = w.linear(x, width, 4 * width);
    const Value active = options.erf ? w.gelu_erf(inner) : w.gelu_tanh(inner);
    x = w.normalise(w.op("Add", {w.linear(active, 4 * width, width), x}));
  }
  graph.output("hidden", {options.batch, options.sequence, width});
  const Value first = graph.node("Gather", {"hidden", graph.index(0)}).set("axis", std::int64_t{1});
  const Value pooled =
      w.op("Gemm", {first, graph.weight({width, width}, 0.05F), graph.weight({width}, 0.1F)});
  w.op("Tanh", {pooled});
  graph.output("pooled", {options.batch, width});
  return graph.take();
}

onnx::ModelProto make_gpt2(const TransformerOptions& given) {
  const TransformerOptions options = with_defaults(given, 1024, 50257);
  GraphWriter graph("gpt2", 17, options.seed);
  TransformerWriter w(graph, options, 1e-5F);
  const std::int64_t width = options.width;
  const auto gemm = [&](const Value& x, std::int64_t inputs, std::int64_t outputs, float gain) {
    return flat_gemm(graph, w, options, x, inputs, outputs, gain);
  };
  const Value ids =
      graph.input("input_ids", onnx::TensorProto::INT64, {options.batch, options.sequence});
  const Value table = graph.weight({options.vocabulary, width}, 0.1F);
  const Value positions = w.gather(graph.weight({options.positions, width}, 0.05F),
                                   position_ids(graph, options.sequence));
  Value x = w.op("Add", {w.gather(table, ids), positions});

  std::vector<bool> visible;
  for (std::int64_t query = 0; query < options.sequence; ++query) {
    for (std::int64_t key = 0; key < options.sequence; ++key) visible.push_back(key <= query);
  }
  const Value causal = graph.booleans({1, 1, options.sequence, options.sequence}, visible);
  const Value low = graph.scalar(masked);

  for (std::int64_t layer = 0; layer < options.layers; ++layer) {
    const std::vector<Value> qkv = graph.split(gemm(w.normalise(x), width, 3 * width, 1.0F), 3, 2);
    const Value scores = w.op("Where", {causal, w.scores(qkv[0], qkv[1]), low});
    x = w.op("Add", {gemm(w.attend(scores, qkv[2]), width, width, 0.3F), x});
    const Value active = w.gelu_tanh(gemm(w.normalise(x), width, 4 * width, 1.0F));
    x = w.op("Add", {x, gemm(active, 4 * width, width, 0.3F)});
  }
  x = w.normalise(x);
  const Ints shape = {options.batch, options.sequence, options.vocabulary};
  if (options.tied) {
    const Value flat = w.reshape(x, {-1, width});
    const Value y = graph.node("Gemm", {flat, table}).set("transB", std::int64_t{1});
    w.reshape(y, shape);
  } else {
    w.op("MatMul", {x, graph.weight({width, options.vocabulary}, 0.1F)});
  }
  graph.output("scores", shape);
  return graph.take();
}

}  // namespace isotrace::models
