// Queries as files that z3 and cvc5 can be run on by hand. Trust: none.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <isotrace/core/digest.hpp>
#include <isotrace/core/result.hpp>
#include <isotrace/smt/engine.hpp>

namespace isotrace::smt {

/// Writes FOLDER/LABEL-DIGEST.smt2, with what a file name cannot have left out of the label, and
/// returns its path; makes the folder. Refuses file_write_failed.
core::Result<std::string> save_query(const std::string& folder, const std::string& label,
                                     const core::Digest& query, const std::string& text);

/// Writes one copy of the query per engine that answered, which begins with what it answered;
/// returns the paths, separated by ", ". Refuses file_write_failed.
core::Result<std::string> save_alarm(const std::string& folder, const std::string& label,
                                     const core::Digest& query, const std::string& text,
                                     const std::vector<std::optional<EngineRun>>& runs);

}  // namespace isotrace::smt
