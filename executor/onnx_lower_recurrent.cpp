// Lowering of RNN, GRU and LSTM: activations are written out for every direction, and batch-first
// data (layout 1) is transposed.
#include <limits>

#include <isotrace/executor/onnx_lowering.hpp>
#include <isotrace/reference/recurrent_activation.hpp>

namespace isotrace::executor {
namespace {

using core::Attribute;
using core::Op;
using core::RefusalCode;

using Names = std::vector<std::string>;

/// The next of the values given, or the default once they are used up.
float next_value(const std::vector<float>& given, std::size_t& next, float otherwise) {
  return next < given.size() ? given[next++] : otherwise;
}

/// activations, activation_alpha and activation_beta with one entry per function and direction. In
/// ONNX the values stand in the order of the functions that take them, so those that take none are
/// skipped.
std::vector<Attribute> activation_attributes(Lowering& node, const Names& defaults,
                                             std::size_t directions) {
  Names names = node.texts("activations");
  const std::vector<float> given_alpha = node.reals("activation_alpha");
  const std::vector<float> given_beta = node.reals("activation_beta");
  for (std::size_t d = 0; !node.has("activations") && d < directions; ++d) {
    names.insert(names.end(), defaults.begin(), defaults.end());
  }
  if (names.size() != defaults.size() * directions) {
    node.fail(RefusalCode::operation_attribute_invalid, "attribute activations",
              std::to_string(names.size()) + " functions");
    return {};
  }
  std::string text;
  std::vector<float> alpha;
  std::vector<float> beta;
  std::size_t next_alpha = 0;
  std::size_t next_beta = 0;
  for (const std::string& name : names) {
    const auto* info = reference::find_recurrent_activation(name);
    if (info == nullptr) {
      node.fail(RefusalCode::onnx_attribute_unsupported, "attribute activations",
                name.substr(0, 80));
      return {};
    }
    if (!text.empty()) text += ' ';
    text += name;
    const bool has_alpha = info->parameters >= 1;
    const bool has_beta = info->parameters >= 2;
    alpha.push_back(has_alpha ? next_value(given_alpha, next_alpha, info->alpha) : 0.0F);
    beta.push_back(has_beta ? next_value(given_beta, next_beta, info->beta) : 0.0F);
  }
  if (next_alpha < given_alpha.size() || next_beta < given_beta.size()) {
    node.fail(RefusalCode::operation_attribute_invalid, "attribute activation_alpha",
              "more values than the activations take");
  }
  return {{"activation_alpha", std::move(alpha)},
          {"activation_beta", std::move(beta)},
          {"activations", std::move(text)}};
}

/// hidden_size says again what R says: dropped after it was found to agree.
void check_hidden_size(Lowering& node) {
  const std::int64_t hidden = node.integer("hidden_size", 0);
  if (!node.has("hidden_size") || node.find_rank(2) != 3U) return;
  const std::int64_t columns = node.info(2).shape->back();
  if (columns >= 0 && columns != hidden) {
    node.fail(RefusalCode::shape_mismatch, "attribute hidden_size",
              std::to_string(hidden) + ", R has " + std::to_string(columns));
  }
}

/// Adds the node on data with the batch first: x, initial states and results are transposed.
Lowered emit_batch_first(Lowering& node, Op op, std::vector<Attribute> attributes) {
  const auto transpose = [&node](DraftValue value, Integers perm) {
    return node.emit(Op::transpose, {value}, {{"perm", std::move(perm)}});
  };
  std::vector<DraftValue> inputs = node.inputs();
  for (const std::size_t i : {0U, 5U, 6U}) {
    if (!node.input(i)) continue;
    ISOTRACE_TRY(const auto transposed, transpose(inputs[i], {1, 0, 2}));
    inputs[i] = transposed.front();
  }
  ISOTRACE_TRY(auto results,
               node.emit(op, std::move(inputs), std::move(attributes), node.outputs_used()));
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!node.is_used(i)) continue;
    ISOTRACE_TRY(const auto transposed,
                 transpose(results[i], i == 0 ? Integers{2, 0, 1, 3} : Integers{1, 0, 2}));
    results[i] = transposed.front();
  }
  return results;
}

/// What the three operations share; `more` are the attributes that only one of them has.
Lowered recurrent(Lowering& node, Op op, const Names& defaults, std::vector<Attribute> more) {
  ISOTRACE_TRY_DONE(node.require_inputs(3, op == Op::lstm ? 8 : 6));
  std::string direction = node.text("direction", "forward");
  node.expect(direction == "forward" || direction == "reverse" || direction == "bidirectional",
              "direction", direction);
  check_hidden_size(node);
  std::vector<Attribute> attributes =
      activation_attributes(node, defaults, direction == "bidirectional" ? 2 : 1);
  attributes.insert(attributes.end(), more.begin(), more.end());
  attributes.push_back({"clip", node.real("clip", std::numeric_limits<float>::infinity())});
  attributes.push_back({"direction", std::move(direction)});
  attributes.push_back({"k_segment", k_segment});
  const std::int64_t layout = node.opset() >= 14 ? node.integer("layout", 0) : 0;
  node.expect(layout == 0 || layout == 1, "layout", std::to_string(layout));
  if (layout == 1) return emit_batch_first(node, op, std::move(attributes));
  return node.emit(op, node.inputs(), std::move(attributes), node.outputs_used());
}

Lowered rnn(Lowering& node) { return recurrent(node, Op::rnn, {"Tanh"}, {}); }

Lowered gru(Lowering& node) {
  const bool before = node.integer("linear_before_reset", 0) != 0;
  return recurrent(node, Op::gru, {"Sigmoid", "Tanh"},
                   {{"linear_before_reset", std::int64_t{before}}});
}

Lowered lstm(Lowering& node) {
  const bool coupled = node.integer("input_forget", 0) != 0;
  return recurrent(node, Op::lstm, {"Sigmoid", "Tanh", "Tanh"},
                   {{"input_forget", std::int64_t{coupled}}});
}

constexpr LoweringRow rows[] = {
    {"RNN", 7, rnn},
    {"GRU", 7, gru},
    {"LSTM", 7, lstm},
};

}  // namespace

std::span<const LoweringRow> recurrent_lowerings() { return rows; }

}  // namespace isotrace::executor
