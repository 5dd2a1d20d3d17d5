// A file of the host, read at any place.
#pragma once

#include <memory>
#include <string>

#include <isotrace/executor/message_walk.hpp>

namespace isotrace::tools {

/// nullptr for what is no regular file, cannot be opened, or has more bytes than that.
std::unique_ptr<executor::BlockSource> open_blocks(const std::string& path,
                                                   std::uint64_t bytes_max);

}  // namespace isotrace::tools
