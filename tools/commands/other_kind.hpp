// Files given to a command that reads another kind of file.
#pragma once

#include <string>

#include <isotrace/core/bytes.hpp>
#include <isotrace/core/result.hpp>

namespace isotrace::tools {

/// What the bytes are, if they are a kind of file that some command takes, "a trace, for replay,
/// inspect, ...", or a model in a format that none does; empty for what nobody knows.
std::string name_kind(core::ByteView bytes);

/// Of a file that could not be read: with what it is, if it is of another kind than `expected`
/// (the beginning of name_kind's answer).
tl::unexpected<core::Refusal> refuse_kind(const std::string& path, core::Refusal refusal,
                                          core::ByteView bytes, std::string_view expected);

}  // namespace isotrace::tools
