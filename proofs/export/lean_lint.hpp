// Words that have no place in generated Lean files: commands that assume, switch checks off, run
// code or change what text means.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace isotrace::proofs {

/// The first such word, if there is one. Comments and strings count: we write no such word there.
std::optional<std::string> find_forbidden_lean_word(std::string_view lean_text);

/// For BundleLanguage.
bool is_compiled_lean(std::string_view path, const std::set<std::string>& files);

}  // namespace isotrace::proofs
