// How the code of a function stands on lines, in whatever language. Trust: none, replay compares.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "wasm_code.hpp"

namespace isotrace::proofs {

/// "[a, b, c]" with the separator's sign for the comma: plain instructions side by side, blocks on
/// lines of their own. `indent` is the column of the bracket; `node_text` is given the column at
/// which an instruction's own lines begin.
std::string lay_out_code(const std::vector<CodeNode>& code, std::size_t indent,
                         std::string_view separator,
                         const std::function<std::string(const CodeNode&, std::size_t)>& node_text);

}  // namespace isotrace::proofs
