#include <isotrace/tools/commands/element_text.hpp>

#include <isotrace/core/text.hpp>

namespace isotrace::tools {

std::string elements_text(const core::TensorView& tensor) {
  std::string text;
  for (std::size_t i = 0; i < tensor.elements(); ++i) {
    text += "  [" + std::to_string(i) + "] " + core::element_text(tensor, i) + " " +
            core::element_bits(tensor, i) + "\n";
  }
  return text;
}

Json elements_json(const core::TensorView& tensor) {
  Json out = Json::array();
  for (std::size_t i = 0; i < tensor.elements(); ++i) out.push_back(core::element_text(tensor, i));
  return out;
}

}  // namespace isotrace::tools
