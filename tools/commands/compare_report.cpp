#include <isotrace/tools/commands/compare_report.hpp>

#include <algorithm>

#include <isotrace/core/text.hpp>
#include <isotrace/tools/cli/printable.hpp>
#include <isotrace/tools/commands/tensor_json.hpp>

namespace isotrace::tools {
namespace {

using executor::Distances;
using executor::StepExplanation;
using executor::TensorDifference;
using trace::Divergence;

Json real_json(float value) { return core::hex_float(value); }

Json value_json(const core::AttributeValue& value) {
  struct Visitor {
    Json operator()(std::int64_t number) const { return number; }
    Json operator()(float number) const { return real_json(number); }
    Json operator()(const std::string& text) const { return text; }
    Json operator()(const std::vector<std::int64_t>& numbers) const { return shape_json(numbers); }
    Json operator()(const std::vector<float>& numbers) const {
      Json out = Json::array();
      for (const float number : numbers) out.push_back(real_json(number));
      return out;
    }
    Json operator()(const core::SubProgram& inside) const { return inside.digest().hex(); }
  };
  return std::visit(Visitor{}, value);
}

Json distances_json(const Distances& distances) {
  Json out = Json::object();
  for (std::size_t i = 0; i < Distances::buckets; ++i) {
    out[bucket_name(i)] = distances.elements[i];
  }
  out["nan"] = distances.nans;
  out["infinity"] = distances.infinities;
  return out;
}

/// Only what there is: "0: 11, 1: 3, nan: 1".
std::string distances_text(const Distances& distances) {
  const Json counts = distances_json(distances);
  std::string text;
  for (const auto& [name, count] : counts.items()) {
    if (count == 0) continue;
    text += (text.empty() ? "" : ", ") + name + ": " + std::to_string(count.get<std::uint64_t>());
  }
  return text;
}

std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json last_agreeing_json(const TraceReport& report) {
  if (!report.divergence.agreed) return nullptr;
  const trace::StepRecord& before = *report.divergence.agreed;
  return {
      {"step", before.index}, {"operation", core::op_info(before.op).name}, {"name", before.name}};
}

/// Whose results are those of the reference: "a", "b", "both", "neither"; null if not known.
Json canonical_json(const StepExplanation& explanation) {
  if (!explanation.a_canonical || !explanation.b_canonical) return nullptr;
  if (*explanation.a_canonical) return *explanation.b_canonical ? "both" : "a";
  return *explanation.b_canonical ? "b" : "neither";
}

/// The tensor that the divergence names, if its values are known.
const TensorDifference* find_named(const TraceReport& report) {
  const auto& differences = report.explanation.differences;
  const auto found =
      std::ranges::find(differences, report.divergence.tensor, &TensorDifference::place);
  return found == differences.end() ? nullptr : &*found;
}

std::optional<trace::ElementDifference> first_element(const TraceReport& report) {
  const TensorDifference* named = find_named(report);
  return named == nullptr ? std::nullopt : named->first;
}

std::string who_is_right(const StepExplanation& explanation) {
  const Json canonical = canonical_json(explanation);
  if (canonical.is_null()) return {};
  const auto whose = canonical.get<std::string>();
  if (whose == "neither") return "  the reference gives neither of them\n";
  return "  the reference gives " + whose + " on these operands\n";
}

std::string attributes_text(const StepExplanation& explanation) {
  const Json a = attributes_json(explanation.a_node);
  const Json b = attributes_json(explanation.b_node);
  std::string text;
  if (!a.is_null())
    text += "  attributes" + std::string(a == b ? "" : " of a") + ": " + dump(a) + "\n";
  if (a != b && !b.is_null()) text += "  attributes of b: " + dump(b) + "\n";
  return text;
}

}  // namespace

std::string bucket_name(std::size_t bucket) {
  const std::uint64_t least = Distances::least[bucket];
  if (bucket + 1 == Distances::buckets) return std::to_string(least) + "-";
  const std::uint64_t most = Distances::least[bucket + 1] - 1;
  return std::to_string(least) + (most == least ? "" : "-" + std::to_string(most));
}

Json attributes_json(const std::optional<core::Node>& node) {
  if (!node) return nullptr;
  Json out = Json::object();
  for (const core::Attribute& attribute : node->attributes) {
    out[attribute.name] = value_json(attribute.value);
  }
  return out;
}

Json difference_json(const TensorDifference& difference) {
  Json out = {{"tensor", difference.place},
              {"dtype", core::dtype_name(difference.a.dtype)},
              {"shape", shape_json(difference.a.shape)},
              {"aDigest", difference.a.digest.hex()},
              {"bDigest", difference.b.digest.hex()},
              {"elements", *core::element_count(difference.a.shape)},
              {"differing", nullptr},
              {"element", nullptr},
              {"index", nullptr},
              {"a", nullptr},
              {"b", nullptr},
              {"aDecimal", nullptr},
              {"bDecimal", nullptr},
              {"aBits", nullptr},
              {"bBits", nullptr},
              {"ulps", nullptr},
              {"distances", nullptr}};
  if (difference.distances) out["distances"] = distances_json(*difference.distances);
  if (!difference.first) return out;
  const trace::ElementDifference& first = *difference.first;
  out["differing"] = first.differing;
  out["element"] = first.element;
  out["index"] = shape_json(first.index);
  out["a"] = first.a;
  out["b"] = first.b;
  out["aDecimal"] = first.a_decimal;
  out["bDecimal"] = first.b_decimal;
  out["aBits"] = first.a_bits;
  out["bBits"] = first.b_bits;
  if (first.ulps) out["ulps"] = *first.ulps;
  return out;
}

std::string difference_text(const TensorDifference& difference) {
  std::string text = "  " + printable(difference.place) + " " +
                     std::string(core::dtype_name(difference.a.dtype)) +
                     core::shape_text(difference.a.shape);
  if (difference.b.dtype != difference.a.dtype || difference.b.shape != difference.a.shape) {
    text += " and " + std::string(core::dtype_name(difference.b.dtype)) +
            core::shape_text(difference.b.shape);
  }
  if (!difference.first) {
    const bool missing = !difference.a_value || !difference.b_value;
    return text + (missing ? ": values are not in the traces, record with --keep all to see them\n"
                           : "\n");
  }
  const trace::ElementDifference& first = *difference.first;
  text += ": " + std::to_string(first.differing) + " of " +
          std::to_string(difference.a_value->elements()) + " elements differ, first " +
          std::to_string(first.element) + " " + core::shape_text(first.index) + "\n";
  text += "    a = " + first.a_decimal + " = " + first.a + " (" + first.a_bits +
          ")  b = " + first.b_decimal + " = " + first.b + " (" + first.b_bits + ")";
  if (first.ulps) text += "  " + std::to_string(*first.ulps) + " ulps";
  text += "\n";
  if (!difference.distances) return text;
  return text + "    distances " + distances_text(*difference.distances) + "\n";
}

Json report_json(const TraceReport& report) {
  const StepExplanation& explanation = report.explanation;
  const auto element = first_element(report);
  Json out = divergence_json(report.divergence, element);
  // The keys that are there whatever is known, in one order.
  for (const char* key : {"aDigest", "bDigest", "index", "aBits", "bBits", "differing"}) {
    const Json value = out.contains(key) ? out[key] : Json(nullptr);
    out.erase(key);
    out[key] = value;
  }
  out["aDecimal"] = element ? Json(element->a_decimal) : Json(nullptr);
  out["bDecimal"] = element ? Json(element->b_decimal) : Json(nullptr);
  out["name"] = explanation.a_name;
  out["aAttributes"] = attributes_json(explanation.a_node);
  out["bAttributes"] = attributes_json(explanation.b_node);
  out["lastAgreeing"] = last_agreeing_json(report);
  out["canonical"] = canonical_json(explanation);
  out["tensors"] = Json::array();
  for (const TensorDifference& difference : explanation.differences) {
    out["tensors"].push_back(difference_json(difference));
  }
  out["reproduce"] = report.reproduce.empty() ? Json(nullptr) : Json(report.reproduce);
  return out;
}

std::string report_text(const TraceReport& report) {
  std::string text = divergence_text(report.divergence, std::nullopt);
  for (const TensorDifference& difference : report.explanation.differences) {
    text += difference_text(difference);
  }
  text += attributes_text(report.explanation) + who_is_right(report.explanation);
  if (const Json last = last_agreeing_json(report); !last.is_null()) {
    text += "  last agreeing step: " + dump(last["step"]) + " (" +
            last["operation"].get<std::string>() + ")\n";
  }
  if (!report.reproduce.empty()) text += "  reproduce: " + report.reproduce + "\n";
  return text;
}

std::vector<JunitCase> report_cases(const trace::Trace& a, const trace::Trace& b,
                                    const std::optional<Divergence>& divergence) {
  using Kind = Divergence::Kind;
  const auto failure = [&](std::initializer_list<Kind> kinds) -> std::optional<std::string> {
    if (!divergence || std::ranges::find(kinds, divergence->kind) == kinds.end()) return {};
    std::string text = divergence_text(*divergence, std::nullopt);
    text.pop_back();  // the end of the line
    return text;
  };
  std::vector<JunitCase> cases = {
      {"identity", failure({Kind::semantics, Kind::seed, Kind::input, Kind::program}), {}},
      {"steps", failure({Kind::operation, Kind::operand, Kind::result, Kind::length}), {}}};
  for (std::size_t i = 0; i < std::max(a.outputs.size(), b.outputs.size()); ++i) {
    const bool both = i < a.outputs.size() && i < b.outputs.size();
    JunitCase test{"output " + (i < a.outputs.size() ? a.outputs[i] : b.outputs[i]).name, {}, {}};
    if (!both || a.outputs[i].name != b.outputs[i].name) {
      test.failure = "one program has no such output";
    } else if (a.outputs[i].tensor != b.outputs[i].tensor) {
      test.failure = "digests " + a.outputs[i].tensor.digest.hex() + " and " +
                     b.outputs[i].tensor.digest.hex();
    }
    cases.push_back(std::move(test));
  }
  return cases;
}

}  // namespace isotrace::tools
