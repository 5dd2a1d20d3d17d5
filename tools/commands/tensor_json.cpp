#include <isotrace/tools/commands/tensor_json.hpp>

namespace isotrace::tools {

using trace::Divergence;

Json shape_json(std::span<const std::int64_t> shape) {
  Json out = Json::array();
  for (std::int64_t dim : shape) out.push_back(dim);
  return out;
}

Json tensor_json(const std::string& name, const trace::TensorRecord& record) {
  return {{"name", name},
          {"dtype", core::dtype_name(record.dtype)},
          {"shape", shape_json(record.shape)},
          {"digest", record.digest.hex()}};
}

std::string_view divergence_kind_name(Divergence::Kind kind) {
  switch (kind) {
    case Divergence::Kind::semantics: return "semantics";
    case Divergence::Kind::input: return "input";
    case Divergence::Kind::operation: return "operation";
    case Divergence::Kind::operand: return "operand";
    case Divergence::Kind::result: return "result";
    case Divergence::Kind::length: return "length";
    case Divergence::Kind::outputs: return "outputs";
    case Divergence::Kind::seed: return "seed";
    case Divergence::Kind::program: return "program";
  }
  return "unknown";
}

Json divergence_json(const Divergence& divergence,
                     const std::optional<trace::ElementDifference>& element) {
  Json out = {{"kind", divergence_kind_name(divergence.kind)},
              {"step", divergence.step},
              {"operation", divergence.operation},
              {"tensor", divergence.tensor},
              {"element", nullptr},
              {"a", nullptr},
              {"b", nullptr},
              {"ulps", nullptr}};
  if (divergence.a) out["aDigest"] = divergence.a->digest.hex();
  if (divergence.b) out["bDigest"] = divergence.b->digest.hex();
  if (!element) return out;
  out["element"] = element->element;
  out["a"] = element->a;
  out["b"] = element->b;
  if (element->ulps) out["ulps"] = *element->ulps;
  out["index"] = shape_json(element->index);
  out["aBits"] = element->a_bits;
  out["bBits"] = element->b_bits;
  out["differing"] = element->differing;
  return out;
}

std::string divergence_text(const Divergence& divergence,
                            const std::optional<trace::ElementDifference>& element) {
  std::string text = "first divergence: ";
  if (!divergence.operation.empty()) {
    text += "step " + std::to_string(divergence.step) + " (" + divergence.operation + "), ";
  }
  text += std::string(divergence_kind_name(divergence.kind));
  if (!divergence.tensor.empty()) text += " " + divergence.tensor;
  if (!element) return text + "\n";
  text += ", element " + std::to_string(element->element) + " " + core::shape_text(element->index) +
          " (" + std::to_string(element->differing) + " differ)\n";
  text += "  a = " + element->a + " (" + element->a_bits + ")  b = " + element->b + " (" +
          element->b_bits + ")";
  if (element->ulps) text += "  " + std::to_string(*element->ulps) + " ulps";
  return text + "\n";
}

}  // namespace isotrace::tools
