// The referee: finds the first leaf at which two parties' traces part, and judges what stands there
// by executing at most one operation. It never blames a party that executed the program as defined
// and answers truly and in time; docs/referee.md says why.
#pragma once

#include <isotrace/executor/execute.hpp>
#include <isotrace/referee/party.hpp>
#include <isotrace/referee/ruling.hpp>

namespace isotrace::referee {

struct JudgeLimits {
  std::uint64_t evidence_bytes_max = std::uint64_t{8} << 30;  ///< all operands of one operation
  executor::ExecuteLimits execute = {};
};

/// `reference`: the backend that defines what operations give.
Ruling judge(Party& a, Party& b, backends::Backend& reference, const JudgeLimits& limits = {});

}  // namespace isotrace::referee
