// Words that have no place in generated Coq files: commands that assume, switch checks off, read or
// write other files, or run code.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace isotrace::proofs {

/// The first such word, if there is one. Comments and strings count: we write no such word there.
std::optional<std::string> find_forbidden_word(std::string_view coq_text);

/// For BundleLanguage.
bool is_compiled_coq(std::string_view path, const std::set<std::string>& files);

}  // namespace isotrace::proofs
