// What lean prints for `#print axioms`.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace isotrace::proofs {

/// The axioms of the theorem, sorted; nothing unless the output says exactly once what they are.
std::optional<std::vector<std::string>> lean_axioms(const std::string& output,
                                                    const std::string& theorem);

}  // namespace isotrace::proofs
