#include "code_layout.hpp"

namespace isotrace::proofs {
namespace {

constexpr std::size_t line_max = 90;

bool is_block(const CodeNode& node) {
  return node.kind == CodeKind::block || node.kind == CodeKind::loop || node.kind == CodeKind::if_;
}

}  // namespace

std::string lay_out_code(
    const std::vector<CodeNode>& code, std::size_t indent, std::string_view separator,
    const std::function<std::string(const CodeNode&, std::size_t)>& node_text) {
  const std::string margin(indent + 1, ' ');
  std::string text = "[";
  std::size_t column = indent + 1;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const std::string node = node_text(code[i], indent + 1);
    const bool breaks = i > 0 && (is_block(code[i]) || is_block(code[i - 1]) ||
                                  column + node.size() + 2 > line_max);
    if (i > 0) text += std::string(separator) + (breaks ? "\n" + margin : " ");
    column = breaks ? margin.size() : column + 2;
    text += node;
    column += node.size();
  }
  return text + "]";
}

}  // namespace isotrace::proofs
